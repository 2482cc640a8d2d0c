"""An envelope: one event on its way through the work queue, with how often it was tried and whether it was trimmed.

The doors seal, the worker opens, and a retry seals again. The first attempt of an event of ordinary size travels as it
came, byte for byte, so that a quarantined message shows what Event Grid sent. Every other message is

    {"registrar": {"envelope": 1, "attempt": 2, "trimmed": true}, "event": {...}}

`trimmed` says that the job's tags and properties were left out; the worker reads them from the job. A queue message
holds 64 KiB, of which base64 leaves 48.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from registration import events
from registration.errors import MalformedEventError

OURS: Final = frozenset({"registrar", "registrarRequest"})  # members that only our own messages have
LARGEST_EVENT: Final = 40 * 1024  # bytes of UTF-8; above it an event is trimmed
_VERSION: Final = 1


@dataclass(frozen=True)
class Envelope:
    """`event` is parsed JSON that nobody has judged; `attempt` counts from 1."""

    event: object
    attempt: int = 1
    trimmed: bool = False


def seal(text: str) -> str:
    """The queue message for an event as it came.

    `text` itself, unless it is larger than `LARGEST_EVENT` and loses size by leaving out tags and properties. Text that
    is not JSON is passed on for the worker to quarantine. What looks like a message of our own is passed on as mere
    text: nobody outside may count attempts or make requests. Never raises.
    """
    try:
        event = json.loads(text)
        if isinstance(event, dict) and event.keys() & OURS:
            return _sealed(Envelope(text))
        if _bytes(text) <= LARGEST_EVENT:
            return text
        slim = events.without_extras(event)
        return text if slim is event else _sealed(Envelope(slim, trimmed=True))
    except (ValueError, RecursionError, MalformedEventError):
        return text


def open_(text: str) -> Envelope:
    """The envelope in a queue message.

    Raises MalformedEventError when the text is not JSON, or is an envelope of a version or shape this app cannot read.
    """
    document = _parsed(text)
    # Exactly these two keys: an event from outside that carries its own `registrar` stays an event.
    if isinstance(document, dict) and document.keys() == {"registrar", "event"}:
        return _opened(document["registrar"], document["event"])
    return Envelope(document)


def again(envelope: Envelope) -> str:
    """The queue message for the next attempt at the same event.

    Raises MalformedEventError when the event is nested too deeply to be written.
    """
    return _sealed(Envelope(envelope.event, attempt=envelope.attempt + 1, trimmed=envelope.trimmed))


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as broken:
        raise MalformedEventError(f"line {broken.lineno} column {broken.colno}: {broken.msg}") from None
    except RecursionError:
        raise MalformedEventError("event: is nested too deeply") from None
    except ValueError as broken:
        raise MalformedEventError(f"event: {broken}") from None


def _opened(header: object, event: object) -> Envelope:
    if not isinstance(header, dict):
        raise MalformedEventError("registrar: must be an object")
    if header.get("envelope") != _VERSION:
        raise MalformedEventError(f"registrar.envelope: must be {_VERSION}, the version this app reads")
    attempt, trimmed = header.get("attempt"), header.get("trimmed", False)
    if isinstance(attempt, bool) or not isinstance(attempt, int) or attempt < 1:
        raise MalformedEventError("registrar.attempt: must be a number from 1 up")
    if not isinstance(trimmed, bool):
        raise MalformedEventError("registrar.trimmed: must be true or false")
    return Envelope(event, attempt=attempt, trimmed=trimmed)


def _sealed(envelope: Envelope) -> str:
    header = {"envelope": _VERSION, "attempt": envelope.attempt, "trimmed": envelope.trimmed}
    document = {"registrar": header, "event": envelope.event}
    try:
        text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise MalformedEventError("event: is nested too deeply") from None
    # A lone surrogate has no UTF-8; the backslash form of it is the JSON escape it came from.
    return text.encode("utf-8", "backslashreplace").decode()


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
