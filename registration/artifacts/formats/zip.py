"""Zip files: torch, Keras, npz and plain archives. Every member is looked at, under every doubt a zip can raise.

Members that are stored are read in place, by ranges; deflated ones are unpacked as they are read. The CRC of a member
is verified when all of it has been read anyway.
"""

from __future__ import annotations

import re
import struct
import zlib
from functools import partial
from typing import TYPE_CHECKING

from registration.artifacts.formats import zip_directory
from registration.artifacts.formats.format import LOOK, Format, Look
from registration.artifacts.formats.names import escapes
from registration.artifacts.formats.summed import Summed, crc_differs
from registration.artifacts.formats.zip_directory import DESCRIBED, ENCRYPTED, Directory, Entry
from registration.artifacts.reader import Part
from registration.artifacts.unpacked import Unpacked
from registration.artifacts.unpacking import BZ2, DEFLATE, unpack
from registration.errors import TooLargeError, UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registration.artifacts.context import Context
    from registration.artifacts.limits import Tally
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_LOCAL = struct.Struct("<4s5H3L2H")
_MAGIC = (b"PK\3\4", zip_directory.END)
_STORED, _DEFLATED, _BZ2 = 0, 8, 12
_CODECS = {_DEFLATED: DEFLATE, _BZ2: BZ2}
_FULL32 = 0xFFFFFFFF
_AGAIN = "save the model again with the library that made it"
_DESCRIPTOR = 24  # bytes at most
_PICKLE = ".pkl"
# How torch names what holds numbers. By any other name a pickle could have its neighbours passed over.
_KEY = re.compile(r"[0-9]+(?:\.storage)?")
_LONGEST_EXTRA = 0xFFFF


def _matches(look: Look) -> bool:
    return look.head.startswith(_MAGIC) or zip_directory.ends_exactly(look.tail)


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    found = zip_directory.find(reader)
    yield from zip_directory.doubts(reader, found, context)
    members, broken = _collected(reader, found, context)
    yield from _listing_doubts(members, context)
    yield from (layout := list(_layout_doubts(members, found, context)))
    # Members that share their bytes are a bomb: looking into each would cost more than the file is long.
    if not any(finding.code == "zip.overlap" for finding in layout):
        yield from _members(reader, members, context)
        yield from context.scan_tree(Contents(reader, members, context.tally))
    if broken is not None:
        raise broken


def _members(reader: Reader, members: Sequence[Entry], context: Context) -> Iterator[Finding]:
    tensors: set[str] = set()
    ordered = sorted(members, key=partial(_in_turn, ranged=reader.is_ranged))
    pickles = sum(entry.name.endswith(_PICKLE) for entry in ordered)
    for number, entry in enumerate(ordered):
        if context.tally.spent:
            return
        if number == pickles:
            reader.expect(_looks(entry for entry in ordered[pickles:] if not _is_passed_over(entry, tensors)))
        if _is_passed_over(entry, tensors):
            continue
        try:
            yield from _member(reader, entry, context, tensors)
        except UnreadableError as stop:
            yield context.about(entry.name).stopped(stop)


def _is_passed_over(entry: Entry, tensors: set[str]) -> bool:
    return entry.is_folder or (entry.name in tensors and entry.method == _STORED)


def _looks(entries: Iterator[Entry]) -> Iterator[tuple[int, int]]:
    """What will be read of members: of stored ones head and tail at least, of packed ones all."""
    for entry in entries:
        front = _LOCAL.size + len(entry.raw_name)
        if entry.method == _STORED and entry.packed > 2 * LOOK:
            yield entry.offset, front + LOOK
            yield entry.offset + front + entry.packed - LOOK, LOOK
        else:
            yield entry.offset, front + entry.packed


