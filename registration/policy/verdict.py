"""A verdict: what one rule says of one candidate, with the numbers it compared.

Made by a rule, or for a validation finding; collected in a decision and shown in records, receipts and on the
command line. The numbers are exact decimal text, never floats.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registration.policy.handling import Severity


class Result(StrEnum):
    """What a rule can say."""

    PASSED = "passed"
    FAILED = "failed"
    HELD = "held"
    WARNED = "warned"
    SKIPPED = "skipped"
    ERROR = "error"
    OVERRIDDEN = "overridden"


AGAINST = frozenset({Result.FAILED, Result.HELD})
# What an action in a policy makes of a rule that could not be judged.
BY_ACTION = {
    "reject": Result.FAILED,
    "hold": Result.HELD,
    "skip": Result.SKIPPED,
    "absolute_only": Result.SKIPPED,
    "accept": Result.PASSED,
}
_WORST = {
    "block": {},
    "hold": {Result.FAILED: Result.HELD},
    "warn": {Result.FAILED: Result.WARNED, Result.HELD: Result.WARNED},
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's answer.

    `rule` is the place in the policy (`metrics.accuracy.min`), `adoption`, `judged`, or `artifact.` and the finding's
    code; `code` is stable; `reason` is one plain sentence. `bound` is the value the candidate had to reach and `margin`
    how far it is on the good side of it: negative on the wrong side, 0 exactly at it. `counterfactual` says, of a rule
    that was not met, what would have met it; None where nothing can be said.
    """

    rule: str
    result: Result
    reason: str
    code: str
    candidate: str | None = None
    champion: str | None = None
    bound: str | None = None
    margin: str | None = None
    counterfactual: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Itself: a verdict is its own answer."""
        return self

    def to_dict(self) -> dict[str, str | None]:
        """JSON-ready; every key is always there."""
        return {**asdict(self), "result": self.result.value}


def at_worst(result: Result, severity: Severity) -> Result:
    """`result`, or what a rule of this severity says instead; an error stays one."""
    return _WORST[severity].get(result, result)


def capped(verdict: Verdict, severity: Severity) -> Verdict:
    """`verdict` as a rule of this severity says it."""
    result = at_worst(verdict.result, severity)
    return verdict if result is verdict.result else replace(verdict, result=result)
