"""A head: where a model's history stands, and its champion. The format is docs/formats/head.md."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from registration.stored import made, member, read_format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.stored import Kind

HEAD_FORMAT = "registrar/head/v1"


@dataclass(frozen=True)
class Champion:
    """The version in production, and the decision that put it there."""

    version: int
    decision: str
    work: str


@dataclass(frozen=True)
class Head:
    """Where a model's history stands. `etag` is empty for a model that has none."""

    model: str
    log_seq: int = 0
    log_digest: str | None = None
    champion_seq: int = 0
    champion: Champion | None = None
    etag: str = field(default="", compare=False)

    def advanced(self, decision: str, *, champion: Champion | None) -> Head:
        """The head after `decision`, with the champion moved when one is given."""
        moved = champion is not None
        return replace(
            self,
            log_seq=self.log_seq + 1,
            log_digest=decision,
            champion_seq=self.champion_seq + moved,
            champion=champion or self.champion,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, etag: str, name: str = "the head") -> Head:
        """The head stored as `name`, back as a value; raises `LedgerFormatError` for another format or a damage."""
        read_format(data, HEAD_FORMAT, name=name)
        champion = member(Champion, data.get("champion"), shape=_CHAMPION, name=name, at="champion")
        return made(cls, {**data, "champion": champion, "etag": etag}, shape=_HEAD, name=name)

    def to_dict(self) -> dict[str, Any]:
        """As stored, without the ETag."""
        data = {name: value for name, value in asdict(self).items() if name != "etag"}
        return {"format": HEAD_FORMAT, **data}


_CHAMPION: Mapping[str, Kind] = {"version": int, "decision": str, "work": str}
_HEAD: Mapping[str, Kind] = {"model": str, "log_seq": int, "log_digest": str | None, "champion_seq": int}
