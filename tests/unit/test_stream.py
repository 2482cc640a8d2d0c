"""Streams: forward, in bounded memory, and what is skipped is never fetched."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.reader import WINDOW, Memory
from registration.artifacts.stream import BLOCK, Stream
from tests.scanning import pinned

STEPS = st.lists(
    st.tuples(st.sampled_from(["read", "readline", "skip", "peek"]), st.integers(0, 3 * BLOCK) | st.integers(0, 30)),
    max_size=15,
)
CONTENT = st.builds(
    lambda piece, times, end: piece * times + end,
    st.binary(min_size=1, max_size=9),
    st.integers(0, 40_000),
    st.binary(),
)


@given(CONTENT, STEPS)
def test_a_stream_reads_as_a_file_does(data: bytes, steps: list[tuple[str, int]]) -> None:
    stream, file = Stream(Memory(data)), io.BytesIO(data)

    for verb, length in steps:
        if verb == "peek":
            near, left = stream.peek(), file.getvalue()[file.tell() :]
            assert left.startswith(near)
            assert bool(near) == bool(left)
        elif verb == "skip":
            assert stream.skip(length) == len(file.read(length))
        else:
            assert getattr(stream, verb)(length) == getattr(file, verb)(length)
        assert stream.tell() == file.tell()


def test_skipping_costs_no_bytes() -> None:
    data = bytes(20 * 1024 * 1024)
    reader, store, _ = pinned(data)
    stream = Stream(reader)
    stream.read(1)
    before = len(store.ranges)

    assert stream.skip(10 * 1024 * 1024) == 10 * 1024 * 1024
    assert len(store.ranges) == before
    assert stream.read(WINDOW) == bytes(WINDOW)


def test_skipping_past_the_end_tells_how_far_it_went() -> None:
    stream = Stream(Memory(b"12345"))
    stream.read(2)

    assert (stream.skip(2**70), stream.tell(), stream.read(1)) == (3, 5, b"")
