"""A decision: what becomes of one candidate for one model, and every verdict that led there.

Made by `decide` from a policy and evidence alone: no clock, no network, no state, so the same inputs under the same
`ENGINE_VERSION` give the same decision for ever. All rules are always judged; the explanation is complete. Deciding
registers nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from registration.policy.evidence import Evidence
from registration.policy.rules import rules_of
from registration.policy.verdict import Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registration.finding import Finding
    from registration.policy.document import ModelPolicy

__all__ = ["ENGINE_VERSION", "Decision", "Evidence", "Outcome", "Result", "Verdict", "decide"]

# Raised whenever the same policy and evidence could give another outcome than before; decision records carry it.
ENGINE_VERSION = "1"


class Outcome(StrEnum):
    """What becomes of the candidate: it is registered, waits for a person, or is refused."""

    REGISTER = "register"
    HOLD = "hold"
    REJECT = "reject"


@dataclass(frozen=True)
class Decision:
    """The outcome, with the verdicts in the policy's order (findings first, then adoption)."""

    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    engine: str = ENGINE_VERSION

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for everything that made the outcome what it is; never empty."""
        deciding = {Outcome.REJECT: {Result.FAILED}, Outcome.REGISTER: {Result.PASSED}}
        wanted = deciding.get(self.outcome, {Result.HELD, Result.ERROR})
        sentences = tuple(verdict.reason for verdict in self.verdicts if verdict.result in wanted)
        sentences = tuple(dict.fromkeys(sentences))  # every rule of a metric that is missing says the same
        return sentences or ("no rule could judge this candidate", *(verdict.reason for verdict in self.verdicts))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "outcome": self.outcome.value,
            "reasons": list(self.reasons),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "engine": self.engine,
        }


def decide(policy: ModelPolicy, *, candidate: Evidence, champion: Evidence | None, unadopted: bool = False) -> Decision:
    """The decision on `candidate`; `champion` is None when the model has none yet. Never raises for any evidence.

    `unadopted` says that the registry has versions of this model that are not ours, and nobody has said which of them
    candidates are compared with; unless the policy does not ask for that, nothing can be registered then.
    """
    judged = (rule.judge(candidate=candidate, champion=champion) for rule in rules_of(policy))
    waiting = (_not_adopted(policy.name),) if unadopted and policy.adopt == "required" else ()
    verdicts = (*map(_finding, candidate.findings), *waiting, *judged)
    return Decision(combined(verdict.result for verdict in verdicts), verdicts)


def combined(results: Iterable[Result]) -> Outcome:
    """An error hides what a rule would have said, so it outweighs a failure; nothing passes unless a rule did."""
    seen = set(results)
    if Result.ERROR in seen:
        return Outcome.HOLD
    if Result.FAILED in seen:
        return Outcome.REJECT
    return Outcome.HOLD if Result.HELD in seen or Result.PASSED not in seen else Outcome.REGISTER


def _not_adopted(model: str) -> Verdict:
    reason = (
        f"{model} has versions that Registrar did not make; say which one is the champion with "
        f"`registrar adopt {model}:VERSION`, or write `adopt: none` in the policy"
    )
    return Verdict("adoption", Result.HELD, reason, "not_adopted")


def _finding(finding: Finding) -> Verdict:
    return Verdict(f"artifact.{finding.code}", Result.FAILED, str(finding), finding.code)
