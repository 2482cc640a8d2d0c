"""A stream: the bytes of a reader from front to back, in bounded memory, for formats that have no index."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registration.artifacts.reader import Reader

BLOCK = 64 * 1024


class Stream:
    """Reads `reader` from `offset` on. What is skipped is not fetched, if the reader can do without."""

    def __init__(self, reader: Reader, *, offset: int = 0) -> None:
        self.reader = reader
        self._start = offset  # where the block lies in the reader
        self._block = b""
        self._at = 0  # where the next byte lies in the block

    def tell(self) -> int:
        """The offset of the next byte in the reader."""
        return self._start + self._at

    def read(self, length: int) -> bytes:
        """The next `length` bytes, fewer only at the end; raises `TooLargeError` for more than 8 MiB."""
        end = self._at + length
        if end > len(self._block):
            return self._read_on(length)
        data = self._block[self._at : end]
        self._at = end
        return data

    def byte(self) -> int:
        """The next byte, or -1 at the end."""
        if self._at == len(self._block):
            self._go_to(self.tell(), least=1)
        if self._at == len(self._block):
            return -1
        self._at += 1
        return self._block[self._at - 1]

    @property
    def goes_on(self) -> bool:
        """Whether there is another byte."""
        return self._at < len(self._block) or bool(self.peek())

    def peek(self) -> bytes:
        """What is at hand, without moving: a byte or more, none only at the end."""
        if self._at == len(self._block):
            self._go_to(self.tell(), least=1)
        return self._block[self._at :] if self._at else self._block

    def readline(self, limit: int) -> bytes:
        r"""The next bytes up to and with `\n`; without one, at most `limit` bytes, or what is left."""
        found = self._block.find(b"\n", self._at, self._at + limit)
        if found < 0:
            if len(self._block) - self._at < limit:
                return self._readline_on(limit)
            found = self._at + limit - 1
        return self.read(found + 1 - self._at)

    def skip(self, length: int) -> int:
        """Go on by `length` bytes, or to the end; how many it were."""
        here = self.tell()
        if self._at + length <= len(self._block):
            self._at += length
            return length
        there = here + length if self.reader.reaches(here + length) else max(here, self.reader.size)
        self._start, self._block, self._at = there, b"", 0
        return there - here

    def _read_on(self, length: int) -> bytes:
        here = self.tell()
        if length > BLOCK:
            data = self.reader.read(here, length)
            self._start, self._block, self._at = here + len(data), b"", 0
            return data
        self._go_to(here, least=length)
        data = self._block[:length]
        self._at = len(data)
        return data

    def _readline_on(self, limit: int) -> bytes:
        line = b""
        while len(line) < limit and (near := self.peek()):
            found = near.find(b"\n", 0, limit - len(line))
            if found >= 0:
                return line + self.read(found + 1)
            line += self.read(min(len(near), limit - len(line)))
        return line

    def _go_to(self, offset: int, *, least: int) -> None:
        # Up to the next multiple: a block across two windows of the reader would fetch both.
        near = BLOCK - offset % BLOCK
        self._start, self._block, self._at = offset, self.reader.read(offset, near if near >= least else BLOCK), 0
