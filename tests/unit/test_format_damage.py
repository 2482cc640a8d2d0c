"""Damage: whatever happens to a file of any format, a scan ends with a report and never with a fault of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.artifacts.scan import Verdict
from tests.damage import FILES, flipped, judged, wrongs
from tests.scanning import codes, report

if TYPE_CHECKING:
    from collections.abc import Iterator


def cuts(name: str) -> Iterator[bytes]:
    """The file, cut at 16 places from its beginning to its last byte but one."""
    data = FILES[name]
    yield from (data[: len(data) * n // 16] for n in range(16))
    yield data[:-1]


@pytest.mark.parametrize("name", FILES)
def test_the_files_that_are_damaged_here_are_safe_as_long_as_they_are_whole(name: str) -> None:
    assert judged(FILES[name], name, promised=FILES[name]).verdict is Verdict.SAFE


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_cut_is_never_safe_with_the_digest_of_the_whole(name: str) -> None:
    assert not [wrong for data in cuts(name) for wrong in wrongs(data, name, promised=FILES[name])]


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_a_file_with_turned_bits_is_never_safe_with_the_digest_of_the_right_one(name: str, data: st.DataObject) -> None:
    place, mask = data.draw(st.integers(0, len(FILES[name]) - 1)), data.draw(st.integers(1, 255))

    assert not wrongs(flipped(FILES[name], place, mask=mask), name, promised=FILES[name])


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_bytes_that_are_changed_never_break_the_scan(name: str, data: st.DataObject) -> None:
    file = bytearray(FILES[name])
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))

    assert "scan.failed" not in codes(report(bytes(file), name))


@pytest.mark.parametrize("name", FILES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_file_that_is_cut_or_stuffed_never_breaks_the_scan(name: str, data: st.DataObject) -> None:
    file = FILES[name]
    begin, end = (data.draw(st.integers(0, len(file))) for _ in range(2))

    stuffed = file[:begin] + data.draw(st.binary(max_size=40)) + file[end:]

    assert "scan.failed" not in codes(report(stuffed, name))
