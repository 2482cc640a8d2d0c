"""A replay: events that were given up go back to the work queue, as if they had just come through the door.

A source hands out letters: from quarantine (`Quarantine`, below) or from a dead-letter container
(`registration.deadletters`). What is sent is the event alone, so its attempts are counted from 1 again.

Replaying is safe to repeat: work is known by what is offered, not by the event, so what was settled is answered with
`duplicate` and nothing changes. Sources are only read. Not promised: that a letter is sent once; two sources may hold
the same event, and both copies are sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from registration import envelope, events, names
from registration.envelope import Envelope
from registration.errors import MalformedEventError
from registration.events import NotOfInterest
from registration.ledger import QUARANTINE_FORMAT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

DRY_RUN: Final = "dry run: nothing was sent"
LARGEST_MESSAGE: Final = 48 * 1024  # bytes of UTF-8; base64 makes 64 KiB of them, which is all that a queue takes

type Status = Literal["sent", "skipped", "unreadable"]
type Kind = Literal["job", "drop"]
TYPES: Final[Mapping[Kind, frozenset[str]]] = {"job": events.JOB_TYPES, "drop": events.DROP_TYPES}


@dataclass(frozen=True)
class Letter:
    """An event that was given up: its text, the same parsed, where it lies, and why it was given up."""

    source: str
    text: str
    event: object
    reason: str


@dataclass(frozen=True)
class Unreadable:
    """Something among the letters that holds no event, and why."""

    source: str
    reason: str


class Source(Protocol):
    """Where letters lie."""

    def letters(self) -> Iterator[Letter | Unreadable]:
        """Every letter, one at a time; raises `UnavailableError` when storage does not answer."""
        ...


@dataclass(frozen=True)
class Replayed:
    """What came of one letter.

    `reason` is why it was given up if it was sent, and otherwise why it was not sent. `event_id` and `type` are empty
    where they could not be read.
    """

    source: str
    event_id: str
    type: str
    status: Status
    reason: str

    @property
    def is_rehearsed(self) -> bool:
        """Whether only a dry run kept it from being sent."""
        return self.status == "skipped" and self.reason == DRY_RUN


@dataclass(frozen=True)
class Replay:
    """Sends what the sources hold, while it is iterated.

    `only` leaves out events of the other kind. `reason` leaves out letters that were given up for another reason: one
    that does not contain this text, in any case. With `dry_run` nothing is sent. `send` raises `UnavailableError` when
    the queue does not answer; what was sent until then is in the queue.
    """

    sources: Sequence[Source]
    send: Callable[[str], None]
    only: Kind | None = None
    reason: str = ""
    dry_run: bool = False

    def __iter__(self) -> Iterator[Replayed]:
        for source in self.sources:
            for found in source.letters():
                yield self._replayed(found)

    def _replayed(self, found: Letter | Unreadable) -> Replayed:
        if isinstance(found, Unreadable):
            return Replayed(found.source, "", "", "unreadable", found.reason)
        said = Replayed(found.source, "", events.type_of(found.text) or "", "skipped", found.reason)
        unwanted = self._unwanted(said)
        return replace(said, reason=unwanted) if unwanted else self._judged(found, said)

    def _unwanted(self, said: Replayed) -> str | None:
        # A type that cannot be told may be of either kind; whoever asked for one has to hear of it.
        if self.only and said.type and said.type not in TYPES[self.only]:
            return f"is no {self.only} event, and only those were asked for"
        if self.reason.casefold() not in said.reason.casefold():
            return f"was given up for another reason: {said.reason}"
        return None

    def _judged(self, letter: Letter, said: Replayed) -> Replayed:
        try:
            event = events.parse(letter.event)
        except MalformedEventError as broken:
            return replace(said, status="unreadable", reason=str(broken))
        said = replace(said, event_id=event.id)
        return replace(said, reason=event.reason) if isinstance(event, NotOfInterest) else self._sent(letter, said)

    def _sent(self, letter: Letter, said: Replayed) -> Replayed:
        # A lone surrogate has no UTF-8; the backslash form of it is the JSON escape it came from.
        message = envelope.seal(letter.text).encode("utf-8", "backslashreplace")
        if len(message) > LARGEST_MESSAGE:
            return replace(said, status="unreadable", reason=f"has {len(message)} bytes, too many for a queue message")
        if self.dry_run:
            return replace(said, reason=DRY_RUN)
        self.send(message.decode())
        return replace(said, status="sent")


@dataclass(frozen=True)
class Quarantine:
    """The messages in quarantine; `kept` is `Ledger.quarantined`. The format is in docs/formats/quarantine.md."""

    kept: Callable[[], Iterable[Mapping[str, Any]]]

    def letters(self) -> Iterator[Letter | Unreadable]:
        """Every event in quarantine, out of its envelope."""
        return (_unsealed(document) for document in self.kept())


def _unsealed(document: Mapping[str, Any]) -> Letter | Unreadable:
    message = document.get("message")
    if document.get("format") != QUARANTINE_FORMAT or not isinstance(message, str):
        found = f"format {document.get('format')!r}, message of type {type(message).__name__}"
        reads = f"this version reads {QUARANTINE_FORMAT!r} with a text; its reason: {document.get('reason')}"
        return Unreadable(names.QUARANTINE, f"{found}; {reads}")
    source = f"{names.QUARANTINE}/{names.letter(message)}"
    try:
        opened = envelope.open_(message)
        return Letter(source, _bare(message, opened), opened.event, str(document.get("reason", "")))
    except MalformedEventError as broken:
        return Unreadable(source, str(broken))
    except RecursionError:
        return Unreadable(source, "event: is nested too deeply")


def _bare(message: str, opened: Envelope) -> str:
    """The event's own text: byte for byte as it came, unless a retry had put it into an envelope."""
    is_bare = opened == Envelope(opened.event)
    return message if is_bare else json.dumps(opened.event, ensure_ascii=False, separators=(",", ":"))
