"""The past of a model: the champions before the present one, as the decisions that promoted them recorded them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.record import Past, promoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.head import Head
    from registration.ledger import Ledger


def former(ledger: Ledger, head: Head) -> tuple[Past, ...]:
    """Every champion before the one of `head`, oldest first; it reads the whole history, one request a decision.

    Those whose files were revoked are left out, and one that became champion again is among them once.

    Raises `LedgerFormatError` when a decision is missing or damaged.
    """
    return tuple(_back(ledger, head))[::-1]


def _back(ledger: Ledger, head: Head) -> Iterator[Past]:
    digest = head.log_digest
    while digest is not None:
        written = ledger.decision(head.model, digest)
        present = head.champion is not None and digest == head.champion.decision
        if promoted(written) and not present and not written.get("restored"):
            past = Past.read(written["version"], digest, written)
            if ledger.revocation(past.sha256) is None:
                yield past
        digest = written.get("previous")
