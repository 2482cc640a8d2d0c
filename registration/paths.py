"""A path of a drop: relative to its folder, plain on every file system, and never one file with another path of it.

Manifests and listings of drops are held against the same rules, because both are written by strangers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST: Final = 1024  # characters, as storage allows a blob's name

_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})  # Unicode categories
_TURNING: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})  # bidirectional classes


@dataclass(frozen=True)
class Conflict:
    """That path number `second` cannot lie beside path number `first`, both counted from 0."""

    first: int
    second: int
    is_inside: bool  # the first is a folder to the second; else both may be one file


def is_unprintable(text: str) -> bool:
    """Whether text holds a control character, also one that turns the direction of what follows."""
    return any(unicodedata.category(one) in _UNPRINTABLE or unicodedata.bidirectional(one) in _TURNING for one in text)


def fault(path: str) -> str | None:
    """Why a path is refused and what to do, the plainest reason first; None if nothing is wrong with it."""
    segments = path.split("/")
    faults = {
        "is empty; name a file": not path,
        f"is longer than {LONGEST} characters; shorten it": len(path) > LONGEST,
        "holds a control character; rename the file": is_unprintable(path),
        "holds a backslash; folders are separated by '/'": "\\" in path,
        "begins with a drive letter; paths are relative to the drop's folder": re.match("[A-Za-z]:", path),
        "is absolute; paths are relative to the drop's folder": path.startswith("/"),
        "ends with '/'; list files, not folders": path.endswith("/"),
        "has an empty segment ('//'); write one '/'": "" in segments,
        "has a segment '.' or '..'; write the path from the drop's folder down": {".", ".."} & set(segments),
        "has a segment that ends with '.', which storage may drop; rename it": any(
            part.endswith(".") for part in segments
        ),
    }
    return next((reason for reason, found in faults.items() if found), None)


def conflicts(paths: Sequence[str]) -> Iterator[Conflict]:
    """Paths that some file system would put in one place, though storage keeps them apart."""
    places: dict[str, int] = {}
    for number, path in enumerate(paths):
        first = places.setdefault(_folded(path), number)
        if first != number:
            yield Conflict(first, number, is_inside=False)
    for number, path in enumerate(paths):
        parent = next((places[folder] for folder in _folders(_folded(path)) if folder in places), None)
        if parent is not None:
            yield Conflict(parent, number, is_inside=True)


def _folders(path: str) -> Iterator[str]:
    return (path[:end] for end, character in enumerate(path) if character == "/")


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
