"""An inspection: whether the files that a champion was registered from are still those that were judged.

The sweep makes it (`inspecting.py`) and writes what is new: once when the files change, once when they are right again.
The format is docs/formats/inspection.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Final

from registration import names
from registration.finding import Finding
from registration.shelf import put
from registration.stored import damaged, made, read_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from registration.shelf import Shelf
    from registration.stored import Kind

FORMAT: Final = "registrar/inspection/v1"
AS_JUDGED, CHANGED = "as_judged", "changed"
MOST_SEEN = 100  # of the listings of one version, the latest


@dataclass(frozen=True)
class Seen:
    """What a listing, told from others by its `fingerprint`, showed at `at`: nothing, or what is not as judged."""

    at: str
    fingerprint: str
    findings: tuple[Finding, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str) -> Seen:
        """Read back from the inspection stored as `name`; raises `LedgerFormatError` when it was damaged."""
        found = data.get("findings", [])
        try:
            findings = tuple(Finding(**finding) for finding in found)
        except TypeError:
            raise damaged(name, f"has {found!r:.60} as findings") from None
        return made(cls, {**data, "findings": findings}, shape={"at": str, "fingerprint": str}, name=name, at="seen.")


@dataclass(frozen=True)
class Inspection:
    """All that was seen of the files of one version, oldest first; `decision` made it champion."""

    model: str
    version: int
    decision: str
    seen: tuple[Seen, ...] = ()
    format: str = FORMAT
    etag: str = field(default="", compare=False)

    @property
    def last(self) -> Seen | None:
        """What was seen last."""
        return self.seen[-1] if self.seen else None

    @property
    def is_changed(self) -> bool:
        """Whether the files were not as judged when they were last seen."""
        return bool(self.last and self.last.findings)

    @property
    def changed_since(self) -> str | None:
        """When they were first seen not as judged, since they were the last time; None if they are as judged."""
        since = None
        for seen in self.seen:
            since = (since or seen.at) if seen.findings else None
        return since

    def seeing(self, seen: Seen) -> Inspection:
        """With one more listing."""
        return replace(self, seen=(*self.seen, seen)[-MOST_SEEN:])

    def to_dict(self) -> dict[str, Any]:
        """As stored, without the ETag."""
        said = {name: value for name, value in asdict(self).items() if name != "etag"}
        return {**said, "state": CHANGED if self.is_changed else AS_JUDGED}


@dataclass(frozen=True)
class Inspections:
    """The inspections on the state shelf; raises `UnavailableError` when it does not answer."""

    shelf: Shelf

    def find(self, model: str, version: int) -> Inspection | None:
        """The inspection of a version, or None; raises `LedgerFormatError` when it was damaged."""
        return self._read(names.inspection(model, version))

    def record(self, inspection: Inspection) -> None:
        """Write it in the place of what was read; raises `LedgerConflictError` if another sweep was first."""
        name = names.inspection(inspection.model, inspection.version)
        put(self.shelf, name, inspection.to_dict(), etag=inspection.etag)

    def changed(self) -> Iterator[Inspection]:
        """Every version whose files were not as judged when they were last seen, champion or not."""
        for name, state in self.shelf.names(names.INSPECTIONS):
            found = self._read(name) if state == CHANGED else None
            if found is not None and found.is_changed:
                yield found

    def _read(self, name: str) -> Inspection | None:
        entry = self.shelf.read(name)
        if entry is None:
            return None
        read_format(entry.document, FORMAT, name=name)
        seen = entry.document.get("seen", [])
        if not isinstance(seen, list) or not all(isinstance(each, dict) for each in seen):
            raise damaged(name, f"has {seen!r:.60} as seen")
        told = tuple(Seen.from_dict(each, name=name) for each in seen)
        return made(Inspection, {**entry.document, "seen": told, "etag": entry.etag}, shape=_SHAPE, name=name)


_SHAPE: Mapping[str, Kind] = {"model": str, "version": int, "decision": str}
