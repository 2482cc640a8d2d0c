"""The objects of an HDF5 file: the groups and data sets that its root leads to, as headers full of messages.

https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html, whose section numbers stand below. The data itself
is never read. What this does not follow raises `UnreadableError`: shared messages, and links or attributes so many that
they are kept in a fractal heap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from registration.errors import TooLargeError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.limits import Tally
    from registration.artifacts.reader import Reader

SIGNATURE = b"\x89HDF\r\n\x1a\n"
UNDEFINED = 2**64 - 1
LINK_INFO, EXTERNAL_DATA, LINK, LAYOUT, FILTERS, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = (
    *(0x02, 0x07, 0x06, 0x08, 0x0B, 0x0C, 0x10, 0x11, 0x15),
)
HARD, SOFT, EXTERNAL = 0, 1, 64
_OLD, _NEW = (0, 1), (2, 3)  # versions of the superblock
_SHARED = 2  # a flag of a message
_MOST_OBJECTS = 200_000
_MOST_EXTERNAL = 10_000
_MOST_CHUNKS = 1_000
_STEPS = 64  # what a message, or an entry of a table, costs beside an opcode of a pickle
_LARGEST_CHUNK = 4 * 1024 * 1024


class Message(NamedTuple):
    """One message of an object's header; `offset` is where its data begins in the file."""

    kind: int
    data: bytes
    offset: int


class Link(NamedTuple):
    """A name in a group. `target` is an address, a path in this file, or another file."""

    kind: int
    name: str
    target: int | str


