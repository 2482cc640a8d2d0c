"""The outcome of one offer: what a person asks for first, and what receipts, events, logs and the demo show.

registered   a version was made; `promoted` says whether it is the champion now
held         a person has to answer; nothing was registered
observed     decided and recorded by an app that only observes; the first reason says what it would have been
rejected     a rule failed, or the offer itself was refused; nothing was registered
duplicate    the same work, or the same bytes as the champion, was settled before; nothing changed
ignored      the event offers nothing to any policy
quarantined  the event could not be used; it is kept with the reason
waiting      another worker is at it, it is paused, or the world did not hold; the message comes again
half_approved  a person approved what was held, and a second one has to; nothing was registered yet
adopted      a person made a version that was there already the first champion
paused       a person let candidates wait
resumed      a person let them go on
examined     the app looked at itself, because a person asked
rolled_back  a person made an earlier champion champion again
revoked      a person denied files for ever; versions that have them are archived
vacated      a person left a model without a champion
declined     what a person asked for could not be done; nothing changed
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from registration import names
from registration.candidate import JobSource, SharedSource, source_from
from registration.promotions import promoted
from registration.signatures.verification import Signer
from registration.stored import damaged, made

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.candidate import Candidate, Refusal, Source
    from registration.record import Case, Past
    from registration.request import Request
    from registration.stored import Kind
    from registration.work import Work

MOST_REASONS = 50
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
    manifest_etag: str | None = None
    signed_by: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Outcome:
        """The outcome as a work record keeps it; members that a newer version added are left out.

        Raises `LedgerFormatError` when it was damaged.
        """
        name = names.work(data.get("work", "…"))
        texts = {key: _texts(data.get(key, [] if key == "signed_by" else None), key, name) for key in _TEXTS}
        return made(cls, {**data, **texts}, shape=_SHAPE, name=name, at="result.")

    def to_dict(self) -> dict[str, Any]:
        """As stored and as shown to machines; without `signed_by` where no signature was asked for, or none holds."""
        said = {**asdict(self), **{key: list(getattr(self, key)) for key in _TEXTS}}
        return said if self.signed_by else {key: value for key, value in said.items() if key != "signed_by"}

    def receipt(self) -> dict[str, Any]:
        """What the team that dropped the files is told."""
        wanted = (
            "outcome",
            "model",
            "version",
            "promoted",
            "reasons",
            "signed_by",
            "work",
            "decision",
            "manifest_etag",
        )
        return {name: value for name, value in self.to_dict().items() if name in wanted}


def _texts(said: object, key: str, name: str) -> tuple[str, ...]:
    if not isinstance(said, list | tuple):
        raise damaged(name, f"has {said!r:.60} as result.{key}")
    return tuple(map(str, said))


_TEXTS = ("reasons", "signed_by")
_SHAPE: Mapping[str, Kind] = {
    "event": str,
    "outcome": str,
    "source": str,
    "model": str | None,
    "version": int | None,
    "promoted": bool,
    "work": str | None,
    "decision": str | None,
    "manifest_etag": str | None,
}


def refused(refusal: Refusal, work: str) -> Outcome:
    """The outcome of an offer that never became a candidate."""
    return Outcome(
        event=refusal.event,
        outcome="rejected",
        reasons=_first(tuple(str(finding) for finding in refusal.findings)),
        source=str(refusal.source),
        model=refusal.model,
        work=work,
        manifest_etag=refusal.fingerprint if _is_drop(refusal.source) else None,
    )


def recorded(case: Case, decision: Mapping[str, Any], *, digest: str) -> Outcome:
    """The outcome of a recorded decision about `case`; a version it names was registered."""
    known = told(decision, digest=digest)
    return replace(known, event=case.candidate.event, manifest_etag=_answered(case.candidate))


def told(decision: Mapping[str, Any], *, digest: str) -> Outcome:
    """The outcome of a recorded decision, by what it says alone; the event is the one it was made for."""
    offered, source = decision["candidate"], source_from(decision["candidate"]["source"])
    is_drop = _is_drop(source)  # what a team claims of jobs, nobody has checked
    return Outcome(
        event=offered["event"],
        outcome=DECIDED[decision["outcome"]],
        reasons=_first(tuple(decision["reasons"])),
        source=str(source),
        model=decision["model"],
        version=decision["version"],
        promoted=promoted(decision),
        lineage_job_output_uri=None if is_drop else offered["lineage"].get("lineage.job_output_uri"),
        work=offered["work"],
        decision=digest,
        manifest_etag=offered["fingerprint"] if is_drop else None,
        signed_by=tuple(str(Signer(**each)) for each in offered.get("signed_by", ())),
    )


def of_request(request: Request, *reasons: str, outcome: str) -> Outcome:
    """The outcome of what a person asked for, about the model that the request names."""
    return Outcome(request.id, outcome, reasons, source=str(request), model=request.model, work=request.work)


def replaced(work: Work) -> Outcome:
    """The outcome of work whose files were replaced before anybody settled it."""
    reason = "its files were replaced before it was settled; what lies there now is other work"
    event, model = str(work.subject.get("event") or ""), work.subject.get("model")
    source = str(source_from(work.subject.get("source")))
    return Outcome(event, "rejected", (reason,), source=source, model=model, work=work.work)


def same_bytes(case: Case, champion: Past) -> Outcome:
    """The outcome of a candidate that is the champion already."""
    is_drop = _is_drop(case.candidate.source)  # as above
    return Outcome(
        event=case.candidate.event,
        outcome="duplicate",
        reasons=(f"the same bytes as the champion, version {champion.version}",),
        source=str(case.candidate.source),
        model=case.candidate.model.name,
        lineage_job_output_uri=None if is_drop else case.candidate.lineage.job_output_uri,
        work=case.work,
        manifest_etag=_answered(case.candidate),
    )


def _is_drop(source: Source | None) -> bool:
    return not isinstance(source, JobSource | SharedSource)


def _answered(candidate: Candidate) -> str | None:
    """The ETag of what completed a drop."""
    return candidate.listing_etag if _is_drop(candidate.source) else None


def observed(outcome: Outcome) -> Outcome:
    """What `outcome` is if nothing may come of it; an outcome that changes nothing stays what it is."""
    if outcome.outcome not in DECIDED.values():
        return outcome
    first, *others = outcome.reasons
    return replace(outcome, outcome="observed", reasons=(f"would be {outcome.outcome}: {first}", *others))


def repeated(known: Outcome, *, event: str) -> Outcome:
    """The outcome of work that was settled before."""
    version = f", version {known.version}" if known.version else ""
    reason = f"settled before as {known.outcome}{version}"
    return replace(known, event=event, outcome="duplicate", reasons=(reason,), promoted=False)


def _first(reasons: tuple[str, ...]) -> tuple[str, ...]:
    """An outcome goes into events and logs, which have a limit; the decision record has every reason."""
    left = len(reasons) - MOST_REASONS
    return reasons if left <= 0 else (*reasons[:MOST_REASONS], f"and {left} more")
