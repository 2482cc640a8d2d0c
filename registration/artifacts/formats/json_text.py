"""JSON inside a model file: read strictly, or the scan cannot follow the file."""

from __future__ import annotations

from typing import Any

from registration import json_text
from registration.errors import DocumentError, UnreadableError

LARGEST = 8 * 1024 * 1024  # bytes


def parse(data: bytes, *, code: str, what: str) -> Any:
    """The value in `data`; raises `UnreadableError` with `code`, saying what is wrong with `what`."""
    try:
        return json_text.parse(data, source=what, limit_bytes=LARGEST)
    except DocumentError as wrong:
        raise UnreadableError(code, f"{what} {wrong.problems[0].message}") from None
