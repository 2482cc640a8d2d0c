"""Lint of what a model's policy asks of its metrics: rules nothing can satisfy, rules that ask nothing, wrong ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.documents import spelled
from registration.policy import number, senses
from registration.policy.amounts import Direction
from registration.policy.handling import Handling
from registration.policy.metrics import fits
from registration.policy.remark import Code, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from registration.policy.amounts import Amount
    from registration.policy.document import ModelPolicy
    from registration.policy.metrics import MetricPolicy, SlicePolicy
    from registration.policy.senses import Sense
    from registration.policy.yaml_text import Path

COMPARES_NOTHING = "is never judged: compare_to is none"


@dataclass(frozen=True)
class Said:
    """A remark without its file."""

    weight: Weight
    code: Code
    path: str
    message: str


@dataclass(frozen=True)
class Asked:
    """What is asked of one metric, overall or in one slice; where; and what is usual for a metric of this name."""

    name: str
    rules: SlicePolicy
    direction: Direction | None
    tolerance: Decimal
    place: Path
    sense: Sense | None

    def error(self, code: Code, key: str, message: str) -> Said:
        """An error about the key `key` of this metric."""
        return Said(Weight.ERROR, code, self._at(key), message)

    def warning(self, code: Code, key: str, message: str) -> Said:
        """A warning about the key `key` of this metric."""
        return Said(Weight.WARNING, code, self._at(key), message)

    def _at(self, key: str) -> str:
        return spelled((*self.place, *key.split("."))) if key else spelled(self.place)


def of(model: ModelPolicy, place: Path) -> Iterator[Said]:
    """Everything to be said of the metrics of `model`, which stands at `place`."""
    for name, metric in model.metrics.items():
        yield from _of_direction(name, metric, (*place, "metrics", name))
        yield from _of_patterns(metric, (*place, "metrics", name))
        for asked in _asked(model, name, metric, (*place, "metrics", name)):
            yield from _of_rules(asked, compares=model.compare_to != "none")


def asks(metric: MetricPolicy) -> bool:
    """Whether the metric has any rule, overall or in a slice."""
    return any(entry.asks for _, entry in metric.places)


def _asked(model: ModelPolicy, name: str, metric: MetricPolicy, place: Path) -> Iterator[Asked]:
    """What is asked overall, unless all of it is asked in slices, and in each slice."""
    whole, sense = Handling().over(model.defaults).over(metric), senses.usual(name)
    for slice_, entry in metric.places:
        if slice_ is None and metric.slices and not entry.asks:
            continue
        here = whole if slice_ is None else whole.over(entry)
        where = place if slice_ is None else (*place, "slices", slice_)
        yield Asked(name, entry, metric.direction, here.tolerance, where, sense)


def _of_rules(asked: Asked, *, compares: bool) -> Iterator[Said]:
    if not asked.rules.asks:
        yield asked.warning(Code.NO_RULE, "", "has no bound and no vs_champion: it is recorded and never judged")
    if asked.rules.vs_champion is not None and not compares:
        yield asked.error(Code.NEVER_JUDGED, "vs_champion", COMPARES_NOTHING)
    yield from _of_only_bound(asked)
    yield from _of_bounds(asked)
    yield from _of_tolerance(asked)
    yield from _of_comparison(asked)


def _of_direction(name: str, metric: MetricPolicy, place: Path) -> Iterator[Said]:
    sense = senses.usual(name)
    if sense is not None and metric.direction not in {None, sense.direction}:
        message = f"is {metric.direction}, but a {sense.better} {sense.word} is usually better"
        yield Said(Weight.WARNING, Code.DIRECTION, spelled((*place, "direction")), message)


def _of_patterns(metric: MetricPolicy, place: Path) -> Iterator[Said]:
    """A pattern is text too, and its stars fit those of a wider one."""
    for index, pattern in enumerate(metric.patterns):
        wider = next((earlier for earlier in metric.patterns[:index] if fits(pattern, earlier)), None)
        if wider is not None:
            message = f"takes no slice: each that fits is taken by {wider!r} already, which stands before it"
            yield Said(Weight.WARNING, Code.UNREACHABLE, spelled((*place, "slices", pattern)), message)


def _of_only_bound(asked: Asked) -> Iterator[Said]:
    sense, rules = asked.sense, asked.rules
    lower = [key for key, limit in (("min", rules.minimum), ("above", rules.above)) if limit is not None]
    upper = [key for key, limit in (("max", rules.maximum), ("below", rules.below)) if limit is not None]
    if sense is None or asked.direction not in {None, sense.direction} or bool(lower) == bool(upper):
        return
    if (not lower) == (sense.direction is Direction.MAXIMIZE):
        message = f"keeps good candidates out: a {sense.better} {sense.word} is usually better"
        yield asked.warning(Code.DIRECTION, (lower or upper)[0], message)


def _of_bounds(asked: Asked) -> Iterator[Said]:
    low, high = (asked.sense.low, asked.sense.high) if asked.sense else (None, None)
    least, most = asked.rules.minimum, asked.rules.maximum
    if least is not None and high is not None and number.subtract(least, asked.tolerance) > high:
        yield asked.error(Code.UNSATISFIABLE, "min", f"no {asked.name} reaches {number.text(least)}: {_ends(asked)}")
    if most is not None and low is not None and number.add(most, asked.tolerance) < low:
        yield asked.error(Code.UNSATISFIABLE, "max", f"no {asked.name} is down at {number.text(most)}: {_ends(asked)}")
    yield from _of_exclusive_bounds(asked, low, high)
    if least is not None and low is not None and number.subtract(least, asked.tolerance) <= low:
        yield asked.warning(Code.VACUOUS, "min", f"refuses no number: {_ends(asked)}")
    if most is not None and high is not None and number.add(most, asked.tolerance) >= high:
        yield asked.warning(Code.VACUOUS, "max", f"refuses no number: {_ends(asked)}")


def _of_exclusive_bounds(asked: Asked, low: Decimal | None, high: Decimal | None) -> Iterator[Said]:
    above, below = asked.rules.above, asked.rules.below
    if above is not None and high is not None and above >= high:
        yield asked.error(Code.UNSATISFIABLE, "above", f"no {asked.name} is above {number.text(above)}: {_ends(asked)}")
    if below is not None and low is not None and below <= low:
        yield asked.error(Code.UNSATISFIABLE, "below", f"no {asked.name} is below {number.text(below)}: {_ends(asked)}")
    if above is not None and low is not None and above < low:
        yield asked.warning(Code.VACUOUS, "above", f"refuses no number: {_ends(asked)}")
    if below is not None and high is not None and below > high:
        yield asked.warning(Code.VACUOUS, "below", f"refuses no number: {_ends(asked)}")


def _of_tolerance(asked: Asked) -> Iterator[Said]:
    rule = asked.rules.vs_champion
    if rule is None or not asked.tolerance:
        return
    gain = _absolute(rule.min_improvement)
    if gain is not None and gain <= asked.tolerance:
        message = f"the tolerance of {number.text(asked.tolerance)} lets a candidate pass that is no better"
        yield asked.warning(Code.TOLERANCE, "vs_champion.min_improvement", message)
    for key, amounts in (("max_regression", rule.max_regression), ("max_improvement", rule.max_improvement)):
        amount = _absolute(amounts)
        if amount and amount <= asked.tolerance:
            message = f"is {number.text(amount)}, and the tolerance adds {number.text(asked.tolerance)} to it"
            yield asked.warning(Code.TOLERANCE, f"vs_champion.{key}", message)


def _absolute(amounts: tuple[Amount, ...] | None) -> Decimal | None:
    """The amount in the metric's own unit, if there is one among them."""
    return next((amount.value for amount in amounts or () if not amount.percent), None)


def _of_comparison(asked: Asked) -> Iterator[Said]:
    rule, sense = asked.rules.vs_champion, asked.sense
    if rule is None or sense is None or sense.low is None or sense.high is None:
        return
    width = number.subtract(sense.high, sense.low)
    gain, loss = _absolute(rule.min_improvement), _absolute(rule.max_regression)
    if gain is not None and number.subtract(gain, asked.tolerance) > width:
        message = f"no {asked.name} is {number.text(gain)} better than another: {_ends(asked)}"
        yield asked.error(Code.UNSATISFIABLE, "vs_champion.min_improvement", message)
    if loss is not None and loss >= width:
        yield asked.warning(Code.VACUOUS, "vs_champion.max_regression", f"refuses no number: {_ends(asked)}")


def _ends(asked: Asked) -> str:
    assert asked.sense is not None  # noqa: S101 - only a bound that is known was passed
    word, low, high = asked.sense.word, asked.sense.low, asked.sense.high
    if low is not None and high is not None:
        return f"{word} lies between {number.text(low)} and {number.text(high)}"
    return f"{word} is never below {number.text(low)}" if low is not None else f"{word} is never above {high}"
