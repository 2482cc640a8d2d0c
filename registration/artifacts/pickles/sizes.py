"""Sizes: how large the things that a pickle builds would be if nothing in them were shared.

A few hundred bytes can build a structure that is small in memory and endless to whoever walks it, such as a hash or a
comparison: each level holds the one below it twice. Sizes are added up while the structure is built, never by walking.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from registration.artifacts.pickles.values import DEEP, SHORT, Ref

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registration.artifacts.pickles.values import Fresh, Value

LEAST = 2.0**24
MOST = 2.0**28  # also what the memo can hold
PER_OPCODE = 64
# Each of these can double what lies above it after that was counted, so about 2**20 is the most that goes unseen.
LATE = 20


class Sizes:
    """One for each pickle. `late` counts shared things that were put into others which were already part of something.

    Their sizes cannot be added up in order. Picklers fill a thing before they put it anywhere, unless it holds itself.
    """

    __slots__ = ("_placed", "_sizes", "largest", "late")

    def __init__(self) -> None:
        self._sizes = array("d")
        self._placed = bytearray()
        self.largest = 0.0
        self.late = 0

    def __len__(self) -> int:
        return len(self._sizes)

    def is_bomb(self, opcodes: int) -> bool:
        """Whether something is out of all proportion to the opcodes that made it."""
        return self.largest > min(max(LEAST, PER_OPCODE * opcodes), MOST) or self.late > LATE

    def make(self, items: Sequence[Value] = ()) -> Ref:
        """Something new that holds `items`."""
        size = 1.0 + self._sum(items, 0) if items else 1.0
        made = Ref(len(self._sizes))
        self._sizes.append(size)
        self._placed.append(0)
        self.largest = max(self.largest, size)
        return made

    def result(self, given: Value) -> Ref:
        """What a call with these arguments makes."""
        if not isinstance(given, tuple):
            return self.make((given,))
        made = Ref(len(self._sizes))
        self._sizes.append(2.0 + given[0])
        self._placed.append(0)
        return made

    def grow(self, ref: Ref, items: Sequence[Value]) -> None:
        """Put `items` into what `ref` stands for."""
        self._sizes[ref] = size = self._sizes[ref] + self._sum(items, self._placed[ref])
        self.largest = max(self.largest, size)

    def fresh(self, items: Sequence[Value]) -> Fresh:
        """A new tuple of `items`. Of long and deep ones only the size is kept."""
        total, depth = 1.0 + len(items), 0
        for item in items:
            if item is None or type(item) is bytes:
                continue
            if isinstance(item, tuple):
                total += item[0]
                if item[2] >= depth:
                    depth = item[2] + 1
            else:
                total += self._more(item, 0)
        self.largest = max(self.largest, total)
        if len(items) > SHORT:
            return total, None, 0
        return (total, tuple(items), depth) if depth < DEEP else (total, _shallow(items), 1)

    def _sum(self, items: Sequence[Value], late: int) -> float:
        total = float(len(items))
        for item in items:
            if item is None or type(item) is bytes:
                continue
            total += item[0] if isinstance(item, tuple) else self._more(item, late)
        return total

    def _more(self, item: Value, late: int) -> float:
        if isinstance(item, Ref):
            self.late += late & self._placed[item]
            self._placed[item] = 1
            return self._sizes[item]
        if isinstance(item, float):
            self.late += late
            return item
        return 0.0


def _shallow(items: Sequence[Value]) -> tuple[Value, ...]:
    return tuple((item[0], None, 0) if isinstance(item, tuple) and item[2] else item for item in items)
