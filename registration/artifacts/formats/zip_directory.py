"""The central directory of a zip: what the file says its members are, read strictly.

APPNOTE.TXT 6.3.10 (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT). Programs find the directory in
different ways, so whatever could let two of them read two different zips is a finding.
"""

from __future__ import annotations

import stat
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from registration.artifacts.formats.names import escapes
from registration.artifacts.reader import Part
from registration.artifacts.stream import Stream
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

END = b"PK\5\6"
_END64, _LOCATOR, _ENTRY = b"PK\6\6", b"PK\6\7", b"PK\1\2"
_END_LAYOUT = struct.Struct("<4s4H2LH")
_END64_LAYOUT = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_LAYOUT = struct.Struct("<4sLQL")
_ENTRY_LAYOUT = struct.Struct("<4s6H3L5H2L")
_LONGEST_COMMENT = 0xFFFF
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF  # the value is in a zip64 record instead
_ZIP64, _UNICODE_PATH = 1, 0x7075  # ids of extra fields
_UTF8 = 1 << 11
ENCRYPTED = 1 | 1 << 6 | 1 << 13  # encrypted, strongly encrypted, central directory masked
DESCRIBED = 1 << 3  # CRC and sizes follow the data, not the local header


class Entry(NamedTuple):
    """One member as the central directory states it. `offset` is that of its local header in the file."""

    name: str
    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    attributes: int
    other_name: str = ""  # that some programs take instead

    @property
    def is_link(self) -> bool:
        """Whether Unix would unpack it as a symbolic link."""
        return stat.S_ISLNK(self.attributes >> 16)

    @property
    def is_folder(self) -> bool:
        """Whether it is the mere name of a folder."""
        return self.name.endswith("/") and not self.size


@dataclass(frozen=True)
class Directory:
    """Where the central directory lies, and what is wrong with how the file says so.

    `shift` is what every offset in the file is short of, because something was put in front.
    """

    offset: int
    size: int
    count: int
    shift: int
    end: int


def find(reader: Reader) -> Directory:
    """The directory that readers agree on; raises `UnreadableError` when there is none."""
    base = max(0, reader.size - _END_LAYOUT.size - _LONGEST_COMMENT)
    tail = reader.read(base, _END_LAYOUT.size + _LONGEST_COMMENT)
    at = _last_end(tail)
    if at < 0:
        raise UnreadableError("zip.broken", "there is no central directory; the file may be cut short")
    _, _, _, _, count, size, offset, _ = _END_LAYOUT.unpack_from(tail, at)
    end = base + at
    if large := _find64(reader, end):
        count, size, offset, end = large
    start = end - size
    if start < 0 or start < offset:
        raise UnreadableError("zip.broken", "the central directory is not where the file says", offset=base + at)
    return Directory(start, size, count, start - offset, base + at)


def ends_exactly(tail: bytes) -> bool:
    """Whether `tail` ends with a directory's end record, to the byte."""
    at = _last_end(tail)
    return at >= 0 and at + _END_LAYOUT.size + _END_LAYOUT.unpack_from(tail, at)[7] == len(tail)


def _last_end(tail: bytes) -> int:
    """Where the last end record begins that is not cut short, or -1."""
    return tail.rfind(END, 0, max(0, len(tail) - _END_LAYOUT.size + len(END)))


def doubts(reader: Reader, found: Directory, context: Context) -> Iterator[Finding]:
    """Whatever could make another program find another directory."""
    record = reader.read(found.end, _END_LAYOUT.size)
    _, disk, start_disk, here, count, size, offset, comment = _END_LAYOUT.unpack(record)
    ends = found.end + _END_LAYOUT.size + comment
    if ends != reader.size:
        yield context.finding(
            "zip.trailing_data", "something lies behind the end of the zip", offset=ends, action=_AGAIN
        )
    if END in reader.read(found.end + 4, reader.size - found.end):
        message = "the comment holds the end record of another zip"
        yield context.finding("zip.several_directories", message, offset=found.end, action=_AGAIN)
    if disk or start_disk:
        yield context.finding(
            "zip.several_directories", "the zip is one of several disks", offset=found.end, action=_AGAIN
        )
    true = (found.count, found.count, found.size, found.offset - found.shift)
    full = (_FULL16, _FULL16, _FULL32, _FULL32)
    if any(value not in pair for value, *pair in zip((here, count, size, offset), true, full, strict=True)):
        message = "the two end records state different directories"
        yield context.finding("zip.several_directories", message, offset=found.end, action=_AGAIN)
    if found.shift:
        yield prefixed(context, found.shift)


