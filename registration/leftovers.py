"""A leftover: work that a dead worker left and that no event leads back to, because other files lie there by now.

The sweep finds it. It is settled from what the ledger knows: a decision that reached the history is shown and told;
without one the work is rejected, and the version that it may have made, which nobody decided about, is archived.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration import notices, sharing
from registration import outcome as outcomes
from registration.candidate import source_from
from registration.claiming import claimed

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.ledger import Ledger
    from registration.outcome import Outcome
    from registration.owed import Owed
    from registration.versioning import Versioning
    from registration.work import Claim, Shares, Work

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

    def _conclude(self, claim: Claim) -> Claim:
        outcome, shares = self._outcome(claim)
        source = source_from(claim.work.subject.get("source"))
        outbox = notices.of(outcome, source=source, workspace=self.workspace_id, at=self.now())
        return self.ledger.decide(claim, result=outcome.to_dict(), outbox=outbox, shares=shares)

    def _outcome(self, claim: Claim) -> tuple[Outcome, Shares]:
        model = claim.work.subject.get("model")
        if not model:
            return outcomes.replaced(claim.work), ()
        known = self.ledger.decided(claim, self.ledger.head(model))
        if known is None:
            self.versioning.retire(model, claim.work, status="artifact_changed")
            return outcomes.replaced(claim.work), ()
        digest, decision = known
        self.versioning.show(decision)
        return outcomes.told(decision, digest=digest), sharing.owed(decision)
