"""Claiming: a piece of work held for as long as somebody is at it, and given back if that ends badly."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from registration import pulse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.ledger import Ledger
    from registration.work import Claim


@contextlib.contextmanager
def claimed(ledger: Ledger, work: str, *, subject: Mapping[str, object]) -> Iterator[Claim]:
    """Claim `work` and keep the claim alive for as long as the block lasts; given back if the block raises.

    Raises `ClaimHeldError` while another worker holds it. Settled work is shown and not claimed again.
    """
    claim = ledger.claim(work, subject=subject)
    if claim.is_settled:
        yield claim
        return
    try:
        with pulse.beating(ledger, claim):
            yield claim
    except BaseException:
        # The claim may have been lost, or rewritten since; then there is nothing left to give back.
        with contextlib.suppress(Exception):
            ledger.give_back(claim)
        raise
