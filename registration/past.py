"""The past of a model: the champions before the present one, as the decisions that promoted them recorded them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from registration import promotions
from registration.record import Past

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from registration.head import Head
    from registration.ledger import Ledger
    from registration.policy.document import ModelPolicy


def asked(ledger: Ledger, head: Head, policies: Iterable[ModelPolicy]) -> tuple[Past, ...]:
    """The champions before the one of `head` that these policies compare with or hold to, oldest first.

    That is every one for a policy that asks for the best, and those back to a version that is pinned. Two requests for
    each; older decisions, which do not name the promotion before them, cost one more for each decision.
    Raises `LedgerFormatError` when a decision is missing or damaged.
    """
    if head.champion is None:
        return ()
    policies = tuple(policies)
    asks_all = any(policy.asks_every_champion for policy in policies)
    wanted = {policy.pinned for policy in policies if policy.pinned is not None} - {head.champion.version}
    if not asks_all and not wanted:
        return ()
    found = _back(ledger, head) if asks_all else _until(_back(ledger, head), wanted)
    return tuple(found)[::-1]


def _until(found: Iterator[Past], wanted: set[int]) -> Iterator[Past]:
    for past in found:
        yield past
        wanted = wanted - {past.version}
        if not wanted:
            return


def _back(ledger: Ledger, head: Head) -> Iterator[Past]:
    """Every champion before the present one, newest first.

    Those whose files were revoked are left out, and one that became champion again is among them once.
    """
    present = head.champion.decision if head.champion else None
    for digest, written in promotions.walk(head, partial(ledger.decision, head.model)):
        if digest != present and not written.get("restored"):
            past = Past.read(written["version"], digest, written)
            if ledger.revocation(past.sha256) is None:
                yield past
