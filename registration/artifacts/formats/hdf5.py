"""HDF5, as Keras and others write it: what leads out of the file, and Keras' configuration in an attribute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.formats import keras_config, tar
from registration.artifacts.formats.format import Format, Look
from registration.artifacts.formats.hdf5_objects import (
    ATTRIBUTE,
    EXTERNAL_DATA,
    LAYOUT,
    SIGNATURE,
    Message,
    Objects,
)
from registration.artifacts.reader import LONGEST_READ, Memory
from registration.errors import TooLargeError, UnreadableError
from registration.finding import Level

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.formats.hdf5_objects import Link
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

_VIRTUAL = 3  # class of a layout whose data lies in other files
_VARYING = 9  # class of a datatype: a length, and a place in the global heap
_PADDED = 1  # version of an attribute whose parts are padded to 8 bytes
_HEADS = {1: 8, 2: 8, 3: 9}  # bytes before an attribute's name, by version


def _matches(look: Look) -> bool:
    """The signature is at the beginning, or behind a block of the author's of 512 bytes, 1024 and so on (II.A)."""
    if look.head.startswith(SIGNATURE):
        return True
    behind = {512 << step for step in range(7) if look.head.startswith(SIGNATURE, 512 << step)}
    # In a tar it may be that of a member, which is looked at by itself.
    return bool(behind) and not (tar.FORMAT.matches(look) and behind <= tar.starts(Memory(look.head)))


def _scan(reader: Reader, context: Context) -> Iterator[Finding]:
    if reader.read(0, len(SIGNATURE)) != SIGNATURE:
        raise UnreadableError("hdf5.unsupported", "the file begins with a block of the author's")
    source = _ranged(reader)
    objects = Objects(source, context.tally)
    for message in objects:
        yield from _judged(message, objects, context)
    yield from (_outside(link, context) for link in objects.links)
    if not source.reaches(objects.end):
        raise UnreadableError("hdf5.broken", f"the file states {objects.end} bytes, and there are fewer")
    if source.reaches(objects.end + 1):
        yield context.finding(
            "hdf5.trailing_bytes",
            "something lies behind the end that the file states",
            offset=objects.end,
            level=Level.UNSCANNABLE,
            action="save the model again with the library that made it",
        )


def _ranged(reader: Reader) -> Reader:
    """A file that is unpacked as it is read would be unpacked again for each object, so a small one is held whole."""
    if reader.is_ranged:
        return reader
    if reader.reaches(LONGEST_READ + 1):
        raise TooLargeError("scan.too_large", "a packed HDF5 file of more than 8 MiB; store it without compression")
    return Memory(reader.read(0, LONGEST_READ), reader.path)


def _judged(message: Message, objects: Objects, context: Context) -> Iterator[Finding]:
    if message.kind == EXTERNAL_DATA or (message.kind == LAYOUT and _is_virtual(message.data)):
        yield context.finding(
            "hdf5.external_data",
            "the numbers of a data set are read from other files",
            offset=message.offset,
            action="do not load it; ask who made it",
        )
    elif message.kind == ATTRIBUTE:
        text = _value(message.data, objects).lstrip().rstrip(b"\0")
        # Many attributes can have one text.
        context.tally.step(len(text))
        if text.startswith((b"{", b"[")) and keras_config.names_class(text):
            yield from keras_config.judged(text, context)


def _is_virtual(layout: bytes) -> bool:
    return len(layout) > 1 and layout[0] >= 4 and layout[1] == _VIRTUAL  # noqa: PLR2004 - version 4 has virtual data


def _value(attribute: bytes, objects: Objects) -> bytes:
    """What an attribute holds, of text that varies in length its first entry (IV.A.2.m)."""
    version = attribute[0] if attribute else 0
    if version not in _HEADS:
        raise UnreadableError("hdf5.unsupported", f"an attribute of version {version}")
    if version != _PADDED and attribute[1:2] != b"\0":
        raise UnreadableError("hdf5.unsupported", "an attribute whose type or shape is kept elsewhere")
    sizes = [int.from_bytes(attribute[at : at + 2], "little") for at in (2, 4, 6)]
    parts = [(size + 7) & ~7 for size in sizes] if version == _PADDED else sizes
    kind = _HEADS[version] + parts[0]
    data = attribute[_HEADS[version] + sum(parts) :]
    if attribute[kind : kind + 1] and attribute[kind] & 15 == _VARYING and len(data) >= 16:  # noqa: PLR2004 - length, address, index
        return objects.heap_object(int.from_bytes(data[4:12], "little"), int.from_bytes(data[12:16], "little"))
    return data


def _outside(link: Link, context: Context) -> Finding:
    file, _, path = str(link.target).partition("\0")
    return context.finding(
        "hdf5.external_link",
        f"{link.name!r} leads to {path.rstrip(chr(0))!r} in the file {file!r}",
        action="do not load it; ask who made it",
    )


FORMAT = Format("hdf5", _matches, _scan, frozenset({".h5", ".hdf5", ".keras"}), holds_code=True)
