"""Hashing: every byte of an artifact once, with the next ranges on their way while one is added up.

How many ranges are on their way, and how long they are, follows from what is seen: fewer for as long as that makes
reading no slower, shorter ones where a single range takes long. At most 64 MiB are on their way, beside the range that
is in use.
"""

from __future__ import annotations

import hashlib
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from registration.artifacts.reader import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from registration.artifacts.store import Files, StoredFile

LONGEST = 8 * 1024 * 1024  # bytes of a range: what the Azure client reads in one request
SHORTEST = 1024 * 1024
# What is too little for full ranges is read in as many as may be on their way, each of so many bytes at least.
SHARE = 2 * 1024 * 1024
ON_THE_WAY = 64 * 1024 * 1024  # bytes, at most
SLOW_SECONDS = 4.0  # a range that takes longer is too long for this line
GAIN = 1.1  # reading deeper is worth it if it is a tenth faster


class Step(NamedTuple):
    """So many ranges on their way at once, each so many bytes long."""

    depth: int
    length: int


# A request costs the client about 2 ms of CPU time, so on a fast line few long ranges are best. Where each connection
# has a limit, or the first byte a latency, more of them are; shorter, they need no more memory. The deepest step comes
# first: to begin shallow would cost a slow line more than to begin deep costs a fast one.
STEPS = (Step(2, LONGEST), Step(4, LONGEST), Step(8, LONGEST), Step(12, 5 * 1024 * 1024))
DEEPEST = STEPS[-1].depth
ROUND = 4  # ranges, at least, by which a step is judged


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
    """Which step is taken, learned from the rounds that were read; `seconds` is any steady clock."""

    seconds: Callable[[], float] = time.monotonic
    longest: int = LONGEST  # bytes that this line brings in time
    _step: int = len(STEPS) - 1
    _rates: dict[int, float] = field(default_factory=dict)  # bytes a second, the most that each step has shown
    _before: int = DEEPEST  # ranges still to come that tell nothing: asked for before this step, or to open connections
    _quickest: float = float("inf")  # seconds that a byte took of the range that came fastest
    _begun: float | None = None
    _bytes: int = 0
    _pieces: int = 0

    @property
    def depth(self) -> int:
        """How many ranges may be on their way."""
        return STEPS[self._step].depth

    @property
    def length(self) -> int:
        """How long a range is."""
        return min(STEPS[self._step].length, self.longest)

    def took(self, count: int, *, seconds: float) -> None:
        """A range of `count` bytes has been read and took `seconds` by itself."""
        self._quickest = min(self._quickest, seconds / count)
        if seconds > SLOW_SECONDS:
            self.longest = max(SHORTEST, self.longest // 2)
        if self._before:
            self._before -= 1
            return
        if self._begun is None:
            self._begun = self.seconds()  # a round begins behind what was on its way before
            return
        self._bytes += count
        self._pieces += 1
        if self._pieces >= max(self.depth, ROUND):
            self._judge(self._bytes / max(self.seconds() - self._begun, 1e-6))

    def _judge(self, rate: float) -> None:
        """After a round: go to the shallowest step that is worth it, or try the one below all that were tried.

        Not if it cannot be: connections that each bring no more than they ever did would be too few.
        """
        before, rates = self._step, self._rates
        # What else the machine does makes a round slower and never faster, so the best one tells most.
        rates[before] = max(rate, rates.get(before, 0.0))
        self._step = min(step for step in rates if GAIN * rates[step] > max(rates.values()))
        below = max(self._step - 1, 0)
        if self._step == min(rates) and GAIN * STEPS[below].depth > self._quickest * max(rates.values()):
            self._step = below
        self._before = STEPS[before].depth - 1 if self._step != before else 0
        self._begun, self._bytes, self._pieces = None, 0, 0


def pieces(store: Files, files: Iterable[StoredFile], *, traffic: Traffic) -> Iterator[Piece]:
    """Every byte of `files`, file by file and in order.

    Raises `ArtifactChangedError` when a file is written meanwhile, and `UnavailableError`. Nothing is left running
    when it raises or is closed.
    """
    pace = Pace()
    asks = _asks(tuple(files), pace)
    ask, piece = next(asks, None), None
    ahead: deque[tuple[_Ask, Future[tuple[bytes, float]]]] = deque()
    with ThreadPoolExecutor(DEEPEST) as threads:
        try:
            while ask or ahead or piece:
                # Asked for before the last piece is handed out, so that the line is busy while that one is used.
                while (
                    ask and len(ahead) < pace.depth and sum(each.length for each, _ in ahead) + ask.length <= ON_THE_WAY
                ):
                    ahead.append((ask, threads.submit(_read, store, ask)))
                    ask = next(asks, None)
                if piece:
                    yield piece
                piece = _arrived(*ahead.popleft(), pace, traffic) if ahead else None
        finally:
            for _, answer in ahead:
                answer.cancel()


def sha256(store: Files, file: StoredFile, *, traffic: Traffic | None = None) -> str:
    """The sha256 of one file in hexadecimal; raises as `pieces` does."""
    total = hashlib.sha256()
    for piece in pieces(store, (file,), traffic=traffic or Traffic()):
        total.update(piece.data)
    return total.hexdigest()


class _Ask(NamedTuple):
    file: StoredFile
    offset: int
    length: int


def _asks(files: tuple[StoredFile, ...], pace: Pace) -> Iterator[_Ask]:
    share = max(SHARE, -(-sum(file.size for file in files) // pace.depth))
    for file in files:
        offset = 0
        while offset < file.size or not offset:
            length = file.size if file.size <= pace.longest else min(pace.length, share, file.size - offset)
            yield _Ask(file, offset, length)
            offset += max(length, 1)


def _read(store: Files, ask: _Ask) -> tuple[bytes, float]:
    begun = time.monotonic()
    return store.range(ask.file, offset=ask.offset, length=ask.length), time.monotonic() - begun


def _arrived(ask: _Ask, answer: Future[tuple[bytes, float]], pace: Pace, traffic: Traffic) -> Piece:
    data, seconds = answer.result()
    if data:
        traffic.add(len(data))
        pace.took(len(data), seconds=seconds)
    return Piece(ask.file, ask.offset, data)
