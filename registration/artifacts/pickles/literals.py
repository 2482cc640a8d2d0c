"""Opcodes that push a constant. Long ones are stepped over: nothing of them is read, and nobody names a global so."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

from registration.artifacts.pickles.values import NAME, Data, Unknown

if TYPE_CHECKING:
    from registration.artifacts.pickles.machine import Machine
    from registration.artifacts.pickles.values import Value

_LINE = 6 * NAME + 2  # an escaped character takes up to six bytes, and two are quotes
_DIGITS = 300


def uint(data: bytes, pos: int, width: int) -> int:
    """The unsigned little-endian number at `pos`."""
    return int.from_bytes(data[pos : pos + width], "little")


def int_1(m: Machine, data: bytes, pos: int) -> int:
    """BININT1."""
    m.stack.append(data[pos])
    return pos + 1


def int_2(m: Machine, data: bytes, pos: int) -> int:
    """BININT2."""
    m.stack.append(uint(data, pos, 2))
    return pos + 2


def int_4(m: Machine, data: bytes, pos: int) -> int:
    """BININT."""
    m.stack.append(int.from_bytes(data[pos : pos + 4], "little", signed=True))
    return pos + 4


def long_1(m: Machine, data: bytes, pos: int) -> int:
    """LONG1."""
    end = pos + 1 + data[pos]
    m.stack.append(int.from_bytes(data[pos + 1 : end], "little", signed=True))
    return end


def long_4(m: Machine, data: bytes, pos: int) -> int:
    """LONG4."""
    return _skip_signed(m, data, pos)


def number_line(m: Machine, data: bytes, pos: int) -> int:
    """INT and LONG: a line of text."""
    end = data.find(b"\n", pos)
    if end < 0:
        end = m.line_end(pos)
    line = data[pos:end] if end - pos <= _DIGITS else b"0"
    try:
        m.stack.append(int(line.removesuffix(b"L"), 0 if line not in (b"00", b"01") else 10))
    except ValueError:
        m.broken("a number is none", pos)
    return end + 1


def float_line(m: Machine, data: bytes, pos: int) -> int:
    """FLOAT: a line of text."""
    end = data.find(b"\n", pos)
    if end < 0:
        end = m.line_end(pos)
    try:
        float(data[pos:end] if end - pos <= _DIGITS else b"0")
    except ValueError:
        m.broken("a number is none", pos)
    m.stack.append(None)
    return end + 1


def text_1(m: Machine, data: bytes, pos: int) -> int:
    """SHORT_BINUNICODE, and SHORT_BINSTRING: text to who does not ask for bytes."""
    end = pos + 1 + data[pos]
    m.stack.append(data[pos + 1 : end])
    return end


def text_4(m: Machine, data: bytes, pos: int) -> int:
    """BINUNICODE."""
    return _text(m, data, pos + 4, uint(data, pos, 4))


def text_8(m: Machine, data: bytes, pos: int) -> int:
    """BINUNICODE8."""
    return _text(m, data, pos + 8, uint(data, pos, 8))


def signed_text_4(m: Machine, data: bytes, pos: int) -> int:
    """BINSTRING."""
    length = int.from_bytes(data[pos : pos + 4], "little", signed=True)
    if length < 0:
        m.broken("a length is negative", pos)
    return _text(m, data, pos + 4, length)


def unicode_line(m: Machine, data: bytes, pos: int) -> int:
    """UNICODE: a line in which characters may be escaped."""
    end = data.find(b"\n", pos)
    if end < 0:
        end = m.line_end(pos)
    try:
        text = data[pos:end].decode("raw-unicode-escape") if end - pos <= _LINE else None
    except UnicodeDecodeError:
        m.broken("text cannot be decoded", pos)
    m.stack.append(_named(text))
    return end + 1


def string_line(m: Machine, data: bytes, pos: int) -> int:
    """STRING: a quoted line, as Python 2 would print it."""
    end = data.find(b"\n", pos)
    if end < 0:
        end = m.line_end(pos)
    line = data[pos:end] if end - pos <= _LINE else b"''"
    if len(line) < 2 or line[:1] != line[-1:] or line[:1] not in (b"'", b'"'):  # noqa: PLR2004 - two quotes
        m.broken("a string is not quoted", pos)
    try:
        text = codecs.escape_decode(line[1:-1])[0].decode("ascii")
    except (ValueError, DeprecationWarning):
        # Not text to who loads it as ever, and bytes are no name. Python warns of escapes that it does not know.
        m.stack.append(None)
    else:
        m.stack.append(_named(text if end - pos <= _LINE else None))
    return end + 1


def bytes_1(m: Machine, data: bytes, pos: int) -> int:
    """SHORT_BINBYTES."""
    end = pos + 1 + data[pos]
    m.stack.append(Data(data[pos + 1 : end]) if m.reads_numbers else None)
    return end


def bytes_4(m: Machine, data: bytes, pos: int) -> int:
    """BINBYTES."""
    m.stack.append(None)
    return pos + 4 + uint(data, pos, 4)


def bytes_8(m: Machine, data: bytes, pos: int) -> int:
    """BINBYTES8 and BYTEARRAY8."""
    m.stack.append(None)
    return pos + 8 + uint(data, pos, 8)


def _skip_signed(m: Machine, data: bytes, pos: int) -> int:
    length = int.from_bytes(data[pos : pos + 4], "little", signed=True)
    if length < 0:
        m.broken("a length is negative", pos)
    m.stack.append(None)
    return pos + 4 + length


def _text(m: Machine, data: bytes, pos: int, length: int) -> int:
    m.stack.append(data[pos : pos + length] if length <= NAME else Unknown.LONG)
    return pos + length


def _named(text: str | None) -> Value:
    encoded = text.encode("utf-8", "surrogatepass") if text is not None else b""
    return encoded if text is not None and len(encoded) <= NAME else Unknown.LONG
