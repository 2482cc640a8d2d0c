"""A subject: one metric, overall or in one slice, with how it is read and handled. What metric rules are about."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from registration.policy import number
from registration.policy.amounts import Direction
from registration.policy.handling import AtStep

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from registration.policy.evidence import Evidence, Point
    from registration.policy.handling import Handling

_MISSING = number.Flaw("missing", "is missing")


class Subject(NamedTuple):
    """`slice_` is None for the metric overall; `direction` where the policy says none, and then no rule is relative."""

    metric: str
    slice_: str | None
    direction: Direction | None
    handling: Handling

    @property
    def label(self) -> str:
        """How reasons call it."""
        return self.metric if self.slice_ is None else f"{self.metric} ({self.slice_})"

    @property
    def prefix(self) -> str:
        """How the names of its rules begin."""
        return f"metrics.{self.metric}" if self.slice_ is None else f"metrics.{self.metric}.slices[{self.slice_}]"

    @property
    def maximize(self) -> bool:
        """Whether more is better."""
        return self.direction is not Direction.MINIMIZE

    def read(self, evidence: Evidence) -> Decimal | number.Flaw:
        """Its value as an exact number, or why there is none: missing, not finite, not a number."""
        if self.slice_ is not None:
            metrics = evidence.slices.get(self.slice_) or {}
            return number.read(metrics[self.metric]) if self.metric in metrics else _MISSING
        points = evidence.history.get(self.metric)
        if points and self.handling.value != "last":
            return self._selected(points)
        if self.metric in evidence.metrics:
            return self._plain(evidence, evidence.metrics[self.metric])
        return number.read(points[-1].value) if points else _MISSING

    def best(self, values: Iterable[Decimal]) -> Decimal:
        """The best of `values`, of which there is one at least."""
        return max(values) if self.maximize else min(values)

    def _plain(self, evidence: Evidence, value: object) -> Decimal | number.Flaw:
        if self.handling.coerce and self.metric in evidence.from_tags:
            return number.read_text(value)
        return number.read(value)

    def _selected(self, points: tuple[Point, ...]) -> Decimal | number.Flaw:
        """One value of a history. What is not finite is never the best, the least or the most while another is."""
        wanted = self.handling.value
        if isinstance(wanted, AtStep):
            at = [point.value for point in points if point.step == wanted.step]
            return number.read(at[-1]) if at else number.Flaw("missing", f"has no value at step {wanted.step}")
        if wanted == "best" and self.direction is None:
            return number.Flaw("missing", "has no best value, because the policy says no direction")
        read = [number.read(point.value) for point in points]
        usable = [value for value in read if not isinstance(value, number.Flaw)]
        if not usable:
            return read[-1]
        return max(usable) if wanted == "max" or (wanted == "best" and self.maximize) else min(usable)
