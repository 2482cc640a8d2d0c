"""A stored member of a zip, with its CRC added up while it is read."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from registration.artifacts.reader import Reader
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from registration.artifacts.reader import Part


class Summed(Reader):
    """A stored member; it complains when all of it has been read in order and its CRC is wrong."""

    def __init__(self, part: Part, crc: int) -> None:
        self.path = part.path
        self._part = part
        self._expected = crc
        self._crc = self._covered = 0
        self._last = b""  # covered and not yet added up: of most members only the head is read, and that for nothing

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._part.size

    @property
    def is_ranged(self) -> bool:
        """As the zip."""
        return self._part.is_ranged

    @property
    def complaint(self) -> UnreadableError | None:
        """That the CRC is wrong."""
        is_wrong = self._covered == self.size and zlib.crc32(self._last, self._crc) != self._expected
        return crc_differs() if is_wrong else None

    def _read(self, offset: int, length: int) -> bytes:
        data = self._part.read(offset, length)
        fresh = self._covered - offset
        if 0 <= fresh < len(data):
            self._crc, self._last = zlib.crc32(self._last, self._crc), data[fresh:]
            self._covered = offset + len(data)
        return data


def crc_differs() -> UnreadableError:
    """That a member's content is another one than its zip states."""
    return UnreadableError("zip.crc_differs", "the content is not the one whose CRC the zip states")
