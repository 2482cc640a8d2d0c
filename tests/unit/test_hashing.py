"""Hashing: every byte once and in order, with ranges ahead whose number and length follow what is seen."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from registration.artifacts.hashing import (
    DEEPEST,
    LONGEST,
    ON_THE_WAY,
    SHARE,
    SHORTEST,
    SLOW_SECONDS,
    Pace,
    pieces,
    sha256,
)
from registration.artifacts.reader import Traffic
from registration.errors import ArtifactChangedError
from tests.fakes import MemoryStore
from tests.scanning import HERE, Zeros, some_bytes, zeros

if TYPE_CHECKING:
    from registration.artifacts.store import StoredFile

LARGE = some_bytes(5 * LONGEST + 3)


@dataclass
class Slow(MemoryStore):
    """Each range takes a little while, however many are asked for at once."""

    seconds: float = 0.01
    at_once: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def range(self, file: StoredFile, *, offset: int, length: int) -> bytes:
        with self.lock:
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        time.sleep(self.seconds)
        with self.lock:
            self.at_once -= 1
        return super().range(file, offset=offset, length=length)


def stored(store: MemoryStore, **files: bytes) -> tuple[StoredFile, ...]:
    for path, data in files.items():
        store.put(HERE / path, data)
    return tuple(store.files(HERE))


def test_a_file_is_hashed_across_its_pieces() -> None:
    store, traffic = MemoryStore(), Traffic()
    (file,) = stored(store, model=LARGE)

    assert sha256(store, file, traffic=traffic) == hashlib.sha256(LARGE).hexdigest()
    assert (traffic.bytes, traffic.requests) == (len(LARGE), DEEPEST)


def test_every_file_comes_whole_and_in_order() -> None:
    store = MemoryStore()
    content = {"a": b"", "b": LARGE, "c": b"1", "d": b""}
    files = stored(store, **content)

    read = list(pieces(store, files, traffic=Traffic()))

    for file in files:
        assert b"".join(piece.data for piece in read if piece.file == file) == content[file.path]
    assert [piece.file.path for piece in read if piece.is_last] == ["a", "b", "c", "d"]
    assert [piece.file.path for piece in read if piece.is_whole] == ["a", "c", "d"]


def test_ranges_are_on_their_way_while_one_is_used_and_never_too_many() -> None:
    store = Slow()
    files = stored(store, **{f"{number:02}": b"x" for number in range(60)})

    assert len(list(pieces(store, files, traffic=Traffic()))) == 60

    assert 1 < store.most <= DEEPEST


def test_however_deep_it_reads_the_bytes_on_their_way_are_bounded() -> None:
    store = Zeros()
    files = [zeros(ON_THE_WAY * 5), *(zeros(LONGEST, f"{number}") for number in range(20))]

    total = sum(len(piece.data) for piece in pieces(store, files, traffic=Traffic()))

    assert total == sum(file.size for file in files)
    assert LONGEST < store.most <= ON_THE_WAY


def test_the_line_is_busy_while_a_piece_is_used() -> None:
    store = Zeros()
    reading = pieces(store, [zeros(ON_THE_WAY * 3)], traffic=Traffic())

    next(reading)

    deadline = time.monotonic() + 5
    while len(store.lengths) < DEEPEST + 1 and time.monotonic() < deadline:
        time.sleep(0.001)
    assert len(store.lengths) == DEEPEST + 1
    reading.close()  # type: ignore[attr-defined] # a generator


@pytest.mark.parametrize(("size", "requests"), [(LONGEST, 1), (LONGEST + 1, 5), (5 * LONGEST, 12), (20 * LONGEST, 20)])
def test_what_is_too_little_for_full_ranges_is_shared_out(size: int, requests: int) -> None:
    traffic = Traffic()

    lengths = [len(piece.data) for piece in pieces(Zeros(seconds=0), [zeros(size)], traffic=traffic)]

    assert sum(lengths) == size
    assert len(lengths) == traffic.requests >= requests
    assert min(lengths[:-1], default=SHARE) >= SHARE


def test_a_file_of_one_range_comes_whole_however_deep_the_others_are_read() -> None:
    files = [zeros(ON_THE_WAY * 3), zeros(LONGEST, "small")]

    read = list(pieces(Zeros(), files, traffic=Traffic()))

    assert [piece.file.path for piece in read if piece.is_whole] == ["small"]


def test_a_file_written_meanwhile_is_not_hashed_on() -> None:
    store = MemoryStore()
    files = stored(store, model=bytes(ON_THE_WAY + 3 * LONGEST))
    reading = pieces(store, files, traffic=Traffic())
    next(reading)
    store.put(HERE / "model", LARGE)

    with pytest.raises(ArtifactChangedError):
        list(reading)


def test_nothing_is_left_running_when_nobody_wants_more() -> None:
    before = threading.active_count()
    store = Slow()
    reading = pieces(store, stored(store, model=LARGE), traffic=Traffic())
    next(reading)

    reading.close()  # type: ignore[attr-defined] # a generator

    assert threading.active_count() == before


@dataclass
class Line:
    """A line that gives each range `each` bytes a second after `latency`, and all together `most`."""

    each: float
    most: float
    latency: float = 0.0
    now: float = 0.0

    def run(self, rounds: int) -> Pace:
        """A pace that has read over this line for a while."""
        pace = Pace(seconds=lambda: self.now)
        self.go_on(pace, rounds=rounds)
        return pace

    def go_on(self, pace: Pace, *, rounds: int) -> None:
        """Read on."""
        for _ in range(rounds * 2 * DEEPEST):
            alone = self.latency + pace.length / self.each
            self.now += max(alone / pace.depth, pace.length / self.most)
            pace.took(pace.length, seconds=alone)


@pytest.mark.parametrize(
    ("each", "most", "latency", "depth"),
    [(80e6, 1e12, 0.02, 12), (2e9, 2e9, 0, 2), (80e6, 330e6, 0, 4), (80e6, 500e6, 0.02, 8), (1e9, 1e9, 0.02, 4)],
)
def test_reading_goes_as_deep_as_makes_it_faster(each: float, most: float, latency: float, depth: int) -> None:
    assert Line(each, most, latency).run(9).depth == depth


def test_what_cannot_be_as_fast_is_not_tried() -> None:
    line, depths = Line(80e6, 1e12, 0.02), set()
    pace = line.run(0)

    for _ in range(9):
        line.go_on(pace, rounds=1)
        depths.add(pace.depth)

    assert depths == {DEEPEST}


def test_a_round_that_something_else_made_slow_changes_nothing() -> None:
    line = Line(80e6, 1e12, 0.02)
    pace = line.run(9)

    line.now += 10.0
    line.go_on(pace, rounds=1)

    assert pace.depth == DEEPEST


def test_ranges_that_take_long_become_shorter() -> None:
    assert Line(LONGEST / SLOW_SECONDS / 3, 1e12).run(9).length == LONGEST // 4
    assert Line(1000, 1e12).run(9).length == SHORTEST
