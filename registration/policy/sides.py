"""The sides of a decision: the candidate, and what it is compared with. Each number is read once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.policy import number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from registration.policy.baseline import Baseline
    from registration.policy.document import ModelPolicy
    from registration.policy.evidence import Evidence
    from registration.policy.subject import Subject


@dataclass(frozen=True)
class Side:
    """One artifact, or several of which the best value of each metric counts; empty if there is none yet."""

    whose: str
    among: tuple[Evidence, ...] = ()
    absent: number.Flaw | None = None  # why there is none, if one was asked for that is not known
    _read: dict[tuple[str, str | None], Decimal | number.Flaw] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_nobody(self) -> bool:
        """Whether there is nothing to compare with, and nobody to blame for it."""
        return not self.among and self.absent is None

    def read(self, subject: Subject) -> Decimal | number.Flaw:
        """The value of `subject` on this side, which is not nobody, or why there is none."""
        key = subject[:2]  # metric and slice
        found = self._read.get(key)
        if found is None:
            found = subject.read(self.among[0]) if len(self.among) == 1 else self._best(subject)
            self._read[key] = found
        return found

    def _best(self, subject: Subject) -> Decimal | number.Flaw:
        if self.absent is not None:
            return self.absent
        read = [subject.read(evidence) for evidence in self.among]
        usable = [value for value in read if not isinstance(value, number.Flaw)]
        return subject.best(usable) if usable else read[-1]


@dataclass(frozen=True)
class Sides:
    """`champion` is what relative rules compare with, None if the policy compares with nothing.

    `present` is the champion of the moment, whatever the policy compares with; `best` is every champion so far. Neither
    is ever one of another environment.
    """

    candidate: Side
    champion: Side | None
    present: Side
    best: Side

    @classmethod
    def of(
        cls,
        policy: ModelPolicy,
        *,
        candidate: Evidence,
        champion: Evidence | None,
        past: Iterable[Evidence],
        baseline: Baseline | None = None,
    ) -> Sides:
        """The sides of a decision by `policy`; champions measured by something else than the candidate are no best."""
        now = () if champion is None else (champion,)
        known = (*past, *now)
        present = Side("the champion", now)
        best = Side("the best champion", tuple(one for one in known if _is_comparable(policy, candidate, one)))
        if known and not best.among:
            nobody = number.Flaw("incomparable", "was never measured by what the candidate was measured by")
            best = Side("the best champion", (), nobody)
        compared = _compared(policy, present, best, known) if policy.baseline is None else _shared(baseline)
        return cls(Side("the candidate", (candidate,)), compared, present, best)

    @property
    def slices(self) -> list[str]:
        """Every slice of the candidate or of what it is compared with."""
        compared = self.champion.among if self.champion else ()
        return sorted({name for one in (*self.candidate.among, *compared) for name in one.slices})


def _compared(policy: ModelPolicy, present: Side, best: Side, known: tuple[Evidence, ...]) -> Side | None:
    if policy.compare_to == "none":
        return None
    if policy.compare_to == "best":
        return best
    if policy.pinned is None:
        return present
    pinned = next((one for one in reversed(known) if one.version == policy.pinned), None)
    whose = f"version {policy.pinned}"
    if pinned is None:
        return Side(whose, (), number.Flaw("unknown", "is not known, because that version was never champion"))
    return Side(whose, (pinned,))


def _shared(baseline: Baseline | None) -> Side:
    """The champion of another environment, None if nobody looked."""
    whose = "the shared champion"
    if baseline is None or baseline.problem:
        return Side(whose, (), number.Flaw("unreadable", "cannot be told"))
    return Side(whose, () if baseline.evidence is None else (baseline.evidence,))


def _is_comparable(policy: ModelPolicy, candidate: Evidence, champion: Evidence) -> bool:
    lenient = policy.defaults.comparable_missing == "skip"
    for key in policy.require.comparable_on:
        ours, theirs = candidate.comparable.get(key), champion.comparable.get(key)
        is_missing = ours is None or theirs is None
        if not (lenient if is_missing else ours == theirs):
            return False
    return True
