"""What a metric rule sees: the candidate's number and the champion's, and how one stands to the other."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from registration.policy import number

if TYPE_CHECKING:
    from registration.policy.amounts import Amount
    from registration.policy.subject import Subject

_ZERO = Decimal(0)


class Seen(NamedTuple):
    """`champion` is 0 for a rule that asks for none, else `whose` says whose it is.

    `stands_in` says that the policy gave the candidate its number, because it had none.
    """

    subject: Subject
    candidate: Decimal
    champion: Decimal = _ZERO
    whose: str = ""
    stands_in: bool = False

    @property
    def tolerance(self) -> Decimal:
        """By how much every bound is wider."""
        return self.subject.handling.tolerance

    @property
    def improvement(self) -> Decimal:
        """By how much the candidate is better than the champion."""
        if self.subject.maximize:
            return number.subtract(self.candidate, self.champion)
        return number.subtract(self.champion, self.candidate)

    def amount(self, asked: Amount) -> Decimal:
        """`asked` in the metric's own unit; of a champion at 0, the floor stands for a percentage."""
        if asked.percent and not self.champion:
            return self.subject.handling.floor or _ZERO
        return asked.of(self.champion)

    def better(self, by: Decimal) -> Decimal:
        """The value that is better than the champion's by so much."""
        return number.add(self.champion, by) if self.subject.maximize else number.subtract(self.champion, by)

    @property
    def here(self) -> str:
        """The candidate's number, in words."""
        why = " (which counts where it is missing)" if self.stands_in else ""
        return f"{self.subject.label} {number.text(self.candidate)}{why}"

    @property
    def distance(self) -> str:
        """How the candidate stands to the champion, in words."""
        improvement, there = self.improvement, f"{self.whose}'s {number.text(self.champion)}"
        if not improvement:
            return f"{self.here} equals {there}"
        word = "better" if improvement > 0 else "worse"
        return f"{self.here} is {number.text(improvement.copy_abs())} {word} than {there}"

    @property
    def widened(self) -> str:
        """The tolerance in words, if there is one."""
        return f" (tolerance {number.text(self.tolerance)})" if self.tolerance else ""

    @property
    def no_worse(self) -> str:
        """The sign for at least as good."""
        return ">=" if self.subject.maximize else "<="

    @property
    def no_better(self) -> str:
        """The sign for at most as good."""
        return "<=" if self.subject.maximize else ">="

    def in_full(self, asked: Amount) -> str:
        """A percentage with what it comes to here."""
        return f"{asked} ({number.text(self.amount(asked))})" if asked.percent else str(asked)

    def at_least(self, key: str, asked: Amount, short: Decimal) -> str:
        """The amount for `key` that would have been large enough; a percentage is rounded up."""
        enough = number.add(self.amount(asked), short)
        if not asked.percent:
            return f"{key} were at least {number.text(enough)}"
        if not self.champion:
            return f"floor were at least {number.text(enough)}"
        return f"{key} were at least {number.text(number.share(enough, self.champion, up=True))}%"

    def instead_of(self, key: str) -> str:
        """What lets a candidate pass that is no better, or worse."""
        lost = number.subtract(self.improvement.copy_negate(), self.tolerance)
        enough = "0" if lost <= 0 else number.text(lost)
        return f"max_regression of at least {enough} stood in place of {key}"
