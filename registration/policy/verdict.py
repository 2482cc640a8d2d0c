"""A verdict: what one rule says of one candidate, with the numbers it compared.

Made by a rule, or for a validation finding; collected in a decision and shown in records, receipts and on the
command line. The numbers are exact decimal text, never floats.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from registration.policy import number

if TYPE_CHECKING:
    from decimal import Decimal


class Result(StrEnum):
    """What a rule can say."""

    PASSED = "passed"
    FAILED = "failed"
    HELD = "held"
    WARNED = "warned"
    SKIPPED = "skipped"
    ERROR = "error"


@dataclass(frozen=True)
class Verdict:
    """One rule's answer.

    `rule` is the place in the policy (`metrics.accuracy.min`), `adoption`, or `artifact.` and the finding's code;
    `code` is stable; `reason` is one plain sentence. `bound` is the value the candidate had to reach and `margin` how
    far it is on the good side of it: negative on the wrong side, 0 exactly at it.
    """

    rule: str
    result: Result
    reason: str
    code: str
    candidate: str | None = None
    champion: str | None = None
    bound: str | None = None
    margin: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """JSON-ready; every key is always there."""
        return {**asdict(self), "result": self.result.value}


@dataclass(frozen=True)
class Measurement:
    """The numbers of a rule that could be judged."""

    candidate: Decimal
    bound: Decimal
    margin: Decimal
    champion: Decimal | None = None

    def verdict(self, rule: str, *, failure: str | None, reason: str) -> Verdict:
        """Failed with the code `failure`; passed if that is None."""
        return Verdict(
            rule,
            Result.FAILED if failure else Result.PASSED,
            reason,
            failure or "passed",
            candidate=number.text(self.candidate),
            champion=None if self.champion is None else number.text(self.champion),
            bound=number.text(self.bound),
            margin=number.text(self.margin),
        )


def unusable(rule: str, metric: str, flaw: number.Flaw) -> Verdict:
    """The verdict on a candidate whose metric is not a number, whatever the rule asks."""
    return Verdict(rule, Result.FAILED, f"the candidate's {metric} {flaw.says}", flaw.code, candidate=flaw.text)
