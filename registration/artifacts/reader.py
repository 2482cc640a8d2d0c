"""A reader: random access to the bytes of one file, of a part of it, or of something in memory.

Formats read through it and never know where the bytes lie. Nothing is read that nobody asks for, apart from what lies
next to it: a read of a blob costs a request, so a window is fetched rather than a byte.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.errors import TooLargeError

if TYPE_CHECKING:
    from registration.artifacts.store import Files, StoredFile
    from registration.errors import UnreadableError

LONGEST_READ = 8 * 1024 * 1024  # bytes; a format that needs more reads a stream
WINDOW = 64 * 1024
WHOLE = 4 * 1024 * 1024  # a file up to this size is one request
HEAD_WINDOWS = 2
TAIL_WINDOWS = 3  # room for the central directory of a zip with a thousand members
MOST_AHEAD = 64  # windows in one request of a reader that goes straight on: 4 MiB
KEPT = 96  # windows: 6 MiB


class Reader(ABC):
    """`path` is the file, as findings name it."""

    path: str

    @property
    @abstractmethod
    def size(self) -> int:
        """How many bytes there are. Costs nothing if `is_sized`, else everything is read once to count."""

    @property
    def is_sized(self) -> bool:
        """Whether the size is known without reading."""
        return True

    @property
    def is_ranged(self) -> bool:
        """Whether any byte can be read without those before it."""
        return True

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset` on, fewer only where the bytes end.

        Raises `TooLargeError` for more than 8 MiB at once: no length that a file states is trusted with memory.
        """
        if length > LONGEST_READ:
            raise TooLargeError("scan.too_large", f"{length} bytes would have to be held at once", offset=offset)
        return self._read(offset, length) if offset >= 0 and length > 0 else b""

    def reaches(self, offset: int) -> bool:
        """Whether there are at least `offset` bytes."""
        return offset <= self.size

    @property
    def complaint(self) -> UnreadableError | None:
        """What is wrong with the bytes read so far, if reading them did not raise it."""
        return None

    @abstractmethod
    def _read(self, offset: int, length: int) -> bytes: ...


class Memory(Reader):
    """Bytes that are at hand."""

    def __init__(self, data: bytes, path: str = "") -> None:
        self.path = path
        self._data = data

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._data)

    def _read(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


class Part(Reader):
    """`length` bytes of another reader from `offset` on, cut short where that one is known to end."""

    def __init__(self, whole: Reader, offset: int, length: int) -> None:
        self.path = whole.path
        self._whole = whole
        self._offset = offset
        self._size = max(0, min(length, whole.size - offset)) if whole.is_sized else length

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._size

    @property
    def is_ranged(self) -> bool:
        """As the whole."""
        return self._whole.is_ranged

    def _read(self, offset: int, length: int) -> bytes:
        return self._whole.read(self._offset + offset, min(length, self._size - offset))


@dataclass
class Traffic:
    """What reading has cost so far, of all readers that share it."""

    bytes: int = 0
    requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, count: int) -> None:
        """One request that brought `count` bytes."""
        with self._lock:
            self.bytes += count
            self.requests += 1


class Pinned(Reader):
    """A stored file under the ETag it was listed with; reading raises `ArtifactChangedError` and `UnavailableError`.

    A small file is fetched whole, of a large one the head and the tail at once. After that windows are fetched as they
    are needed, and more of them at a time for as long as reading goes straight on.
    """

    def __init__(self, store: Files, file: StoredFile, *, traffic: Traffic) -> None:
        self.path = file.path
        self._store = store
        self._file = file
        self._traffic = traffic
        self._windows: OrderedDict[int, bytes] = OrderedDict()
        self._last = max(file.size - 1, 0) // WINDOW
        self._next = -1  # the window that a reader who goes straight on lacks next
        self._ahead = 1

    @property
    def size(self) -> int:
        """How many bytes the file had when it was listed."""
        return self._file.size

    def _read(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        self._open()
        first, last = offset // WINDOW, (end - 1) // WINDOW
        if first == last:
            return self._window(first, last)[offset - first * WINDOW : end - first * WINDOW]
        data = b"".join(self._window(number, last) for number in range(first, last + 1))
        return data[offset - first * WINDOW : end - first * WINDOW]

    def _window(self, number: int, wanted: int) -> bytes:
        """One window, from what is at hand or with those up to `wanted` that are missing as well."""
        found = self._windows.get(number)
        if found is None:
            self._fetch(number, self._run(number, wanted))
            found = self._windows[number]
        self._windows.move_to_end(number)
        return found

    def _run(self, number: int, wanted: int) -> int:
        self._ahead = min(self._ahead * 2, MOST_AHEAD) if number == self._next else 1
        end = number + 1
        most = min(self._last + 1, number + max(self._ahead, min(wanted - number + 1, MOST_AHEAD)))
        while end < most and end not in self._windows:
            end += 1
        self._next = end
        return end - number

    def _open(self) -> None:
        if self._windows:
            return
        if self.size <= WHOLE:
            self._fetch(0, self._last + 1)
            return
        tail = self._last + 1 - TAIL_WINDOWS
        with ThreadPoolExecutor(1) as beside:
            fetched = beside.submit(self._load, tail, TAIL_WINDOWS)
            head = self._load(0, HEAD_WINDOWS)
            self._keep(tail, fetched.result())
        self._keep(0, head)
        self._next = HEAD_WINDOWS

    def _fetch(self, number: int, count: int) -> None:
        self._keep(number, self._load(number, count))

    def _load(self, number: int, count: int) -> bytes:
        data = self._store.range(self._file, offset=number * WINDOW, length=count * WINDOW)
        self._traffic.add(len(data))
        return data

    def _keep(self, number: int, data: bytes) -> None:
        for start in range(0, len(data), WINDOW):
            self._windows[number + start // WINDOW] = data[start : start + WINDOW]
        while len(self._windows) > KEPT:
            self._windows.popitem(last=False)
