"""Readers: any byte can be asked for, and what is fetched for it is told, bounded and pinned."""

from __future__ import annotations

import threading
from itertools import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.artifacts.ahead import DEEPEST, LONGEST, NEAR
from registration.artifacts.hashing import ON_THE_WAY
from registration.artifacts.reader import (
    HEAD_WINDOWS,
    KEPT,
    LONGEST_READ,
    STEADY,
    TAIL_WINDOWS,
    WHOLE,
    WINDOW,
    Memory,
    Part,
    Pinned,
    Reader,
    Traffic,
)
from registration.errors import ArtifactChangedError, TooLargeError
from tests.scanning import HERE, Zeros, pinned, some_bytes, zeros

LARGE = some_bytes(WHOLE + 40 * WINDOW + 17)
LONG = LARGE * 5
READS = st.lists(st.tuples(st.integers(-5, len(LARGE) + 5), st.integers(-1, 5 * WINDOW)), max_size=12)


@given(READS)
def test_a_pinned_file_gives_the_bytes_it_has(reads: list[tuple[int, int]]) -> None:
    reader, _, _ = pinned(LARGE)

    for offset, length in reads:
        expected = LARGE[offset : offset + length] if offset >= 0 and length > 0 else b""
        assert reader.read(offset, length) == expected


@pytest.mark.parametrize("size", [0, 1, WINDOW, WHOLE - 1, WHOLE])
def test_a_small_file_costs_one_request_at_most(size: int) -> None:
    reader, _, traffic = pinned(LARGE[:size])

    assert b"".join(reader.read(offset, WINDOW) for offset in range(0, WHOLE, WINDOW)) == LARGE[:size]
    assert (traffic.requests, traffic.bytes) == (1 if size else 0, size)


def test_of_a_large_file_head_and_tail_are_fetched_first() -> None:
    reader, store, traffic = pinned(LARGE)

    reader.read(0, 10)
    reader.read(len(LARGE) - WINDOW, WINDOW)

    tail = (len(LARGE) // WINDOW + 1 - TAIL_WINDOWS) * WINDOW
    assert sorted(store.ranges) == [(0, HEAD_WINDOWS * WINDOW), (tail, TAIL_WINDOWS * WINDOW)]
    assert traffic.requests == 2


def test_what_was_fetched_is_not_fetched_again() -> None:
    reader, _, traffic = pinned(LARGE)
    reader.read(20 * WINDOW, 1)
    before = traffic.requests

    reader.read(20 * WINDOW + 5, WINDOW - 5)

    assert traffic.requests == before


def test_going_straight_on_takes_ever_larger_requests() -> None:
    reader, store, _ = pinned(LARGE)

    for offset in range(0, len(LARGE), 1000):
        reader.read(offset, 1000)

    assert len(store.ranges) < 15
    assert sum(length for _, length in store.ranges) < len(LARGE) + 10 * WINDOW


def test_a_jump_fetches_one_window() -> None:
    reader, store, _ = pinned(LARGE)
    reader.read(0, 1)

    reader.read(50 * WINDOW + 3, 10)

    assert store.ranges[-1] == (50 * WINDOW, WINDOW)


def test_what_is_kept_is_bounded() -> None:
    reader, _, _ = pinned(LARGE)

    for offset in range(0, len(LARGE), WINDOW):
        reader.read(offset, WINDOW)

    assert reader._cache.windows <= KEPT


def test_a_file_written_meanwhile_is_not_read_on() -> None:
    reader, store, _ = pinned(LARGE)
    reader.read(0, 1)
    store.put(HERE, LARGE)

    with pytest.raises(ArtifactChangedError):
        reader.read(30 * WINDOW, 1)


def test_a_file_written_before_the_first_read_is_not_read() -> None:
    reader, store, _ = pinned(LARGE)
    store.put(HERE, LARGE)

    with pytest.raises(ArtifactChangedError):
        reader.read(0, 1)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 2 * NEAR), st.integers(1, 4 * WINDOW))
def test_a_file_read_with_gaps_gives_the_bytes_it_has(gap: int, length: int) -> None:
    reader, _, _ = pinned(LONG)

    for offset in range(0, len(LONG), gap * WINDOW + 7):
        assert reader.read(offset, length) == LONG[offset : offset + length]
    reader.close()


def test_small_gaps_are_read_over_instead_of_asking_for_each_piece() -> None:
    reader, _, traffic = pinned(LONG)

    for offset in range(0, len(LONG), 3 * WINDOW):
        reader.read(offset, 10)
    reader.close()

    assert traffic.requests <= 2 + STEADY + len(LONG) // (LONGEST * WINDOW) + 1
    assert traffic.bytes < len(LONG) + STEADY * WINDOW + (HEAD_WINDOWS + TAIL_WINDOWS) * WINDOW


