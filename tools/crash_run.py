"""A run: one scenario played once, its worker stopped at one point, and how that looks afterwards.

green   all holds after the redelivery and a duplicate
amber   something does not hold, and does once the head's champion is shown again, as the sweep does
red     something does not hold
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from crash_scene import right
from crash_verdict import Witness, complaints
from crash_watch import Stop, numbered
from crash_worker import Company, Hand, Order, Report

if TYPE_CHECKING:
    from crash_scene import Scenario, Scene, Stagehand
    from crash_watch import Side

type Colour = Literal["green", "amber", "red"]
KILLED = -9


@dataclass(frozen=True)
class Point:
    """One call of a scenario's worker, by name and by number."""

    scenario: Scenario
    name: str
    number: int


@dataclass(frozen=True)
class Result:
    """How a run ended; `complaints` are what did not hold, before anything was shown again."""

    point: Point
    side: Side
    model: str
    colour: Colour
    complaints: tuple[str, ...]


class Theatre:
    """Plays runs; several threads may."""

    def __init__(self, stagehand: Stagehand, witness: Witness) -> None:
        self._stagehand = stagehand
        self._witness = witness
        self._company = Company()
        self._numbers = itertools.count(1)

    def points(self, scenario: Scenario) -> list[Point]:
        """Every call of the scenario's worker when nothing stops it; raises RuntimeError if it does not end well.

        Only those after its rival was settled, if it yields to one.
        """
        scene = self._scene(scenario)
        hand = _first(self._company, scene)
        wrong = _yielded(self._company, scene, hand)
        report = hand.report()
        if wrong or report.broke is not None or report.queued:
            raise RuntimeError(
                f"{scenario.name} does not end without any stop: {[*wrong, report.broke or report.outcomes]}"
            )
        names = numbered(list(report.calls[0]))
        begins = names.index(scenario.yields) if scenario.yields else 0
        return [Point(scenario, name, number) for number, name in enumerate(names, start=1) if number > begins]

    def play(self, point: Point, side: Side) -> Result:
        """The run in which the worker is stopped at `point`."""
        scene = self._scene(point.scenario)
        deed = _killed if point.scenario.is_killed else _overtaken
        broken, messages = deed(self._company, scene, point, side)
        again = self._company.hire(Order(scene.policies, messages, late=True)).report()
        wrong = self._complaints(scene, again)
        colour: Colour = "green"
        if broken or wrong:
            # A worker that broke is healed by nothing.
            colour = "amber" if not broken and self._is_healed(scene, again) else "red"
        return Result(point, side, scene.model, colour, (*broken, *wrong))

    def unfinished(self, results: list[Result]) -> list[Result]:
        """`results`, those red that left a work record unfinished anywhere."""
        left = self._witness.unfinished()
        return [
            replace(each, colour="red", complaints=(*each.complaints, "a work record is not finished"))
            if left & {each.model, right(each.model)}
            else each
            for each in results
        ]

    def _complaints(self, scene: Scene, again: Report) -> list[str]:
        """What should not be, of every model of the scene."""
        return [said for each in scene.each for said in complaints(each, self._witness.look(each), again)]

    def _is_healed(self, scene: Scene, again: Report) -> bool:
        show = tuple(each.model for each in scene.each)
        shown = self._company.hire(Order(scene.policies, (), show=show)).report()
        return shown.broke is None and not self._complaints(scene, again)

    def _scene(self, scenario: Scenario) -> Scene:
        scene = self._stagehand.set_up(scenario, next(self._numbers))
        if not scenario.is_asked:
            return scene
        report = self._company.hire(Order(scene.policies, tuple(scene.messages.values()))).report()
        message = self._stagehand.request(scene, report.outcomes[-1][0])
        return replace(scene, messages={"candidate": message}, again=(message, message))


def _first(company: Company, scene: Scene, *stops: Stop) -> Hand:
    """The candidate's worker, after the champion's work is settled and its predecessor, if it has one, is dead."""
    earlier = tuple(message for role, message in scene.messages.items() if role == "champion")
    inherits, yields = scene.scenario.inherits, scene.scenario.yields
    if yields is not None:
        stops = (Stop(yields, "before", "stand"), *stops)
    order = Order(scene.policies, (scene.messages["candidate"],), before=earlier, stops=stops)
    if inherits is None:
        return company.hire(order)
    if company.hire(replace(order, stops=(Stop(inherits, "after", "kill"),))).status() != KILLED:
        raise RuntimeError(f"{scene.scenario.name}: nobody died after {inherits}")
    return company.hire(replace(order, before=(), late=True))


def _killed(company: Company, scene: Scene, point: Point, side: Side) -> tuple[list[str], tuple[str, ...]]:
    """What was wrong with the murder, and what is delivered then."""
    hand = _first(company, scene, Stop(point.name, side, "kill"))
    wrong = _yielded(company, scene, hand)
    status = hand.status()
    if status != KILLED:
        wrong.append(f"the worker was not killed at {point.name}: exit status {status}")
    return wrong, scene.again


def _yielded(company: Company, scene: Scene, hand: Hand) -> list[str]:
    """What was wrong while the worker let its rival be settled, if it is one that does; it goes on then."""
    if scene.scenario.yields is None:
        return []
    if not hand.stands():
        return [f"the worker never came to {scene.scenario.yields}"]
    rival = company.hire(Order(scene.policies, (scene.messages["rival"],))).report()
    hand.resume()
    return _unsettled(rival)


def _overtaken(company: Company, scene: Scene, point: Point, side: Side) -> tuple[list[str], tuple[str, ...]]:
    """What was wrong with the two workers, and what is delivered then."""
    first = _first(company, scene, Stop(point.name, side, "stand"))
    if not first.stands():
        return [f"the worker never came to {point.name}"], scene.again
    message = scene.messages["candidate" if scene.scenario.has_twin else "rival"]
    other = company.hire(Order(scene.policies, (message,), late=scene.scenario.has_twin)).report()
    report = first.go_on()
    return [*_unsettled(other), *_broken(report, "that stood")], (*report.queued, *scene.again)


def _unsettled(other: Report) -> list[str]:
    settled = [outcome.outcome for outcomes in other.outcomes for outcome in outcomes]
    waits = ["the other worker was left waiting"] if "waiting" in settled else []
    return [*_broken(other, "that came meanwhile"), *waits]


def _broken(report: Report, which: str) -> list[str]:
    return [f"the worker {which} broke: {report.broke.splitlines()[-1]}"] if report.broke else []
