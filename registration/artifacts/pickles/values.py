"""A value: what the scan knows of one thing that loading a pickle would have on its stack.

Very little is kept, so that a scan fits in little memory whatever the pickle holds:

- `None`: something without names or parts, a number or bytes;
- `bytes`: text of at most 255 bytes, as UTF-8, for it may become a name;
- `Global`: what a module and a name refer to;
- `Ref`: something that can change, or that a call made; its size is in `sizes.Sizes`;
- a `tuple` of its size, its items if they are few, and how deep they are: a tuple that was just made;
- `float`: the size of a tuple or frozenset that something else may refer to as well;
- `int` and `Data`: a whole number and short bytes, where arrays need them;
- `Unknown`: something that was not kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Unknown(Enum):
    """Why nothing is known of a value."""

    LONG = "text of more than 255 bytes"
    LOST = "more values than the scan remembers"


class Data(bytes):
    """At most 255 bytes that are no text."""

    __slots__ = ()


class Ref(int):
    """The number of something that can change after it was made."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Global:
    """A name in a module. `uses` says what the profile lets a pickle do with it; empty if it does not list it.

    `is_plain` says that calls of it need no second look, at their arguments or at what they make.
    """

    module: str
    name: str
    uses: frozenset[str]
    number: int
    is_plain: bool = True

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


type Fresh = tuple[float, tuple[Value, ...] | None, int]
type Value = bytes | Global | Ref | Fresh | float | int | Data | Unknown | None

NAME = 255  # bytes; no longer text is kept
SHORT = 10  # items; of no longer tuple are the items kept
DEEP = 3  # tuples inside each other; of those further in only the size is kept


def items_of(value: Value) -> tuple[Value, ...] | None:
    """The items of a tuple that was just made, if it is short."""
    return value[1] if isinstance(value, tuple) else None