def test_gaps_that_are_worth_a_request_are_not_read() -> None:
    reader, _, traffic = pinned(LONG)

    for offset in range(0, len(LONG), (NEAR + 2) * WINDOW):
        reader.read(offset, 10)

    assert traffic.bytes < len(LONG) // NEAR + (HEAD_WINDOWS + TAIL_WINDOWS) * WINDOW


def test_who_stops_going_straight_on_has_fetched_little_for_nothing() -> None:
    reader, _, traffic = pinned(LONG)
    for number in range(0, 12 * STEADY, 3):
        reader.read(number * WINDOW, 10)

    reader.read(len(LONG) // 2, 10)

    assert traffic.bytes < (12 * STEADY + (DEEPEST + 1) * LONGEST + HEAD_WINDOWS + TAIL_WINDOWS) * WINDOW


def test_what_is_expected_is_fetched_together_and_ahead() -> None:
    reader, store, traffic = pinned(LONG)
    reader.read(0, 1)
    near, far = 10 * WINDOW, 10 * WINDOW + len(LONG) // 2

    reader.expect([(near, 10), (near + 5 * WINDOW, 10), (far, 10)])
    seen = [reader.read(offset, 10) for offset in (near, near + 5 * WINDOW, far)]
    reader.close()

    assert seen == [LONG[offset : offset + 10] for offset in (near, near + 5 * WINDOW, far)]
    assert store.ranges[2:] == [(near, 6 * WINDOW), (far // WINDOW * WINDOW, WINDOW)]
    assert traffic.requests == 4


def test_what_is_expected_and_passed_over_is_not_fetched() -> None:
    reader, _, traffic = pinned(LONG)
    reader.read(0, 1)

    reader.expect((offset, 10) for offset in range(0, len(LONG) - 10, (NEAR + 2) * WINDOW))
    reader.read(8 * (NEAR + 2) * WINDOW, 10)
    reader.close()

    assert traffic.requests <= 3 + DEEPEST


def test_what_lies_behind_the_end_can_be_expected_and_is_not_fetched() -> None:
    reader, store, _ = pinned(LARGE)

    reader.expect([(len(LARGE) + 1, 10), (len(LARGE) - 1, 10), (-5, 3)])
    reader.read(50 * WINDOW, 1)
    reader.close()

    assert all(0 <= offset < offset + length <= len(LARGE) + WINDOW for offset, length in store.ranges)


def test_a_file_written_while_it_is_fetched_ahead_is_not_read_on() -> None:
    reader, store, _ = pinned(LONG)
    for number in range(0, 6 * STEADY, 3):
        reader.read(number * WINDOW, 10)
    store.put(HERE, LONG)

    with pytest.raises(ArtifactChangedError):
        list(map(reader.read, range(0, len(LONG), 3 * WINDOW), repeat(10)))
    reader.close()


def test_however_far_ahead_the_bytes_on_their_way_are_bounded() -> None:
    store = Zeros()
    reader = Pinned(store, zeros(ON_THE_WAY), traffic=Traffic())

    for offset in range(0, reader.size, 3 * WINDOW):
        assert reader.read(offset, 10) == bytes(10)
    reader.close()

    assert store.at_once <= DEEPEST
    assert LONGEST * WINDOW < store.most <= DEEPEST * LONGEST * WINDOW


def test_nothing_is_fetched_ahead_once_a_reader_is_closed() -> None:
    reader, store, _ = pinned(LONG)
    asked = range(0, 12 * STEADY, 3)
    for number in asked:
        reader.read(number * WINDOW, 10)
    reader.close()
    before, threads = len(store.ranges), threading.active_count()

    reader.expect([(len(LONG) - 9 * WINDOW, 10)])
    for number in range(len(LONG) // WINDOW - 60, len(LONG) // WINDOW - 10, 3):
        assert reader.read(number * WINDOW, 10) == LONG[number * WINDOW : number * WINDOW + 10]

    assert all(length == WINDOW for _, length in store.ranges[before:])
    assert threading.active_count() == threads


@pytest.mark.parametrize("reader", [Memory(b"12345"), Part(Memory(b"12345"), 0, 3)])
def test_no_length_that_a_file_states_is_trusted_with_memory(reader: Reader) -> None:
    with pytest.raises(TooLargeError) as refused:
        reader.read(0, LONGEST_READ + 1)

    assert refused.value.code == "scan.too_large"


@given(st.integers(0, 12), st.integers(0, 12), st.integers(-2, 12), st.integers(-2, 12))
def test_a_part_is_a_file_of_its_own(start: int, length: int, offset: int, count: int) -> None:
    data = b"0123456789"

    part = Part(Memory(data), start, length)

    inside = data[start : start + length]
    expected = Memory(inside)
    assert (part.size, part.read(offset, count)) == (len(inside), expected.read(offset, count))
    assert part.reaches(offset) == expected.reaches(offset)
