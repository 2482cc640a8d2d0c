"""GGUF: every key, value and tensor is stepped over, and none may lie about its length."""

from __future__ import annotations

import struct

import pytest

from registration.artifacts.limits import Limits
from registration.artifacts.scan import Verdict
from tests.scanning import codes, report


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def key(name: bytes, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def a_file(*keys: bytes, tensors: tuple[bytes, ...] = (), version: int = 3, data: bytes = bytes(64)) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(keys)) + b"".join((*keys, *tensors)) + data


NAME = key(b"general.name", 8, text(b"tiny"))
TOKENS = key(b"tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 2) + text(b"a") + text(b"b"))
SCORES = key(b"tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, 3) + bytes(12))
TEMPLATE = key(b"tokenizer.chat_template", 8, text(b"{{ messages }}"))
WEIGHT = text(b"blk.0.weight") + struct.pack("<IQQIQ", 2, 4, 2, 0, 0)


def test_a_whole_file_is_safe() -> None:
    found = report(a_file(NAME, TOKENS, SCORES, tensors=(WEIGHT,)), "model.gguf")

    assert (found.format, found.verdict, codes(found)) == ("gguf", Verdict.SAFE, [])


def test_a_chat_template_is_told() -> None:
    found = report(a_file(TEMPLATE), "model.gguf")

    assert (found.verdict, codes(found)) == (Verdict.SAFE, ["gguf.chat_template"])


def test_lists_cost_no_more_than_a_scan_may() -> None:
    tokens = key(b"t", 9, struct.pack("<IQ", 8, 1000) + text(b"") * 1000)

    found = report(a_file(*[tokens] * 3), "model.gguf", limits=Limits(steps=30_000))

    assert codes(found) == ["scan.too_large"]


@pytest.mark.parametrize(
    "file",
    [
        a_file(version=9),
        a_file(key(b"n", 99, b"")),
        a_file(text(b"x") + struct.pack("<IIQ", 9, 8, 2**60)),
        a_file(struct.pack("<Q", 2**60)),
        a_file(NAME, TOKENS, data=b"")[:-3],
        a_file(tensors=(text(b"w") + struct.pack("<I", 2**31),)),
        b"GGUF",
    ],
)
def test_what_cannot_be_followed_is_unscannable(file: bytes) -> None:
    assert report(file, "model.gguf").verdict is Verdict.UNSCANNABLE