def _collected(reader: Reader, found: Directory, context: Context) -> tuple[list[Entry], UnreadableError | None]:
    """The entries, and why there are no more if there should be."""
    members: list[Entry] = []
    try:
        for entry in zip_directory.entries(reader, found):
            if len(members) == context.limits.members:
                message = f"there are more than {context.limits.members} members; the rest was not looked at"
                raise TooLargeError("scan.too_many_members", message)
            members.append(entry)
    except UnreadableError as stop:
        return members, stop
    return members, None


def _listing_doubts(members: Sequence[Entry], context: Context) -> Iterator[Finding]:
    """Whatever the central directory alone gives away."""
    seen: set[bytes] = set()
    for entry in members:
        if entry.raw_name in seen:
            message = "two members have this name; programs differ in which they read"
            yield context.about(entry.name).finding("zip.duplicate_name", message, action=_AGAIN)
        seen.add(entry.raw_name)
        yield from _entry_doubts(entry, context)


def _entry_doubts(entry: Entry, context: Context) -> Iterator[Finding]:
    leads_out = escapes(entry.name)
    if not (leads_out or entry.other_name or entry.is_link or entry.flags & ENCRYPTED):
        return
    about = context.about(entry.name)
    if leads_out:
        yield about.finding("archive.path_escapes", "the name leads out of the folder", action="do not unpack it")
    if entry.other_name:
        message = f"its extra field gives it another name, {entry.other_name!r}; programs differ in which they read"
        yield about.finding("zip.duplicate_name", message, action=_AGAIN)
    if entry.is_link:
        yield about.finding("archive.link", "the member is a link to some other file", action="pack the file itself")
    if entry.flags & ENCRYPTED:
        yield about.finding(
            "zip.encrypted", "the member is marked as encrypted", level=Level.UNSCANNABLE, action=_AGAIN
        )


def _layout_doubts(members: Sequence[Entry], found: Directory, context: Context) -> Iterator[Finding]:
    """Members lie one behind the other; what a local header may add to that is bounded."""
    ordered = sorted(members, key=lambda entry: entry.offset)
    if ordered and ordered[0].offset > found.shift:
        yield zip_directory.prefixed(context, ordered[0].offset)
    starts = [*(entry.offset for entry in ordered[1:]), found.offset][: len(ordered)]
    for entry, following in zip(ordered, starts, strict=True):
        least = entry.offset + _LOCAL.size + len(entry.raw_name) + entry.packed
        if least > following:
            yield context.about(entry.name).finding(
                "zip.overlap", "the member reaches into what follows it", offset=entry.offset, action=_AGAIN
            )
        elif following > least + _LONGEST_EXTRA + _DESCRIPTOR:
            yield _hidden(context.about(entry.name), least, following - least)


def _member(reader: Reader, entry: Entry, context: Context, tensors: set[str]) -> Iterator[Finding]:
    """What one member's local header and content give away."""
    about = context.about(entry.name)
    local = reader.read(entry.offset, _LOCAL.size)
    if len(local) < _LOCAL.size or not local.startswith(_MAGIC[0]):
        yield about.finding(
            "zip.local_header_differs",
            "there is no local header where the directory says",
            offset=entry.offset,
            action=_AGAIN,
        )
        return
    names = _LOCAL.unpack(local)[-2]
    yield from _header_doubts(entry, local, reader.read(entry.offset + _LOCAL.size, names), about)
    storages: dict[str, int] | None = {} if entry.name.endswith(_PICKLE) else None
    content = _content(reader, entry, local, context.tally)
    yield from context.scan_inner(content, entry.name, storages=storages)
    if isinstance(content, Unpacked):
        content.drain()
    if content.complaint is not None:
        yield about.finding(content.complaint.code, str(content.complaint), level=Level.UNSCANNABLE, action=_AGAIN)
    stem = entry.name.removesuffix(_PICKLE)
    tensors.update(f"{stem}/{key}" for key in storages or () if _KEY.fullmatch(key))


