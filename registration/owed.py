"""Owed: what decided work leaves to do, in order: notices, shares, the events about them. Then it is finished.

Everything was recorded with the result, so a worker that dies leaves it to the next delivery, or to the sweep.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.errors import LedgerConflictError
from registration.failures import Failures

if TYPE_CHECKING:
    from registration.ledger import Ledger
    from registration.notices import Notifier
    from registration.sharing import Sharing
    from registration.work import Claim


@dataclass(frozen=True)
class Owed:
    """Pays what work owes."""

    ledger: Ledger
    notifier: Notifier
    sharing: Sharing

    def pay(self, claim: Claim) -> None:
        """Deliver and share what the decided work of `claim` owes; it is finished afterwards.

        Raises the first failure after everything was tried, and what is still owed comes again.
        """
        if any(share.is_owed for share in claim.work.shares):
            claim = self._shared(claim)
        self.notifier.deliver_all(claim.work.outbox)
        # Another delivery may have told it too, and finished first.
        with contextlib.suppress(LedgerConflictError):
            self.ledger.finish(claim)

    def _shared(self, claim: Claim) -> Claim:
        """Tell what can be told first: a registry that is down keeps no notice waiting, nor a notice the registry."""
        failures = Failures("share or notice of the same work", at_once=(LedgerConflictError,))
        with failures.kept():
            self.notifier.deliver_all(claim.work.outbox)
            # Recorded as told, because a registry may be down for hours, and each try would tell it again.
            if claim.work.outbox:
                claim = self.ledger.owe(claim, outbox=(), shares=claim.work.shares)
        with failures.kept():
            claim = self.sharing.pay(claim)
        failures.raise_first()
        return claim
