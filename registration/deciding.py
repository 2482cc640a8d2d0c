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
class Held:
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

    held: Held
    digest: str = ""
    written: Mapping[str, Any] | None = None
    champion: Past | None = None


@dataclass(frozen=True)
class Standing:
    """A candidate as things stand: the head of its model, and the decision there that an earlier try recorded."""

    held: Held
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
        return champion if champion is not None and champion.is_same_as(self.held.case) else None

    @cached_property
    def member(self) -> Member:
        """What becomes of it, or became, by its own rules."""
        if self.known is not None:
            return Member(self.held.model, judged(self.known[1]))
        return Member(self.held.model, Outcome.REGISTER if self.same else self.decision.judged)

    @cached_property
    def decision(self) -> Decision:
        """What the policy says of it."""
        return self.beside.decide(self.held.case.candidate.model, self.held.case.evidence)

    def among(self, others: Iterable[Member]) -> Standing:
        """The same, with the fate of others."""
        return replace(self, beside=replace(self.beside, group=tuple(others)))

    def decided(self) -> Decided:
        """What came of it, once the heads moved."""
        if self.known is not None:
            return Decided(self.held, *self.known)
        return Decided(self.held, champion=self.same)


@dataclass(frozen=True)
class Deciding:
    """Decides. `now` is the time that records state; while it `observes`, no version is made and no champion moves."""

    ledger: Ledger
    versioning: Versioning
    surroundings: Surroundings
    now: Callable[[], str]
    observes: bool
    tracing: Tracing

    def together(self, held: Sequence[Held], *, fellows: Sequence[Member] = ()) -> tuple[Decided, ...]:
        """Decide about `held`, each for another model; `fellows` are members of their group that are settled.

        Raises `LedgerConflictError` if a claim was lost, and `TransientError` when the world does not answer.
        """
        for one in held:
            self._keep_policies(one.case)
        while True:
            standings = self._standings(held, fellows)
            held, is_firm = self._realised(standings)
            if not is_firm:
                continue
            at = self.now()
            standings = [self._drafted(each, one, at=at) for each, one in zip(standings, held, strict=True)]
            held = [each.held for each in standings]
            if self._moved(standings):
                return tuple(each.decided() for each in self._recorded(standings))

    def _keep_policies(self, case: Case) -> None:
        policy = case.candidate.policy
        self.ledger.keep_policy(sha256=policy.text_sha256, text=policy.text)
        for shadow in case.candidate.shadows:
            self.ledger.keep_policy(sha256=shadow.text_sha256, text=shadow.text)

    def _standings(self, held: Sequence[Held], fellows: Sequence[Member]) -> list[Standing]:
        standings = [self._standing(one, head) for one, head in zip(held, self._heads(held), strict=True)]
        if len(standings) == 1:
            return [standings[0].among(fellows)]
        members = [each.member for each in standings]
        return [each.among((*members[:place], *members[place + 1 :], *fellows)) for place, each in enumerate(standings)]

    def _heads(self, held: Sequence[Held]) -> tuple[Head, ...]:
        models = [one.model for one in held]
        if len(models) == 1:
            return (self.ledger.head(models[0]),)
        return self.ledger.together(models, group=str(held[0].case.candidate.home))

    def _standing(self, held: Held, head: Head) -> Standing:
        known = self.ledger.decided(held.claim, head)
        if known is not None:
            self.ledger.mirror(head)  # the worker that moved it may have died before it did
            return Standing(held, head, record.Beside(), known)
        case = self.surroundings.not_revoked(held.case)
        return Standing(Held(held.claim, case), head, self.surroundings.of(case, head))

    def _realised(self, standings: Sequence[Standing]) -> tuple[list[Held], bool]:
        """Give a version to what was accepted; whether every file is still what it was judged by."""
        held = [each.held for each in standings]
        for place, each in enumerate(standings):
            if each.known is None:
                held[place], is_firm = self._versioned(each, is_pending=len(standings) > 1)
                if not is_firm:
                    return held, False
        return held, True

    def _versioned(self, standing: Standing, *, is_pending: bool) -> tuple[Held, bool]:
        """Register what was accepted; archive a version that an earlier decision made and this one does not accept."""
        claim, case = standing.held.claim, standing.held.case
        if standing.same is not None:
            return Held(self.versioning.withdraw(claim, case, status="superseded"), case), True
        if self.observes:
            return standing.held, True
        if standing.decision.outcome is not Outcome.REGISTER:
            return Held(self.versioning.withdraw(claim, case, status=_why_withdrawn(case)), case), True
        with self.tracing.step("register"):
            claim, place = self.versioning.register(claim, case, is_pending=is_pending)
        findings = self.versioning.changes(case, place)
        if findings:
            changed = case.finding(*findings)
            return Held(self.versioning.withdraw(claim, case, status="artifact_changed"), changed), False
        # Asked once more, now that the version is there: a revocation that comes later finds it, and the head moves.
        known = self.surroundings.not_revoked(case)
        return Held(claim, known), known is case

    def _drafted(self, standing: Standing, held: Held, *, at: str) -> Standing:
        """With its decision written, for the place after the head."""
        if not standing.is_open:
            return replace(standing, held=held)
        case, decision = held.case, standing.decision
        version = _version(held.claim) if decision.outcome is Outcome.REGISTER and not self.observes else None
        written = record.write(case, decision, beside=standing.beside, version=version, decided_at=at)
        more = {"mode": "observe"} if self.observes else record.asked(case, champion_seq=standing.head.champion_seq)
        claim = self.ledger.draft(held.claim, standing.head, {**written, **more})
        return replace(standing, held=Held(claim, case))

    def _moved(self, standings: Sequence[Standing]) -> bool:
        """Move the heads to what was drafted; False, and none has moved, if one of them moved meanwhile."""
        moves = [self._move(each) for each in standings if each.is_open]
        try:
            with self.tracing.step("head"):
                if moves:
                    self.ledger.append_all(moves)
        except LedgerConflictError:
            return False
        return True

    def _move(self, standing: Standing) -> Move:
        claim = standing.held.claim
        promotes = standing.decision.promote and not self.observes
        return Move(standing.head, _digest(claim), (_version(claim), claim.work.work) if promotes else None)

    def _recorded(self, standings: Iterable[Standing]) -> list[Standing]:
        """With the decisions that were just recorded."""
        return [
            replace(each, known=(digest, self.ledger.decision(each.held.model, digest)))
            if each.is_open and (digest := _digest(each.held.claim))
            else each
            for each in standings
        ]


def _why_withdrawn(case: Case) -> str:
    """What the version of a case that is not accepted any more says of it."""
    if case.is_revoked:
        return REVOKED
    return "artifact_changed" if case.validation.objections else "superseded"


def _version(claim: Claim) -> int:
    assert claim.work.intent is not None  # noqa: S101 - registering recorded it
    return claim.work.intent.version


def _digest(claim: Claim) -> str:
    assert claim.work.draft is not None  # noqa: S101 - drafting recorded it
    return claim.work.draft.digest
