"""The registrar: the story of one message, from an event to notices.

Every step hands a value to the next; a refusal is a value too. An exception means that the world did not hold: the
claim is given back and the same message comes again.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration import envelope, events, notices, record
from registration import outcome as outcomes
from registration.candidate import Candidate, Refusal, work_key
from registration.claiming import claimed
from registration.errors import (
    ArtifactChangedError,
    LedgerConflictError,
    MalformedEventError,
    PausedError,
    PermanentError,
)
from registration.events import NotOfInterest
from registration.examination import Examination
from registration.offers import Opened, by_group, fingerprint_of, model_of, subject_of
from registration.outcome import Outcome
from registration.question import Question
from registration.sources.resolve import UnknownSourceError
from registration.surroundings import Surroundings
from registration.tracing import UNTRACED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from registration.artifacts.store import ArtifactStore
    from registration.finding import Finding
    from registration.head import Head
    from registration.ledger import Ledger
    from registration.notices import Notifier
    from registration.pauses import Pauses
    from registration.policy.decision import Decision, Member
    from registration.question import Questions
    from registration.record import Beside, Case
    from registration.sources.jobs import Workspace
    from registration.sources.resolve import Offer, Resolver
    from registration.tracing import Tracing
    from registration.versioning import Versioning
    from registration.work import Claim

log = logging.getLogger(__name__)
ACTED = 0
OBSERVED = -1  # the epoch of work that was only observed, so that the same offer is new work for an app that acts


@dataclass(frozen=True)
class Registrar:
    """Processes messages. `now` is the time that records state, ISO 8601; it decides nothing.

    While it `observes`, it decides and records, but registers nothing, moves no champion and tells nobody.
    """

    resolver: Resolver
    workspace: Workspace
    store: ArtifactStore
    ledger: Ledger
    versioning: Versioning
    notifier: Notifier
    workspace_id: str
    now: Callable[[], str]
    pauses: Pauses
    questions: Questions
    observes: bool = False
    tracing: Tracing = UNTRACED

    def process(self, message: str) -> tuple[Outcome, ...]:
        """Settle everything that `message`, a queue message, offers.

        An event that cannot be used is kept in quarantine, and that is an outcome. Raises `TransientError` when the
        message should come again, and `PolicyError` while a policy in force is broken.
        """
        try:
            event = events.parse(envelope.open_(message).event)
            offered = self.resolver.offers(event)
        except (MalformedEventError, UnknownSourceError) as unusable:
            return (self.quarantine(message, str(unusable)),)
        if isinstance(offered, NotOfInterest):
            return (Outcome(event=offered.id, outcome="ignored", reasons=(offered.reason,)),)
        return self._settle_each(offered)

    def _settle_each(self, offers: list[Offer]) -> tuple[Outcome, ...]:
        """Settle every offer, then raise the first failure: one model does not keep the others waiting."""
        settled: list[Outcome] = []
        failures: list[Exception] = []
        for together in by_group(offers):
            try:
                settled += self.settle_together(together)
            except Exception as failure:  # noqa: BLE001 - raised again below, when the others are settled
                failures.append(failure)
        # A pause first: it costs no attempt, so another offer's fault must not use them up meanwhile. What is given up
        # at once comes last: the others still have their attempts.
        failures.sort(key=lambda failed: (not isinstance(failed, PausedError), isinstance(failed, PermanentError)))
        for unraised in failures[1:]:
            log.error("another offer of the same event failed", exc_info=unraised)
        if failures:
            raise failures[0]
        return tuple(settled)

    def settle(self, offer: Offer) -> Outcome:
        """Bring one offer to its outcome, or show the outcome it already has; raises `PausedError` while paused."""
        (outcome,) = self.settle_together((offer,))
        return outcome

    def settle_together(self, offers: Sequence[Offer]) -> tuple[Outcome, ...]:
        """As `settle`, for the members of a group: all are claimed and judged alone before the first is decided.

        Each is registered by itself: a member whose world does not hold comes again, and finds what became of the rest.
        """
        with contextlib.ExitStack() as claims:
            opened = [self._opened(offer, claims) for offer in offers]
            alone = [self._surroundings.alone(one) for one in opened] if len(opened) > 1 else []
            return tuple(
                self._settled(one, group=(*alone[:place], *alone[place + 1 :])) for place, one in enumerate(opened)
            )

    def settle_again(self, offer: Candidate, *, fellows: Sequence[Offer]) -> Outcome:
        """As `settle`, for one that people have decided again; `fellows`, others of its group, are only judged."""
        with contextlib.ExitStack() as claims:
            opened = self._opened(offer, claims)
            known = [] if opened.claim.is_settled else fellows
            group = tuple(self._surroundings.fellow(each, examination=self.examination) for each in known)
            return self._settled(opened, group=group)

    def _opened(self, offer: Offer, claims: contextlib.ExitStack) -> Opened:
        """The offer with its claim, and the case unless it is settled or was refused."""
        self.pauses.check(model_of(offer))
        artifact = self.examination.inventory(offer)
        fingerprint = fingerprint_of(offer, artifact)
        epoch = self._epoch(offer)
        work = work_key(offer.source, model=model_of(offer), fingerprint=fingerprint, epoch=epoch)
        if isinstance(offer, Candidate) and offer.again is not None and offer.again.work != work:
            raise ArtifactChangedError(f"{offer.source} offers other files than those that were to be decided again")
        claims.enter_context(self.tracing.work(work))
        claim = claims.enter_context(claimed(self.ledger, work, subject={**subject_of(offer), "epoch": epoch}))
        if claim.is_settled or isinstance(offer, Refusal):
            return Opened(offer, claim)
        return Opened(offer, claim, self.examination.case(offer, work, artifact))

    def _settled(self, opened: Opened, *, group: tuple[Member, ...]) -> Outcome:
        claim, offer = opened.claim, opened.offer
        if claim.is_settled:
            return self._again(claim, offer)
        if isinstance(offer, Refusal):
            return self._notify(self._conclude(claim, offer, outcomes.refused(offer, claim.work.work)))
        assert opened.case is not None  # noqa: S101 - it was neither settled nor refused
        return self._notify(self._judge(claim, opened.case, group))

    def _epoch(self, offer: Offer) -> int:
        if isinstance(offer, Candidate) and offer.again is not None:
            return offer.again.epoch
        return OBSERVED if self.observes else ACTED

    def _judge(self, claim: Claim, case: Case, group: tuple[Member, ...]) -> Claim:
        """Decide against the champion of the moment; decide again if the history went on before it is recorded."""
        self._keep_policies(case.candidate)
        while True:
            head = self.ledger.head(case.candidate.model.name)
            if (known := self.ledger.decided(claim, head)) is not None:
                return self._announce(claim, case, *known)
            beside = self._surroundings.of(case, head, group=group)
            if beside.champion is not None and beside.champion.is_same_as(case):
                claim = self.versioning.withdraw(claim, case, status="superseded")
                return self._conclude(claim, case.candidate, outcomes.same_bytes(case, beside.champion))
            decision = beside.decide(case.candidate.model, case.evidence)
            claim, findings = self._realise(claim, case, decision)
            if findings:
                case = case.finding(*findings)
                continue
            claim, moved = self._record(claim, case, decision, head, beside)
            if moved is not None:
                return self._announce(claim, case, *self._drafted(claim, moved))

    def _keep_policies(self, candidate: Candidate) -> None:
        self.ledger.keep_policy(sha256=candidate.policy.text_sha256, text=candidate.policy.text)
        for shadow in candidate.shadows:
            self.ledger.keep_policy(sha256=shadow.text_sha256, text=shadow.text)

    @property
    def examination(self) -> Examination:
        """Finds out about offers before they are judged."""
        return Examination(self.store, self.workspace, self.tracing, self.now)

    @property
    def _surroundings(self) -> Surroundings:
        return Surroundings(self.ledger, self.versioning.registry)

    def _realise(self, claim: Claim, case: Case, decision: Decision) -> tuple[Claim, tuple[Finding, ...]]:
        """Register what was accepted; archive a version that an earlier decision made and this one does not accept."""
        if self.observes:
            return claim, ()
        if decision.outcome != "register":
            status = "artifact_changed" if case.validation.objections else "superseded"
            return self.versioning.withdraw(claim, case, status=status), ()
        with self.tracing.step("register"):
            claim, place = self.versioning.register(claim, case)
        findings = self.versioning.changes(case, place)
        if findings:
            claim = self.versioning.withdraw(claim, case, status="artifact_changed")
        return claim, findings

    def _record(
        self, claim: Claim, case: Case, decision: Decision, head: Head, beside: Beside
    ) -> tuple[Claim, Head | None]:
        """Write the decision and move the head to it; no head if it moved meanwhile."""
        version = _version(claim) if decision.outcome == "register" and not self.observes else None
        written = record.write(case, decision, beside=beside, version=version, decided_at=self.now())
        written |= {"mode": "observe"} if self.observes else record.asked(case, champion_seq=head.champion_seq)
        claim = self.ledger.draft(claim, head, written)
        promote = (version, case.work) if version is not None and decision.promote else None
        try:
            with self.tracing.step("head"):
                return claim, self.ledger.append(head, _digest(claim), promote=promote)
        except LedgerConflictError:
            return claim, None

    def _drafted(self, claim: Claim, head: Head) -> tuple[str, dict[str, Any]]:
        digest = _digest(claim)
        return digest, self.ledger.decision(head.model, digest)

    def _announce(self, claim: Claim, case: Case, digest: str, written: Mapping[str, Any]) -> Claim:
        """Show in the registry what the decision did to the champion, and conclude."""
        if record.promoted(written):
            former = (written["champion"] or {}).get("version")
            with self.tracing.step("project"):
                self.versioning.project(case.candidate.model.name, version=written["version"], former=former)
        return self._conclude(claim, case.candidate, outcomes.recorded(case, written, digest=digest))

    def _conclude(self, claim: Claim, offer: Offer, outcome: Outcome) -> Claim:
        if self.observes:
            return self.ledger.decide(claim, result=outcomes.observed(outcome).to_dict(), outbox=())
        if outcome.outcome == "held" and isinstance(offer, Candidate):
            self.questions.ask(Question.about(outcome, at=self.now(), within=offer.model.approval.expires))
        outbox = notices.of(outcome, source=offer.source, workspace=self.workspace_id, at=self.now())
        return self.ledger.decide(claim, result=outcome.to_dict(), outbox=outbox)

    def _notify(self, claim: Claim) -> Outcome:
        with self.tracing.step("notify"):
            self.notifier.deliver_all(claim.work.outbox)
        with contextlib.suppress(
            LedgerConflictError
        ):  # another delivery saw the decision, told it too and finished first
            self.ledger.finish(claim)
        outcome = Outcome.from_dict(claim.work.result or {})
        log.info("%s %s from %s", outcome.outcome, outcome.model, outcome.source, extra=_fields(outcome))
        return outcome

    def _again(self, claim: Claim, offer: Offer) -> Outcome:
        if claim.work.state == "decided":
            return self._notify(claim)
        known = Outcome.from_dict(claim.work.result or {})
        self._mend(claim, known)
        return outcomes.repeated(known, event=offer.event)

    def _mend(self, claim: Claim, known: Outcome) -> None:
        """Undo what a worker did that stalled before it wrote its version and wrote it when the work was settled."""
        if known.model is None or claim.work.intent is None:
            return
        if known.version is None:
            self.versioning.retire(known.model, claim.work, status="superseded")
        elif known.promoted:
            self.versioning.project(known.model, version=known.version, former=None)

    def quarantine(self, message: str, reason: str) -> Outcome:
        """Keep a message that cannot be used, with the reason."""
        kept = self.ledger.quarantine(message, reason=reason, attempts=1)
        log.warning("quarantined a message as %s: %s", kept, reason)
        return Outcome(event="", outcome="quarantined", reasons=(reason,), source=kept)


def _version(claim: Claim) -> int:
    assert claim.work.intent is not None  # noqa: S101 - registering recorded it
    return claim.work.intent.version


def _digest(claim: Claim) -> str:
    assert claim.work.draft is not None  # noqa: S101 - drafting recorded it
    return claim.work.draft.digest


def _fields(outcome: Outcome) -> dict[str, object]:
    return {f"registrar_{name}": value for name, value in outcome.to_dict().items() if name != "reasons"}
