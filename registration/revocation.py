"""A revocation: that files with one digest are denied, to every model and for ever. The format is on its docs page.

It lies among the decisions and is written once: who first revoked the files stays the one who did.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from registration.finding import Finding
from registration.stored import damaged, made, read_format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.stored import Kind

FORMAT = "registrar/revocation/v1"
REVOKED = "revoked"  # the code of the finding, and what STATUS_TAG says of a version with such files


@dataclass(frozen=True)
class Revocation:
    """`request` is what the person asked, as it came; `revoked_at` when the app did it, ISO 8601."""

    artifact_sha256: str
    revoked_at: str
    request: Mapping[str, Any]
    format: str = FORMAT

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str) -> Revocation:
        """The revocation stored as `name`, back as a value; raises `LedgerFormatError` for another format or damage."""
        read_format(data, FORMAT, name=name)
        found = made(cls, data, shape=_SHAPE, name=name)
        if not isinstance(found.request.get("actor"), dict):
            raise damaged(name, "does not say who revoked it")
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """Who revoked the files, when and why."""
        by, why = self.request["actor"].get("name"), self.request.get("reason")
        return f"these files were revoked by {by} at {self.revoked_at}: {why}"

    @property
    def finding(self) -> Finding:
        """What validation would have said of the files, had it known."""
        return Finding("revoked", "", self.sentence)


_SHAPE: Mapping[str, Kind] = {"artifact_sha256": str, "revoked_at": str, "request": dict}
