"""Deciding: candidates that share their fate are judged, given their versions, and recorded by one compare-and-swap.

    judge each alone, then with the fate of the others ──> versions ──> drafts ──> the heads move, all of them or none
           ^────────────── a file changed, or a head moved: judged again ──────────────┘

Until the heads moved, no candidate is registered and no champion has changed, whatever its version shows. A candidate
that shares its fate with nobody is a group of one. What an earlier try recorded is found and not decided again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from registration import record
from registration.errors import LedgerConflictError
from registration.head import Move
from registration.policy.decision import Member, Outcome, judged
from registration.revocation import REVOKED
from registration.versioning import ARTIFACT_CHANGED, SUPERSEDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from registration.head import Head
    from registration.ledger import Ledger
    from registration.policy.decision import Decision
    from registration.record import Beside, Case, Past
    from registration.surroundings import Surroundings
    from registration.tracing import Tracing
    from registration.versioning import Versioning
    from registration.work import Claim


@dataclass(frozen=True)
class Claimed:
    """A candidate whose work is claimed."""

    claim: Claim
    case: Case

    @property
    def model(self) -> str:
        """The model it is offered for."""
        return self.case.candidate.model.name


@dataclass(frozen=True)
class Decided:
    """What came of a candidate: the decision `digest` with its text, or None and the `champion` whose bytes it has."""

    claimed: Claimed
    digest: str = ""
    written: Mapping[str, Any] | None = None
    champion: Past | None = None


@dataclass(frozen=True)
class Judgement:
    """A candidate as things stand: the head of its model, and the decision there that an earlier try recorded."""

    claimed: Claimed
    head: Head
    beside: Beside
    known: tuple[str, dict[str, Any]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided."""
        return self.known is None and self.same is None

    @property
    def same(self) -> Past | None:
        """The champion, if the candidate has its very bytes."""
        champion = self.beside.champion
        return champion if champion is not None and champion.is_same_as(self.claimed.case) else None

    @cached_property
    def member(self) -> Member:
        """What becomes of it, or became, by its own rules."""
        if self.known is not None:
            return Member(self.claimed.model, judged(self.known[1]))
        return Member(self.claimed.model, Outcome.REGISTER if self.same else self.decision.judged)

    @cached_property
    def decision(self) -> Decision:
        """What the policy says of it."""
        return self.beside.decide(self.claimed.case.candidate.model, self.claimed.case.evidence)

    def among(self, others: Iterable[Member]) -> Judgement:
        """The same, with the fate of others."""
        return replace(self, beside=replace(self.beside, group=tuple(others)))

    def decided(self) -> Decided:
        """What came of it, once the heads moved."""
        if self.known is not None:
            return Decided(self.claimed, *self.known)
        return Decided(self.claimed, champion=self.same)


