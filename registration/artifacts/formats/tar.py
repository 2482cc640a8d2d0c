"""Tar files: ustar, pax and GNU. Every regular member is looked at; links, devices and sparse files are not followed.

https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html and the GNU tar manual, "Basic Tar Format".
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.artifacts.formats.format import Format, Look
from registration.artifacts.formats.names import escapes
from registration.artifacts.reader import Part
from registration.errors import UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_BLOCK = 512
_EMPTY = bytes(_BLOCK)
_FILES, _LINKS, _DEVICES, _FOLDER = b"0\0" + b"7", b"12", b"346", b"5"
_LONG_NAME, _LONG_LINK, _PAX, _PAX_FOR_ALL = b"L", b"K", b"x", b"g"
_LONGEST_PADDING = 2 * 1024 * 1024
_MOST_ATTRIBUTES = 1024 * 1024  # bytes of one pax header or long name
_AGAIN = "pack the files again, each once and as it is"
_ASCII = bytes(range(128))


@dataclass
class _Member:
    """What one header says, with what the headers before it add."""

    name: str
    kind: bytes
    size: int
    offset: int  # of the content


@dataclass
class _Said:
    """What special headers say of the member that follows."""

    next: dict[str, str] = field(default_factory=dict)

    def add(self, said: dict[str, str], offset: int) -> None:
        """Raises `UnreadableError` where two headers disagree: of these, programs take the first or the last."""
        for key, value in said.items():
            if self.next.setdefault(key, value) != value:
                raise UnreadableError("tar.broken", f"two headers state another {key} of one member", offset=offset)


def _matches(look: Look) -> bool:
    head = look.head[:_BLOCK]
    return len(head) == _BLOCK and head != _EMPTY and _has_its_sum(head)


def _has_its_sum(header: bytes) -> bool:
    """Whether the header's checksum is right: the sum of its bytes, with spaces where the sum itself stands."""
    stated = _number(header[148:156])
    if stated is None:
        return False
    blanked = header[:148] + b" " * 8 + header[156:]
    total = sum(blanked)
    # Some old programs added up signed bytes.
    return stated in (total, total - 256 * len(blanked.translate(None, _ASCII)))


