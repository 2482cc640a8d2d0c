"""A head: where a model's history stands, and its champion. The format is docs/formats/head.md."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from registration.stored import made, member, read_format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.stored import Kind

HEAD_FORMAT = "registrar/head/v1"
COPY_FORMAT = "registrar/grouped-head/v1"  # another one, so that an app that knows no groups leaves the model alone


@dataclass(frozen=True)
class Champion:
    """The version in production, and the decision that put it there."""

    version: int
    decision: str
    work: str


@dataclass(frozen=True)
class Head:
    """Where a model's history stands. `etag` is that of the document it lies in, empty for a model that has none.

    `group` names the group in whose document it lies; None for a head by itself.
    """

    model: str
    log_seq: int = 0
    log_digest: str | None = None
    champion_seq: int = 0
    champion: Champion | None = None
    group: str | None = None
    etag: str = field(default="", compare=False)

    def advanced(self, decision: str, *, champion: Champion | None, vacates: bool = False) -> Head:
        """The head after `decision`, with the champion moved when one is given, or without one if that `vacates`."""
        moved = champion is not None or vacates
        return replace(
            self,
            log_seq=self.log_seq + 1,
            log_digest=decision,
            champion_seq=self.champion_seq + moved,
            champion=champion if moved else self.champion,
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, etag: str, name: str = "the head") -> Head:
        """The head stored as `name`, or the copy of one that lies in a group, back as a value.

        Raises `LedgerFormatError` for another format or a damage.
        """
        if data.get("format") == COPY_FORMAT:
            made(_Place, data, shape=_PLACE, name=name)
            return cls._read(data, etag=etag, name=name)
        read_format(data, HEAD_FORMAT, name=name)
        return cls._read({**data, "group": None}, etag=etag, name=name)

    @classmethod
    def standing_in(cls, said: Mapping[str, Any], *, model: str, group: str, etag: str, name: str) -> Head:
        """The head of `model` that the document `name` of a group tells of; raises `LedgerFormatError` for a damage."""
        return cls._read({**said, "model": model, "group": group}, etag=etag, name=name)

    @classmethod
    def _read(cls, data: Mapping[str, Any], *, etag: str, name: str) -> Head:
        champion = member(Champion, data.get("champion"), shape=_CHAMPION, name=name, at="champion")
        return made(cls, {**data, "champion": champion, "etag": etag}, shape=_HEAD, name=name)

    def standing(self) -> dict[str, Any]:
        """As a group's document tells of it."""
        return {name: value for name, value in asdict(self).items() if name not in {"model", "group", "etag"}}

    def to_dict(self) -> dict[str, Any]:
        """As stored under its model's name, without the ETag; of one that lies in a group the copy."""
        if self.group is None:
            return {"format": HEAD_FORMAT, "model": self.model, **self.standing()}
        return {"format": COPY_FORMAT, "model": self.model, "group": self.group, **self.standing()}


@dataclass(frozen=True)
class Move:
    """That `head` moves on to the decision `digest`; `promote` is the version and work of the new champion.

    One that `vacates` leaves the model without a champion.
    """

    head: Head
    digest: str
    promote: tuple[int, str] | None = None
    vacates: bool = False

    @property
    def done(self) -> Head:
        """The head afterwards, with the ETag that it must still have."""
        champion = Champion(self.promote[0], self.digest, self.promote[1]) if self.promote else None
        return self.head.advanced(self.digest, champion=champion, vacates=self.vacates)


@dataclass(frozen=True)
class _Place:
    group: str


_PLACE: Mapping[str, Kind] = {"group": str}
_CHAMPION: Mapping[str, Kind] = {"version": int, "decision": str, "work": str}
_HEAD: Mapping[str, Kind] = {"model": str, "log_seq": int, "log_digest": str | None, "champion_seq": int}
