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
    """The version about to be written to the registry, and the path it will be registered from.

    `fingerprint` is that of the listing there; None in records of older apps. `unlinked` are the registry's own fields
    that did not say where the version comes from after it was written.
    """

    version: int
    uri: str
    fingerprint: str | None = None
    unlinked: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "unlinked", tuple(self.unlinked))  # a list, as JSON has it


@dataclass(frozen=True)
class Draft:
    """A decision written for the place `seq` in the history; whether it got there, only the head knows."""

    digest: str
    seq: int


@dataclass(frozen=True)
class Share:
    """A promoted version that goes, or went, to the shared `registry` as a version of `model`.

    `version` is the number that it gets there, recorded before it is copied; `operation` tells how far the copy is.
    `id` is what it is called there, once nothing is left to do; `reason` is why the last try failed. `promoted` and
    `decision` name the model and the decision that promoted it, where that is not what the work's result says. One that
    is `withheld` is never made: its files were revoked before it was, and `reason` says so.
    """

    registry: str
    model: str
    version: int | None = None
    operation: str | None = None
    id: str | None = None
    reason: str | None = None
    promoted: str | None = None
    decision: str | None = None
    withheld: bool = False

    @property
    def is_owed(self) -> bool:
        """Whether there is anything left to do."""
        return self.id is None and not self.withheld


type Outbox = tuple[Mapping[str, Any], ...]
type Shares = tuple[Share, ...]


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
    result: Mapping[str, Any] | None = None  # what `outcome.Outcome` is made of
    outbox: Outbox = ()
    shares: Shares = ()
    format: str = WORK_FORMAT

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, name: str = "the work record") -> Work:
        """The record stored as `name`, back as a value; raises `LedgerFormatError` for another format or a damage."""
        read_format(data, WORK_FORMAT, name=name)
        parts = {
            part: member(kind, data.get(part), shape=_SHAPES[kind], name=name, at=part) for part, kind in _PARTS.items()
        }
        shares = tuple(
            made(Share, said, shape=_SHARE, name=name, at=f"shares[{place}].")
            for place, said in enumerate(_objects(data, "shares", name=name))
        )
        lists = {"outbox": _objects(data, "outbox", name=name), "shares": shares}
        work = made(cls, {**data, **parts, **lists}, shape=_SHAPE, name=name)
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


def _objects(data: Mapping[str, Any], member: str, *, name: str) -> tuple[dict[str, Any], ...]:
    found = data.get(member, ())
    if not isinstance(found, list | tuple) or not all(isinstance(one, dict) for one in found):
        raise damaged(name, f"has {found!r:.60} as {member}")
    return tuple(found)


_SHARE: Mapping[str, Kind] = {
    "registry": str,
    "model": str,
    "version": int | None,
    "operation": str | None,
    "id": str | None,
    "reason": str | None,
    "promoted": str | None,
    "decision": str | None,
    "withheld": bool,
}
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
    Intent: {"version": int, "uri": str, "fingerprint": str | None, "unlinked": list | tuple},
    Draft: {"digest": str, "seq": int},
}
