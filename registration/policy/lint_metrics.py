"""Lint of what a model's policy asks of its metrics: rules nothing can satisfy, rules that ask nothing, wrong ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.documents import spelled
from registration.policy import number, senses
from registration.policy.fields import Direction
from registration.policy.remark import Code, Weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.policy.document import MetricPolicy, ModelPolicy
    from registration.policy.senses import Sense
    from registration.policy.yaml_text import Path


@dataclass(frozen=True)
class Said:
    """A remark without its file."""

    weight: Weight
    code: Code
    path: str
    message: str


@dataclass(frozen=True)
class Asked:
    """What is asked of one metric, where, and what is usual for a metric of this name."""

    name: str
    metric: MetricPolicy
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
        asked = Asked(name, metric, (*place, "metrics", name), senses.usual(name))
        if not asks(metric):
            yield asked.warning(Code.NO_RULE, "", "has no min, max or vs_champion: it is recorded and never judged")
        yield from _of_direction(asked)
        yield from _of_bounds(asked)
        yield from _of_comparison(asked)


def asks(metric: MetricPolicy) -> bool:
    """Whether the metric has any rule."""
    return not (metric.minimum is None and metric.maximum is None and metric.vs_champion is None)


def _of_direction(asked: Asked) -> Iterator[Said]:
    sense, direction = asked.sense, asked.metric.direction
    if sense is None:
        return
    better = "higher" if sense.direction is Direction.MAXIMIZE else "lower"
    if direction not in {None, sense.direction}:
        yield asked.warning(
            Code.DIRECTION, "direction", f"is {direction}, but a {better} {sense.word} is usually better"
        )
    only, key = (asked.metric.maximum, "max") if better == "higher" else (asked.metric.minimum, "min")
    other = asked.metric.minimum if better == "higher" else asked.metric.maximum
    if only is not None and other is None and direction in {None, sense.direction}:
        message = f"keeps good candidates out: a {better} {sense.word} is usually better"
        yield asked.warning(Code.DIRECTION, key, message)


def _of_bounds(asked: Asked) -> Iterator[Said]:
    low, high = (asked.sense.low, asked.sense.high) if asked.sense else (None, None)
    least, most = asked.metric.minimum, asked.metric.maximum
    if least is not None and high is not None and least > high:
        yield asked.error(Code.UNSATISFIABLE, "min", f"no {asked.name} reaches {number.text(least)}: {_ends(asked)}")
    if most is not None and low is not None and most < low:
        yield asked.error(Code.UNSATISFIABLE, "max", f"no {asked.name} is down at {number.text(most)}: {_ends(asked)}")
    if least is not None and low is not None and least <= low:
        yield asked.warning(Code.VACUOUS, "min", f"refuses no number: {_ends(asked)}")
    if most is not None and high is not None and most >= high:
        yield asked.warning(Code.VACUOUS, "max", f"refuses no number: {_ends(asked)}")


def _of_comparison(asked: Asked) -> Iterator[Said]:
    rule, sense = asked.metric.vs_champion, asked.sense
    if rule is None or sense is None or sense.low is None or sense.high is None:
        return
    width = number.subtract(sense.high, sense.low)
    gain, loss = rule.min_improvement, rule.max_regression
    if gain is not None and not gain.percent and gain.value > width:
        message = f"no {asked.name} is {gain} better than another: {_ends(asked)}"
        yield asked.error(Code.UNSATISFIABLE, "vs_champion.min_improvement", message)
    if loss is not None and not loss.percent and loss.value >= width:
        yield asked.warning(Code.VACUOUS, "vs_champion.max_regression", f"refuses no number: {_ends(asked)}")


def _ends(asked: Asked) -> str:
    assert asked.sense is not None  # noqa: S101 - only a bound that is known was passed
    word, low, high = asked.sense.word, asked.sense.low, asked.sense.high
    if low is not None and high is not None:
        return f"{word} lies between {number.text(low)} and {number.text(high)}"
    return f"{word} is never below {number.text(low)}" if low is not None else f"{word} is never above {high}"
