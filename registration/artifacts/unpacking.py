"""Unpacking: the bytes of packed streams, in small pieces, under limits on how much may come out of how little."""

from __future__ import annotations

import bz2
import lzma
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from registration.artifacts import lz4
from registration.artifacts.stream import BLOCK, Stream
from registration.errors import TooLargeError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registration.artifacts.limits import Tally
    from registration.artifacts.reader import Reader

MOST_MEMORY = 80 * 1024 * 1024  # bytes for a dictionary of xz: preset 9 needs 65 MiB
_ENOUGH = 64  # bytes that no text unpacks to by chance
PADDING = 64 * 1024  # zero bytes between and after streams


class Decoder(Protocol):
    """One packed stream, as `bz2` and `lzma` decode it: fed until `eof`, and `unused_data` is what follows."""

    @property
    def eof(self) -> bool: ...  # noqa: D102 - see the class

    @property
    def needs_input(self) -> bool: ...  # noqa: D102 - see the class

    @property
    def unused_data(self) -> bytes: ...  # noqa: D102 - see the class

    def decompress(self, data: bytes, max_length: int) -> bytes: ...  # noqa: D102 - see the class


class Inflate:
    """zlib with the interface of the others; `wbits` as `zlib.decompressobj` takes it."""

    def __init__(self, wbits: int) -> None:
        self._zlib = zlib.decompressobj(wbits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        return self._zlib.eof

    @property
    def unused_data(self) -> bytes:
        """What was fed and lies behind the end."""
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes more."""
        out = self._zlib.decompress(data or self._zlib.unconsumed_tail, max_length)
        # zlib can hold output back though all input is taken; a full piece says there may be more.
        self.needs_input = not self._zlib.unconsumed_tail and len(out) < max_length
        return out


@dataclass(frozen=True)
class Codec:
    """One way of packing. `magic` begins each stream; `follows` says whether streams may follow one another.

    A `vague` magic is too short to tell anything: only a stream that unpacks is one.
    """

    name: str
    magic: tuple[bytes, ...]
    decoder: Callable[[], Decoder]
    follows: bool = True
    vague: bool = False


_BLOCK, _END = b"1AY&SY", b"\x17rE8P\x90"  # what a bz2 stream goes on with

ZLIB = Codec("zlib", (b"\x78",), lambda: Inflate(zlib.MAX_WBITS), vague=True)
GZIP = Codec("gzip", (b"\x1f\x8b\x08",), lambda: Inflate(zlib.MAX_WBITS | 16))
DEFLATE = Codec("deflate", (), lambda: Inflate(-zlib.MAX_WBITS), follows=False)
BZ2 = Codec("bz2", tuple(b"BZh%d" % level + go for level in range(1, 10) for go in (_BLOCK, _END)), bz2.BZ2Decompressor)
XZ = Codec("xz", (b"\xfd7zXZ\0",), lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MOST_MEMORY))
LZMA = Codec(
    "lzma",
    (b"\x5d\0",),
    lambda: lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=MOST_MEMORY),
    follows=False,
    vague=True,
)
LZ4 = Codec("lz4", (lz4.MAGIC,), lz4.Lz4)


def unpack(packed: Reader, codec: Codec, *, tally: Tally) -> Iterator[bytes]:
    """The pieces that come out of all streams of `packed`.

    Raises `UnreadableError` when the bytes are damaged, end early or are followed by others, and `TooLargeError` when
    more comes out than the limits allow.
    """
    offset, total = 0, 0
    while True:
        stream, decoder = Stream(packed, offset=offset), codec.decoder()
        for piece in _pieces(stream, decoder, codec):
            tally.inflate(len(piece))
            total += len(piece)
            _check_ratio(total, stream.tell(), tally)
            yield piece
        offset = stream.tell() - len(decoder.unused_data)
        if (following := _following(packed, offset, codec)) is None:
            return
        offset = following


def begins(head: bytes, codec: Codec) -> bool:
    """Whether `head` is the beginning of a stream."""
    if not head.startswith(codec.magic) or not codec.vague:
        return head.startswith(codec.magic)
    decoder = codec.decoder()
    try:
        return len(decoder.decompress(head, _ENOUGH)) == _ENOUGH or decoder.eof
    except (zlib.error, lzma.LZMAError):
        return False


def _pieces(stream: Stream, decoder: Decoder, codec: Codec) -> Iterator[bytes]:
    while not decoder.eof:
        data = stream.read(BLOCK) if decoder.needs_input else b""
        if decoder.needs_input and not data:
            raise UnreadableError("packed.truncated", f"the {codec.name} stream ends early", offset=stream.tell())
        try:
            piece = decoder.decompress(data, BLOCK)
        except (zlib.error, OSError, lzma.LZMAError) as damage:
            message = f"the {codec.name} stream is damaged: {damage}"
            raise UnreadableError("packed.damaged", message, offset=stream.tell()) from damage
        if piece:
            yield piece


def _check_ratio(total: int, taken: int, tally: Tally) -> None:
    limits = tally.limits
    if total > limits.unjudged and total > limits.ratio * taken:
        message = f"{taken} packed bytes have become more than {limits.ratio} times as many"
        raise TooLargeError("packed.bomb", message, offset=taken)


def _following(packed: Reader, offset: int, codec: Codec) -> int | None:
    """Where the next stream begins, if there is one."""
    rest = packed.read(offset, PADDING)
    start = offset + len(rest) - len(rest.lstrip(b"\0"))
    if start == offset + len(rest) and len(rest) < PADDING:
        return None
    if codec.follows and packed.read(start, 16).startswith(codec.magic):
        return start
    message = f"the {codec.name} stream is followed by other bytes"
    raise UnreadableError("packed.trailing_bytes", message, offset=start)
