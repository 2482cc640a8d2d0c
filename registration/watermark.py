"""The watermark: how far the last complete sweep looked, so that the next one need not look further back.

`docs/formats/watermark.md` describes the document. The sweep writes it, after a complete pass only. The jobs that were
running then are named in it: the list of jobs is ordered by creation, so a job that runs for days would otherwise end
where nobody looks any more.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from registration import names
from registration.errors import LedgerConflictError
from registration.stored import damaged, read_format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.shelf import Shelf

log = logging.getLogger(__name__)
FORMAT = "registrar/watermark/v1"
OVERLAP = timedelta(hours=1)  # what clocks may differ by, and a list may lag behind
LONGEST_RUN = timedelta(days=30)
_FIRST_DAY = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Watermark:
    """`until` is when the last complete pass began; nothing that ended before `first` counts.

    `open` has the jobs that were running then and when they were created; None before the first complete pass.
    """

    until: datetime
    first: datetime
    open: Mapping[str, datetime] | None = None
    etag: str = field(default="", compare=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, etag: str) -> Self:
        """The watermark as stored; raises `LedgerFormatError` for another format or a damage."""
        read_format(data, FORMAT, name=names.WATERMARK)
        running = data.get("open")
        if not isinstance(running, dict | None):
            raise damaged(names.WATERMARK, f"has {running!r:.60} as open")
        named = running and {name: _moment(running, name) for name in running}
        return cls(_moment(data, "until"), _moment(data, "first"), named, etag)

    def to_dict(self) -> dict[str, Any]:
        """As stored."""
        running = None if self.open is None else {name: at.isoformat() for name, at in sorted(self.open.items())}
        return {"format": FORMAT, "until": self.until.isoformat(), "first": self.first.isoformat(), "open": running}


@dataclass(frozen=True)
class Window:
    """What one pass looks at: everything that ended from `start` on, and the jobs `open` whenever they ended.

    No job created before `horizon` is looked for in the list.
    """

    start: datetime
    horizon: datetime
    open: Mapping[str, datetime]

    @classmethod
    def after(cls, mark: Watermark, *, since: datetime | None) -> Self:
        """The window after `mark`; `since` makes it begin earlier, never later, so that nothing is left out."""
        usual = max(mark.first, mark.until - OVERLAP)
        start = min(usual, since) if since else usual
        is_deep = mark.open is None or start < usual
        run = min(LONGEST_RUN, start - _FIRST_DAY) if is_deep else timedelta()
        return cls(start, start - run, mark.open or {})


@dataclass(frozen=True)
class Watermarks:
    """Keeps the watermark on a shelf of the ledger."""

    shelf: Shelf

    def read(self) -> Watermark | None:
        """The watermark, or None before the first sweep."""
        found = self.shelf.read(names.WATERMARK)
        return Watermark.from_dict(found.document, etag=found.etag) if found else None

    def begin(self, mark: Watermark) -> Watermark:
        """Keep the first watermark; the one that another sweep kept first counts."""
        try:
            entry = self.shelf.create(names.WATERMARK, mark.to_dict())
        except LedgerConflictError:
            return self.read() or mark
        return Watermark(mark.until, mark.first, mark.open, entry.etag)

    def advance(self, mark: Watermark) -> None:
        """Replace the watermark that `mark.etag` names; leaves one that another sweep wrote meanwhile."""
        try:
            self.shelf.replace(names.WATERMARK, mark.to_dict(), etag=mark.etag)
        except LedgerConflictError:
            log.info("left the watermark as it is: another sweep ended meanwhile")


def _moment(data: Mapping[str, Any], member: str) -> datetime:
    try:
        moment = datetime.fromisoformat(data.get(member, ""))
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise damaged(names.WATERMARK, f"has {data.get(member)!r:.60} as {member}, which is no time")
    return moment
