"""Bounds: the criteria that look at the candidate's number alone. `min` and `max` are met at the limit itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from registration.policy import number

if TYPE_CHECKING:
    from decimal import Decimal

    from registration.policy.seen import Seen


@dataclass(frozen=True, slots=True)
class Minimum:
    """`min`: the candidate's metric is `limit` or more."""

    limit: Decimal
    key: ClassVar[str] = "min"
    code: ClassVar[str] = "below_min"
    tie: ClassVar[bool] = True
    is_relative: ClassVar[bool] = False
    is_share: ClassVar[bool] = False

    def margin(self, seen: Seen) -> Decimal:
        """How far above the bound."""
        return number.subtract(seen.candidate, self.bound(seen))

    def bound(self, seen: Seen) -> Decimal:
        """The limit, less the tolerance."""
        return number.subtract(self.limit, seen.tolerance) if seen.tolerance else self.limit

    def says(self, seen: Seen, *, passed: bool) -> str:
        """Where the candidate is."""
        return f"{seen.here} {'reaches' if passed else 'is below'} the minimum {number.text(self.limit)}{seen.widened}"

    def needs(self, seen: Seen) -> str:  # noqa: ARG002 the same whichever way is better
        """At least the bound."""
        return ">="

    def remedy(self, seen: Seen, short: Decimal) -> str:  # noqa: ARG002 the limit is all that counts
        """A lower limit."""
        return f"min were at most {number.text(number.subtract(self.limit, short))}"


@dataclass(frozen=True, slots=True)
class Maximum:
    """`max`: the candidate's metric is `limit` or less."""

    limit: Decimal
    key: ClassVar[str] = "max"
    code: ClassVar[str] = "above_max"
    tie: ClassVar[bool] = True
    is_relative: ClassVar[bool] = False
    is_share: ClassVar[bool] = False

    def margin(self, seen: Seen) -> Decimal:
        """How far below the bound."""
        return number.subtract(self.bound(seen), seen.candidate)

    def bound(self, seen: Seen) -> Decimal:
        """The limit and the tolerance."""
        return number.add(self.limit, seen.tolerance) if seen.tolerance else self.limit

    def says(self, seen: Seen, *, passed: bool) -> str:
        """Where the candidate is."""
        return f"{seen.here} is {'within' if passed else 'above'} the maximum {number.text(self.limit)}{seen.widened}"

    def needs(self, seen: Seen) -> str:  # noqa: ARG002 the same whichever way is better
        """At most the bound."""
        return "<="

    def remedy(self, seen: Seen, short: Decimal) -> str:  # noqa: ARG002 the limit is all that counts
        """A higher limit."""
        return f"max were at least {number.text(number.add(self.limit, short))}"


@dataclass(frozen=True, slots=True)
class Above:
    """`above`: the candidate's metric is more than `limit`; no tolerance helps."""

    limit: Decimal
    key: ClassVar[str] = "above"
    code: ClassVar[str] = "not_above"
    tie: ClassVar[bool] = False
    is_relative: ClassVar[bool] = False
    is_share: ClassVar[bool] = False

    def margin(self, seen: Seen) -> Decimal:
        """How far above the limit."""
        return number.subtract(seen.candidate, self.limit)

    def bound(self, seen: Seen) -> Decimal:  # noqa: ARG002 the same for every candidate
        """The limit."""
        return self.limit

    def says(self, seen: Seen, *, passed: bool) -> str:
        """Where the candidate is."""
        return f"{seen.here} is {'' if passed else 'not '}above {number.text(self.limit)}"

    def needs(self, seen: Seen) -> str:  # noqa: ARG002 the same whichever way is better
        """More than the bound."""
        return ">"

    def remedy(self, seen: Seen, short: Decimal) -> str:  # noqa: ARG002 the candidate's number says it all
        """A lower limit."""
        return f"above were less than {number.text(seen.candidate)}"


@dataclass(frozen=True, slots=True)
class Below:
    """`below`: the candidate's metric is less than `limit`; no tolerance helps."""

    limit: Decimal
    key: ClassVar[str] = "below"
    code: ClassVar[str] = "not_below"
    tie: ClassVar[bool] = False
    is_relative: ClassVar[bool] = False
    is_share: ClassVar[bool] = False

    def margin(self, seen: Seen) -> Decimal:
        """How far below the limit."""
        return number.subtract(self.limit, seen.candidate)

    def bound(self, seen: Seen) -> Decimal:  # noqa: ARG002 the same for every candidate
        """The limit."""
        return self.limit

    def says(self, seen: Seen, *, passed: bool) -> str:
        """Where the candidate is."""
        return f"{seen.here} is {'' if passed else 'not '}below {number.text(self.limit)}"

    def needs(self, seen: Seen) -> str:  # noqa: ARG002 the same whichever way is better
        """Less than the bound."""
        return "<"

    def remedy(self, seen: Seen, short: Decimal) -> str:  # noqa: ARG002 the candidate's number says it all
        """A higher limit."""
        return f"below were more than {number.text(seen.candidate)}"
