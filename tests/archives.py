"""Archives for tests: well-formed ones from the standard library, and zips with any field of any record set wrong."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Piece:
    """One stored or deflated member; `local` and `central` replace fields of its two headers."""

    name: str
    data: bytes = b"some text\n"
    deflated: bool = False
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)


def zip_of(
    *pieces: Piece, front: bytes = b"", behind: bytes = b"", comment: bytes = b"", adjusted: bool = True, **end: int
) -> bytes:
    """A zip of `pieces`; `end` replaces fields of its end record, `front` is counted by offsets if `adjusted`."""
    body, directory = front, b""
    for piece in pieces:
        offset = len(body) - (0 if adjusted else len(front))
        body += _header(piece, b"PK\3\4", piece.local) + _packed(piece)
        directory += _header(piece, b"PK\1\2", {"offset": offset, **piece.central})
    stated = {
        "count": len(pieces),
        "size": len(directory),
        "offset": len(body) - (0 if adjusted else len(front)),
        **end,
    }
    counts = (stated.get("disk", 0), 0, stated["count"], stated["count"])
    record = struct.pack("<4s4H2LH", b"PK\5\6", *counts, stated["size"], stated["offset"], len(comment))
    return body + directory + record + comment + behind


def _packed(piece: Piece) -> bytes:
    if not piece.deflated:
        return piece.data
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    return squeezed.compress(piece.data) + squeezed.flush()


def _header(piece: Piece, magic: bytes, changed: dict[str, Any]) -> bytes:
    told: dict[str, Any] = {"name": piece.name, "flags": 0, "method": 8 if piece.deflated else 0, "extra": b""}
    told |= {"crc": zlib.crc32(piece.data), "packed": len(_packed(piece)), "size": len(piece.data)}
    told |= {"mode": 0o100644, "offset": 0} | changed
    name, extra = str(told["name"]).encode(), bytes(told["extra"])
    shared = (
        told["flags"],
        told["method"],
        0,
        0,
        told["crc"],
        told["packed"],
        told["size"],
        len(name),
        len(extra),
    )
    if magic == b"PK\3\4":
        return struct.pack("<4s5H3L2H", magic, 20, *shared) + name + extra
    fixed = struct.pack("<4s6H3L5H2L", magic, 0x314, 20, *shared, 0, 0, 0, told["mode"] << 16, told["offset"])
    return fixed + name + extra


def zipped(members: dict[str, bytes], *, deflated: bool = False) -> bytes:
    """A zip as Python writes it."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


def tarred(members: dict[str, bytes], *, mode: Any = "w", kind: bytes = tarfile.REGTYPE, **told: Any) -> bytes:
    """A tar as Python writes it, every member of the type `kind`; `told` sets other fields of each header."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode, format=told.pop("format", tarfile.PAX_FORMAT)) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data) if kind == tarfile.REGTYPE else 0
            for key, value in told.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()
