"""A TFMA `MetricThreshold`: bounds on a metric's value and on its change, for everything or for some slices.

TFMA judges a threshold without slices on all data and on every slice; `write` says the same with the metric's own
rules, those of `*`, and those of each slice that has an entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import TYPE_CHECKING

from registration.policy import senses
from registration.policy.importers import slices
from registration.policy.importers.change import Change
from registration.policy.importers.draft import at_least, at_most, percent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registration.policy.importers.draft import Draft, Rules
    from registration.policy.importers.section import Section
    from registration.policy.importers.slices import Slices

_HIGHER, _LOWER = "HIGHER_IS_BETTER", "LOWER_IS_BETTER"
_DIRECTIONS: dict[object, str] = {
    _HIGHER: "maximize",
    Decimal(2): "maximize",
    _LOWER: "minimize",
    Decimal(1): "minimize",
}
_WAYS = ("maximize", "minimize")
_HALF = Decimal("0.5")

_BASELINE = (
    "relative: TFMA divides by the signed baseline, so below 0 it lets a worse model pass; here a percentage is a "
    "share of the magnitude. With a baseline of 0 TFMA refuses; here the candidate is held, unless you add "
    "`zero_champion: use_absolute` and a `floor`"
)
_RATIO = "TFMA's documentation means new / old by it, its code (new - old) / old; the code counts, so this is {}"
_FIRST = (
    "change_threshold: for a first model TFX drops the rules about change and blesses it if it has others; so does "
    "this. A champion that lacks the metric holds the candidate here, where TFMA refuses"
)
_SHARED = "{!r} and {!r} share slices; here the first alone holds in them, unless you give them an entry of their own"
_LIMIT = (
    "a metric of this name is usually better {}, so this reads as a limit on improvement; verdicts are the same. If "
    "yours is better the other way, turn direction and rule around"
)


@dataclass(frozen=True)
class Threshold:
    """What one MetricThreshold at `place` asks; `where` is None for all data and every slice."""

    place: str
    lower: Decimal | None
    upper: Decimal | None
    changes: tuple[Change, ...]
    declared: str | None
    where: Slices | None = None

    def within(self, where: Slices) -> Threshold:
        """The same for some slices."""
        return replace(self, where=where)

    def covers(self, target: Slices | None) -> bool:
        """Whether it is judged on `target`; None is every slice without an entry of its own."""
        return self.where is None or (target is not None and self.where.covers(target))


def read(section: Section) -> Threshold:
    """The threshold in `section`, with a warning for all that reads differently here."""
    value, change = section.section("value_threshold"), section.section("change_threshold")
    lower = _double(value, "lower_bound") if value else None
    upper = _double(value, "upper_bound") if value else None
    declared = _declared(change) if change else None
    changes = tuple(_changes(change, declared)) if change else ()
    for part in (value, change, section):
        if part is not None:
            part.rest("is no part of a threshold; left out")
    return Threshold(section.place(), lower, upper, changes, declared)


def write(thresholds: Sequence[Threshold], draft: Draft, metric: str, *, sliced: bool) -> None:
    """Write the thresholds of one metric into its rules; `sliced` if metrics are computed for slices at all."""
    rules = draft.rules(metric, place=thresholds[0].place)
    direction = _direction(metric, thresholds, draft)
    if direction:
        rules["direction"] = direction
    overall = slices.Slices(frozenset(), ())
    wheres = (one.where for one in thresholds if one.where and one.where != overall)
    # The first pattern that fits a slice counts, so those that give more values come first.
    named = {str(where.name): where for where in sorted(wheres, key=lambda where: -len(where.values))}
    every: dict[str, Slices | None] = {slices.EVERY: None} if sliced else {}
    _write(thresholds, overall, rules, direction, draft)
    for one, other in combinations(named.values(), 2):
        if one.crosses(other):
            draft.warn_once(thresholds[0].place, _SHARED.format(one.name, other.name))
    for name, target in (every | named).items():
        inside: Rules = {}
        _write(thresholds, target, inside, direction, draft)
        if inside:
            rules.setdefault("slices", {})[name] = inside


def _write(
    thresholds: Sequence[Threshold], target: Slices | None, rules: Rules, direction: str | None, draft: Draft
) -> None:
    for one in thresholds:
        if not one.covers(target):
            continue
        if one.lower is not None:
            at_least(rules, one.lower)
        if one.upper is not None:
            at_most(rules, one.upper)
        for change in one.changes:
            if why := change.write(rules, direction or "maximize"):
                draft.warn_once(one.place, f"{why}: {change}")


def _declared(change: Section) -> str | None:
    written = change.take("direction")
    if written is not None and written not in _DIRECTIONS:
        raise change.error("direction", message=f"must be {_HIGHER} or {_LOWER}; TFMA cannot judge without one of them")
    return _DIRECTIONS.get(written)


def _changes(change: Section, declared: str | None) -> Iterator[Change]:
    for key in ("absolute", "relative"):
        bound = _double(change, key)
        if bound is None:
            continue
        if declared is None:
            raise change.error(
                "direction", message=f"must be {_HIGHER} or {_LOWER}; TFMA cannot judge without one of them"
            )
        change.once(_FIRST)
        if key == "relative":
            change.once(_BASELINE)
        if key == "relative" and bound.copy_abs() >= _HALF:
            change.warn(key, message=_RATIO.format(percent(bound)))
        yield Change(bound, floor=declared == "maximize", relative=key == "relative")


def _double(section: Section, key: str) -> Decimal | None:
    """A protobuf DoubleValue: a number, or a message around one in which absent means 0."""
    written = section.take(key)
    if not isinstance(written, dict):
        return None if written is None else section.double(key, written)
    inside = section.child(written, key)
    value = inside.number("value")
    inside.rest("is no part of a DoubleValue; left out")
    return Decimal(0) if value is None else value


def _direction(metric: str, thresholds: Sequence[Threshold], draft: Draft) -> str | None:
    """The way in which every change can be asked for, the metric's usual one if there is a choice."""
    declared = next((one.declared for one in thresholds if one.changes), None)
    changes = [change for one in thresholds for change in one.changes]
    if declared is None:
        return None
    usual = senses.usual(metric)
    ways = dict.fromkeys([usual.direction.value if usual else declared, declared, *_WAYS])
    chosen = next((way for way in ways if all(change.rule(way) for change in changes)), declared)
    if chosen != declared:
        draft.warn(thresholds[0].place, _LIMIT.format("higher" if chosen == "maximize" else "lower"))
    return chosen
