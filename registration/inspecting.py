"""Inspecting: the files of a champion are listed again, and read only if the listing is another one than it was.

A listing that is the same by path, size and ETag has the same bytes. Where it is not, the content decides: the same
bytes written again are no change. A version that was adopted has files that nobody judged, and is passed over.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration.artifacts.hashing import sha256
from registration.artifacts.inventory import MOST_FILES, Artifact
from registration.artifacts.validation import content_digest
from registration.assets import Asset
from registration.errors import LedgerConflictError, PermanentError, TransientError
from registration.finding import Finding
from registration.inspection import Inspection, Seen
from registration.telemetry import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from registration.artifacts.store import ArtifactStore
    from registration.head import Champion
    from registration.ledger import Ledger
    from registration.places import Places

log = logging.getLogger(__name__)
CHAMPION_CHANGED = "champion_changed"  # counted beside the outcomes, for an alert
_ACTION = "roll back to a version that is whole, find out who writes there, and let the policy say pin: copy"


@dataclass(frozen=True)
class Inspector:
    """Looks at champions. `now` is the time that records state, ISO 8601."""

    ledger: Ledger
    places: Places
    store: ArtifactStore
    now: Callable[[], str]

    def news(self, model: str, *, dry_run: bool = False) -> str:
        """What people have to know of the champion of `model`, logged and counted; empty if its files are as judged.

        What keeps it from looking is logged: nothing that is due depends on it.
        """
        try:
            found = self.look(model, dry_run=dry_run)
        except (TransientError, PermanentError, LedgerConflictError) as refused:
            log.warning("could not look at the files of the champion of %s: %s", model, refused)
            return ""
        if found is None or found.last is None or not found.is_changed:
            return ""
        said = f"{found.model}:{found.version} is the champion and has other files than were judged"
        log.error("%s: %s", said, found.last.findings[0])
        count(CHAMPION_CHANGED, reason=said)
        return said

    def look(self, model: str, *, dry_run: bool = False) -> Inspection | None:
        """The inspection of the champion of `model`; None if it has none, or nobody knows what its files were.

        What is new is recorded, unless it is a dry run. Raises `TransientError` when the world does not answer, and
        `LedgerConflictError` if another sweep looked at the same time.
        """
        champion = self.ledger.head(model).champion
        offered = self._judged(model, champion) if champion else {}
        asset = Asset(model, str(champion.version)) if champion and offered.get("artifact_sha256") else None
        location = self.places.of(asset) if asset else None
        if champion is None or location is None:
            return None
        known = self.ledger.inspections.find(model, champion.version)
        known = known or Inspection(model, champion.version, champion.decision)
        listed = Artifact.of(self.store.files(location))
        if listed.fingerprint == (known.last.fingerprint if known.last else self._registered(champion, offered)):
            return known
        known = known.seeing(Seen(self.now(), listed.fingerprint, tuple(self._differences(listed, offered))))
        if not dry_run:
            self.ledger.inspections.record(known)
        return known

    def _judged(self, model: str, champion: Champion) -> Mapping[str, Any]:
        candidate = self.ledger.decision(model, champion.decision).get("candidate")
        return candidate if isinstance(candidate, dict) else {}

    def _registered(self, champion: Champion, offered: Mapping[str, Any]) -> str | None:
        """The fingerprint of the files registered; what older apps wrote has it for jobs only."""
        work = self.ledger.work(champion.work)
        intended = work.intent.fingerprint if work and work.intent else None
        return intended or offered.get("fingerprint")

    def _differences(self, listed: Artifact, offered: Mapping[str, Any]) -> Iterator[Finding]:
        """What is not as judged; nothing if every byte is."""
        if listed.is_cut:
            yield _finding("", f"there are more than {MOST_FILES} files")
            return
        judged = {str(file["path"]): file for file in offered.get("files", ())}
        now = {file.path: file for file in listed.files}
        for path in sorted(judged.keys() - now.keys()):
            yield _finding(path, "vanished")
        for path in sorted(now.keys() - judged.keys()):
            yield _finding(path, "was added")
        both = sorted(now.keys() & judged.keys())
        resized = [path for path in both if now[path].size != judged[path]["size"]]
        for path in resized:
            yield _finding(path, f"has {now[path].size} bytes, and had {judged[path]['size']}")
        if not resized and judged.keys() == now.keys() and self._digest(listed) != offered["artifact_sha256"]:
            rewritten = [path for path in both if now[path].etag != judged[path]["etag"]]
            # A copy has other ETags than what was judged, so they do not tell which of its files it is.
            for path in rewritten if len(rewritten) < len(both) or len(both) == 1 else [""]:
                yield _finding(path, "was written again with other bytes" if path else "some file has other bytes")

    def _digest(self, listed: Artifact) -> str:
        return content_digest({file.path: sha256(self.store, file) for file in listed.files})


def _finding(path: str, what: str) -> Finding:
    return Finding("champion.changed", path, f"{what} since the champion was judged", action=_ACTION)
