"""The table of opcodes: who follows each of them. Source: pickletools.opcodes of Python 3.13, protocols 0 to 5."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.pickles import calls, containers, literals

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.artifacts.pickles.machine import Machine

NEWEST = 5


def proto(m: Machine, data: bytes, pos: int) -> int:
    """PROTO."""
    m.protocol = data[pos]
    m.names.met.clear()
    if m.protocol > NEWEST:
        m.broken(f"it is of protocol {m.protocol}, and there are {NEWEST}", pos)
    return pos + 1


def frame(m: Machine, data: bytes, pos: int) -> int:
    """FRAME: unpicklers read ahead to its end, so nothing else may begin inside it."""
    here = m.window.start + pos
    if here - 1 < m.frame_end:
        m.broken("a frame begins inside another", pos)
    m.frame_end = here + 8 + literals.uint(data, pos, 8)
    return pos + 8


def stop(m: Machine, _data: bytes, pos: int) -> int:
    """STOP."""
    m.need(1, pos)
    if m.frame_end > m.window.start + pos:
        m.broken("it ends before its frame does", pos)
    return m.stop(pos)


def unknown(m: Machine, data: bytes, pos: int) -> int:
    """Any other byte."""
    return m.broken(f"there is no opcode {data[pos - 1]:#04x}", pos)


NAMED: dict[int, Callable[[Machine, bytes, int], int]] = {
    0x80: proto,
    0x95: frame,
    ord("."): stop,
    ord("("): containers.mark,
    ord("0"): containers.pop,
    ord("1"): containers.pop_mark,
    ord("2"): containers.dup,
    ord("K"): literals.int_1,
    ord("M"): literals.int_2,
    ord("J"): literals.int_4,
    0x8A: literals.long_1,
    0x8B: literals.long_4,
    ord("I"): literals.number_line,
    ord("L"): literals.number_line,
    ord("F"): literals.float_line,
    0x8C: literals.text_1,
    ord("X"): literals.text_4,
    0x8D: literals.text_8,
    ord("U"): literals.text_1,
    ord("T"): literals.signed_text_4,
    ord("V"): literals.unicode_line,
    ord("S"): literals.string_line,
    ord("C"): literals.bytes_1,
    ord("B"): literals.bytes_4,
    0x8E: literals.bytes_8,
    0x96: literals.bytes_8,
    ord(")"): containers.empty_tuple,
    0x85: containers.tuple_1,
    0x86: containers.tuple_2,
    0x87: containers.tuple_3,
    ord("t"): containers.tuple_,
    ord("]"): containers.empty,
    0x8F: containers.empty,
    ord("}"): containers.empty_dict,
    ord("l"): containers.list_,
    ord("d"): containers.dict_,
    0x91: containers.frozenset_,
    ord("a"): containers.append,
    ord("e"): containers.appends,
    0x90: containers.appends,
    ord("s"): containers.setitem,
    ord("u"): containers.setitems,
    0x94: containers.memoize,
    ord("q"): containers.put_1,
    ord("r"): containers.put_4,
    ord("p"): containers.put_line,
    ord("h"): containers.get_1,
    ord("j"): containers.get_4,
    ord("g"): containers.get_line,
    ord("c"): calls.global_,
    0x93: calls.stack_global,
    ord("i"): calls.inst,
    ord("o"): calls.obj,
    ord("R"): calls.reduce_,
    0x81: calls.newobj,
    0x92: calls.newobj_ex,
    ord("b"): calls.build,
    0x82: calls.ext_1,
    0x83: calls.ext_2,
    0x84: calls.ext_4,
    ord("P"): calls.persid,
    ord("Q"): calls.binpersid,
    0x97: calls.next_buffer,
    0x98: calls.readonly_buffer,
}
HANDLERS = [NAMED.get(code, unknown) for code in range(256)]

# How far to go on for an opcode that pushes a constant nobody looks at: NONE, NEWTRUE, NEWFALSE, BINFLOAT …
_CONSTANTS = {ord("N"): 1, 0x88: 1, 0x89: 1, ord("G"): 9}
# … and whole numbers, until the pickle has arrays.
_NUMBERS = {ord("K"): 2, ord("M"): 3, ord("J"): 5}
NUMBERS_READ = [_CONSTANTS.get(code, 0) for code in range(256)]
NUMBERS_UNREAD = [(_CONSTANTS | _NUMBERS).get(code, 0) for code in range(256)]
