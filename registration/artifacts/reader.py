"""A reader: random access to the bytes of one file, of a part of it, or of something in memory.

Formats read through it and never know where the bytes lie. Nothing is read that nobody asks for, apart from what lies
next to it: a read of a blob costs a request, so a window is fetched rather than a byte.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.artifacts.ahead import NEAR, Ahead, Span, straight_on, together
from registration.artifacts.cache import Cache
from registration.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registration.artifacts.store import Files, StoredFile
    from registration.errors import UnreadableError

LONGEST_READ = 8 * 1024 * 1024  # bytes; a format that needs more reads a stream
WINDOW = 64 * 1024
WHOLE = 4 * 1024 * 1024  # a file up to this size is one request
HEAD_WINDOWS = 2
TAIL_WINDOWS = 3  # room for the central directory of a zip with a thousand members
MOST_AHEAD = 64  # windows in one request of a reader that goes straight on: 4 MiB
KEPT = 64  # windows: 4 MiB, two of the longest spans that are fetched ahead, as readers step back over a border
STEADY = 5  # windows lacking one after the other, each near the one before, until a reader is taken to go straight on


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

    def expect(self, looks: Iterable[tuple[int, int]]) -> None:  # noqa: B027 - who has the bytes need not be told
        """Be told of (offset, length) that will be read, in that order, so that they may be fetched together."""

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
    are needed, and more of them at a time for as long as reading goes straight on. Who goes on so, over small gaps or
    none, gets the next windows fetched ahead, and so does who said what to expect. `close` ends that.
    """

    def __init__(self, store: Files, file: StoredFile, *, traffic: Traffic) -> None:
        self.path = file.path
        self._store = store
        self._file = file
        self._traffic = traffic
        self._cache = Cache(KEPT)
        self._last = max(file.size - 1, 0) // WINDOW
        self._next = -1  # the window that a reader who goes straight on lacks next
        self._count = 1  # of windows in the last request
        self._steps = 0
        self._flow: Ahead | None = None
        self._plan: Ahead | None = None
        self._is_closed = False

    @property
    def size(self) -> int:
        """How many bytes the file had when it was listed."""
        return self._file.size

    def expect(self, looks: Iterable[tuple[int, int]]) -> None:
        """Fetch these ahead, from now on; what was expected before is forgotten."""
        if self.size > WHOLE and not self._is_closed:
            self._stop(self._plan)
            spans = (_windows(*look) for look in looks if 0 <= look[0] < sum(look) <= self.size)
            self._plan = Ahead(self._load, together(span for span in spans if not self._has(span)))

    def close(self) -> None:
        """Fetch nothing ahead any more; it can still be read."""
        self._stop(self._plan)
        self._stop(self._flow)
        self._plan = self._flow = None
        self._is_closed = True

    def _read(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        self._open()
        data = self._from(offset, end)
        if len(data) == end - offset:
            return bytes(data)
        parts, at = [data], offset + len(data)
        while at < end and (data := self._from(at, end)):
            parts.append(data)
            at += len(data)
        return b"".join(parts)

    def _from(self, offset: int, end: int) -> memoryview:
        """The bytes from `offset` to `end`, or to where the span ends that they begin in."""
        number = offset // WINDOW
        span, data = self._cache.find(number) or self._fetch(number, (end - 1) // WINDOW)
        begin = span.first * WINDOW
        return memoryview(data)[offset - begin : end - begin]

    def _fetch(self, number: int, wanted: int) -> tuple[Span, bytes]:
        """The span with the window `number`, from what is on its way or with those up to `wanted` that are missing."""
        gap = number - self._next
        self._steps = self._steps + 1 if 0 <= gap <= NEAR else 0
        ahead = (self._plan.take(number) if self._plan else None) or self._flowing(number)
        span, data = ahead or self._asked(self._run(number, wanted, goes_on=not gap))
        self._next = span.end
        self._cache.add(span, data)
        return span, data

    def _flowing(self, number: int) -> tuple[Span, bytes] | None:
        """What is on its way, if reading goes straight on."""
        if self._steps < STEADY or self._is_closed:
            self._stop(self._flow)
            self._flow = None
            return None
        if self._flow is None:
            self._flow = Ahead(self._load, straight_on(number, self._last))
        return self._flow.take(number)

    def _run(self, number: int, wanted: int, *, goes_on: bool) -> Span:
        self._count = min(self._count * 2, MOST_AHEAD) if goes_on else 1
        end = number + 1
        most = min(self._last + 1, number + max(self._count, min(wanted - number + 1, MOST_AHEAD)))
        while end < most and end not in self._cache:
            end += 1
        return Span(number, end - number)

    def _open(self) -> None:
        if self._cache.windows:
            return
        if self.size <= WHOLE:
            self._cache.add(*self._asked(Span(0, self._last + 1)))
            return
        tail = Span(self._last + 1 - TAIL_WINDOWS, TAIL_WINDOWS)
        with ThreadPoolExecutor(1) as beside:
            fetched = beside.submit(self._load, tail)
            head = self._load(Span(0, HEAD_WINDOWS))
            self._cache.add(tail, fetched.result())
        self._cache.add(Span(0, HEAD_WINDOWS), head)
        self._next = HEAD_WINDOWS

    def _has(self, span: Span) -> bool:
        return all(number in self._cache for number in range(span.first, span.end))

    def _asked(self, span: Span) -> tuple[Span, bytes]:
        return span, self._load(span)

    def _load(self, span: Span) -> bytes:
        data = self._store.range(self._file, offset=span.first * WINDOW, length=span.windows * WINDOW)
        self._traffic.add(len(data))
        return data

    @staticmethod
    def _stop(ahead: Ahead | None) -> None:
        if ahead is not None:
            ahead.stop()


def _windows(offset: int, length: int) -> Span:
    first = offset // WINDOW
    return Span(first, (offset + length - 1) // WINDOW + 1 - first)
