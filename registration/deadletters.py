"""A dead letter: an event that Event Grid could not deliver, as it left it in a blob of a dead-letter container.

Each blob holds a JSON array of events, in the schema of the subscription, with members added that say why they were
given up: `deadLetterReason`, `deliveryAttempts`, `lastDeliveryOutcome`, `publishTime`, `lastDeliveryAttemptTime`. In a
CloudEvent their names are in lower case. They are left in place: whoever parses an event ignores what it does not know.

Event Grid names the blobs `<SUBSCRIPTION>/<year>/<month>/<day>/<hour>/<guid>.json`, the subscription in capitals, the
time in UTC without leading zeros. Only the ending is relied on.

Blobs are read as a stream, one event in memory at a time. Not promised: that a blob's events are the app's own.

Sources: https://learn.microsoft.com/azure/event-grid/manage-event-delivery (names, array) and
https://learn.microsoft.com/azure/event-grid/delivery-and-retry#delivery-event-formats (members).
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from registration.artifacts.store import Location
from registration.errors import ArtifactChangedError, InputError, MalformedEventError
from registration.replay import Letter, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

LARGEST_EVENT: Final = 2 * 1024 * 1024  # characters; Event Grid takes events of up to 1 MB

_ACCOUNT: Final = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER: Final = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*")
_MARK: Final = re.compile(r"[^ \t\r\n]")
_MARKED: Final = re.compile(r"[ \t\r\n,\]]")
_NUMBER: Final = re.compile(r"[-0-9]")
_JSON: Final = json.JSONDecoder()
_TOLD: Final = (("deadletterreason", ""), ("lastdeliveryoutcome", " at last"), ("deliveryattempts", " attempts"))


@dataclass(frozen=True)
class LetterBlob:
    """A blob of dead letters: its name in the container, the ETag it was listed with, and when it was written."""

    container: str
    name: str
    etag: str
    written: datetime


class LetterBlobs(Protocol):
    """The blobs of a dead-letter container. Both methods raise `UnavailableError` when storage does not answer."""

    def listed(self) -> Iterator[LetterBlob]:
        """Every blob of dead letters; raises `InputError` when there is no such container."""
        ...

    def chunks(self, blob: LetterBlob) -> Iterator[bytes]:
        """The bytes of `blob` as listed, in bounded pieces; raises `ArtifactChangedError` if it is another one now."""
        ...


@dataclass(frozen=True)
class DeadLetters:
    """The letters in `blobs` that were written at `since` or later.

    A letter's source is its blob and the JSON pointer to it. A blob that cannot be read to its end is reported, after
    the letters that came before the fault.
    """

    blobs: LetterBlobs
    since: datetime | None = None

    def letters(self) -> Iterator[Letter | Unreadable]:
        """Every dead letter."""
        for blob in self.blobs.listed():
            if self.since is None or blob.written >= self.since:
                yield from self._read(blob)

    def _read(self, blob: LetterBlob) -> Iterator[Letter | Unreadable]:
        source = f"{blob.container}/{blob.name}"
        try:
            for number, (text, event) in enumerate(_events(self.blobs.chunks(blob))):
                yield Letter(f"{source}#/{number}", text, event, _why(event))
        except (MalformedEventError, ArtifactChangedError) as broken:
            yield Unreadable(source, str(broken))


def place(url: str, *, suffix: str) -> Location:
    """The container, or the folder in it, that an operator names; `suffix` is the cloud's storage suffix.

    Raises `InputError` for any URL but `https://<account>.blob.<suffix>/<container>[/<prefix>]`: no other host is ever
    asked, and no SAS is used.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise InputError("the place of the dead letters is not a URL") from None
    account = _account(parts, suffix)
    container, _, name = unquote(parts.path).strip("/").partition("/")
    if account is None or not _CONTAINER.fullmatch(container):
        raise InputError(
            f"dead letters are read from https://<account>.blob.{suffix}/<container>[/<prefix>], without a query; "
            f"this is another place: {parts._replace(netloc=parts.hostname or '', query='', fragment='').geturl()}"
        )
    return Location(account, container, name)


