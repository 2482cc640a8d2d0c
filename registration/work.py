"""A piece of work as the ledger keeps it, and the claim to go on with it. The format is docs/formats/work-record.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration.stored import damaged, made, member, read_format

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.stored import Kind

WORK_FORMAT = "registrar/work-record/v1"
STATES = ("claimed", "decided", "finished")


@dataclass(frozen=True)
class Intent:
    """The version about to be written to the registry, and the path it will be registered from."""

    version: int
    uri: str


@dataclass(frozen=True)
class Draft:
    """A decision written for the place `seq` in the history; whether it got there, only the head knows."""

    digest: str
    seq: int


@dataclass(frozen=True)
class Work:
    """One piece of work. `subject` is who offered what, for people who read the record."""

    work: str
    subject: Mapping[str, Any]
    state: str  # claimed | decided | finished
    owner: str  # empty when a worker gave the claim back
    attempt: int
    intent: Intent | None = None
    draft: Draft | None = None
    result: Mapping[str, Any] | None = None  # what `registrar.Outcome` is made of
    outbox: tuple[Mapping[str, Any], ...] = ()
    format: str = WORK_FORMAT

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str = "the work record") -> Work:
        """The record stored as `name`, back as a value; raises `LedgerFormatError` for another format or a damage."""
        read_format(data, WORK_FORMAT, name=name)
        parts = {
            part: member(kind, data.get(part), shape=_SHAPES[kind], name=name, at=part) for part, kind in _PARTS.items()
        }
        if not isinstance(outbox := data.get("outbox", []), list | tuple) or not all(
            isinstance(it, dict) for it in outbox
        ):
            raise damaged(name, f"has {outbox!r:.60} as outbox")
        work = made(cls, {**data, **parts, "outbox": tuple(outbox)}, shape=_SHAPE, name=name)
        if work.state not in STATES:
            raise damaged(name, f"has {work.state!r:.60} as state")
        return work


@dataclass(frozen=True)
class Claim:
    """The right to go on with `work`: worth something only while the stored record has `etag`."""

    work: Work
    etag: str

    @property
    def is_settled(self) -> bool:
        """Whether the decision was made already, by this worker or an earlier one."""
        return self.work.state != "claimed"


_SHAPE: Mapping[str, Kind] = {
    "work": str,
    "subject": dict,
    "state": str,
    "owner": str,
    "attempt": int,
    "result": dict | None,
}
_PARTS: Mapping[str, type[Intent | Draft]] = {"intent": Intent, "draft": Draft}
_SHAPES: Mapping[type, Mapping[str, Kind]] = {
    Intent: {"version": int, "uri": str},
    Draft: {"digest": str, "seq": int},
}
