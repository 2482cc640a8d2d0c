"""Plain data is safe, programs never are, and what is neither is not plain."""

from __future__ import annotations

import pytest

from registration.artifacts.scan import Verdict
from tests.scanning import codes, report

PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


@pytest.mark.parametrize(
    ("data", "format_"),
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "text"),
        (b'{"a": [1, 2]}', "text"),
        ("größe: 模型\n".encode(), "text"),
        ("größe".encode("utf-16"), "text"),
        (b"x" * 70_000 + "é".encode(), "text"),
        (b"x" * 65_535 + "é".encode() * 40_000, "text"),
        (PNG, "png"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "jpeg"),
        (b"GIF89a" + bytes(20), "gif"),
        (b"PAR1" + bytes(20) + b"PAR1", "parquet"),
    ],
)
def test_data_is_safe(data: bytes, format_: str) -> None:
    found = report(data, "file")

    assert (found.format, found.verdict, codes(found)) == (format_, Verdict.SAFE, [])


@pytest.mark.parametrize("data", [b"a\0b", b"\x01\x02\x03", b"text" * 20_000 + bytes(100), "é".encode("latin-1") * 9])
def test_bytes_of_no_kind_are_not_text(data: bytes) -> None:
    assert codes(report(data, "file.txt")) == ["format.unknown"]


@pytest.mark.parametrize(
    ("data", "path"), [(b"import os\n", "train.py"), (b"#!/bin/sh\n", "run"), (b"{}", "explore.ipynb")]
)
def test_source_is_never_called_safe(data: bytes, path: str) -> None:
    found = report(data, path)

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["code.source"])


@pytest.mark.parametrize("data", [b"\x7fELF" + bytes(60), b"MZ" + bytes(58) + b"\x40\0\0\0PE\0\0", b"\0asm\1\0\0\0"])
def test_a_program_is_never_called_safe(data: bytes) -> None:
    found = report(data, "model.bin")

    assert (found.format, found.verdict, codes(found)) == ("program", Verdict.UNSCANNABLE, ["code.program"])


def test_a_text_that_begins_like_a_program_is_a_text() -> None:
    assert report(b"MZ is how some programs begin\n" * 9, "file").format == "text"


@pytest.mark.parametrize(
    "text", [b"cat\ndog\nhorse\n", b"country\nDE\nFR\n", b"is it\na pickle\n", b"0\n1\n2\n", b"(a)\n"]
)
def test_labels_are_text_though_their_letters_are_opcodes(text: bytes) -> None:
    found = report(text, "labels.txt")

    assert (found.format, found.verdict) == ("text", Verdict.SAFE)


@pytest.mark.parametrize("name", ["a.mjs", "a.zsh", "a.php", "a.pyx", "a.cu", "a.vbs", "a.jl"])
def test_source_code_of_any_language_is_no_text(name: str) -> None:
    assert codes(report(b"print(1)\n", name)) == ["code.source"]
