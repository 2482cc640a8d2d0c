"""A ledger that keeps portable evidence beside each decision, for those who collect it from storage.

It is written before the work counts as decided. A worker that dies in between leaves work that the next try settles
again, so no settled decision lacks its evidence; it is written once, and the same bytes by whoever comes first.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, override

from registration import names
from registration.errors import InputError, TransientError
from registration.ledger import Ledger
from registration.portable.decided import Decided
from registration.portable.formats import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from registration.shelf import Shelf
    from registration.work import Claim, Outbox, Shares

log = logging.getLogger(__name__)


class KeepingLedger(Ledger):
    """Keeps `formats` of every decision about the registry of `workspace`, an ARM id."""

    def __init__(  # noqa: PLR0913 - a ledger's own, and what is kept of which workspace
        self,
        *,
        state: Shelf,
        decisions: Shelf,
        quarantine: Shelf,
        new_owner: Callable[[], str],
        formats: Iterable[str],
        workspace: str,
    ) -> None:
        super().__init__(state=state, decisions=decisions, quarantine=quarantine, new_owner=new_owner)
        self._shelf = decisions
        self._formats = tuple(formats)
        self._workspace = workspace

    @override
    def decide(self, claim: Claim, *, result: Mapping[str, Any], outbox: Outbox, shares: Shares = ()) -> Claim:
        """As a ledger does, after the evidence of the decision was written; one that makes no evidence has none."""
        model, digest = result.get("model"), result.get("decision")
        if model and digest:
            for kept, text in self._evidence(model, digest):
                self._shelf.create_text(names.evidence(model, digest, kept), text)
        return super().decide(claim, result=result, outbox=outbox, shares=shares)

    def _evidence(self, model: str, digest: str) -> Iterator[tuple[str, str]]:
        record = self.decision(model, digest)
        for each in self._formats:
            try:
                yield each, text_of(Decided.of(digest, record, workspace=self._workspace), format=each)
            except InputError as unfit:
                log.info("kept no %s beside decision %s: %s", each, digest, unfit)
            except TransientError:
                raise
            except Exception:
                # The decision stands. A bug in what is told of it must not bring its message back for ever.
                log.exception("kept no %s beside decision %s, which `registrar evidence` can make later", each, digest)
