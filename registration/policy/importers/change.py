"""A change: how far a metric may or must move from the champion, in another tool's terms and in ours.

Other tools bound the difference between candidate and baseline from one side. Which rule of ours that is depends on
which way the metric is better; some differences no rule can ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from registration.policy import number
from registration.policy.importers.draft import percent

if TYPE_CHECKING:
    from registration.policy.importers.draft import Rules

_STRICTER = {"max_regression": min, "min_improvement": max, "max_improvement": min}
_ALONE = {"max_regression", "min_improvement"}


@dataclass(frozen=True)
class Change:
    """Candidate minus baseline is `bound` at least (`floor`) or at most; a fraction of the baseline if `relative`."""

    bound: Decimal
    floor: bool
    relative: bool

    def __str__(self) -> str:
        bound = percent(self.bound) if self.relative else number.text(self.bound)
        return f"a change of {'at least' if self.floor else 'at most'} {bound}"

    def rule(self, direction: str) -> str | None:
        """The key under `vs_champion` that says so, or None if there is none."""
        gain = self.floor == (direction == "maximize")  # a bound from the side where the metric is worse
        wanted = self.bound if direction == "maximize" else -self.bound
        if gain:
            return "min_improvement" if wanted > 0 else "max_regression"
        return "max_improvement" if wanted > 0 else None

    def write(self, rules: Rules, direction: str) -> str | None:
        """Write the rule into `rules`; None, or why it cannot stand there."""
        rule = self.rule(direction)
        if rule is None:
            return f"no rule asks that a metric which is better {_way(direction)} gets worse; left out"
        asked = rules.get("vs_champion", {})
        rival = next(iter((asked.keys() & _ALONE) - {rule}), None) if rule in _ALONE else None
        if rival or not self._comparable(asked.get(rule)):
            return f"a metric can be compared with the champion in one such way only, and has {rival or rule}; left out"
        rules["vs_champion"] = asked | {rule: self._stricter(rule, asked.get(rule))}
        return None

    def _comparable(self, other: object) -> bool:
        return other is None or isinstance(other, str) == self.relative

    def _stricter(self, rule: str, other: str | Decimal | None) -> str | Decimal:
        size = self.bound.copy_abs()
        if other is not None:
            known = Decimal(other.rstrip("%")).scaleb(-2) if isinstance(other, str) else other
            size = _STRICTER[rule](size, known)
        return percent(size) if self.relative else size


def _way(direction: str) -> str:
    return "higher" if direction == "maximize" else "lower"
