"""Hashing: every byte of an artifact once, with the next ranges on their way while one is added up.

How many ranges are on their way, and how long they are, follows from what is seen: more for as long as that makes
reading faster, shorter ones where a single range takes long. Memory is bounded by the deepest such queue, 64 MiB.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.artifacts.reader import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from registration.artifacts.store import Files, StoredFile

LONGEST = 8 * 1024 * 1024  # bytes of a range: what the Azure client reads in one request
SHORTEST = 1024 * 1024
SHALLOWEST, DEEPEST = 2, 8  # ranges on their way at once
SLOW_SECONDS = 4.0  # a range that takes longer is too long for this line
GAIN = 1.1  # reading deeper is worth it if it is a tenth faster


@dataclass(frozen=True)
class Piece:
    """One range of a file, in order; `is_last` says that the file ends with it. An empty file is one empty piece."""

    file: StoredFile
    offset: int
    data: bytes

    @property
    def is_last(self) -> bool:
        """Whether the file ends here."""
        return self.offset + len(self.data) >= self.file.size

    @property
    def is_whole(self) -> bool:
        """Whether this is all of the file."""
        return self.offset == 0 and self.is_last


@dataclass
class Pace:
    """How deep and how long the ranges are, learned from the rounds that were read; `seconds` is any steady clock."""

    seconds: Callable[[], float] = time.monotonic
    depth: int = 4
    length: int = LONGEST
    _rates: dict[int, float] = field(default_factory=dict)
    _begun: float | None = None
    _bytes: int = 0
    _pieces: int = 0

    def took(self, count: int, *, seconds: float) -> None:
        """A range of `count` bytes has been read and took `seconds` by itself."""
        if seconds > SLOW_SECONDS:
            self.length = max(SHORTEST, self.length // 2)
        if self._begun is None:
            self._begun = self.seconds()  # a round begins behind what was on its way before
            return
        self._bytes += count
        self._pieces += 1
        if self._pieces >= self.depth:
            self._judge(self.seconds() - self._begun)

    def _judge(self, elapsed: float) -> None:
        """After a round: try what is deeper, then what is shallower, and stay where more is not worth it."""
        rate = self._rates[self.depth] = self._bytes / max(elapsed, 1e-6)
        deeper, shallower = min(2 * self.depth, DEEPEST), max(self.depth // 2, SHALLOWEST)
        if deeper not in self._rates or self._rates[deeper] >= GAIN * rate:
            self.depth = deeper
        elif shallower not in self._rates or rate < GAIN * self._rates[shallower]:
            self.depth = shallower
        self._begun, self._bytes, self._pieces = None, 0, 0


def pieces(store: Files, files: Iterable[StoredFile], *, traffic: Traffic) -> Iterator[Piece]:
    """Every byte of `files`, file by file and in order.

    Raises `ArtifactChangedError` when a file is written meanwhile, and `UnavailableError`. Nothing is left running
    when it raises or is closed.
    """
    pace = Pace()
    ahead: deque[tuple[StoredFile, int, Future[tuple[bytes, float]]]] = deque()
    wanted = _wanted(files, pace)
    with ThreadPoolExecutor(DEEPEST) as threads:
        try:
            while True:
                while len(ahead) < pace.depth and (ask := next(wanted, None)) is not None:
                    file, offset, length = ask
                    ahead.append((file, offset, threads.submit(_read, store, file, offset, length)))
                if not ahead:
                    return
                file, offset, answer = ahead.popleft()
                data, seconds = answer.result()
                if data:
                    traffic.add(len(data))
                    pace.took(len(data), seconds=seconds)
                yield Piece(file, offset, data)
        finally:
            for _, _, answer in ahead:
                answer.cancel()


def sha256(store: Files, file: StoredFile, *, traffic: Traffic | None = None) -> str:
    """The sha256 of one file in hexadecimal; raises as `pieces` does."""
    total = hashlib.sha256()
    for piece in pieces(store, (file,), traffic=traffic or Traffic()):
        total.update(piece.data)
    return total.hexdigest()


def _wanted(files: Iterable[StoredFile], pace: Pace) -> Iterator[tuple[StoredFile, int, int]]:
    for file in files:
        offset = 0
        while offset < file.size or not offset:
            length = min(pace.length, file.size - offset)
            yield file, offset, length
            offset += max(length, 1)


def _read(store: Files, file: StoredFile, offset: int, length: int) -> tuple[bytes, float]:
    begun = time.monotonic()
    return store.range(file, offset=offset, length=length), time.monotonic() - begun
