"""A leftover: work that a dead worker left and that no event leads back to, because other files lie there by now.

The sweep finds it, or a person's answer. It is settled from what the ledger knows: a decision that reached the history
is shown and told; without one the work is rejected, and the version that it may have made, which nobody decided about,
is archived.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration import notices, sharing
from registration import outcome as outcomes
from registration.candidate import source_from
from registration.claiming import claimed
from registration.versioning import ARTIFACT_CHANGED
from registration.work import Claim

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registration.ledger import Ledger
    from registration.outcome import Outcome
    from registration.owed import Owed
    from registration.versioning import Versioning
    from registration.work import Shares, Work

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Leftovers:
    """Settles leftovers. `now` is the time that records state, ISO 8601."""

    ledger: Ledger
    versioning: Versioning
    owed: Owed
    workspace_id: str
    now: Callable[[], str]

    def settle(self, work: Work) -> None:
        """Bring `work` to its end; afterwards it is finished.

        Raises `ClaimHeldError` when a worker is at it after all, and `TransientError` when the world does not answer.
        """
        with claimed(self.ledger, work.work, subject=work.subject) as claim:
            if claim.work.state == "finished":
                return
            settled = claim if claim.is_settled else self._conclude(claim)
            self.owed.pay(settled)
        log.info("settled work %s, which no event leads back to", work.work)

    def was_decided(self, work: Work) -> bool:
        """Whether its decision reached the history; nothing is claimed, and nothing written."""
        return self._decided(Claim(work, etag="")) is not None

    def settle_decided(self, work: Work, *, withdraws: bool) -> bool:
        """As `settle`, but only what was decided; whether it was.

        What was not stays as it is, for people may still answer it; its version is archived if that `withdraws`.
        """
        with claimed(self.ledger, work.work, subject=work.subject) as claim:
            is_decided = claim.is_settled or self._decided(claim) is not None
            if is_decided and claim.work.state != "finished":
                self.owed.pay(claim if claim.is_settled else self._conclude(claim))
            elif not is_decided and withdraws:
                self.versioning.retire(str(claim.work.subject.get("model")), claim.work, status=ARTIFACT_CHANGED)
        if not is_decided:
            self.ledger.give_back(claim)
        return is_decided

    def _decided(self, claim: Claim) -> tuple[str, Mapping[str, Any]] | None:
        model = claim.work.subject.get("model")
        return self.ledger.decided(claim, self.ledger.head(model)) if model else None

    def _conclude(self, claim: Claim) -> Claim:
        outcome, shares = self._outcome(claim)
        source = source_from(claim.work.subject.get("source"))
        outbox = notices.of(outcome, source=source, workspace=self.workspace_id, at=self.now())
        return self.ledger.decide(claim, result=outcome.to_dict(), outbox=outbox, shares=shares)

    def _outcome(self, claim: Claim) -> tuple[Outcome, Shares]:
        known = self._decided(claim)
        if known is None:
            if model := claim.work.subject.get("model"):
                self.versioning.retire(model, claim.work, status=ARTIFACT_CHANGED)
            return outcomes.replaced(claim.work), ()
        digest, decision = known
        self.versioning.show(decision)
        return outcomes.told(decision, digest=digest), sharing.owed(decision)
