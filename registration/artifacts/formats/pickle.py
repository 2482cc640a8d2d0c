"""Pickles, and what joblib writes without compression.

Since protocol 2 a pickle begins with the opcode that says so. Older ones have no header, and can begin with the magic
number of something else: `GIF89a` is a number to an unpickler. So they are looked for in everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.formats import safetensors, torch_legacy
from registration.artifacts.formats.format import Format, Look
from registration.artifacts.pickles.globals import Profile
from registration.artifacts.pickles.scan import scan
from registration.artifacts.pickles.sniff import is_pickle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_EXTENSIONS = frozenset({".pkl", ".pickle", ".p", ".pck", ".joblib", ".dump", ".pt", ".pth", ".ckpt"})
_PROTO = 0x80
_PROTOCOLS = range(6)


def _has_header(look: Look) -> bool:
    head = look.head[:2]
    has_header = len(head) > 1 and head[0] == _PROTO and head[1] in _PROTOCOLS
    if not has_header or look.head.startswith(torch_legacy.MAGIC):
        return False
    # The length that safetensors begins with can be one, of 128 bytes for example; then nothing sensible follows.
    return not safetensors.FORMAT.matches(look) or is_pickle(look.reader, strict=True)


def _has_none(look: Look) -> bool:
    return look.head[:1] != bytes([_PROTO]) and is_pickle(look.reader)


def _is_hidden(look: Look) -> bool:
    return look.head[:1] != bytes([_PROTO]) and is_pickle(look.reader, strict=True)


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    yield from scan(reader, context, Profile.of(context.profile))


PICKLE = Format("pickle", _has_header, _scan, _EXTENSIONS, holds_code=True)
OLD_PICKLE = Format("pickle", _has_none, _scan, _EXTENSIONS, weak=True, holds_code=True)
HIDDEN = Format("pickle", _is_hidden, _scan, _EXTENSIONS, weak=True, holds_code=True, hides=True)
