"""What comes out of packed bytes, as a reader: unpacked as it is asked for, in bounded memory, and never kept.

Going forward costs one pass. Going back further than a short history unpacks from the start again; the tally bounds
that, since every byte that comes out counts, however often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.reader import Reader
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HISTORY = 256 * 1024


class Unpacked(Reader):
    """`pieces` begins to unpack each time it is called; `size` is None until somebody has seen the end.

    Bytes that come out before damage are given like all others: what reads the file would get them too. Who asks for
    more gets the `UnreadableError`.
    """

    def __init__(self, pieces: Callable[[], Iterator[bytes]], path: str, *, size: int | None = None) -> None:
        self.path = path
        self._pieces = pieces
        self._size = size
        self._source: Iterator[bytes] = iter(())
        self._broken: UnreadableError | None = None
        self._is_told = False
        self._head = b""
        self._buffer = bytearray()
        self._start: int | None = None  # where the buffer begins; None before the first piece

    @property
    def size(self) -> int:
        """How many bytes there are; unpacks everything once if nobody knows yet."""
        if self._size is None:
            self._reach(None)
        return self._end if self._size is None else self._size

    @property
    def is_sized(self) -> bool:
        """Whether the size is known without unpacking."""
        return self._size is not None

    @property
    def is_ranged(self) -> bool:
        """Never: what is unpacked comes in order."""
        return False

    def reaches(self, offset: int) -> bool:
        """Whether there are at least `offset` bytes; unpacks as far as that."""
        return offset <= self._size if self._size is not None else offset <= 0 or bool(self._read(offset - 1, 1))

    def drain(self) -> None:
        """Unpack what nobody asked for, so that damage comes to light."""
        if not self._is_told:
            self._reach(None)

    @property
    def complaint(self) -> UnreadableError | None:
        """The damage that came to light and was not asked for."""
        return None if self._is_told else self._broken

    @property
    def _end(self) -> int:
        return (self._start or 0) + len(self._buffer)

    def _read(self, offset: int, length: int) -> bytes:
        if offset + length <= len(self._head):
            return self._head[offset : offset + length]
        if self._start is not None and offset < self._start:
            self._start, self._broken = None, None
        self._reach(offset, length)
        begin = offset - (self._start or 0)
        if begin >= len(self._buffer) and self._broken is not None:
            self._is_told = True
            raise self._broken
        return bytes(self._buffer[begin : begin + length])

    def _reach(self, offset: int | None, length: int = 0) -> None:
        """Unpack until `offset` + `length`, or to the end; forget what lies too far before `offset`."""
        if self._start is None:
            self._source, self._start = self._pieces(), 0
            self._buffer.clear()
        while self._broken is None and (offset is None or self._end < offset + length):
            piece = self._next()
            if piece is None:
                break
            self._take(piece, self._end if offset is None else offset)

    def _next(self) -> bytes | None:
        try:
            piece = next(self._source, None)
        except UnreadableError as broken:
            self._broken, piece = broken, None
        if piece is None and self._size is None:
            self._size = self._end
        return piece

    def _take(self, piece: bytes, offset: int) -> None:
        self._buffer += piece
        start = self._start or 0
        if not start and len(self._head) < HISTORY:
            self._head = bytes(self._buffer[:HISTORY])
        spare = min(offset, self._end) - start - HISTORY
        if spare > HISTORY:
            del self._buffer[:spare]
            self._start = start + spare
