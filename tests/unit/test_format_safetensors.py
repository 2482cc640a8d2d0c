"""safetensors: what the header says and what lies there must be the same, to the last byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registration.artifacts.scan import Verdict, scan
from tests.scanning import NOTHING, codes, pinned, report

ONE = {"w": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}


def a_file(header: Any = ONE, *, data: int = 16, stated: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if stated is None else stated).to_bytes(8, "little") + text + bytes(data)


@pytest.mark.parametrize(
    ("header", "data"),
    [
        (ONE, 16),
        ({}, 0),
        ({"__metadata__": {"format": "pt"}, **ONE}, 16),
        ({"a": {"dtype": "F4", "shape": [4], "data_offsets": [0, 2]}}, 2),
        ({"s": {"dtype": "I64", "shape": [], "data_offsets": [0, 8]}}, 8),
        (
            {
                "b": {"dtype": "U8", "shape": [3], "data_offsets": [1, 4]},
                "a": {"dtype": "BOOL", "shape": [1], "data_offsets": [0, 1]},
            },
            4,
        ),
    ],
)
def test_a_whole_file_is_safe(header: Any, data: int) -> None:
    found = report(a_file(header, data=data), "model.safetensors")

    assert (found.format, found.verdict, codes(found)) == ("safetensors", Verdict.SAFE, [])


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (a_file(data=15), "safetensors.broken"),
        (a_file(data=17), "safetensors.trailing_bytes"),
        (a_file(stated=2**39), "safetensors.broken"),
        (a_file({"w": {"dtype": "F32", "shape": [4], "data_offsets": [8, 24]}}, data=24), "safetensors.hole"),
        (a_file({"w": {"dtype": "F32", "shape": [5], "data_offsets": [0, 16]}}), "safetensors.broken"),
        (a_file({"w": {"dtype": "F99", "shape": [4], "data_offsets": [0, 16]}}), "safetensors.broken"),
        (a_file({"w": {"dtype": "F32", "shape": [-2, -2], "data_offsets": [0, 16]}}), "safetensors.broken"),
        (a_file({"w": 1}), "safetensors.broken"),
        (a_file({"__metadata__": {"a": 1}}, data=0), "safetensors.broken"),
        (a_file(b'{"w": 1, "w": 2}'), "safetensors.broken"),
        (a_file(b"{" * 5000), "safetensors.broken"),
    ],
)
def test_a_file_that_does_not_agree_with_itself_is_never_safe(file: bytes, code: str) -> None:
    found = report(file, "model.safetensors")

    assert found.verdict is not Verdict.SAFE
    assert code in codes(found)


def test_tensors_that_lie_over_each_other_are_unsafe() -> None:
    header = {**ONE, "v": {"dtype": "F32", "shape": [2, 2], "data_offsets": [8, 24]}}

    found = report(a_file(header, data=24), "model.safetensors")

    assert (found.verdict, codes(found)) == (Verdict.UNSAFE, ["safetensors.overlap"])


def test_a_large_file_costs_its_head_and_its_tail() -> None:
    size = 64 * 1024 * 1024
    header = {"w": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}
    reader, _, traffic = pinned(a_file(header, data=size))

    assert scan(reader, profile=NOTHING).verdict is Verdict.SAFE
    assert traffic.requests == 2
    assert traffic.bytes < 512 * 1024
