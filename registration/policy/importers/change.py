"""A change: how far a metric may or must move from the champion, in another tool's terms and in ours.

Other tools bound the difference between candidate and baseline from one side. Which rule of ours that is depends on
which way the metric is better; some differences no rule can ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration.policy import number
from registration.policy.importers.draft import percent, put_amount

if TYPE_CHECKING:
    from decimal import Decimal

    from registration.policy.importers.draft import Rules

_IMPLIED = "min_improvement asks for more than the max_regression that stood beside it, which is left out"


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
        """Write the rule into `rules`; None, or what is to be said of one that is left out."""
        rule = self.rule(direction)
        if rule is None:
            return f"no rule asks that a metric which is better {_way(direction)} gets worse; left out"
        asked: dict[str, Any] = rules.setdefault("vs_champion", {})
        if rule == "max_regression" and "min_improvement" in asked:
            return _IMPLIED
        implied = rule == "min_improvement" and asked.pop("max_regression", None) is not None
        size = self.bound.copy_abs()
        put_amount(rules, rule, percent(size) if self.relative else size)
        return _IMPLIED if implied else None


def _way(direction: str) -> str:
    return "higher" if direction == "maximize" else "lower"
