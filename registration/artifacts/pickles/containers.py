"""Opcodes that make containers, fill them, move the stack and use the memo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.pickles import findings, hooks
from registration.artifacts.pickles.literals import uint
from registration.artifacts.pickles.values import Global, Ref, Unknown

if TYPE_CHECKING:
    from registration.artifacts.pickles.machine import Machine
    from registration.artifacts.pickles.values import Fresh, Value

PAIRS = 256  # entries of a dict whose content is kept
# An unpickler that is handed a large number makes room for all those below it.
ROOM = 1 << 22


def mark(m: Machine, _data: bytes, pos: int) -> int:
    """MARK."""
    m.fence = len(m.stack)
    m.marks.append(m.fence)
    return pos


def pop(m: Machine, _data: bytes, pos: int) -> int:
    """POP: the last value, or the mark if there is none above it."""
    if len(m.stack) > m.fence:
        m.stack.pop()
    else:
        above_mark(m, pos)
    return pos


def pop_mark(m: Machine, _data: bytes, pos: int) -> int:
    """POP_MARK."""
    above_mark(m, pos)
    return pos


def dup(m: Machine, _data: bytes, pos: int) -> int:
    """DUP."""
    m.need(1, pos)
    value = m.stack[-1]
    if isinstance(value, tuple):
        m.stack[-1] = value = value[0]
    m.stack.append(value)
    return pos


def empty_tuple(m: Machine, _data: bytes, pos: int) -> int:
    """EMPTY_TUPLE."""
    m.stack.append(_EMPTY)
    return pos


def tuple_1(m: Machine, _data: bytes, pos: int) -> int:
    """TUPLE1."""
    if len(m.stack) < m.fence + 1:
        m.need(1, pos)
    m.stack[-1] = m.sizes.fresh(m.stack[-1:])
    return pos


def tuple_2(m: Machine, _data: bytes, pos: int) -> int:
    """TUPLE2."""
    if len(m.stack) < m.fence + 2:
        m.need(2, pos)
    m.stack[-2:] = (m.sizes.fresh(m.stack[-2:]),)
    return pos


def tuple_3(m: Machine, _data: bytes, pos: int) -> int:
    """TUPLE3."""
    if len(m.stack) < m.fence + 3:
        m.need(3, pos)
    m.stack[-3:] = (m.sizes.fresh(m.stack[-3:]),)
    return pos


def tuple_(m: Machine, _data: bytes, pos: int) -> int:
    """TUPLE."""
    m.stack.append(m.sizes.fresh(above_mark(m, pos)))
    return pos


def frozenset_(m: Machine, _data: bytes, pos: int) -> int:
    """FROZENSET."""
    m.stack.append((m.sizes.fresh(above_mark(m, pos))[0], None, 0))
    return pos


def empty(m: Machine, _data: bytes, pos: int) -> int:
    """EMPTY_LIST and EMPTY_SET."""
    m.stack.append(m.sizes.make())
    return pos


def empty_dict(m: Machine, _data: bytes, pos: int) -> int:
    """EMPTY_DICT."""
    made = m.sizes.make()
    if m.reads_numbers:
        m.kept[made] = {}
    m.stack.append(made)
    return pos


def list_(m: Machine, _data: bytes, pos: int) -> int:
    """LIST."""
    m.stack.append(m.sizes.make(above_mark(m, pos)))
    return pos


def dict_(m: Machine, _data: bytes, pos: int) -> int:
    """DICT."""
    items = above_mark(m, pos)
    empty_dict(m, _data, pos)
    _fill_dict(m, items, pos)
    return pos


def append(m: Machine, _data: bytes, pos: int) -> int:
    """APPEND."""
    stack = m.stack
    if len(stack) < m.fence + 2:
        m.need(2, pos)
    value = stack.pop()
    target = stack[-1]
    if type(target) is Ref:
        m.sizes.grow(target, (value,))
    else:
        changes(m, target, pos)
    return pos


def appends(m: Machine, _data: bytes, pos: int) -> int:
    """APPENDS and ADDITEMS."""
    _fill(m, above_mark(m, pos), pos)
    return pos


def setitem(m: Machine, _data: bytes, pos: int) -> int:
    """SETITEM."""
    m.need(3, pos)
    items = m.stack[-2:]
    del m.stack[-2:]
    _fill_dict(m, items, pos)
    return pos


def setitems(m: Machine, _data: bytes, pos: int) -> int:
    """SETITEMS."""
    _fill_dict(m, above_mark(m, pos), pos)
    return pos


def memoize(m: Machine, _data: bytes, pos: int) -> int:
    """MEMOIZE."""
    if len(m.stack) <= m.fence:
        m.need(1, pos)
    m.memo.add(m.stack[-1])
    return pos


def put_1(m: Machine, data: bytes, pos: int) -> int:
    """BINPUT."""
    return _put(m, data[pos], pos + 1)


def put_4(m: Machine, data: bytes, pos: int) -> int:
    """LONG_BINPUT."""
    return _put(m, uint(data, pos, 4), pos + 4)


def put_line(m: Machine, data: bytes, pos: int) -> int:
    """PUT."""
    number, end = _number(m, data, pos)
    return _put(m, number, end)


def get_1(m: Machine, data: bytes, pos: int) -> int:
    """BINGET."""
    try:
        m.stack.append(m.memo.get(data[pos]))
    except LookupError:
        m.broken(f"there is no memo entry {data[pos]}", pos)
    return pos + 1


def get_4(m: Machine, data: bytes, pos: int) -> int:
    """LONG_BINGET."""
    return _get(m, uint(data, pos, 4), pos + 4)


def get_line(m: Machine, data: bytes, pos: int) -> int:
    """GET."""
    number, end = _number(m, data, pos)
    return _get(m, number, end)


def above_mark(m: Machine, pos: int) -> list[Value]:
    """Take everything above the last mark, and the mark."""
    if not m.marks:
        m.broken("a mark is missing", pos)
    at = m.marks.pop()
    m.fence = m.marks[-1] if m.marks else 0
    items = m.stack[at:]
    del m.stack[at:]
    return items


def _fill(m: Machine, items: list[Value], pos: int) -> None:
    m.need(1, pos)
    target = m.stack[-1]
    if type(target) is Ref:
        m.sizes.grow(target, items)
    else:
        changes(m, target, pos)


def _fill_dict(m: Machine, items: list[Value], pos: int) -> None:
    if len(items) % 2:
        m.broken("a key has no value", pos)
    if len(m.stack) <= m.fence:
        m.need(1, pos)
    target = m.stack[-1]
    if type(target) is Ref:
        m.sizes.grow(target, items)
        if m.kept:
            _keep(m, target, items)
    else:
        changes(m, target, pos)
    if not hooks.NOTICED.isdisjoint(items[::2]) and (found := hooks.names(items)):
        m.say(pos, findings.hook, found)


def _keep(m: Machine, target: Ref, items: list[Value]) -> None:
    content = m.kept.get(target)
    if isinstance(content, dict):
        keys, values = items[::2], items[1::2]
        # What a call made may equal any text, and would take the place of what is known under that.
        if len(content) + len(keys) > PAIRS or any(type(key) is Ref or key is Unknown.LOST for key in keys):
            del m.kept[target]
        else:
            content.update((key, value) for key, value in zip(keys, values, strict=True) if type(key) is bytes)


def changes(m: Machine, target: Value, pos: int) -> None:
    """Say so if what is written into is a global, or may be."""
    if isinstance(target, Global):
        m.say(pos, findings.changed_global, target)
    elif target is Unknown.LOST:
        m.say(pos, findings.forgotten)


def _put(m: Machine, number: int, pos: int) -> int:
    if len(m.stack) <= m.fence:
        m.need(1, pos)
    if number > ROOM:
        m.say(pos, findings.bomb, f"memo entry {number} makes an unpickler take memory for all entries before it")
    m.memo.put(number, m.stack[-1])
    return pos


def _get(m: Machine, number: int, pos: int) -> int:
    try:
        m.stack.append(m.memo.get(number))
    except LookupError:
        m.broken(f"there is no memo entry {number}", pos)
    return pos


def _number(m: Machine, data: bytes, pos: int) -> tuple[int, int]:
    end = data.find(b"\n", pos)
    try:
        number = int(data[pos:end]) if 0 < end - pos <= 20 else -1  # noqa: PLR2004 - 64 bits have 20 digits
    except ValueError:
        number = -1
    if number < 0:
        m.broken("a memo entry has no number", pos)
    return number, end + 1


_EMPTY: Fresh = (1.0, (), 0)