def _header_doubts(entry: Entry, local: bytes, name: bytes, about: Context) -> Iterator[Finding]:
    _, _, flags, method, _, _, crc, packed, size, _, _ = _LOCAL.unpack(local)
    differing = [
        *(["name"] if name != entry.raw_name else []),
        *(["method"] if method != entry.method else []),
        *(["flags"] if (flags ^ entry.flags) & (ENCRYPTED | DESCRIBED) else []),
        *_differing_sizes(entry, flags, (crc, packed, size)),
    ]
    if differing:
        message = f"its local header states another {' and '.join(differing)} than the central directory"
        yield about.finding("zip.local_header_differs", message, offset=entry.offset, action=_AGAIN)


def _differing_sizes(entry: Entry, flags: int, stated: tuple[int, int, int]) -> Iterator[str]:
    true = (entry.crc, entry.packed, entry.size)
    for name, value, expected in zip(("CRC", "packed size", "size"), stated, true, strict=True):
        # A full value stands for one in the zip64 field, an empty one for one in the data descriptor.
        excused = (value == _FULL32 and name != "CRC") or (not value and flags & DESCRIBED)
        if value != expected and not excused:
            yield name


def _content(reader: Reader, entry: Entry, local: bytes, tally: Tally) -> Reader:
    names, extras = _LOCAL.unpack(local)[-2:]
    packed = Part(reader, entry.offset + _LOCAL.size + names + extras, entry.packed)
    if entry.method == _STORED and entry.packed == entry.size == packed.size:
        return Summed(packed, entry.crc)
    if entry.method in _CODECS:
        codec = _CODECS[entry.method]
        return Unpacked(lambda: _checked(unpack(packed, codec, tally=tally), entry), reader.path, size=entry.size)
    if entry.method == _STORED:
        raise UnreadableError("zip.broken", "a stored member has another size than its content", offset=entry.offset)
    raise UnreadableError("zip.method", f"compression method {entry.method} is not followed", offset=entry.offset)


class Contents:
    """The members of a zip as a tree; of two with one name, the last."""

    def __init__(self, reader: Reader, members: Sequence[Entry], tally: Tally) -> None:
        self._reader = reader
        self._entries = {entry.name: entry for entry in members if not entry.is_folder}
        self._tally = tally

    @property
    def paths(self) -> frozenset[str]:
        """Every member that is a file."""
        return frozenset(self._entries)

    def open(self, path: str) -> Reader:
        """The content of a member; raises `UnreadableError`."""
        entry = self._entries[path]
        local = self._reader.read(entry.offset, _LOCAL.size)
        if len(local) < _LOCAL.size:
            raise UnreadableError("zip.broken", "the local header is cut short", offset=entry.offset)
        return _content(self._reader, entry, local, self._tally)


def _checked(pieces: Iterator[bytes], entry: Entry) -> Iterator[bytes]:
    """`pieces`, until they are found to be another content than the entry states."""
    crc = size = 0
    for piece in pieces:
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        yield piece
        if size > entry.size:
            break
    if size != entry.size:
        raise UnreadableError("zip.size_differs", f"the member states {entry.size} bytes and unpacks to others")
    if crc != entry.crc:
        raise crc_differs()


def _hidden(about: Context, offset: int, count: int) -> Finding:
    return about.finding(
        "zip.hidden_data",
        f"about {count} bytes lie behind this member that belong to no member",
        offset=offset,
        level=Level.UNSCANNABLE,
        action=_AGAIN,
    )


def _in_turn(entry: Entry, *, ranged: bool) -> tuple[bool, int]:
    """Pickles first, for they name the tensors; in the order of the file where going back is dear."""
    return ranged and not entry.name.endswith(_PICKLE), entry.offset


FORMAT = Format(
    "zip", _matches, _scan, frozenset({".zip", ".pt", ".pth", ".ckpt", ".npz", ".keras", ".mar", ".ptl", ".skops"})
)
