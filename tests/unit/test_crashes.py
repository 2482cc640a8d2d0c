"""Crashes: whichever write fails, and however, the message comes again and the story ends as if nothing had failed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import pytest

from registration.errors import RegistrarError
from tests.world import COPIES, World, drop_event, job_event

FOLDER = "vendor-a/1"


@dataclass(frozen=True)
class Story:
    """A message, and how it ends after `writes` writes: the model's decisions and versions then, whoever made them."""

    model: str
    message: str
    writes: int
    decisions: int
    versions: int
    registers: bool = True

    @property
    def notices(self) -> set[str]:
        """The events that the outcome owes."""
        promoted = {"Registrar.ModelRegistered", "Registrar.ChampionChanged"}
        return promoted if self.registers else {"Registrar.ModelRejected"}


STORIES = {
    "first": Story("churn", job_event("j1"), writes=13, decisions=1, versions=1),
    "better": Story("churn", job_event("j2"), writes=14, decisions=2, versions=2),
    "worse": Story("churn", job_event("j3"), writes=8, decisions=2, versions=1, registers=False),
    "drop": Story("digits", drop_event(FOLDER), writes=15, decisions=1, versions=1),
}
WITHDRAWAL_WRITES = 16
# By the write before which the worker of "first" is overtaken by a better candidate: how many it still makes.
OVERTAKEN = {1: 8, 2: 7, 3: 15, 4: 13, 5: 12, 6: 11, 7: 10, 8: 9, 9: 6, 10: 4, 11: 3, 12: 2, 13: 1}
POINTS = [
    pytest.param(name, k, id=f"{name}-{k}") for name, story in STORIES.items() for k in range(1, story.writes + 1)
]


def begun(name: str) -> World:
    """The world as it is before the story's message comes."""
    world = World()
    for job, accuracy in {"j1": 0.9, "j2": 0.95, "j3": 0.5}.items():
        world.job(job, accuracy=accuracy)
    world.drop(FOLDER)
    if name in {"better", "worse"}:
        world.process(job_event("j1"))
        world.topic.events.clear()
    return world


def assert_ended_well(world: World, story: Story) -> None:
    """One decision, one version, the champion shown, every notice told and told alike each time."""
    outcomes = [work["result"]["outcome"] for work in world.works() if work["subject"]["model"] == story.model]
    assert {work["state"] for work in world.works()} == {"finished"}
    assert outcomes[-1] == ("registered" if story.registers else "rejected")
    assert len(world.history(story.model)) == story.decisions
    assert len({decision["candidate"]["work"] for decision in world.history(story.model)}) == story.decisions
    assert set(world.told()) == story.notices
    assert len({event["id"] for event in world.topic.events}) == len(story.notices)


def assert_shown(world: World, story: Story) -> None:
    """As many versions as there should be, and of them only the champion is shown as such. Numbers may be left out."""
    versions = [version for version in world.registry.versions.values() if version.model == story.model]
    champion = world.champion(story.model)
    assert len(versions) == story.versions
    assert champion == max(world.registry.visible(story.model))
    assert world.shown(story.model) == [champion]


@pytest.mark.parametrize("name", STORIES)
def test_every_write_of_a_story_is_a_crash_point(name: str) -> None:
    world = begun(name)
    before = len(world.faults.writes)

    world.settle(STORIES[name].message)

    assert len(world.faults.writes) - before == STORIES[name].writes
    assert_ended_well(world, STORIES[name])
    assert_shown(world, STORIES[name])


@pytest.mark.parametrize("dead", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize(("name", "number"), POINTS)
def test_a_story_ends_well_whichever_write_fails(name: str, number: int, done: bool, dead: bool) -> None:
    world, story = begun(name), STORIES[name]
    world.faults.fail_write(number, done=done, dead=dead)

    world.settle(story.message)

    assert_ended_well(world, story)
    assert_shown(world, story)


@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("number", range(1, STORIES["drop"].writes + 1))
def test_a_drop_has_its_receipt_whichever_write_fails(number: int, done: bool) -> None:
    world = begun("drop")
    world.faults.fail_write(number, done=done)

    world.settle(STORIES["drop"].message)

    assert world.receipt(FOLDER)["outcome"] == "registered"


def planted() -> World:
    """A drop into whose copy somebody puts a file before it is made: its version is registered and withdrawn."""
    world = World()
    world.drop(FOLDER)
    world.store.put(COPIES / str(world.case(drop_event(FOLDER)).validation.sha256) / "setup.py", b"x")
    return world


def test_every_write_of_a_withdrawal_is_a_crash_point() -> None:
    world = planted()

    assert world.process(drop_event(FOLDER)).outcome == "rejected"
    assert len(world.faults.writes) == WITHDRAWAL_WRITES


@pytest.mark.parametrize("dead", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("number", range(1, WITHDRAWAL_WRITES + 1))
def test_a_withdrawal_ends_well_whichever_write_fails(number: int, done: bool, dead: bool) -> None:
    world = planted()
    world.faults.fail_write(number, done=done, dead=dead)

    world.settle(drop_event(FOLDER))

    assert [work["state"] for work in world.works()] == ["finished"]
    assert [decision["outcome"] for decision in world.history("digits")] == ["reject"]
    assert (world.champion("digits"), world.registry.visible("digits")) == (None, [])
    assert (set(world.told()), world.receipt(FOLDER)["outcome"]) == ({"Registrar.ModelRejected"}, "rejected")


def overtaken(number: int, *, then_fails: int | None = None, done: bool = False) -> tuple[World, int]:
    """The worker of `j1` is overtaken by the better `j2` before a write of its own, and may die some writes later.

    Beside the world: how many writes it still tried.
    """
    world, before = begun("first"), list[int]()

    def rival() -> None:
        world.process(job_event("j2"))
        before.append(len(world.faults.writes))
        if then_fails is not None:
            world.faults.fail_write(then_fails, done=done, dead=True)

    world.faults.before_write(number, rival)
    with contextlib.suppress(RegistrarError):
        world.process(job_event("j1"))
    world.faults.revive()
    return world, len(world.faults.writes) - before[0]


def assert_both_end_well(world: World) -> None:
    """Once their messages came again: a decision for each, and of what is registered only the champion is shown."""
    for job in ("j1", "j2"):
        world.settle(job_event(job))

    history = world.history("churn")
    registered = sorted(decision["version"] for decision in history if decision["version"])
    assert len({decision["candidate"]["work"] for decision in history}) == len(history) == 2
    assert world.registry.visible("churn") == registered
    assert world.shown("churn") == [world.champion("churn")]
    assert {work["state"] for work in world.works()} == {"finished"}


@pytest.mark.parametrize("number", OVERTAKEN)
def test_two_workers_end_well_wherever_one_is_overtaken(number: int) -> None:
    world, writes = overtaken(number)

    assert writes == OVERTAKEN[number]
    assert_both_end_well(world)


@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize(
    ("number", "then_fails"), [(number, k) for number in OVERTAKEN for k in range(1, OVERTAKEN[number] + 1)]
)
def test_two_workers_end_well_wherever_one_is_overtaken_and_dies(number: int, then_fails: int, done: bool) -> None:
    world, writes = overtaken(number, then_fails=then_fails, done=done)

    # Where storage itself refuses the write, because the other's is there, no answer can be lost.
    assert writes == then_fails or (done and writes == OVERTAKEN[number])
    assert_both_end_well(world)
