"""The outcome of one offer: what a person asks for first, and what receipts, events, logs and the demo show.

registered   a version was made; `promoted` says whether it is the champion now
held         a person has to answer; nothing was registered
rejected     a rule failed, or the offer itself was refused; nothing was registered
duplicate    the same work, or the same bytes as the champion, was settled before; nothing changed
ignored      the event offers nothing to any policy
quarantined  the event could not be used; it is kept with the reason
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.candidate import Refusal
    from registration.record import Case, Past

DECIDED = {"register": "registered", "hold": "held", "reject": "rejected"}


@dataclass(frozen=True)
class Outcome:
    """`reasons` are whole sentences. `work`, `decision` and `version` are None where there is none."""

    event: str
    outcome: str
    reasons: tuple[str, ...]
    source: str = ""
    model: str | None = None
    version: int | None = None
    promoted: bool = False
    lineage_job_output_uri: str | None = None
    work: str | None = None
    decision: str | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        """The outcome as a work record keeps it."""
        return cls(**{**data, "reasons": tuple(data["reasons"])})

    def to_dict(self) -> dict[str, Any]:
        """As stored and as shown to machines."""
        return {**asdict(self), "reasons": list(self.reasons)}

    def receipt(self) -> dict[str, Any]:
        """What the team that dropped the files is told."""
        wanted = ("outcome", "model", "version", "promoted", "reasons", "work", "decision")
        return {name: value for name, value in self.to_dict().items() if name in wanted}


def refused(refusal: Refusal, work: str) -> Outcome:
    """The outcome of an offer that never became a candidate."""
    return Outcome(
        event=refusal.event,
        outcome="rejected",
        reasons=tuple(str(finding) for finding in refusal.findings),
        source=str(refusal.source),
        model=refusal.model,
        work=work,
    )


def recorded(case: Case, decision: Mapping[str, Any], *, digest: str) -> Outcome:
    """The outcome of a recorded decision; a version it names was registered and promoted."""
    return replace(
        _of(case),
        outcome=DECIDED[decision["outcome"]],
        reasons=tuple(decision["reasons"]),
        version=decision["version"],
        promoted=decision["version"] is not None,
        decision=digest,
    )


def same_bytes(case: Case, champion: Past) -> Outcome:
    """The outcome of a candidate that is the champion already."""
    return replace(_of(case), reasons=(f"the same bytes as the champion, version {champion.version}",))


def repeated(known: Outcome, *, event: str) -> Outcome:
    """The outcome of work that was settled before."""
    version = f", version {known.version}" if known.version else ""
    reason = f"settled before as {known.outcome}{version}"
    return replace(known, event=event, outcome="duplicate", reasons=(reason,), promoted=False)


def _of(case: Case) -> Outcome:
    return Outcome(
        event=case.candidate.event,
        outcome="duplicate",
        reasons=(),
        source=str(case.candidate.source),
        model=case.candidate.model.name,
        lineage_job_output_uri=case.candidate.lineage.job_output_uri,
        work=case.work,
    )
