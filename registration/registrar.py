"""The registrar: the story of one message, from an event to notices.

Every step hands a value to the next; a refusal is a value too. An exception means that the world did not hold: the
claim is given back and the same message comes again.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration import envelope, events, notices, record
from registration import outcome as outcomes
from registration.artifacts.inventory import Artifact
from registration.artifacts.validation import validate
from registration.candidate import Candidate, JobSource, Refusal, work_key
from registration.errors import LedgerConflictError, MalformedEventError, NotVisibleYetError
from registration.events import NotOfInterest
from registration.outcome import Outcome
from registration.policy.decision import decide
from registration.record import Case, Past
from registration.sources.resolve import UnknownSourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from registration.artifacts.store import ArtifactStore
    from registration.finding import Finding
    from registration.ledger import Claim, Head, Ledger
    from registration.notices import Notifier
    from registration.policy.decision import Decision
    from registration.sources.jobs import Workspace
    from registration.sources.resolve import Offer, Resolver
    from registration.versioning import Versioning

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Registrar:
    """Processes messages. `now` is the time that records state, ISO 8601; it decides nothing."""

    resolver: Resolver
    workspace: Workspace
    store: ArtifactStore
    ledger: Ledger
    versioning: Versioning
    notifier: Notifier
    workspace_id: str
    now: Callable[[], str]

    def process(self, message: str) -> tuple[Outcome, ...]:
        """Settle everything that `message`, a queue message, offers.

        An event that cannot be used is kept in quarantine, and that is an outcome. Raises `TransientError` when the
        message should come again, and `PolicyError` while a policy in force is broken.
        """
        try:
            event = events.parse(envelope.open_(message).event)
            offered = self.resolver.offers(event)
        except (MalformedEventError, UnknownSourceError) as unusable:
            return (self._quarantine(message, str(unusable)),)
        if isinstance(offered, NotOfInterest):
            return (Outcome(event=offered.id, outcome="ignored", reasons=(offered.reason,)),)
        return tuple(self.settle(offer) for offer in offered)

    def settle(self, offer: Offer) -> Outcome:
        """Bring one offer to its outcome, or show the outcome it already has."""
        artifact = self._inventory(offer)
        fingerprint = _fingerprint(offer, artifact)
        work = work_key(offer.source, model=_model(offer), fingerprint=fingerprint)
        with self._claimed(work, offer) as claim:
            if claim.is_settled:
                return self._again(claim, offer)
            if isinstance(offer, Refusal):
                return self._notify(self._conclude(claim, offer, outcomes.refused(offer, work)))
            return self._notify(self._judge(claim, self._examine(offer, work, artifact)))

    def _inventory(self, offer: Offer) -> Artifact:
        if isinstance(offer, Refusal):
            return Artifact(())
        artifact = Artifact.of(self.store.files(offer.location))
        if isinstance(offer.source, JobSource):
            if not artifact.files:
                raise NotVisibleYetError(f"{offer.source} shows no files at {offer.location}")
            return artifact
        promised = {promise.path for promise in offer.promises}
        return Artifact(tuple(file for file in artifact.files if file.path in promised))

    def _examine(self, candidate: Candidate, work: str, artifact: Artifact) -> Case:
        validation = validate(self.store, artifact, model_type=candidate.model.type, promises=candidate.promises)
        metrics = candidate.metrics
        if metrics is None and candidate.lineage.job:
            metrics = self.workspace.metrics(candidate.lineage.job)
        return Case(candidate, work, artifact, validation, metrics or {})

    def _judge(self, claim: Claim, case: Case) -> Claim:
        """Decide against the champion of the moment; decide again if it is another one by the time it is recorded."""
        policy = case.candidate.policy
        self.ledger.keep_policy(sha256=policy.text_sha256, text=policy.text)
        while True:
            head = self.ledger.head(case.candidate.model.name)
            if (decided := self._decided_before(head, case)) is not None:
                return self._conclude(claim, case.candidate, decided)
            champion = self._champion(head)
            if champion is not None and champion.sha256 == case.validation.sha256:
                self._supersede(claim, case)
                return self._conclude(claim, case.candidate, outcomes.same_bytes(case, champion))
            decision = decide(
                case.candidate.model, candidate=case.evidence, champion=champion.evidence if champion else None
            )
            claim, findings = self._realise(claim, case, decision)
            case = case.finding(*findings)
            if findings:
                continue
            with contextlib.suppress(LedgerConflictError):
                return self._record(claim, case, decision, head, champion)

    def _realise(self, claim: Claim, case: Case, decision: Decision) -> tuple[Claim, tuple[Finding, ...]]:
        """Register what was accepted; archive a version that an earlier decision made and this one does not accept."""
        if decision.outcome == "register":
            claim = self.versioning.register(claim, case)
            findings = self.versioning.changes(case)
            if findings:
                self.versioning.withdraw(case.candidate.model.name, _version(claim), status="artifact_changed")
            return claim, findings
        if not case.validation.findings:
            self._supersede(claim, case)
        return claim, ()

    def _supersede(self, claim: Claim, case: Case) -> None:
        """Archive the version an earlier try of this work made, if any."""
        if claim.work.intent is not None:
            self.versioning.withdraw(case.candidate.model.name, claim.work.intent.version, status="superseded")

    def _record(self, claim: Claim, case: Case, decision: Decision, head: Head, champion: Past | None) -> Claim:
        accepted = decision.outcome == "register"
        version = _version(claim) if accepted else None
        written = record.write(case, decision, champion=champion, version=version, decided_at=self.now())
        promote = (version, case.work) if version is not None else None
        moved, digest = self.ledger.append(head, written, promote=promote)
        if promote is not None:
            self.versioning.project(moved, former=champion.version if champion else None)
        return self._conclude(claim, case.candidate, outcomes.recorded(case, written, digest=digest))

    def _decided_before(self, head: Head, case: Case) -> Outcome | None:
        """What an earlier try decided that did not come to tell; its champion is shown in the registry again."""
        digests = dict.fromkeys([head.champion.decision if head.champion else None, head.log_digest])
        for digest in filter(None, digests):
            written = self.ledger.decision(head.model, digest)
            if written["candidate"]["work"] == case.work:
                if head.champion is not None and head.champion.decision == digest:
                    self.versioning.project(head, former=(written["champion"] or {}).get("version"))
                return outcomes.recorded(case, written, digest=digest)
        return None

    def _champion(self, head: Head) -> Past | None:
        if head.champion is None:
            return None
        written = self.ledger.decision(head.model, head.champion.decision)
        return Past.read(head.champion.version, head.champion.decision, written)

    def _conclude(self, claim: Claim, offer: Offer, outcome: Outcome) -> Claim:
        outbox = notices.of(outcome, source=offer.source, workspace=self.workspace_id, at=self.now())
        return self.ledger.decide(claim, result=outcome.to_dict(), outbox=outbox)

    def _notify(self, claim: Claim) -> Outcome:
        for notice in claim.work.outbox:
            self.notifier.deliver(notice)
        outcome = Outcome.from_dict(self.ledger.finish(claim).work.result or {})
        log.info("%s %s from %s", outcome.outcome, outcome.model, outcome.source, extra=_fields(outcome))
        return outcome

    def _again(self, claim: Claim, offer: Offer) -> Outcome:
        if claim.work.state == "decided":
            self._notify(claim)
        return outcomes.repeated(Outcome.from_dict(claim.work.result or {}), event=offer.event)

    def _quarantine(self, message: str, reason: str) -> Outcome:
        kept = self.ledger.quarantine(message, reason=reason, attempts=1)
        log.warning("quarantined a message as %s: %s", kept, reason)
        return Outcome(event="", outcome="quarantined", reasons=(reason,), source=kept)

    @contextlib.contextmanager
    def _claimed(self, work: str, offer: Offer) -> Iterator[Claim]:
        claim = self.ledger.claim(work, subject=_subject(offer))
        try:
            yield claim
        except BaseException:
            if not claim.is_settled:
                # The claim may have been lost, or rewritten since; then there is nothing left to give back.
                with contextlib.suppress(Exception):
                    self.ledger.give_back(claim)
            raise


def _model(offer: Offer) -> str | None:
    return offer.model if isinstance(offer, Refusal) else offer.model.name


def _fingerprint(offer: Offer, artifact: Artifact) -> str:
    if isinstance(offer, Refusal):
        return offer.fingerprint
    return offer.listing_etag or artifact.fingerprint


def _version(claim: Claim) -> int:
    assert claim.work.intent is not None  # noqa: S101 - registering recorded it
    return claim.work.intent.version


def _subject(offer: Offer) -> Mapping[str, object]:
    return {"source": list(offer.source.identity), "model": _model(offer), "event": offer.event}


def _fields(outcome: Outcome) -> dict[str, object]:
    return {f"registrar_{name}": value for name, value in outcome.to_dict().items() if name != "reasons"}
