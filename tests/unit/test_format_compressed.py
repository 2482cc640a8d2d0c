"""Compressed streams: what is inside is looked at, bombs and damage end the scan, and memory stays small."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.artifacts.limits import Limits
from registration.artifacts.scan import Verdict
from tests.lz4_frames import lz4_frame
from tests.scanning import codes, report

if TYPE_CHECKING:
    from collections.abc import Callable


def lzma_alone(data: bytes) -> bytes:
    return lzma.compress(data, lzma.FORMAT_ALONE)


PROGRAM = b"\x7fELF" + bytes(60)
TEXT = b"a,b\n1,2\n" * 20_000
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lzma_alone,
    "zlib": zlib.compress,
    "lz4": lz4_frame,
}
EVERY = pytest.mark.parametrize(("name", "pack"), PACKERS.items(), ids=PACKERS)


@EVERY
def test_what_is_inside_is_looked_at(name: str, pack: Callable[[bytes], bytes]) -> None:
    found = report(pack(PROGRAM), "model.joblib")

    assert (found.format, codes(found)) == (name, ["code.program"])
    assert found.findings[0].member == "unpacked"


@EVERY
def test_plain_data_inside_is_safe(name: str, pack: Callable[[bytes], bytes]) -> None:
    found = report(pack(TEXT), "table.joblib")

    assert (found.format, found.verdict, codes(found)) == (name, Verdict.SAFE, [])


@EVERY
def test_several_packings_are_opened(name: str, pack: Callable[[bytes], bytes]) -> None:
    found = report(pack(pack(gzip.compress(PROGRAM))), "model.joblib")

    assert (found.format, codes(found)) == (name, ["code.program"])


@EVERY
def test_a_stream_that_ends_early_is_not_safe(name: str, pack: Callable[[bytes], bytes]) -> None:
    packed = pack(TEXT)

    for length in range(20, len(packed) - 1, 1 + len(packed) // 40):
        assert report(packed[:length], name).verdict != Verdict.SAFE


@EVERY
def test_the_content_before_damage_is_still_looked_at(name: str, pack: Callable[[bytes], bytes]) -> None:
    packed = bytearray(pack(PROGRAM + TEXT * 9))
    del packed[-9:]

    assert "code.program" in codes(report(bytes(packed), name))


@pytest.mark.parametrize("name", ["gzip", "bz2", "xz", "zlib", "lz4"])
def test_a_stream_behind_a_stream_is_read_on(name: str) -> None:
    pack = PACKERS[name]

    assert codes(report(pack(PROGRAM[:4]) + pack(PROGRAM[4:]), "m")) == ["code.program"]


@pytest.mark.parametrize("name", list(PACKERS))
def test_other_bytes_behind_a_stream_are_found(name: str) -> None:
    assert codes(report(PACKERS[name](b"some text") + b"other", "m")) == ["packed.trailing_bytes"]


def test_zeros_behind_a_stream_are_only_padding() -> None:
    assert codes(report(gzip.compress(b"some text") + bytes(512), "m")) == []


@pytest.mark.parametrize("data", [b"7z\xbc\xaf\x27\x1c" + bytes(9), b"Rar!\x1a\x07\0", b"\x28\xb5\x2f\xfd" + bytes(9)])
def test_what_is_not_opened_is_not_safe(data: bytes) -> None:
    found = report(data, "model.pt")

    assert (found.verdict, codes(found)[0]) == (Verdict.UNSCANNABLE, "packed.unsupported")


@pytest.mark.parametrize("data", [b"x", b"x^2 + y", b"]\0\0not packed"])
def test_what_only_begins_like_a_stream_is_none(data: bytes) -> None:
    assert report(data, "m").format in {"text", "unknown"}


@EVERY
def test_a_bomb_is_stopped_in_little_memory(name: str, pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(gzip.compress(b"a" * 9_000_000))

    tracemalloc.start()
    found = report(bomb, "m.tar.gz", limits=Limits(unjudged=1024 * 1024))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert (found.format, "packed.bomb" in codes(found)) == (name, True)
    assert peak < 12 * 1024 * 1024  # xz and lzma keep a dictionary of 8 MiB


@given(st.sampled_from(sorted(PACKERS)), st.integers(0, 400), st.integers(0, 7), st.booleans())
@settings(max_examples=300)
def test_no_flipped_bit_and_no_cut_breaks_the_scan(name: str, place: int, bit: int, cut: bool) -> None:
    data = bytearray(PACKERS[name](PROGRAM + b"some text" * 9))
    place %= len(data)
    data[place] ^= 1 << bit

    found = report(bytes(data[: place + 1] if cut else data), "m")

    assert "scan.failed" not in codes(found)
