"""The registrar: the story of one message, from an event to notices.

Every step hands a value to the next; a refusal is a value too. An exception means that the world did not hold: the
claim is given back and the same message comes again.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration import envelope, events, notices, sharing
from registration import outcome as outcomes
from registration.candidate import Candidate, Refusal, work_key
from registration.claiming import claimed
from registration.deciding import Claimed, Decided, Deciding
from registration.errors import (
    ArtifactChangedError,
    MalformedEventError,
    PausedError,
    PermanentError,
)
from registration.events import NotOfInterest
from registration.examination import Examination
from registration.failures import Failures
from registration.offers import Opened, by_group, fingerprint_of, model_of, subject_of
from registration.outcome import Outcome
from registration.question import Question
from registration.sources.jobs import PartlyOfferedError
from registration.sources.resolve import UnknownSourceError
from registration.surroundings import Surroundings
from registration.tracing import UNTRACED
from registration.versioning import SUPERSEDED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from registration.artifacts.store import ArtifactStore
    from registration.ledger import Ledger
    from registration.owed import Owed
    from registration.pauses import Pauses
    from registration.policy.decision import Member
    from registration.question import Questions
    from registration.sources.job import Workspace
    from registration.sources.resolve import Offer, Resolver
    from registration.tracing import Tracing
    from registration.versioning import Versioning
    from registration.work import Claim, Shares

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
    owed: Owed
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
        except PartlyOfferedError as partly:
            return self._settle_each(partly.ready, failed=partly.failure)
        if isinstance(offered, NotOfInterest):
            return (Outcome(event=offered.id, outcome="ignored", reasons=(offered.reason,)),)
        return self._settle_each(offered)

    def _settle_each(self, offers: list[Offer], *, failed: Exception | None = None) -> tuple[Outcome, ...]:
        """Settle every offer, then raise the first failure: one model does not keep the others waiting.

        `failed` is why another offer of the event could not even be made.
        """
        settled: list[Outcome] = []
        failures = Failures("offer of the same event")
        if failed is not None:
            failures.keep(failed)
        for together in by_group(offers):
            with failures.kept():
                settled += self.settle_together(together)
        # A pause first: it costs no attempt, so another offer's fault must not use them up meanwhile. What is given up
        # at once comes last: the others still have their attempts.
        failures.raise_first(rank=lambda one: (not isinstance(one, PausedError), isinstance(one, PermanentError)))
        return tuple(settled)

    def settle_together(self, offers: Sequence[Offer]) -> tuple[Outcome, ...]:
        """Bring offers that share their fate to their outcomes, or show those that they have.

        All are claimed before the first is judged, and decided at once. Raises `PausedError` while one is paused.
        """
        with contextlib.ExitStack() as claims:
            return self._settled([self._opened(offer, claims) for offer in offers])

    def settle_again(self, offer: Candidate, *, fellows: Sequence[Offer]) -> Outcome:
        """The same for one that people have decided again; `fellows`, others of its group, are only judged."""
        with contextlib.ExitStack() as claims:
            opened = self._opened(offer, claims)
            known = [] if opened.claim.is_settled else fellows
            group = [self._surroundings.fellow(each, examination=self.examination) for each in known]
            (outcome,) = self._settled([opened], fellows=group)
            return outcome

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

    def _settled(self, opened: Sequence[Opened], *, fellows: Sequence[Member] = ()) -> tuple[Outcome, ...]:
        """Bring what was opened to its outcomes; `fellows` share their fate and are not settled here."""
        cases = [Claimed(one.claim, one.case) for one in opened if one.case is not None]
        decided: dict[str, Decided] = {}
        if cases:
            known = [self._surroundings.settled(one) for one in opened if one.case is None]
            found = self._deciding.together(cases, fellows=(*known, *fellows))
            decided = {each.claimed.claim.work.work: each for each in found}
        return self._each_concluded(opened, decided)

    def _each_concluded(self, opened: Sequence[Opened], decided: Mapping[str, Decided]) -> tuple[Outcome, ...]:
        """The outcomes: what one member owes, and cannot be paid, keeps no other waiting."""
        settled: list[Outcome] = []
        failures = Failures("member of the group")
        for one in opened:
            with failures.kept():
                settled.append(self._concluded(one, decided.get(one.claim.work.work)))
        failures.raise_first()
        return tuple(settled)

    def _concluded(self, opened: Opened, decided: Decided | None) -> Outcome:
        claim, offer = opened.claim, opened.offer
        if decided is not None:
            return self._notify(self._announce(decided))
        if isinstance(offer, Refusal) and not claim.is_settled:
            return self._notify(self._conclude(claim, offer, outcomes.refused(offer, claim.work.work)))
        return self._again(claim, offer)

    def _epoch(self, offer: Offer) -> int:
        if isinstance(offer, Candidate) and offer.again is not None:
            return offer.again.epoch
        return OBSERVED if self.observes else ACTED

    @property
    def examination(self) -> Examination:
        """Finds out about offers before they are judged."""
        return Examination(self.store, self.workspace, self.tracing, self.now)

    @property
    def _surroundings(self) -> Surroundings:
        return Surroundings(self.ledger, self.versioning.registry, self.owed.sharing.registries)

    @property
    def _deciding(self) -> Deciding:
        parts = (self.ledger, self.versioning, self._surroundings, self.now)
        return Deciding(*parts, observes=self.observes, tracing=self.tracing)

    def _announce(self, decided: Decided) -> Claim:
        """Show in the registry what the decision did to the champion, and conclude."""
        case, written = decided.claimed.case, decided.written
        if written is None:
            assert decided.champion is not None  # noqa: S101 - nothing else is settled without a decision
            outcome = outcomes.same_bytes(case, decided.champion)
        else:
            with self.tracing.step("project"):
                self.versioning.show(written)
            outcome = outcomes.recorded(case, written, digest=decided.digest)
        shares = sharing.owed(written) if written else ()
        return self._conclude(decided.claimed.claim, case.candidate, outcome, shares=shares)

    def _conclude(self, claim: Claim, offer: Offer, outcome: Outcome, *, shares: Shares = ()) -> Claim:
        if self.observes:
            return self.ledger.decide(claim, result=outcomes.observed(outcome).to_dict(), outbox=())
        if outcome.outcome == "held" and isinstance(offer, Candidate):
            self.questions.ask(Question.about(outcome, at=self.now(), within=offer.model.approval.expires))
        outbox = notices.of(outcome, source=offer.source, workspace=self.workspace_id, at=self.now())
        return self.ledger.decide(claim, result=outcome.to_dict(), outbox=outbox, shares=shares)

    def _notify(self, claim: Claim) -> Outcome:
        with self.tracing.step("notify"):
            self.owed.pay(claim)
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
            self.versioning.retire(known.model, claim.work, status=SUPERSEDED)
        elif known.promoted:
            self.versioning.show_again(known.model, known.version)
        else:
            self.versioning.confirm(known.model, known.version)

    def quarantine(self, message: str, reason: str) -> Outcome:
        """Keep a message that cannot be used, with the reason."""
        kept = self.ledger.quarantine(message, reason=reason, attempts=1)
        log.warning("quarantined a message as %s: %s", kept, reason)
        return Outcome(event="", outcome="quarantined", reasons=(reason,), source=kept)


def _fields(outcome: Outcome) -> dict[str, object]:
    return {f"registrar_{name}": value for name, value in outcome.to_dict().items() if name != "reasons"}