@dataclass(frozen=True)
class Deciding:
    """Decides. `now` is the time that records state; while it `observes`, no version is made and no champion moves."""

    ledger: Ledger
    versioning: Versioning
    surroundings: Surroundings
    now: Callable[[], str]
    observes: bool
    tracing: Tracing

    def together(self, claimed: Sequence[Claimed], *, fellows: Sequence[Member] = ()) -> tuple[Decided, ...]:
        """Decide about `claimed`, each for another model; `fellows` are members of their group that are settled.

        Raises `LedgerConflictError` if a claim was lost, and `TransientError` when the world does not answer.
        """
        for one in claimed:
            self._keep_policies(one.case)
        while True:
            judgements = self._judgements(claimed, fellows)
            claimed, is_firm = self._realised(judgements)
            if not is_firm:
                continue
            at = self.now()
            judgements = [self._drafted(each, one, at=at) for each, one in zip(judgements, claimed, strict=True)]
            claimed = [each.claimed for each in judgements]
            if self._moved(judgements):
                return tuple(each.decided() for each in self._recorded(judgements))

    def _keep_policies(self, case: Case) -> None:
        policy = case.candidate.policy
        self.ledger.keep_policy(sha256=policy.text_sha256, text=policy.text)
        for shadow in case.candidate.shadows:
            self.ledger.keep_policy(sha256=shadow.text_sha256, text=shadow.text)

    def _judgements(self, claimed: Sequence[Claimed], fellows: Sequence[Member]) -> list[Judgement]:
        judgements = [self._judgement(one, head) for one, head in zip(claimed, self._heads(claimed), strict=True)]
        if len(judgements) == 1:
            return [judgements[0].among(fellows)]
        members = [each.member for each in judgements]
        return [
            each.among((*members[:place], *members[place + 1 :], *fellows)) for place, each in enumerate(judgements)
        ]

    def _heads(self, claimed: Sequence[Claimed]) -> tuple[Head, ...]:
        models = [one.model for one in claimed]
        if len(models) == 1:
            return (self.ledger.head(models[0]),)
        return self.ledger.together(models, group=str(claimed[0].case.candidate.home))

    def _judgement(self, claimed: Claimed, head: Head) -> Judgement:
        known = self.ledger.decided(claimed.claim, head)
        if known is not None:
            self.ledger.mirror(head)  # the worker that moved it may have died before it did
            return Judgement(claimed, head, record.Beside(), known)
        case = self.surroundings.not_revoked(claimed.case)
        return Judgement(Claimed(claimed.claim, case), head, self.surroundings.of(case, head))

    def _realised(self, judgements: Sequence[Judgement]) -> tuple[list[Claimed], bool]:
        """Give a version to what was accepted; whether every file is still what it was judged by."""
        claimed = [each.claimed for each in judgements]
        for place, each in enumerate(judgements):
            if each.known is None:
                claimed[place], is_firm = self._versioned(each, is_pending=len(judgements) > 1)
                if not is_firm:
                    return claimed, False
        return claimed, True

    def _versioned(self, judgement: Judgement, *, is_pending: bool) -> tuple[Claimed, bool]:
        """Register what was accepted; archive a version that an earlier decision made and this one does not accept."""
        claim, case = judgement.claimed.claim, judgement.claimed.case
        if judgement.same is not None:
            return Claimed(self.versioning.withdraw(claim, case, status=SUPERSEDED), case), True
        if self.observes:
            return judgement.claimed, True
        if judgement.decision.outcome is not Outcome.REGISTER:
            return Claimed(self.versioning.withdraw(claim, case, status=_why_withdrawn(case)), case), True
        with self.tracing.step("register"):
            claim, place = self.versioning.register(claim, case, is_pending=is_pending)
        findings = self.versioning.changes(case, place)
        if findings:
            changed = case.finding(*findings)
            return Claimed(self.versioning.withdraw(claim, case, status=ARTIFACT_CHANGED), changed), False
        # Asked once more, now that the version is there: a revocation that comes later finds it, and the head moves.
        known = self.surroundings.not_revoked(case)
        return Claimed(claim, known), known is case

    def _drafted(self, judgement: Judgement, claimed: Claimed, *, at: str) -> Judgement:
        """With its decision written, for the place after the head."""
        if not judgement.is_open:
            return replace(judgement, claimed=claimed)
        case, decision = claimed.case, judgement.decision
        version = _version(claimed.claim) if decision.outcome is Outcome.REGISTER and not self.observes else None
        written = record.write(case, decision, beside=judgement.beside, version=version, decided_at=at)
        more = {"mode": "observe"} if self.observes else record.asked(case, champion_seq=judgement.head.champion_seq)
        claim = self.ledger.draft(claimed.claim, judgement.head, {**written, **more})
        return replace(judgement, claimed=Claimed(claim, case))

    def _moved(self, judgements: Sequence[Judgement]) -> bool:
        """Move the heads to what was drafted; False, and none has moved, if one of them moved meanwhile."""
        moves = [self._move(each) for each in judgements if each.is_open]
        try:
            with self.tracing.step("head"):
                if moves:
                    self.ledger.append_all(moves)
        except LedgerConflictError:
            return False
        return True

    def _move(self, judgement: Judgement) -> Move:
        claim = judgement.claimed.claim
        promotes = judgement.decision.promote and not self.observes
        return Move(judgement.head, _digest(claim), (_version(claim), claim.work.work) if promotes else None)

    def _recorded(self, judgements: Iterable[Judgement]) -> list[Judgement]:
        """With the decisions that were just recorded."""
        return [
            replace(each, known=(digest, self.ledger.decision(each.claimed.model, digest)))
            if each.is_open and (digest := _digest(each.claimed.claim))
            else each
            for each in judgements
        ]


def _why_withdrawn(case: Case) -> str:
    """What the version of a case that is not accepted any more says of it."""
    if case.is_revoked:
        return REVOKED
    return ARTIFACT_CHANGED if case.validation.objections else SUPERSEDED


def _version(claim: Claim) -> int:
    assert claim.work.intent is not None  # noqa: S101 - registering recorded it
    return claim.work.intent.version


def _digest(claim: Claim) -> str:
    assert claim.work.draft is not None  # noqa: S101 - drafting recorded it
    return claim.work.draft.digest
