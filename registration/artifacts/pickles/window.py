"""A window: the bytes around the next opcode, and enough of what follows to read any short operand without looking.

Windows end where blocks of the reader do, so that going on costs one block. What is skipped is never read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registration.artifacts.reader import Reader

BLOCK = 64 * 1024
AHEAD = 2048  # longer than any opcode with the operands that are looked at
_END = bytes(AHEAD)  # no opcode is zero


class Window:
    """`data[pos]` is the byte at `start + pos` of the reader. Opcodes may begin before `limit`, and only there."""

    __slots__ = ("_reader", "data", "limit", "start")

    def __init__(self, reader: Reader, offset: int) -> None:
        self._reader = reader
        self.move(offset)

    def move(self, offset: int) -> None:
        """Begin at `offset`; `limit` is 0 if there is nothing any more."""
        length = BLOCK - offset % BLOCK
        length += BLOCK if length <= 2 * AHEAD else 0
        self.start = offset
        data = self._reader.read(offset, length)
        if len(data) < length:
            self.limit = len(data)
            self.data = data + _END
        else:
            self.limit = length - AHEAD
            self.data = data

    def line_end(self, pos: int) -> int:
        r"""Where the next `\n` from `pos` on is, counted like `pos`; -1 if there is none. Reads on in blocks."""
        found = self.data.find(b"\n", pos)
        offset = self.start + len(self.data)
        while found < 0 and (data := self._reader.read(offset, BLOCK)):
            found = data.find(b"\n")
            if found >= 0:
                return offset + found - self.start
            offset += len(data)
        return found
