"""LZ4 frames, decoded; the standard library has none.

https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md. Checksums are not verified: bytes
that a checksum would refuse are looked at like all others. Dictionaries and the legacy frame are refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Generator

MAGIC = b"\x04\x22\x4d\x18"
_BLOCK_BYTES = {4: 1 << 16, 5: 1 << 18, 6: 1 << 20, 7: 1 << 22}
_REACH = 1 << 16  # how far back a match may lie
_STORED = 1 << 31
_SHORTEST = 4  # bytes of a match


class Lz4:
    """One frame; used as the decoders of `bz2` and `lzma` are."""

    def __init__(self) -> None:
        self.eof = False
        self.needs_input = True
        self.unused_data = b""
        self._packed = bytearray()
        self._out = bytearray()
        self._frame = self._decode()
        self._wanted = next(self._frame)

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """At most `max_length` bytes more; raises `UnreadableError` when the frame is damaged."""
        self._packed += data
        while len(self._out) < max_length and len(self._packed) >= self._wanted and self._wanted:
            taken = bytes(self._packed[: self._wanted])
            del self._packed[: self._wanted]
            self._wanted = self._frame.send(taken)
        piece = bytes(self._out[:max_length])
        del self._out[:max_length]
        if not self._wanted and not self._out:
            self.eof, self.unused_data = True, bytes(self._packed)
        self.needs_input = not self.eof and not self._out and len(self._packed) < self._wanted
        return piece

    def _decode(self) -> Generator[int, bytes]:
        """Asks for so many bytes at a time; 0 means that the frame has ended."""
        head = yield 6
        flags, size = head[4], _BLOCK_BYTES.get(head[5] >> 4 & 7, 0)
        if not head.startswith(MAGIC) or flags >> 6 != 1 or flags & 1 or not size:
            raise UnreadableError("packed.damaged", "the lz4 frame has a header that cannot be followed")
        yield (9 if flags & 8 else 1)  # the content's size, the header's checksum
        history = b""
        while length := int.from_bytes((yield 4), "little"):
            if not 0 < length & ~_STORED <= size:
                raise UnreadableError("packed.damaged", "an lz4 block has a size that its frame does not allow")
            packed = yield length & ~_STORED
            block = packed if length & _STORED else decode_block(packed, history, most=size)
            self._out += block
            # Blocks of a frame may refer to the ones before.
            history = b"" if flags & 32 else (history + block)[-_REACH:]
            if flags & 16:
                yield 4
        if flags & 4:
            yield 4
        while True:
            yield 0


def decode_block(packed: bytes, history: bytes, *, most: int) -> bytes:
    """The bytes of one block, at most `most`; raises `UnreadableError` when it is damaged."""
    out, at, start = bytearray(history), 0, len(history)
    try:
        while True:
            token = packed[at]
            literals, at = _length(packed, at + 1, token >> 4)
            if at + literals > len(packed):
                raise _damaged()
            out += packed[at : at + literals]
            at += literals
            if at == len(packed):
                break
            distance = packed[at] | packed[at + 1] << 8
            length, at = _length(packed, at + 2, token & 15)
            _copy(out, distance, length + _SHORTEST)
            if len(out) - start > most:
                raise _damaged()
    except IndexError:
        raise _damaged() from None
    if len(out) - start > most:
        raise _damaged()
    return bytes(out[start:])


def _length(packed: bytes, at: int, length: int) -> tuple[int, int]:
    if length == 15:  # noqa: PLR2004 - a full nibble: more bytes follow
        while True:
            more = packed[at]
            at += 1
            length += more
            if more != 255:  # noqa: PLR2004 - a full byte: one more follows
                break
    return length, at


def _copy(out: bytearray, distance: int, length: int) -> None:
    if not 0 < distance <= len(out):
        raise _damaged()
    begin = len(out) - distance
    if distance >= length:
        out += out[begin : begin + length]
    else:  # the match overlaps what it makes: a repeated pattern
        pattern = out[begin:]
        out += (pattern * (length // distance + 1))[:length]


def _damaged() -> UnreadableError:
    return UnreadableError("packed.damaged", "an lz4 block is damaged")
