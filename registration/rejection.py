"""A rejection: what was held is settled by a person's word, as a decision in the history and a notice like any other.

Nothing is read or judged again: verdicts, files and champion of its record are those of the decision it answers.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registration import notices
from registration.candidate import source_from
from registration.claiming import claimed
from registration.errors import LedgerConflictError
from registration.outcome import DECIDED, Outcome
from registration.policy.override import REJECTED
from registration.policy.verdict import Result, Verdict
from registration.promotions import promoted
from registration.reoffer import epoch_of
from registration.versioning import SUPERSEDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.registrar import Registrar
    from registration.request import Request
    from registration.work import Claim, Work


@dataclass(frozen=True)
class Rejection:
    """That `request` rejects the held `work`; what comes of it is the work `key`."""

    work: Work
    key: str
    request: Request

    @property
    def reason(self) -> str:
        """What the receipt says first."""
        return f"{self.request.actor} rejected it: {self.request.reason}"

    def settle(self, registrar: Registrar) -> Outcome:
        """Record it and tell of it, or show what was recorded; raises `ClaimHeldError` while a worker is at it."""
        subject = {**self.work.subject, "epoch": epoch_of(self.work) + 1}
        with claimed(registrar.ledger, self.key, subject=subject) as claim:
            settled = claim if claim.is_settled else self._conclude(registrar, *self._recorded(registrar, claim))
            if settled.work.state == "decided":
                registrar.owed.pay(settled)
            return Outcome.from_dict(settled.work.result or {})

    def _recorded(self, registrar: Registrar, claim: Claim) -> tuple[Claim, str, Mapping[str, Any]]:
        """The decision in the history, put there now unless an earlier try did."""
        ledger, model = registrar.ledger, str(self.request.model)
        held = ledger.decision(model, str((self.work.result or {})["decision"]))
        while True:
            head = ledger.head(model)
            known = ledger.decided(claim, head)
            if known is not None:
                return claim, *known
            claim = ledger.draft(claim, head, self._decision(held, at=registrar.now()))
            assert claim.work.draft is not None  # noqa: S101 - drafting recorded it
            # Lost against another decision, it is drafted anew for the place after that one.
            with contextlib.suppress(LedgerConflictError):
                ledger.append(head, claim.work.draft.digest, promote=None)

    def _decision(self, held: Mapping[str, Any], *, at: str) -> dict[str, Any]:
        verdict = Verdict("approval", Result.FAILED, self.reason, REJECTED)
        return {
            **held,
            "decided_at": at,
            "outcome": "reject",
            "version": None,
            "promoted": False,
            "reasons": [self.reason],
            "verdicts": [verdict.to_dict(), *held["verdicts"]],
            "candidate": {**held["candidate"], "work": self.key},
            "follows": self.work.work,
            "requests": [self.request.to_dict()],
            "overrides": [],
        }

    def _conclude(self, registrar: Registrar, claim: Claim, digest: str, written: Mapping[str, Any]) -> Claim:
        if written["version"] is None:  # an approval that could not be carried out may have made one
            registrar.versioning.retire(str(self.request.model), claim.work, status=SUPERSEDED)
        outcome = replace(
            Outcome.from_dict(self.work.result or {}),
            outcome=DECIDED[written["outcome"]],
            reasons=tuple(written["reasons"]),
            version=written["version"],
            promoted=promoted(written),
            work=self.key,
            decision=digest,
        )
        source, at = source_from(self.work.subject.get("source")), registrar.now()
        owed = notices.of(outcome, source=source, workspace=registrar.workspace_id, at=at)
        return registrar.ledger.decide(claim, result=outcome.to_dict(), outbox=owed)
