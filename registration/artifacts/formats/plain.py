"""Plain data: text, pictures and tables. Nothing that reads them runs anything.

Text is told by its head and tail; what lies between is not looked at. Programs are recognised too, and are never safe.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from registration.artifacts.formats.format import Format, Look, extension, nothing
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

# Control characters that text does not have; tab, line ends, form feed and escape it may.
_CONTROLS = bytes({*range(32), 127} - {9, 10, 12, 13, 27})
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PROGRAMS = (
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\0asm",
)
_SOURCE = frozenset(
    f".{ending}"
    for ending in (
        *(
            "bash",
            "bat",
            "cjs",
            "cmd",
            "command",
            "csh",
            "fish",
            "hta",
            "ipynb",
            "jl",
            "js",
            "jsx",
            "ksh",
            "lua",
            "mjs",
        ),
        *("php", "pl", "ps1", "psm1", "py", "pyw", "pyx", "r", "rb", "sh", "tcl", "ts", "tsx", "vbs", "wsf", "zsh"),
        *("c", "cc", "cpp", "cs", "cu", "cuh", "cxx", "go", "groovy", "h", "hpp", "java", "kt", "pxd", "rs", "scala"),
    )
)
_TEXT = frozenset(
    {
        ".txt",
        ".md",
        ".rst",
        ".csv",
        ".tsv",
        ".json",
        ".pbtxt",
        ".jsonl",
        ".yaml",
        ".yml",
        ".toml",
        ".ini",
        ".cfg",
        ".xml",
        ".html",
        ".log",
    }
)


def _is_text(look: Look) -> bool:
    if look.head.startswith(_UTF16):
        return _decodes(look.head, "utf-16", whole=look.is_whole)
    return _reads_as_text(look.head, whole=look.is_whole) and _ends_as_text(look)


def _reads_as_text(data: bytes, *, whole: bool) -> bool:
    return data.translate(None, _CONTROLS) == data and _decodes(data, "utf-8", whole=whole)


def _ends_as_text(look: Look) -> bool:
    # The tail may begin inside a character; at most three bytes of it are left over.
    starts = (look.tail[skipped:] for skipped in range(4))
    return look.is_whole or not look.tail or any(_reads_as_text(start, whole=True) for start in starts)


def _decodes(data: bytes, encoding: str, *, whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data, final=whole)
    except UnicodeDecodeError:
        return False
    return True


def _is_program(look: Look) -> bool:
    # The header of a Windows program says at byte 60 where the magic number is.
    windows = int.from_bytes(look.head[60:64], "little")
    is_windows = look.head.startswith(b"MZ") and look.head[windows : windows + 4] == b"PE\0\0"
    return is_windows or look.head.startswith(_PROGRAMS)


def _scan_text(reader: Reader, context: Context) -> Iterator[Finding]:
    if extension(context.name) in _SOURCE or reader.read(0, 2) == b"#!":
        yield source(context)


def source(context: Context) -> Finding:
    """What is said of the source of a program."""
    return context.finding(
        "code.source",
        "this is the source of a program; nobody can tell from here what it does",
        level=Level.UNSCANNABLE,
        action="leave it out of the artifact, or have a person read it",
    )


def _scan_program(_reader: Reader, context: Context) -> Iterator[Finding]:
    yield context.finding(
        "code.program",
        "this is a compiled program or library; nobody can tell from here what it does",
        level=Level.UNSCANNABLE,
        action="leave it out of the artifact",
    )


def _data(name: str, magic: bytes, *extensions: str) -> Format:
    return Format(name, lambda look: look.head.startswith(magic), nothing, frozenset(extensions), is_data=True)


PROGRAM = Format("program", _is_program, _scan_program, frozenset({".so", ".dll", ".dylib", ".exe", ".wasm", ".class"}))
EMPTY = Format("empty", lambda look: not look.head, nothing)
TEXT = Format("text", _is_text, _scan_text, _TEXT, weak=True, is_data=True)
PICTURES = (
    _data("png", b"\x89PNG\r\n\x1a\n", ".png"),
    _data("jpeg", b"\xff\xd8\xff", ".jpg", ".jpeg"),
    _data("gif", b"GIF8", ".gif"),
)
TABLES = (
    _data("parquet", b"PAR1", ".parquet"),
    _data("arrow", b"ARROW1\0\0", ".arrow", ".feather"),
)
