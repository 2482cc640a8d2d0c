"""JSON inside a model file: read strictly, or the scan cannot follow the file."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from typing import Any

from registration import json_text
from registration.errors import DocumentError, UnreadableError

LARGEST = 8 * 1024 * 1024  # bytes
_ESCAPE = re.compile(rb"\\u00([0-7][0-9a-fA-F])")  # an ASCII character as JSON may spell it


def parse(data: bytes, *, code: str, what: str) -> Any:
    """The value in `data`; raises `UnreadableError` with `code`, saying what is wrong with `what`."""
    try:
        return json_text.parse(data, source=what, limit_bytes=LARGEST)
    except DocumentError as wrong:
        raise UnreadableError(code, f"{what} {wrong.problems[0].message}") from None


def as_utf8(data: bytes) -> bytes:
    """JSON in the encoding that Python's parser would find it in, as UTF-8; what is none stays as it is."""
    try:
        encoding = json.detect_encoding(data)
        return data.removeprefix(BOM_UTF8) if "8" in encoding else data.decode(encoding, "replace").encode()
    except UnicodeError:
        return data


def begins(head: bytes, *signs: bytes) -> bool:
    """Whether JSON that begins with one of `signs` can begin so; it may stand behind more space than `head` has."""
    return as_utf8(head).lstrip()[:1] in (b"", *signs)


def has_key(text: bytes, key: bytes) -> bool:
    """Whether JSON has `key` in an object, however it is spelled; a text of a list is none."""
    plain = _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), as_utf8(text))
    return re.search(rb'"%s"\s*:' % key, plain) is not None
