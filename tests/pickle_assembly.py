"""Pickles put together by hand, opcode by opcode. Tests build hostile ones so; nothing here is ever loaded."""

from __future__ import annotations

import struct

STOP, MARK, POP, DUP, MEMOIZE = b".", b"(", b"0", b"2", b"\x94"
NONE, EMPTY_TUPLE, EMPTY_LIST, EMPTY_DICT = b"N", b")", b"]", b"}"
TUPLE, TUPLE1, TUPLE2, TUPLE3 = b"t", b"\x85", b"\x86", b"\x87"
REDUCE, BUILD, NEWOBJ, OBJ, STACK_GLOBAL = b"R", b"b", b"\x81", b"o", b"\x93"
APPEND, APPENDS, SETITEM, SETITEMS = b"a", b"e", b"s", b"u"


def proto(number: int) -> bytes:
    return b"\x80" + bytes([number])


def named(module: str, name: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def text(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    encoded = value.encode()
    return b"\x8c" + bytes([len(encoded)]) + encoded


def number(value: int) -> bytes:
    """BININT."""
    return b"J" + struct.pack("<i", value)


def data(value: bytes) -> bytes:
    """SHORT_BINBYTES."""
    return b"C" + bytes([len(value)]) + value


def get(entry: int) -> bytes:
    return b"h" + bytes([entry])


def put(entry: int) -> bytes:
    return b"q" + bytes([entry])


def items(*values: bytes) -> bytes:
    """A tuple of any length."""
    return MARK + b"".join(values) + TUPLE


def mapping(**values: bytes) -> bytes:
    """A dict with text for keys."""
    return EMPTY_DICT + MARK + b"".join(text(key) + value for key, value in values.items()) + SETITEMS


def called(target: bytes, *arguments: bytes) -> bytes:
    return target + items(*arguments) + REDUCE


def framed(body: bytes) -> bytes:
    """Protocol 4 in one frame, as Python writes it."""
    return proto(4) + b"\x95" + struct.pack("<Q", len(body)) + body


def dtype(kind: str, *, size: int = -1, flags: int = 0) -> bytes:
    """A type of numpy with its state."""
    made = called(named("numpy", "dtype"), text(kind), b"\x89", b"\x88")
    state = [number(3), text("<"), NONE, NONE, NONE, number(size), number(-1), number(flags)]
    return made + items(*state) + BUILD


WRAPPER = named("joblib.numpy_pickle", "NumpyArrayWrapper") + EMPTY_TUPLE + NEWOBJ


def array(
    raw: bytes, *, shape: bytes, of: bytes | None = None, padding: bytes | None = b"\1\xff", wrapper: bytes = WRAPPER
) -> bytes:
    """An array as joblib writes it; without padding as joblib before 1.2 did."""
    state = {"subclass": named("numpy", "ndarray"), "shape": shape, "order": text("C"), "dtype": of or dtype("f8")}
    state |= {"allow_mmap": b"\x88"} | ({"numpy_array_alignment_bytes": number(16)} if padding is not None else {})
    return wrapper + mapping(**state) + BUILD + (padding or b"") + raw
