"""Hashing: every byte once and in order, with ranges ahead whose number and length follow what is seen."""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from registration.artifacts.hashing import DEEPEST, LONGEST, SHORTEST, SLOW_SECONDS, Pace, pieces, sha256
from registration.artifacts.reader import Traffic
from registration.errors import ArtifactChangedError
from tests.fakes import MemoryStore
from tests.scanning import HERE, some_bytes

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
    assert (traffic.bytes, traffic.requests) == (len(LARGE), 6)


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


def test_a_file_written_meanwhile_is_not_hashed_on() -> None:
    store = MemoryStore()
    files = stored(store, model=LARGE)
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
    """A line that gives each range `each` bytes a second, and all together `most`."""

    each: float
    most: float
    now: float = 0.0

    def run(self, rounds: int) -> Pace:
        """A pace that has read over this line for a while."""
        pace = Pace(seconds=lambda: self.now)
        for _ in range(rounds * 2 * DEEPEST):
            self.now += pace.length / min(self.each * pace.depth, self.most)
            pace.took(pace.length, seconds=pace.length / self.each)
        return pace


@pytest.mark.parametrize(("each", "most", "depth"), [(80e6, 1e12, 8), (2e9, 2e9, 2), (80e6, 330e6, 4)])
def test_reading_goes_as_deep_as_makes_it_faster(each: float, most: float, depth: int) -> None:
    assert Line(each, most).run(9).depth == depth


def test_ranges_that_take_long_become_shorter() -> None:
    assert Line(LONGEST / SLOW_SECONDS / 3, 1e12).run(9).length == LONGEST // 4
    assert Line(1000, 1e12).run(9).length == SHORTEST
