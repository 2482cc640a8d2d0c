"""LZ4 frames for tests: a small packer of our own, since the standard library has none."""

from __future__ import annotations

MAGIC = b"\x04\x22\x4d\x18"
BLOCK = 64 * 1024


def lz4_frame(data: bytes, *, linked: bool = False, stored: bool = False) -> bytes:
    """A frame of 64 KiB blocks, without checksums; the decoder does not look at the header's."""
    flags = 0b0100_0000 | (0 if linked else 0b0010_0000)
    frame = MAGIC + bytes([flags, 4 << 4, 0])
    for start in range(0, len(data), BLOCK):
        piece = data[start : start + BLOCK]
        packed = piece if stored else lz4_block(data[: start + len(piece)], start=start, linked=linked)
        frame += (len(packed) | (stored << 31)).to_bytes(4, "little") + packed
    return frame + bytes(4)


def lz4_block(data: bytes, *, start: int, linked: bool) -> bytes:
    """`data[start:]` packed greedily; a match may lie before `start` if blocks are linked."""
    seen: dict[bytes, int] = {}
    for place in range(max(0, start - 60_000) if linked else start, start):
        seen[data[place : place + 4]] = place
    packed, literal, at = b"", start, start
    while at < len(data) - 12:  # the format wants the last bytes to be literals
        match = seen.get(data[at : at + 4])
        seen[data[at : at + 4]] = at
        if match is None or at - match > 65_535:
            at += 1
            continue
        length = 4
        while at + length < len(data) - 5 and data[match + length] == data[at + length]:
            length += 1
        packed += _sequence(data[literal:at], at - match, length - 4)
        at += length
        literal = at
    return packed + _sequence(data[literal:], 0, 0)


def _sequence(literals: bytes, distance: int, length: int) -> bytes:
    token = min(len(literals), 15) << 4 | min(length, 15)
    packed = bytes([token]) + _more(len(literals)) + literals
    return packed + distance.to_bytes(2, "little") + _more(length) if distance else packed


def _more(length: int) -> bytes:
    return b"" if length < 15 else b"\xff" * ((length - 15) // 255) + bytes([(length - 15) % 255])