def _number(text: bytes) -> int | None:
    """An octal number, or GNU's base 256; None if it is neither."""
    if text[:1] == b"\x80":
        return int.from_bytes(text[1:], "big")
    digits = text.strip(b" \0")
    if not digits:
        return 0
    return int(digits, 8) if digits.translate(None, b"01234567") == b"" else None


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    seen: set[str] = set()
    said = _Said()
    offset = 0
    while (header := reader.read(offset, _BLOCK)) != _EMPTY and header:
        member = _parsed(header, offset, said)
        yield from _look(reader, member, context, seen)
        offset = member.offset + -(-member.size // _BLOCK) * _BLOCK
        _remember(reader, member, said)
    if not header:
        raise UnreadableError("tar.broken", "the archive ends without its end mark", offset=offset)
    yield from _after(reader, offset, context)


def starts(reader: Reader) -> set[int]:
    """Where the content of each regular member begins, as far as the headers can be followed."""
    found: set[int] = set()
    said, offset = _Said(), 0
    with contextlib.suppress(UnreadableError):
        while (header := reader.read(offset, _BLOCK)) != _EMPTY and header:
            member = _parsed(header, offset, said)
            if member.kind in _FILES:
                found.add(member.offset)
            offset = member.offset + -(-member.size // _BLOCK) * _BLOCK
            _remember(reader, member, said)
    return found


def _parsed(header: bytes, offset: int, said: _Said) -> _Member:
    if len(header) < _BLOCK or not _has_its_sum(header):
        raise UnreadableError("tar.broken", "a header is damaged", offset=offset)
    kind = header[156:157]
    name = _text(header[:100])
    if header[257:263] == b"ustar\0" and header[345] and kind not in _LONG_NAME + _LONG_LINK + _PAX + _PAX_FOR_ALL:
        name = f"{_text(header[345:500])}/{name}"
    size: int | None = _number(header[124:136])
    if kind not in _LONG_NAME + _LONG_LINK + _PAX + _PAX_FOR_ALL:
        told, said.next = said.next, {}
        name = told.get("path", name)
        size = _decimal(told["size"]) if "size" in told else size
        # What has no type is a folder if its name ends so, but not to every program where another name was stated.
        if kind == b"\0" and size and _text(header[:100]).endswith("/"):
            raise UnreadableError("tar.broken", "a member is a folder by its name, and has a size", offset=offset)
        size = 0 if kind in _LINKS + _DEVICES + _FOLDER else size
    if size is None:
        raise UnreadableError("tar.broken", "the size of a member is no number", offset=offset)
    return _Member(name, kind, size, offset + _BLOCK)


def _look(reader: Reader, member: _Member, context: Context, seen: set[str]) -> Iterator[Finding]:
    if member.kind in _LONG_NAME + _LONG_LINK + _PAX + _PAX_FOR_ALL:
        return
    about = context.about(member.name)
    yield from _doubts(member, about, seen)
    seen.add(member.name)
    if member.kind in _FILES:
        yield from context.scan_inner(Part(reader, member.offset, member.size), member.name)
    else:
        context.tally.member()
    # Asked afterwards, since an archive that is unpacked as it is read cannot go back.
    if not reader.reaches(member.offset + member.size):
        yield about.finding("tar.broken", "the archive ends inside this member", level=Level.UNSCANNABLE)


def _doubts(member: _Member, about: Context, seen: set[str]) -> Iterator[Finding]:
    if escapes(member.name):
        yield about.finding("archive.path_escapes", "the name leads out of the folder", action="do not unpack it")
    if member.kind in _LINKS:
        yield about.finding("archive.link", "the member is a link to some other file", action="pack the file itself")
    if member.kind in _DEVICES:
        yield about.finding("archive.device", "the member is a device or a pipe", action="do not unpack it")
    elif member.kind not in _FILES + _LINKS + _FOLDER:
        message = f"a member of type {member.kind!r} is not followed"
        yield about.finding("tar.member_type", message, level=Level.UNSCANNABLE, action=_AGAIN)
    if member.name in seen and member.kind in _FILES:
        message = "two members have this name; the later one replaces the other"
        yield about.finding("tar.duplicate_name", message, action=_AGAIN)


def _remember(reader: Reader, member: _Member, said: _Said) -> None:
    """Take what a special header says of the members behind it."""
    if member.kind not in _LONG_NAME + _LONG_LINK + _PAX + _PAX_FOR_ALL:
        return
    if member.size > _MOST_ATTRIBUTES:
        raise UnreadableError("tar.broken", f"a header of {member.size} bytes is not followed", offset=member.offset)
    content = reader.read(member.offset, member.size)
    if member.kind == _LONG_NAME:
        if b"\0" in content.rstrip(b"\0"):
            raise UnreadableError("tar.broken", "a long name goes on behind its end", offset=member.offset)
        said.add({"path": _text(content)}, member.offset)
    elif member.kind == _PAX:
        said.add(_attributes(content, member.offset), member.offset)
    elif member.kind == _PAX_FOR_ALL and _attributes(content, member.offset):
        # Programs differ in whether the size of one member, stated for all, moves the next header.
        raise UnreadableError("tar.broken", "one name or size is stated for all members", offset=member.offset)


def _attributes(content: bytes, offset: int) -> dict[str, str]:
    r"""The pairs of a pax header that matter: `<length> <key>=<value>\n` each."""
    found: dict[str, str] = {}
    at, end = 0, len(content.rstrip(b"\0"))
    while at < end:
        digits = content[at : at + 20].partition(b" ")[0]
        length = _decimal(digits.decode("ascii", "replace")) or 0
        key, is_pair, value = content[at + len(digits) + 1 : at + length - 1].partition(b"=")
        if not is_pair or content[at + length - 1 : at + length] != b"\n":
            raise UnreadableError("tar.broken", "a pax header is damaged", offset=offset + at)
        if key.startswith(b"GNU.sparse"):
            raise UnreadableError("tar.member_type", "a sparse member is not followed", offset=offset + at)
        if key in (b"path", b"size"):
            found[key.decode()] = value.decode("utf-8", "backslashreplace")
        at += length
    return found


def _after(reader: Reader, offset: int, context: Context) -> Iterator[Finding]:
    """Behind the end mark there are only zeros, to fill a block of the tape."""
    rest = reader.read(offset, _LONGEST_PADDING)
    if rest.strip(b"\0") or len(rest) == _LONGEST_PADDING:
        message = "something lies behind the end of the archive"
        yield context.finding("tar.trailing_data", message, offset=offset, action=_AGAIN)


def _text(field_: bytes) -> str:
    return field_.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _decimal(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None  # noqa: PLR2004 - 64 bits


FORMAT = Format("tar", _matches, _scan, frozenset({".tar"}))
