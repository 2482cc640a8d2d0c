"""Rules about a candidate beside its metrics: tags, lineage, and whether its numbers can be compared at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.policy.require import QUALITIES
from registration.policy.traceable import Complete, Quality
from registration.policy.verdict import BY_ACTION, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.policy.document import ModelPolicy
    from registration.policy.handling import ComparableMissing
    from registration.policy.require import TagAsk
    from registration.policy.rules import Rule
    from registration.policy.sides import Sides


@dataclass(frozen=True, slots=True)
class RequiredTag:
    """`require.tags`: the candidate has the tag, and it is what was asked for."""

    tag: str
    ask: TagAsk

    @property
    def name(self) -> str:
        """The tag's place in the policy."""
        return f"require.tags.{self.tag}"

    def judge(self, sides: Sides) -> Verdict:
        """Passed if the value fits; a missing tag fits nothing."""
        (candidate,) = sides.candidate.among
        value = candidate.tags.get(self.tag)
        if value is None:
            return _failed(self.name, f"the candidate has no tag {self.tag}", "tag_missing", self._needs("it has none"))
        if not self.ask.fits(value):
            reason = f"the tag {self.tag} is {value!r}, and has {self.ask}"
            return _failed(self.name, reason, "tag_mismatch", self._needs(f"it was {value!r}"))
        return Verdict(self.name, Result.PASSED, f"the tag {self.tag} is {value!r}", "passed")

    def _needs(self, had: str) -> str:
        return f"needs the tag {self.tag} {self.ask}; {had}"


@dataclass(frozen=True, slots=True)
class RequiredLineage:
    """`require.lineage`: it is known where the candidate comes from, in this respect."""

    part: str

    @property
    def name(self) -> str:
        """The part's place in the policy."""
        return f"require.lineage.{self.part}"

    def judge(self, sides: Sides) -> Verdict:
        """Passed if anybody said it; who said it, `attested_by` tells."""
        (candidate,) = sides.candidate.among
        if not candidate.lineage.get(self.part):
            reason = f"nobody said the candidate's {self.part}"
            return _failed(self.name, reason, "lineage_missing", f"needs the lineage {self.part}; nobody said it")
        return Verdict(self.name, Result.PASSED, f"the candidate's {self.part} is known", "passed")


@dataclass(frozen=True, slots=True)
class Comparable:
    """`require.comparable_on`: candidate and champion were measured by the same thing."""

    key: str
    missing: ComparableMissing

    @property
    def name(self) -> str:
        """The key's place in the policy."""
        return f"require.comparable_on.{self.key}"

    def judge(self, sides: Sides) -> Verdict:
        """Passed if both say the same; held if they differ, because then no comparison means anything."""
        champion = sides.present if sides.champion is sides.best else sides.champion
        if champion is None or not champion.among:
            reason = f"there is no champion whose {self.key} could differ"
            return Verdict(self.name, Result.SKIPPED, reason, "no_champion")
        (candidate,), (other,) = sides.candidate.among, champion.among
        ours, theirs = candidate.comparable.get(self.key), other.comparable.get(self.key)
        if ours is None or theirs is None:
            return self._unknown(ours, theirs, champion.whose)
        if ours != theirs:
            reason = f"the candidate's {self.key} is {ours!r}, {champion.whose}'s is {theirs!r}: not comparable"
            fix = f"needs {self.key} {theirs!r}, had {ours!r}"
            return Verdict(self.name, Result.HELD, reason, "incomparable", ours, theirs, counterfactual=fix)
        reason = f"{self.key} is {ours!r} on both sides"
        return Verdict(self.name, Result.PASSED, reason, "passed", ours, theirs)

    def _unknown(self, ours: str | None, theirs: str | None, whose: str) -> Verdict:
        who = " and ".join([*(["the candidate"] if ours is None else []), *([whose] if theirs is None else [])])
        result = BY_ACTION[self.missing]
        reason = f"{self.key} is not known of {who}, so nothing says that their metrics can be compared"
        fix = None if result is Result.SKIPPED else "would be left out if comparable_missing were skip"
        return Verdict(self.name, result, reason, "comparable_missing", ours, theirs, counterfactual=fix)


def requirements_of(policy: ModelPolicy) -> Iterator[Rule]:
    """Every such rule of the policy, in its order."""
    asked = policy.require
    yield from (RequiredTag(tag, ask) for tag, ask in asked.tags.items())
    yield from (_of_lineage(part) for part in asked.lineage)
    if asked.completeness is not None:
        yield Complete(asked.completeness)
    yield from (Comparable(key, policy.defaults.comparable_missing) for key in asked.comparable_on)


def _of_lineage(part: str) -> Rule:
    return Quality(part) if part in QUALITIES else RequiredLineage(part)


def _failed(rule: str, reason: str, code: str, fix: str) -> Verdict:
    return Verdict(rule, Result.FAILED, reason, code, counterfactual=fix)
