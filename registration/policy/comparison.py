"""A comparison: a candidate's metric beside the champion's, both known to be numbers.

Made by `compare`, which answers with a verdict instead when there is nothing to compare. Improvement counts in the
metric's direction, so the rules never ask which way is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.policy import number
from registration.policy.fields import Direction
from registration.policy.verdict import Measurement, Result, Verdict, unusable

if TYPE_CHECKING:
    from decimal import Decimal

    from registration.policy.evidence import Evidence


@dataclass(frozen=True)
class Comparison:
    """Two numbers, and which way is better."""

    rule: str
    metric: str
    direction: Direction
    candidate: Decimal
    champion: Decimal

    def verdict(self, *, step: Decimal, asks: str, failure: str, tie: bool = True) -> Verdict:
        """Passed if the candidate beats the champion by more than `step`; with `tie`, by exactly `step` too."""
        bound = self._better(self.champion, by=step)
        margin = self._improvement(self.candidate, over=bound)
        passed = margin > 0 or (tie and margin == 0)
        measured = Measurement(self.candidate, bound, margin, self.champion)
        return measured.verdict(self.rule, failure=None if passed else failure, reason=f"{self._seen()}; {asks}")

    def _seen(self) -> str:
        improvement = self._improvement(self.candidate, over=self.champion)
        here, there = f"{self.metric} {number.text(self.candidate)}", f"the champion's {number.text(self.champion)}"
        if improvement == 0:
            return f"{here} equals {there}"
        distance = number.text(improvement.copy_abs())
        return f"{here} is {distance} {'better' if improvement > 0 else 'worse'} than {there}"

    def _better(self, value: Decimal, *, by: Decimal) -> Decimal:
        return number.add(value, by) if self.direction is Direction.MAXIMIZE else number.subtract(value, by)

    def _improvement(self, value: Decimal, *, over: Decimal) -> Decimal:
        maximize = self.direction is Direction.MAXIMIZE
        return number.subtract(value, over) if maximize else number.subtract(over, value)


def compare(
    rule: str, metric: str, direction: Direction, *, candidate: Evidence, champion: Evidence | None
) -> Comparison | Verdict:
    """The comparison, or why there is none: failed for the candidate's metric, skipped or held for the champion's."""
    ours = candidate.metric(metric)
    if isinstance(ours, number.Flaw):
        return unusable(rule, metric, ours)
    if champion is None:
        reason = f"there is no champion yet to compare {metric} {number.text(ours)} with"
        return Verdict(rule, Result.SKIPPED, reason, "no_champion", candidate=number.text(ours))
    theirs = champion.metric(metric)
    if isinstance(theirs, number.Flaw):
        reason = f"the champion's {metric} {theirs.says}, so {number.text(ours)} cannot be compared with it"
        code = f"champion_{theirs.code}"
        return Verdict(rule, Result.HELD, reason, code, candidate=number.text(ours), champion=theirs.text)
    return Comparison(rule, metric, direction, ours, theirs)
