"""LZ4 frames come out as they went in, and damaged ones end in our error."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.lz4 import MAGIC, Lz4, decode_block
from registration.errors import UnreadableError
from tests.lz4_frames import lz4_frame

PARTS = st.tuples(st.binary(max_size=9), st.binary(max_size=40), st.integers(0, 9000))


def unpacked(frame: bytes, *, feed: int = 65_536, most: int = 65_536) -> tuple[bytes, bytes]:
    """All that comes out, and what was left over."""
    decoder, out = Lz4(), b""
    while not decoder.eof:
        data = b""
        if decoder.needs_input:
            data, frame = frame[:feed], frame[feed:]
            assert data, "it wants more than the whole frame"
        out += decoder.decompress(data, most)
    return out, decoder.unused_data + frame


@given(PARTS, st.booleans(), st.booleans(), st.integers(1, 70_000), st.integers(1, 70_000))
def test_what_was_packed_comes_out(
    parts: tuple[bytes, bytes, int], linked: bool, stored: bool, feed: int, most: int
) -> None:
    piece, end, times = parts
    data = (piece * times + end) * 2
    frame = lz4_frame(data, linked=linked, stored=stored)

    feed, most = max(feed, len(frame) // 50 + 1), max(most, len(data) // 50 + 1)

    assert unpacked(frame + b"rest", feed=feed, most=most) == (data, b"rest")


# The reference library, 1.9.4: linked blocks, both checksums and the content's size.
REFERENCE = bytes.fromhex(
    "04224d187c407a010000000000001b28000000b5746865206d6f64656c2c200b004820616e640e00566761696e3b11000f2a"
    "00ff305061696e3b20522cc9eb000000002a7ea257"
)


def test_a_frame_of_the_reference_library_is_read() -> None:
    assert unpacked(REFERENCE)[0] == b"the model, the model and the model again; " * 9


def test_a_match_that_overlaps_itself_repeats() -> None:
    assert decode_block(b"\x1fa\x01\x00\x00\x50b    ", b"", most=99) == b"a" + b"a" * 19 + b"b    "


@pytest.mark.parametrize(
    "frame",
    [
        MAGIC + b"\x00\x40\x00",
        MAGIC + b"\x41\x40\x00",
        MAGIC + b"\x60\x30\x00",
        b"other bytes",
        MAGIC + b"\x60\x40\x00" + (65_537).to_bytes(4, "little"),
        MAGIC + b"\x60\x40\x00" + (1 << 31).to_bytes(4, "little"),
        MAGIC + b"\x60\x40\x00" + (4).to_bytes(4, "little") + b"\x00\x01\x00\x00",
        MAGIC + b"\x60\x40\x00" + (2).to_bytes(4, "little") + b"\xf0\xff",
        MAGIC + b"\x60\x40\x00" + (5).to_bytes(4, "little") + b"\x10a\x00\x00\x00",
    ],
)
def test_a_damaged_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(UnreadableError):
        Lz4().decompress(frame, 9)


def test_no_block_becomes_longer_than_its_frame_allows() -> None:
    bomb = b"\x1fa\x01\x00" + b"\xff" * 60_000 + b"\x00\x50b    "

    with pytest.raises(UnreadableError):
        decode_block(bomb, b"", most=65_536)


@given(st.binary(max_size=200))
def test_random_bytes_end_in_our_error_or_in_bytes(data: bytes) -> None:
    with contextlib.suppress(UnreadableError):
        assert len(decode_block(data, b"", most=1000)) <= 1000
