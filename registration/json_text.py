"""JSON text that other people wrote: parsed into plain values, or an error that says where it stops being JSON.

UTF-8, with or without a byte order mark. `NaN` and `Infinity` are read, as trackers write them. A key that an object
gives twice is refused: two readers could see two different objects.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from registration.errors import DocumentError, Problem

if TYPE_CHECKING:
    from pathlib import Path


def parse(data: bytes, *, source: str, limit_bytes: int, error: type[DocumentError] = DocumentError) -> object:
    """The value in `data`; raises `error`, whose one problem is about the whole of `source`."""
    if len(data) > limit_bytes:
        raise error(source, [Problem("", f"is longer than {limit_bytes} bytes")])
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique)
    except UnicodeDecodeError as broken:
        problem = f"is not UTF-8 (byte {broken.start})"
    except json.JSONDecodeError as broken:
        problem = f"is not JSON: line {broken.lineno} column {broken.colno}: {broken.msg}"
    except RecursionError:
        problem = "is nested too deeply"
    except ValueError as broken:
        # Python tells how to raise its limit for whole numbers, which is no use to who wrote one.
        is_number = str(broken).startswith("Exceeds the limit")
        problem = "holds a whole number of more digits than are read" if is_number else str(broken)
    raise error(source, [Problem("", problem)])


def read(path: Path, *, limit_bytes: int, error: type[DocumentError] = DocumentError) -> bytes:
    """At most `limit_bytes` + 1 bytes of a file; raises `error` if it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(limit_bytes + 1)
    except OSError as unreadable:
        raise error(str(path), [Problem("", (unreadable.strerror or str(unreadable)).lower())]) from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries: dict[str, object] = {}
    for key, value in pairs:
        if key in entries:
            raise ValueError(f"the key {key!r} is given twice in one object")
        entries[key] = value
    return entries