def prefixed(context: Context, count: int) -> Finding:
    """Something stands in front of the zip."""
    message = f"{count} bytes stand in front of the zip; another program may take the file for what they are"
    return context.finding("zip.prefixed_data", message, offset=0, action=_AGAIN)


def entries(reader: Reader, found: Directory) -> Iterator[Entry]:
    """Every entry of the directory; raises `UnreadableError` when it is not what it states, after those that are."""
    stream = Stream(Part(reader, found.offset, found.size))
    for _ in range(found.count):
        yield _entry(stream, found)
    if stream.peek():
        message = f"the central directory goes on after the {found.count} entries it states"
        raise UnreadableError("zip.broken", message, offset=found.offset + stream.tell())


def _entry(stream: Stream, found: Directory) -> Entry:
    place = found.offset + stream.tell()
    fixed = stream.read(_ENTRY_LAYOUT.size)
    if len(fixed) < _ENTRY_LAYOUT.size or not fixed.startswith(_ENTRY):
        raise UnreadableError("zip.broken", "the central directory has fewer entries than it states", offset=place)
    _, _, _, flags, method, _, _, crc, packed, size, names, extras, comments, _, _, attributes, offset = (
        _ENTRY_LAYOUT.unpack(fixed)
    )
    raw, extra = stream.read(names), stream.read(extras)
    if len(raw) < names or len(extra) < extras or stream.skip(comments) < comments:
        raise UnreadableError("zip.broken", "an entry of the central directory is cut short", offset=place)
    if _FULL32 in (size, packed, offset):
        size, packed, offset = _widened([size, packed, offset], extra, place)
    # ASCII is the same in both, and decoded many times as fast.
    name = raw.decode("utf-8" if flags & _UTF8 or raw.isascii() else "cp437", "backslashreplace")
    other = _other_name(name, extra) if extra else ""
    return Entry(name, raw, flags, method, crc, packed, size, offset + found.shift, attributes, other)


def _other_name(name: str, extra: bytes) -> str:
    """The name that a field of Unicode gives the member, if no honest program would give it."""
    for field in _fields(extra, _UNICODE_PATH):
        other = field[5:].decode("utf-8", "backslashreplace")  # version and CRC before it
        # Only what is not ASCII is honestly spelled in two ways.
        if other and other != name and (other.isascii() or escapes(other)):
            return other
    return ""


def _widened(values: list[int], extra: bytes, place: int) -> list[int]:
    """`values` with those replaced that the zip64 extra field holds, in its order."""
    wide = next(_fields(extra, _ZIP64), None)
    for index, value in enumerate(values):
        if value == _FULL32 and wide is not None:
            if len(wide) < 8:  # noqa: PLR2004 - bytes of a value
                raise UnreadableError("zip.broken", "a zip64 field is cut short", offset=place)
            values[index] = int.from_bytes(wide[:8], "little")
            wide = wide[8:]
    return values


def _fields(extra: bytes, wanted: int) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(extra):  # id and length of a field
        kind, length = struct.unpack_from("<2H", extra, at)
        if kind == wanted:
            yield extra[at + 4 : at + 4 + length]
        at += 4 + length


def _find64(reader: Reader, end: int) -> tuple[int, int, int, int] | None:
    """(count, size, offset, end) of the directory as the zip64 records before the end record state it."""
    locator = reader.read(end - _LOCATOR_LAYOUT.size, _LOCATOR_LAYOUT.size)
    if len(locator) < _LOCATOR_LAYOUT.size or not locator.startswith(_LOCATOR):
        return None
    place = end - _LOCATOR_LAYOUT.size - _END64_LAYOUT.size
    record = reader.read(place, _END64_LAYOUT.size)
    if len(record) < _END64_LAYOUT.size or not record.startswith(_END64):
        raise UnreadableError("zip.broken", "the zip64 end record is not before its locator", offset=end)
    _, length, _, _, _, _, _, count, size, offset = _END64_LAYOUT.unpack(record)
    _, _, stated, _ = _LOCATOR_LAYOUT.unpack(locator)
    shift = place - size - offset
    if length != _END64_LAYOUT.size - 12 or stated + shift != place:
        raise UnreadableError("zip.broken", "the zip64 records do not point at each other", offset=place)
    return count, size, offset, place


_AGAIN = "save the model again with the library that made it"
