"""Surroundings: what a decision is made from beside the candidate, as ledger and registry have it at the moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration import past
from registration.baselines import Baselines
from registration.candidate import Refusal
from registration.errors import NotVisibleYetError
from registration.offers import model_of
from registration.outcome import Outcome
from registration.policy.decision import Member, judged
from registration.policy.decision import Outcome as Fate
from registration.record import Beside, Past

if TYPE_CHECKING:
    from registration.examination import Examination
    from registration.head import Head
    from registration.ledger import Ledger
    from registration.offers import Opened
    from registration.record import Case
    from registration.registry import ModelRegistry
    from registration.shared import SharedRegistries
    from registration.sources.resolve import Offer

UNCLAIMED = ""  # the work of a case that is judged and never settled


@dataclass(frozen=True)
class Surroundings:
    """Reads them; every method raises `UnavailableError` when ledger or a registry do not answer."""

    ledger: Ledger
    registry: ModelRegistry
    shared: SharedRegistries

    def of(self, case: Case, head: Head) -> Beside:
        """The champion of `head` and, only where a policy asks for them, champions before it and of elsewhere."""
        champion, model = self._champion(head), case.candidate.model
        earlier = past.asked(self.ledger, head, case.candidate.asked)
        # Asked only when the answer counts: it costs a request.
        asks = head.champion is None and model.adopt == "required"
        unadopted = asks and self.registry.foreign_versions(model.name)
        overrides = case.standing(head.champion_seq)
        baselines = Baselines(self.shared).of(case.candidate.asked)
        return Beside(champion, earlier, unadopted=unadopted, overrides=overrides, baselines=baselines)

    def not_revoked(self, case: Case) -> Case:
        """The case, with a finding if its files were revoked.

        Asked after the head was read, and again once the version is in the registry: a revocation that comes later
        finds the version and appends to the history, so the head moves.
        """
        revocation = self.ledger.revocation(case.validation.sha256)
        if revocation is None or revocation.finding in case.validation.findings:
            return case
        return case.finding(revocation.finding)

    def settled(self, opened: Opened) -> Member:
        """What became of a member of a group that was settled, or refused."""
        model = model_of(opened.offer) or ""
        return Member(model, self._known(opened, model))

    def fellow(self, offer: Offer, *, examination: Examination) -> Member:
        """What would become of a member that nobody works on; what cannot be seen would be rejected."""
        if isinstance(offer, Refusal):
            return Member(offer.model or "", Fate.REJECT)
        try:
            artifact = examination.inventory(offer)
        except NotVisibleYetError:
            return Member(offer.model.name, Fate.REJECT)
        case = self.not_revoked(examination.case(offer, UNCLAIMED, artifact))
        beside = self.of(case, self.ledger.head(offer.model.name))
        if beside.champion is not None and beside.champion.is_same_as(case):
            return Member(offer.model.name, Fate.REGISTER)
        return Member(offer.model.name, beside.decide(offer.model, case.evidence).judged)

    def _champion(self, head: Head) -> Past | None:
        if head.champion is None:
            return None
        written = self.ledger.decision(head.model, head.champion.decision)
        return Past.read(head.champion.version, head.champion.decision, written)

    def _known(self, opened: Opened, model: str) -> Fate:
        if opened.claim.work.result is None:
            return Fate.REJECT  # it was refused, and that is about to be recorded
        known = Outcome.from_dict(opened.claim.work.result)
        if known.decision:
            return judged(self.ledger.decision(model, known.decision))
        # What was settled without a decision was refused, or is the champion already.
        return Fate.REJECT if known.outcome == "rejected" else Fate.REGISTER
