"""Showing: what people see of champions is what the heads say. The sweep looks, and mends what is not.

The registry's stage and tags show a champion; `heads/{model}.json` copies a head that lies in a group. A champion whose
files were revoked is archived when it is champion no more.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.registry import CHAMPION_TAG, SHA256_PROPERTY, STATUS_TAG
from registration.revocation import REVOKED
from registration.versioning import was_taken_away

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registration.head import Head
    from registration.ledger import Ledger
    from registration.versioning import Versioning

log = logging.getLogger(__name__)
SHOWN = {CHAMPION_TAG: "true", STATUS_TAG: "champion"}


@dataclass(frozen=True)
class Repair:
    """Something to be mended: `done` says in the past what `do` does, which may raise what the registry raises."""

    done: str
    do: Callable[[], object]


@dataclass(frozen=True)
class Showing:
    """Looks at one model at a time; raises `LedgerFormatError` for a damage, `UnavailableError` if nothing answers."""

    ledger: Ledger
    versioning: Versioning

    def repairs(self, model: str, *, denied: Callable[[], frozenset[str]]) -> Iterator[Repair]:
        """What people see of `model` and is not so; `denied` tells the digests of all files that were revoked."""
        head = self.ledger.head(model)
        if not self.ledger.is_mirrored(head):
            yield Repair(f"copied the head of {model} from its group again", lambda: self.ledger.mirror(head))
        if head.champion is not None and not self._is_shown(head, head.champion.version):
            yield self._champion(model, head.champion.version)
        for version in self._denied(head, denied()):
            yield self._revoked(model, version)

    def _champion(self, model: str, version: int) -> Repair:
        said = f"showed {model}:{version} as the champion again"
        return Repair(said, lambda: self.versioning.project(model, version=version, former=None))

    def _revoked(self, model: str, version: int) -> Repair:
        said = f"archived {model}:{version}, whose files were revoked while it was the champion"
        return Repair(said, lambda: self.versioning.put_away(model, version, status=REVOKED))

    def _denied(self, head: Head, denied: frozenset[str]) -> list[int]:
        """The versions with revoked files that are there and do not lead; one that a person restored says `revoked`."""
        leading = head.champion.version if head.champion else None
        return [
            found.version
            for found in (self.versioning.registry.in_use(head.model) if denied else ())
            if found.properties.get(SHA256_PROPERTY) in denied
            and found.tags.get(STATUS_TAG) != REVOKED
            and found.version != leading
        ]

    def _is_shown(self, head: Head, version: int) -> bool:
        found = self.versioning.registry.find(head.model, version)
        if found is None or was_taken_away(found):
            # The head moves by a rollback, never by a sweep.
            name = f"{head.model}:{version}"
            log.warning("%s is the champion, but was archived or deleted: roll back or restore it", name)
            return True
        return found.stage == self.versioning.champion_stage and found.tags.items() >= SHOWN.items()
