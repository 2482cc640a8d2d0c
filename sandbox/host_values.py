"""What crosses between host and worker: a text, bytes or JSON, and what the host makes of it on the way to a queue.

The Functions host does not send a text that looks like JSON as it is. It parses it, sends one message for each
element of an array, and writes each element again, indented, with dates in UTC and without trailing zeros
(azure-functions-host, `FunctionBinding.ReadAsEnumerable` and `BindAsyncCollectorAsync`). Bytes go through untouched.
Not mirrored: how .NET spells numbers, and booleans and numbers that stand alone in an array.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

_DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_FRACTION_LENGTH = len(".1234567")


@dataclass(frozen=True)
class Value:
    """One value and its kind in the worker protocol: `json` and `string` are texts."""

    content: str | bytes
    kind: Literal["string", "json", "bytes"]


def queue_messages(value: Value) -> list[bytes]:
    """The messages that an output binding sends for a value. Raises ValueError for a text that only looks like JSON."""
    if isinstance(value.content, bytes):
        return [value.content]
    if not _looks_like_json(value.content):
        return [value.content.encode()]
    document = json.loads(value.content)
    elements = document if isinstance(document, list) else [document]
    return [_rewritten(element).encode() for element in elements]


def _looks_like_json(text: str) -> bool:
    trimmed = text.strip()
    return trimmed[:1] + trimmed[-1:] in ("{}", "[]")


def _rewritten(element: Any) -> str:
    element = _with_plain_dates(element)
    return element if isinstance(element, str) else json.dumps(element, indent=2, ensure_ascii=False)


def _with_plain_dates(element: Any) -> Any:
    if isinstance(element, dict):
        return {name: _with_plain_dates(value) for name, value in element.items()}
    if isinstance(element, list):
        return [_with_plain_dates(value) for value in element]
    return _plain_date(element) if isinstance(element, str) else element


def _plain_date(text: str) -> str:
    match = _DATE.fullmatch(text)
    if match is None:
        return text
    moment, fraction, zone = match.groups()
    try:
        instant = datetime.fromisoformat(moment + (zone or ""))
    except ValueError:
        return text
    digits = (fraction or "")[:_FRACTION_LENGTH].rstrip("0").rstrip(".")
    if zone in (None, "Z"):
        return f"{moment}{digits}{zone or ''}"
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%S}{digits}+00:00"
