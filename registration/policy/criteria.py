"""Criteria: what a metric rule asks of numbers that are known to be numbers.

One small class each, all of one shape. `margin` is the arithmetic: how far the candidate is on the good side of what it
has to reach. The rest puts that into words, and is only asked when somebody wants to read them. Improvement counts in
the metric's direction, so no criterion asks which way is better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from registration.policy import number

if TYPE_CHECKING:
    from decimal import Decimal

    from registration.policy.amounts import Amount
    from registration.policy.seen import Seen


class Criterion(Protocol):
    """What every criterion can do. `key` ends the rule's name, `code` says how it fails; a tie passes if `tie`."""

    key: ClassVar[str]
    code: ClassVar[str]
    tie: ClassVar[bool]
    is_relative: ClassVar[bool]

    @property
    def is_share(self) -> bool:
        """Whether it asks for a share of the champion's value."""
        ...

    def margin(self, seen: Seen) -> Decimal:
        """How far the candidate is on the good side of the bound."""
        ...

    def bound(self, seen: Seen) -> Decimal:
        """The value that the candidate has to reach."""
        ...

    def says(self, seen: Seen, *, passed: bool) -> str:
        """What was compared and how it came out, in one sentence."""
        ...

    def needs(self, seen: Seen) -> str:
        """The comparison with the bound, such as `>=`."""
        ...

    def remedy(self, seen: Seen, short: Decimal) -> str:
        """The change of the policy by which a candidate that is `short` of the bound would have passed."""
        ...


@dataclass(frozen=True, slots=True)
class _ByAmount:
    """What the criteria have in common that ask for an amount against the champion."""

    amount: Amount
    tie: ClassVar[bool] = True
    is_relative: ClassVar[bool] = True

    @property
    def is_share(self) -> bool:
        """Whether the amount is a percentage."""
        return self.amount.percent

    def _widened(self, seen: Seen) -> Decimal:
        """The amount and the tolerance."""
        amount = seen.amount(self.amount)
        return number.add(amount, seen.tolerance) if seen.tolerance else amount


@dataclass(frozen=True, slots=True)
class MaxRegression(_ByAmount):
    """`max_regression`: not worse than the champion by more than `amount`; a tie passes."""

    key: ClassVar[str] = "vs_champion.max_regression"
    code: ClassVar[str] = "regression"

    def margin(self, seen: Seen) -> Decimal:
        """How much more it might have lost."""
        return number.add(seen.improvement, self._widened(seen))

    def bound(self, seen: Seen) -> Decimal:
        """The worst value that passes."""
        return seen.better(self._widened(seen).copy_negate())

    def says(self, seen: Seen, *, passed: bool) -> str:  # noqa: ARG002 the distance shows it
        """The distance, and what may be lost."""
        allowed = seen.in_full(self.amount)
        asks = f"at most {allowed} worse is allowed" if seen.amount(self.amount) else "it may not be worse"
        return f"{seen.distance}; {asks}{seen.widened}"

    def needs(self, seen: Seen) -> str:
        """At least as good as the bound."""
        return seen.no_worse

    def remedy(self, seen: Seen, short: Decimal) -> str:
        """A larger amount."""
        return seen.at_least("max_regression", self.amount, short)


@dataclass(frozen=True, slots=True)
class Budgeted(MaxRegression):
    """`budget.cumulative_regression`: as `max_regression`, of all that was lost since the best champion."""

    code: ClassVar[str] = "over_budget"

    def remedy(self, seen: Seen, short: Decimal) -> str:
        """A larger budget."""
        return seen.at_least(f"cumulative_regression.{seen.subject.metric}", self.amount, short)


@dataclass(frozen=True, slots=True)
class MinImprovement(_ByAmount):
    """`min_improvement`: better than the champion by `amount` or more; a tie with the champion fails."""

    key: ClassVar[str] = "vs_champion.min_improvement"
    code: ClassVar[str] = "too_little_improvement"

    def margin(self, seen: Seen) -> Decimal:
        """How much more it gained than it had to."""
        return number.subtract(seen.improvement, self._required(seen))

    def bound(self, seen: Seen) -> Decimal:
        """The worst value that passes."""
        return seen.better(self._required(seen))

    def says(self, seen: Seen, *, passed: bool) -> str:  # noqa: ARG002 the distance shows it
        """The distance, and what has to be gained."""
        return f"{seen.distance}; at least {seen.in_full(self.amount)} better is required{seen.widened}"

    def needs(self, seen: Seen) -> str:
        """At least as good as the bound."""
        return seen.no_worse

    def remedy(self, seen: Seen, short: Decimal) -> str:
        """A smaller amount, or another rule where none is small enough."""
        enough = number.subtract(seen.amount(self.amount), short)
        if enough <= 0:
            return seen.instead_of("min_improvement")
        if not self.amount.percent:
            return f"min_improvement were at most {number.text(enough)}"
        if not seen.champion:
            return f"floor were at most {number.text(enough)}"
        return f"min_improvement were at most {number.text(number.share(enough, seen.champion, up=False))}%"

    def _required(self, seen: Seen) -> Decimal:
        return number.subtract(seen.amount(self.amount), seen.tolerance)


@dataclass(frozen=True, slots=True)
class StrictlyBetter:
    """`strict`: better than the champion, by however little; a tie fails, and no tolerance helps."""

    key: ClassVar[str] = "vs_champion.strict"
    code: ClassVar[str] = "not_better"
    tie: ClassVar[bool] = False
    is_relative: ClassVar[bool] = True
    is_share: ClassVar[bool] = False

    def margin(self, seen: Seen) -> Decimal:
        """By how much it is better."""
        return seen.improvement

    def bound(self, seen: Seen) -> Decimal:
        """The champion's value."""
        return seen.champion

    def says(self, seen: Seen, *, passed: bool) -> str:  # noqa: ARG002 the distance shows it
        """The distance."""
        return f"{seen.distance}; it must be better"

    def needs(self, seen: Seen) -> str:
        """Better than the bound."""
        return seen.no_worse.removesuffix("=")

    def remedy(self, seen: Seen, short: Decimal) -> str:  # noqa: ARG002 how far it is from the champion says it all
        """Another rule."""
        return seen.instead_of("strict")


@dataclass(frozen=True, slots=True)
class MaxImprovement(_ByAmount):
    """`max_improvement`: not better than the champion by more than `amount`, which would be too good to be true."""

    key: ClassVar[str] = "vs_champion.max_improvement"
    code: ClassVar[str] = "too_much_improvement"

    def margin(self, seen: Seen) -> Decimal:
        """How much more it might have gained."""
        return number.subtract(self._widened(seen), seen.improvement)

    def bound(self, seen: Seen) -> Decimal:
        """The best value that passes."""
        return seen.better(self._widened(seen))

    def says(self, seen: Seen, *, passed: bool) -> str:  # noqa: ARG002 the distance shows it
        """The distance, and how much is believed."""
        return f"{seen.distance}; more than {seen.in_full(self.amount)} better is not believed{seen.widened}"

    def needs(self, seen: Seen) -> str:
        """At most as good as the bound."""
        return seen.no_better

    def remedy(self, seen: Seen, short: Decimal) -> str:
        """A larger amount."""
        return seen.at_least("max_improvement", self.amount, short)
