"""The pulse of a worker: as long as it beats, nobody takes its work over, however long a file takes to hash.

It runs beside the work, so an import, a copy or a slow answer does not stop it. Work that is done before the first
beat costs nothing.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING

from registration.errors import RegistrarError
from registration.ledger import HELD_FOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.ledger import Ledger
    from registration.work import Claim

log = logging.getLogger(__name__)
BEAT_SECONDS = HELD_FOR.total_seconds() / 4


@contextlib.contextmanager
def beating(ledger: Ledger, claim: Claim, *, every_seconds: float = BEAT_SECONDS) -> Iterator[None]:
    """Let the worker of `claim` be known to be alive for as long as the block lasts."""
    done = threading.Event()
    heart = threading.Thread(target=_beat, args=(ledger, claim, done, every_seconds), name="pulse", daemon=True)
    heart.start()
    try:
        yield
    finally:
        done.set()
        heart.join()


def _beat(ledger: Ledger, claim: Claim, done: threading.Event, every_seconds: float) -> None:
    while not done.wait(every_seconds):
        try:
            ledger.beat(claim)
        except RegistrarError as missed:
            # One missed beat is made up for by the next; after too many the claim is fairly lost.
            log.warning("missed a beat of work %s: %s", claim.work.work, missed)