class Objects:
    """Every object that the root leads to, once; and where the file says that it ends."""

    def __init__(self, reader: Reader, tally: Tally) -> None:
        self._reader = reader
        self._tally = tally
        self.end, self._root = self._superblock()
        self.links: list[Link] = []  # external ones met so far

    def __iter__(self) -> Iterator[Message]:
        """Every message of each object."""
        waiting, seen = [self._root], {self._root}
        while waiting:
            for message in self._messages(waiting.pop()):
                yield message
                for link in self._links(message):
                    if isinstance(link.target, int) and link.target not in seen:
                        seen.add(link.target)
                        waiting.append(link.target)
                    elif link.kind == EXTERNAL:
                        self.links.append(link)
                    if len(seen) > _MOST_OBJECTS or len(self.links) > _MOST_EXTERNAL:
                        raise TooLargeError("scan.too_large", f"more than {_MOST_OBJECTS} groups and data sets")

    def heap_object(self, address: int, index: int) -> bytes:
        """An object of the global heap, where text of varying length lies (III.E)."""
        size = self.number(address + 8, 8)
        if self._bytes(address, 4) != b"GCOL" or size > _LARGEST_CHUNK:
            raise self._broken("no global heap where one should be", address)
        at = address + 16
        while at + 16 <= address + size:
            self._tally.step(_STEPS // 2)
            found, length = self.number(at, 2), self.number(at + 8, 8)
            if found == index:
                return self._bytes(at + 16, min(length, address + size - at - 16))
            if found == 0:
                break
            at += 16 + _padded(length)
        raise self._broken(f"the global heap has no object {index}", address)

    def number(self, offset: int, width: int) -> int:
        """A number of `width` bytes."""
        return int.from_bytes(self._bytes(offset, width), "little")

    def _superblock(self) -> tuple[int, int]:
        """End of the file and address of the root's header (II.A)."""
        version = self.number(8, 1)
        sizes, base, end, root = (13, 24, 40, 64) if version in _OLD else (9, 12, 28, 36)
        if version == 1:
            base, end, root = base + 4, end + 4, root + 4
        if version not in (*_OLD, *_NEW) or self._bytes(sizes, 2) != b"\x08\x08" or self.number(base, 8):
            raise UnreadableError(
                "hdf5.unsupported", f"a superblock of version {version} with sizes that are not usual"
            )
        return self.number(end, 8), self.number(root, 8)

    def _messages(self, address: int) -> Iterator[Message]:
        if self._bytes(address, 4) == b"OHDR":
            yield from self._new_header(address)
        elif self.number(address, 1) == 1:
            yield from self._old_header(address)
        else:
            raise self._broken("no object where a link leads", address)

    def _old_header(self, address: int) -> Iterator[Message]:
        """Version 1 (IV.A.1.a)."""
        chunks = [(address + 16, self.number(address + 8, 4))]
        for start, size in self._all(chunks):
            at, end = start, start + size
            while at + 8 <= end:
                kind, length, flags = self.number(at, 2), self.number(at + 2, 2), self.number(at + 4, 1)
                yield self._message(kind, flags, at + 8, min(length, end - at - 8), chunks)
                at += 8 + length

    def _new_header(self, address: int) -> Iterator[Message]:
        """Version 2 (IV.A.1.b)."""
        flags = self.number(address + 5, 1)
        begin = address + 6 + (16 if flags & 32 else 0) + (4 if flags & 16 else 0)
        width = 1 << (flags & 3)
        head = 4 + (2 if flags & 4 else 0)
        chunks = [(begin + width, self.number(begin, width) + 4)]
        for start, size in self._all(chunks):
            at, end = start + (4 if self._bytes(start, 4) == b"OCHK" else 0), start + size - 4
            while at + head <= end:
                kind, length, marks = self.number(at, 1), self.number(at + 1, 2), self.number(at + 3, 1)
                yield self._message(kind, marks, at + head, min(length, end - at - head), chunks)
                at += head + length

    def _all(self, chunks: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """Each chunk of a header; more are found while the first are read."""
        seen = 0
        while seen < len(chunks):
            if seen > _MOST_CHUNKS or chunks[seen][1] > _LARGEST_CHUNK:
                raise TooLargeError("scan.too_large", "the header of an object is too large", offset=chunks[seen][0])
            yield chunks[seen]
            seen += 1

    def _message(self, kind: int, flags: int, at: int, length: int, chunks: list[tuple[int, int]]) -> Message:
        if kind == CONTINUATION:
            chunks.append((self.number(at, 8), self.number(at + 8, 8)))
        # Headers can share their parts, so that a small file would be followed for ever.
        self._tally.step(_STEPS)
        if flags & _SHARED and kind in {ATTRIBUTE, LINK, EXTERNAL_DATA}:
            raise UnreadableError("hdf5.unsupported", "a message is shared between objects", offset=at)
        return Message(kind, self._bytes(at, length), at)

    def _links(self, message: Message) -> Iterator[Link]:
        if message.kind == SYMBOL_TABLE:
            yield from self._old_group(message)
        elif message.kind == LINK:
            yield self._link(message)
        elif message.kind == LINK_INFO:
            self._is_compact(message, after=2 + (8 if message.data[1:2] and message.data[1] & 1 else 0))
        elif message.kind == ATTRIBUTE_INFO:
            self._is_compact(message, after=2 + (2 if message.data[1:2] and message.data[1] & 1 else 0))

    def _is_compact(self, message: Message, *, after: int) -> None:
        if int.from_bytes(message.data[after : after + 8], "little") != UNDEFINED:
            raise UnreadableError(
                "hdf5.unsupported", "links or attributes lie in a fractal heap", offset=message.offset
            )

    def _link(self, message: Message) -> Link:
        """A link message (IV.A.2.g)."""
        data = message.data + bytes(16)
        flags, at = data[1], 2
        kind = data[at] if flags & 8 else HARD
        at += (1 if flags & 8 else 0) + (8 if flags & 4 else 0) + (1 if flags & 16 else 0)
        width = 1 << (flags & 3)
        length = int.from_bytes(data[at : at + width], "little")
        name, at = data[at + width : at + width + length], at + width + length
        if kind == HARD:
            return Link(kind, _text(name), int.from_bytes(data[at : at + 8], "little"))
        said = int.from_bytes(data[at : at + 2], "little")
        return Link(kind, _text(name), _text(data[at + 2 : at + 2 + said].lstrip(b"\0")))

    def _old_group(self, message: Message) -> Iterator[Link]:
        """A tree of symbol nodes, and a heap of their names (III.A.1, III.C, III.D)."""
        tree, heap = (int.from_bytes(message.data[at : at + 8], "little") for at in (0, 8))
        names = self.number(heap + 24, 8)
        waiting, seen = [tree], {tree}
        while waiting:
            node = waiting.pop()
            self._tally.step(_STEPS)
            children = self._children(node) if self._bytes(node, 4) == b"TREE" else []
            waiting += [child for child in children if child not in seen]
            seen.update(children)
            if not children:
                yield from self._symbols(node, names)
            if len(seen) > _MOST_OBJECTS:
                raise TooLargeError("scan.too_large", "the tree of a group is too large", offset=tree)

    def _children(self, node: int) -> list[int]:
        used = self.number(node + 6, 2)
        table = self._bytes(node + 24, 16 * used)
        return [int.from_bytes(table[at + 8 : at + 16], "little") for at in range(0, len(table), 16)]

    def _symbols(self, node: int, names: int) -> Iterator[Link]:
        magic = self._bytes(node, 4)
        if magic == b"TREE":  # an empty group
            return
        if magic != b"SNOD":
            raise self._broken("no symbol node where a group has one", node)
        for number in range(self.number(node + 6, 2)):
            self._tally.step(_STEPS)
            at = node + 8 + 40 * number
            name, address, cache = self.number(at, 8), self.number(at + 8, 8), self.number(at + 16, 4)
            if cache == 2:  # noqa: PLR2004 - a soft link, whose path stands among the names
                yield Link(SOFT, self._name(names + name), self._name(names + self.number(at + 24, 4)))
            else:
                yield Link(HARD, self._name(names + name), address)

    def _name(self, offset: int) -> str:
        return _text(self._reader.read(offset, 1024).partition(b"\0")[0])

    def _bytes(self, offset: int, length: int) -> bytes:
        data = self._reader.read(offset, length)
        if len(data) < length:
            raise self._broken("the file ends in the middle of something", offset)
        return data

    def _broken(self, what: str, offset: int) -> UnreadableError:
        return UnreadableError("hdf5.broken", what, offset=offset)


def _padded(length: int) -> int:
    return (length + 7) & ~7


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
