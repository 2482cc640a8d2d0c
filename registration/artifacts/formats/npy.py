"""numpy's .npy: a header that states type and shape, then the numbers; or a pickle, if the type is `object`.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from registration.artifacts.formats import literal
from registration.artifacts.formats.format import Format, Look
from registration.artifacts.reader import Part
from registration.errors import UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

MAGIC = b"\x93NUMPY"
_LENGTH_BYTES = {1: 2, 2: 4, 3: 4}  # of the header's length, by version
_LONGEST = 64 * 1024  # bytes of a header; numpy itself refuses more than 10,000 characters from strangers
_TYPE = re.compile(r"[<>|=]?(?P<kind>[?a-zA-Z])(?P<count>\d{0,10})(?:\[[^\]]{1,20}\])?")
_WIDTHS = {"?": 1, "b": 1, "B": 1}  # where no count is written
_UNICODE = 4  # bytes of one character


def _matches(look: Look) -> bool:
    return look.head.startswith(MAGIC)


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    start, header = _header(reader)
    try:
        width, shape = _width(header["descr"]), header["shape"]
        count = math.prod(_lengths(shape))
    except (KeyError, TypeError):
        raise UnreadableError("npy.broken", "the header does not state type and shape as numpy does") from None
    if width is None:
        yield from context.scan_inner(Part(reader, start, reader.size - start), "object array")
        return
    end = start + count * width
    if not reader.reaches(end):
        raise UnreadableError("npy.broken", "the header states more bytes than there are", offset=start)
    if reader.reaches(end + 1):
        yield context.finding(
            "npy.trailing_bytes",
            "something lies behind the array",
            offset=end,
            level=Level.UNSCANNABLE,
            action="save each array in a file of its own, or all in one .npz",
        )


def _header(reader: Reader) -> tuple[int, dict[str, Any]]:
    """Where the data begins, and what is stated about it."""
    begin = reader.read(0, len(MAGIC) + 2)
    digits = _LENGTH_BYTES.get(begin[len(MAGIC)] if len(begin) > len(MAGIC) + 1 else 0)
    if digits is None:
        raise UnreadableError("npy.broken", "the header has a version that numpy does not write")
    length = int.from_bytes(reader.read(len(begin), digits), "little")
    text = reader.read(len(begin) + digits, min(length, _LONGEST))
    if len(text) < length:
        raise UnreadableError("npy.broken", f"the header states {length} bytes, there are fewer or it is too long")
    header = literal.parse(text.decode("utf-8", "replace"))
    if not isinstance(header, dict):
        raise UnreadableError("npy.broken", "the header is no dictionary")
    return len(begin) + digits + length, header


def _lengths(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise TypeError
    return shape


def _width(descr: Any) -> int | None:
    """Bytes of one element; None if it has a part that is an object. Raises `TypeError` for what is no type."""
    if isinstance(descr, str):
        return _plain_width(descr)
    if isinstance(descr, tuple) and len(descr) == 2:  # noqa: PLR2004 - a type and the shape of a sub-array
        width = _width(descr[0])
        return None if width is None else width * math.prod(_lengths(descr[1]))
    if not isinstance(descr, list):
        raise TypeError
    widths = [_field_width(field) for field in descr]
    return None if None in widths else sum(width for width in widths if width is not None)


def _field_width(field: Any) -> int | None:
    if not isinstance(field, tuple) or len(field) not in (2, 3):
        raise TypeError
    width = _width(field[1])
    return None if width is None else width * math.prod(_lengths(field[2]) if len(field) > 2 else ())  # noqa: PLR2004 - name, type, shape


def _plain_width(descr: str) -> int | None:
    found = _TYPE.fullmatch(descr)
    if found is None:
        raise TypeError
    if found["kind"] == "O":
        return None
    if not found["count"] and found["kind"] not in _WIDTHS:
        raise TypeError
    count = int(found["count"] or _WIDTHS[found["kind"]])
    return count * _UNICODE if found["kind"] == "U" else count


FORMAT = Format("npy", _matches, _scan, frozenset({".npy"}), is_data=True)
