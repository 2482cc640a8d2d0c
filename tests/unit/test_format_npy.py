"""numpy's files: the header is read and not evaluated, numbers are skipped, an object array is what its pickle is."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.artifacts.formats import literal
from registration.artifacts.scan import Verdict
from registration.errors import UnreadableError
from tests.scanning import codes, pinned_report, report

TYPES = ["<f8", ">i2", "|b1", "|u1", "<c16", "|S7", "<U5", "<M8[ns]", "<m8[D]", "|V3", "<f2"]
STRUCTURED = [("a", "<i4"), ("b", "<f8", (2, 3)), ("c", [("d", "<U2"), ("e", "|S1")])]


def saved(array: Any, **told: Any) -> bytes:
    made = io.BytesIO()
    np.lib.format.write_array(made, array, **told)
    return made.getvalue()


def npy(header: str, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + data


@pytest.mark.parametrize("dtype", [*TYPES, STRUCTURED])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 5)])
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_an_array_of_numbers_is_safe(dtype: Any, shape: tuple[int, ...], version: tuple[int, int]) -> None:
    found = report(saved(np.zeros(shape, dtype), version=version), "a.npy")

    assert (found.format, found.verdict, codes(found)) == ("npy", Verdict.SAFE, [])


@pytest.mark.parametrize("dtype", ["O", [("a", "<i4"), ("b", "O")], [("a", [("b", "O", (2,))])]])
def test_an_object_array_is_scanned_as_what_follows(dtype: Any) -> None:
    data = saved(np.zeros(2, dtype))
    start = data.index(b"\n") + 1

    found = report(data[:start] + b"\x7fELF" + bytes(60), "a.npy")

    assert [(finding.code, finding.member) for finding in found.findings] == [("code.program", "object array")]


def test_numbers_are_not_fetched() -> None:
    found, traffic = pinned_report(saved(np.zeros(1_000_000)), "a.npy")

    assert codes(found) == []
    assert traffic.bytes < 400_000


DESCR = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }\n"
MALFORMED = {
    "too few numbers": (npy(DESCR, bytes(15)), "npy.broken"),
    "something behind": (npy(DESCR, bytes(17)), "npy.trailing_bytes"),
    "another version": (b"\x93NUMPY\x09\x00\x00\x00", "npy.broken"),
    "a header cut short": (npy(DESCR)[:30], "npy.broken"),
    "a header without end": (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}", "npy.broken"),
    "no dictionary": (npy("[1, 2]"), "npy.broken"),
    "no type": (npy("{'shape': (1,)}"), "npy.broken"),
    "an unknown type": (npy(DESCR.replace("<f8", "<f8; import os")), "npy.broken"),
    "a type without size": (npy(DESCR.replace("<f8", "<f")), "npy.broken"),
    "a negative shape": (npy(DESCR.replace("2", "-2")), "npy.broken"),
    "a shape of text": (npy(DESCR.replace("(2,)", "'2'")), "npy.broken"),
    "a huge shape": (npy(DESCR.replace("2", ", ".join(["9" * 20] * 500))), "npy.broken"),
    "a call": (npy(DESCR.replace("False", "__import__('os')")), "npy.broken"),
    "nested too deep": (npy("(" * 3000), "npy.broken"),
}


@pytest.mark.parametrize(("data", "code"), MALFORMED.values(), ids=MALFORMED)
def test_what_a_header_can_lie_about_is_found(data: bytes, code: str) -> None:
    found = report(data, "a.npy")

    assert codes(found) == [code]
    assert found.verdict == Verdict.UNSCANNABLE


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.from_regex(r"[a-z|<' ]{0,9}", fullmatch=True),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner) | st.tuples(inner, inner) | st.just(()),
    max_leaves=9,
)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), LITERALS, max_size=4))
def test_a_literal_is_read_as_python_reads_it(value: dict[str, Any]) -> None:
    assert literal.parse(repr(value)) == value


@given(st.text(st.sampled_from("(){}[],:'\"1 -LTrueabc\\\n"), max_size=40))
def test_any_text_is_a_literal_or_refused(text: str) -> None:
    with contextlib.suppress(UnreadableError):
        literal.parse(text)


@given(st.integers(0, 200), st.integers(0, 7), st.booleans())
@settings(max_examples=200)
def test_no_flipped_bit_and_no_cut_breaks_the_scan(place: int, bit: int, cut: bool) -> None:
    data = bytearray(saved(np.zeros(3, STRUCTURED)))
    data[place % len(data)] ^= 1 << bit

    found = report(bytes(data[:place] if cut else data), "a.npy")

    assert "scan.failed" not in codes(found)
