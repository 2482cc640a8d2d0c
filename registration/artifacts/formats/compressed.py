"""Compressed streams with one thing inside: gzip, bz2, xz, lzma, zlib and lz4. joblib writes all of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from registration.artifacts.formats.format import Format, Look, extension
from registration.artifacts.unpacked import Unpacked
from registration.artifacts.unpacking import BZ2, GZIP, LZ4, LZMA, XZ, ZLIB, Codec, begins, unpack
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_ENDINGS = {
    "gzip": {".gz", ".tgz"},
    "bz2": {".bz2", ".tbz2"},
    "xz": {".xz", ".txz"},
    "lzma": {".lzma"},
    "zlib": {".z", ".zlib"},
    "lz4": {".lz4"},
}
# joblib compresses whatever the name of the file, and reads it back by content.
_JOBLIB = frozenset({".joblib", ".pkl", ".pickle", ".dump"})
_SEALED = {
    "7z": (b"7z\xbc\xaf\x27\x1c", ".7z"),
    "rar": (b"Rar!\x1a\x07", ".rar"),
    "zstd": (b"\x28\xb5\x2f\xfd", ".zst"),
    "legacy lz4": (b"\x02\x21\x4c\x18", ".lz4"),
    "cab": (b"MSCF\0\0\0\0", ".cab"),
}


def _matches(look: Look, codec: Codec) -> bool:
    return begins(look.head, codec)


def _scan(reader: Reader, context: Context, *, codec: Codec) -> Iterator[Finding]:
    inside = Unpacked(lambda: unpack(reader, codec, tally=context.tally), reader.path)
    yield from context.scan_inner(inside, _name_inside(context.name))
    inside.drain()
    if inside.complaint is not None:
        raise inside.complaint


def _name_inside(name: str) -> str:
    """`model.tgz` holds a `model.tar`; what joblib compresses goes by the name of the whole and says nothing."""
    ending = extension(name)
    if not any(ending in endings for endings in _ENDINGS.values()):
        return "unpacked"
    stem = name.rpartition("/")[2][: -len(ending)]
    return f"{stem}.tar" if ending.startswith(".t") else stem


def _scan_sealed(_reader: Reader, context: Context, *, name: str) -> Iterator[Finding]:
    yield context.finding(
        "packed.unsupported",
        f"{name} is not opened, so nobody knows what is inside",
        level=Level.UNSCANNABLE,
        action="pack the model as zip or tar.gz, or not at all",
    )


def _sealed(name: str, magic: bytes, ending: str) -> Format:
    scan = partial(_scan_sealed, name=name)
    return Format(name, lambda look: look.head.startswith(magic), scan, frozenset({ending}))


def _compressed(codec: Codec) -> Format:
    extensions = frozenset(_ENDINGS[codec.name]) | _JOBLIB
    return Format(codec.name, partial(_matches, codec=codec), partial(_scan, codec=codec), extensions)


COMPRESSED = tuple(_compressed(codec) for codec in (GZIP, BZ2, XZ, LZMA, ZLIB, LZ4))
SEALED = tuple(_sealed(name, *told) for name, told in _SEALED.items())