def _account(parts: SplitResult, suffix: str) -> str | None:
    account, _, rest = parts.netloc.lower().partition(".")
    is_plain = parts.scheme == "https" and rest == f"blob.{suffix}" and not (parts.query or parts.fragment)
    return account if is_plain and _ACCOUNT.fullmatch(account) else None


def _why(event: object) -> str:
    """Why Event Grid gave the event up, as far as it says so."""
    if not isinstance(event, dict):
        return ""
    said = {key.lower(): value for key, value in event.items()}
    parts = [f"{said[key]}{unit}" for key, unit in _TOLD if said.get(key) is not None]
    return ", ".join(parts)


def _events(chunks: Iterable[bytes]) -> Iterator[tuple[str, object]]:
    """The text of each event of a blob, and the same parsed; raises MalformedEventError where it stops being JSON."""
    window = _Window(chunks)
    first = window.peek()
    if first == "[":
        yield from _elements(window)
    elif first == "{":
        yield window.value()
    else:
        raise MalformedEventError("the blob holds no array of events" if first else "the blob is empty")
    if window.peek():
        raise MalformedEventError(f"character {window.position}: text after the events")


def _elements(window: _Window) -> Iterator[tuple[str, object]]:
    window.take()
    if window.peek() == "]":
        window.take()
        return
    while True:
        yield window.value()
        mark = window.take()
        if mark == "]":
            return
        if mark != ",":
            raise MalformedEventError(f"character {window.position}: the array of events is cut off or broken")


class _Window:
    """A part of a long text that is decoded while it is read. What was passed is forgotten with the next part."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._forgotten = "", 0, 0
        self._is_whole = False

    @property
    def position(self) -> int:
        """How many characters of the whole text were passed."""
        return self._forgotten + self._at

    def peek(self) -> str:
        """The next character that is no white space, or nothing at the end."""
        while True:
            found = _MARK.search(self._text, self._at)
            self._at = found.start() if found else len(self._text)
            if self._at < len(self._text) or self._is_whole:
                return self._text[self._at : self._at + 1]
            self._read_on()

    def take(self) -> str:
        """The same, and pass it."""
        mark = self.peek()
        self._at += len(mark)
        return mark

    def value(self) -> tuple[str, object]:
        """The next JSON value: its text, and the same parsed."""
        self.peek()
        while True:
            found = self._decoded()
            if found is not None:
                return found
            self._read_on()

    def _decoded(self) -> tuple[str, object] | None:
        """The value, or None if more of the text must be known to tell where it ends."""
        is_enough = self._is_whole or len(self._text) - self._at > LARGEST_EVENT
        try:
            value, end = _JSON.raw_decode(self._text, self._at)
        except json.JSONDecodeError as broken:
            if not is_enough:
                return None
            place_ = f"character {self._forgotten + broken.pos}"
            raise MalformedEventError(f"{place_}: {broken.msg}, or an event that is too large") from None
        except (RecursionError, ValueError) as refused:
            raise MalformedEventError(f"character {self.position}: {refused}") from None
        # Of the number 1e16, this part may hold `1` or `1e`; both begin with a number.
        if not is_enough and _NUMBER.match(self._text, self._at) and not _MARKED.match(self._text, end):
            return None
        text, self._at = self._text[self._at : end], end
        return text, value

    def _read_on(self) -> None:
        """Forget what was passed and read until twice as much is known: a long value is not parsed at every chunk."""
        parts = [self._text[self._at :]]
        self._forgotten, self._at = self.position, 0
        known, enough = len(parts[0]), 2 * len(parts[0]) + 1
        while known < enough and not self._is_whole:
            parts.append(self._next())
            known += len(parts[-1])
        self._text = "".join(parts)

    def _next(self) -> str:
        chunk = next(self._chunks, None)
        self._is_whole = chunk is None
        try:
            return self._decoder.decode(chunk or b"", final=self._is_whole)
        except UnicodeDecodeError as broken:
            raise MalformedEventError(f"the blob is not UTF-8: {broken.reason}") from None
