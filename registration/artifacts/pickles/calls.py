"""Opcodes that resolve globals, call them, and set the state of what they made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.pickles import arguments, arrays, dtypes, findings, storages
from registration.artifacts.pickles.containers import above_mark, changes
from registration.artifacts.pickles.globals import is_dangerous, resolved
from registration.artifacts.pickles.names import MET
from registration.artifacts.pickles.values import Global, Ref, Unknown, items_of

if TYPE_CHECKING:
    from registration.artifacts.pickles.machine import Machine
    from registration.artifacts.pickles.values import Value


def global_(m: Machine, data: bytes, pos: int) -> int:
    """GLOBAL: two lines."""
    target, end = _written(m, data, pos)
    m.stack.append(target)
    return m.after_global(target, end)


def stack_global(m: Machine, _data: bytes, pos: int) -> int:
    """STACK_GLOBAL: module and name are the last two values."""
    m.need(2, pos)
    name, module = m.stack.pop(), m.stack.pop()
    if type(name) is bytes and type(module) is bytes:
        target = _resolve(m, module, name, pos)
        m.stack.append(target)
        return m.after_global(target, pos)
    if Unknown.LOST in (name, module):
        m.say(pos, findings.forgotten)
    else:
        m.say(pos, findings.computed_global)
    m.stack.append(Unknown.LOST)
    return pos


def inst(m: Machine, data: bytes, pos: int) -> int:
    """INST: a global on two lines is called with what is above the mark."""
    target, end = _written(m, data, pos)
    items = above_mark(m, pos)
    m.stack.append(_call(m, target, m.sizes.fresh(items), "call", pos))
    return m.after_global(target, end)


def obj(m: Machine, _data: bytes, pos: int) -> int:
    """OBJ: the first value above the mark is called with the others."""
    items = above_mark(m, pos)
    if not items:
        m.broken("there is nothing to call", pos)
    m.stack.append(_call(m, items[0], m.sizes.fresh(items[1:]), "call", pos))
    return pos


def reduce_(m: Machine, _data: bytes, pos: int) -> int:
    """REDUCE."""
    stack = m.stack
    if len(stack) < m.fence + 2:
        m.need(2, pos)
    given = stack.pop()
    target = stack[-1]
    if type(target) is Global and target.is_plain and "call" in target.uses:
        stack[-1] = m.sizes.result(given)
    else:
        stack[-1] = _call(m, target, given, "call", pos)
    return pos


def newobj(m: Machine, _data: bytes, pos: int) -> int:
    """NEWOBJ."""
    m.need(2, pos)
    given = m.stack.pop()
    m.stack[-1] = _call(m, m.stack[-1], given, "new", pos)
    return pos


def newobj_ex(m: Machine, _data: bytes, pos: int) -> int:
    """NEWOBJ_EX: with keywords."""
    m.need(3, pos)
    keywords, given = m.stack.pop(), m.stack.pop()
    m.stack[-1] = made = _call(m, m.stack[-1], given, "new", pos)
    if type(made) is Ref:
        m.sizes.grow(made, (keywords,))
    return pos


def build(m: Machine, _data: bytes, pos: int) -> int:
    """BUILD: set the state of what was made, or let it set it itself."""
    m.need(2, pos)
    state = m.stack.pop()
    target = m.stack[-1]
    if type(target) is not Ref:
        changes(m, target, pos)
        return pos
    m.sizes.grow(target, (state,))
    if m.kept and (known := m.kept.get(target)) is not None:
        return _build_known(m, target, known, state, pos)
    return pos


def _build_known(m: Machine, target: Ref, known: object, state: Value, pos: int) -> int:
    if isinstance(known, arrays.Dtype):
        if doubt := dtypes.doubt(known, items_of(state), m.kept):
            m.say(pos, findings.type_of_numpy, doubt)
        m.kept[target] = arrays.with_state(known, items_of(state), m.kept)
    elif isinstance(known, arrays.Wrapper) and m.steps_over_arrays:
        return m.array(known, state, pos)
    return pos


def extension(m: Machine, width: int, pos: int) -> int:
    """EXT1, EXT2 and EXT4."""
    m.say(pos, findings.extension)
    m.stack.append(Unknown.LOST)
    return pos + width


def ext_1(m: Machine, _data: bytes, pos: int) -> int:
    """EXT1."""
    return extension(m, 1, pos)


def ext_2(m: Machine, _data: bytes, pos: int) -> int:
    """EXT2."""
    return extension(m, 2, pos)


def ext_4(m: Machine, _data: bytes, pos: int) -> int:
    """EXT4."""
    return extension(m, 4, pos)


def persid(m: Machine, _data: bytes, pos: int) -> int:
    """PERSID: a line of text, which no library of ours writes."""
    end = m.line_end(pos)
    m.say(pos, findings.persistent_id, "it refers to an object outside of the pickle by a line of text")
    m.stack.append(None)
    return end + 1


def binpersid(m: Machine, _data: bytes, pos: int) -> int:
    """BINPERSID: in a torch file, a storage of numbers beside the pickle."""
    m.need(1, pos)
    found, class_ = storages.of(m.stack[-1]), storages.class_in(m.stack[-1])
    if m.context.storages is None:
        m.say(pos, findings.persistent_id, "it refers to an object outside of the pickle")
    elif found is None:
        m.say(pos, findings.persistent_id, "it refers to something outside that is no storage of a tensor")
    else:
        m.context.storages[found.key] = found.width
    m.stack[-1] = class_ or m.sizes.make((m.stack[-1],))
    return pos


def next_buffer(m: Machine, _data: bytes, pos: int) -> int:
    """NEXT_BUFFER."""
    m.say(pos, findings.out_of_band)
    m.stack.append(None)
    return pos


def readonly_buffer(m: Machine, _data: bytes, pos: int) -> int:
    """READONLY_BUFFER."""
    m.need(1, pos)
    return pos


def _written(m: Machine, data: bytes, pos: int) -> tuple[Global, int]:
    middle = data.find(b"\n", pos, pos + 256)
    end = data.find(b"\n", middle + 1, middle + 257)
    if middle < 0 or end < 0:
        m.broken("the name of a global is longer than 255 bytes, or has no end", pos)
    return _resolve(m, data[pos:middle], data[middle + 1 : end], pos), end + 1


def _resolve(m: Machine, module: bytes, name: bytes, pos: int) -> Global:
    if (before := m.names.met.get((module, name))) is not None:
        return before
    try:
        path = resolved(module.decode(), name.decode(), protocol=m.protocol)
    except UnicodeDecodeError:
        m.broken("the name of a global is not UTF-8", pos)
    target, is_new = m.names.find(*path)
    if is_new and not target.uses:
        say = findings.dangerous_global if is_dangerous(*path) else findings.unlisted_global
        m.say(pos, say, target)
    if len(m.names.met) < MET:
        m.names.met[module, name] = target
    return target


def _call(m: Machine, target: Value, given: Value, use: str, pos: int) -> Value:
    made = m.sizes.result(given)
    m.calls += 1
    if type(target) is Global:
        if not target.is_plain or use not in target.uses:
            _look(m, target, given, use, pos)
            if (same := arguments.handed_back(target, items_of(given))) is not None:
                return same
            _keep(m, target, given, made)
    elif target is Unknown.LOST:
        m.say(pos, findings.forgotten)
    else:
        m.say(pos, findings.computed_call)
    return made


def _look(m: Machine, target: Global, given: Value, use: str, pos: int) -> None:
    if not target.uses:
        return
    if use not in target.uses:
        m.say(pos, findings.unlisted_use, target, use)
    elif complaint := arguments.complaint(target, items_of(given), m.kept):
        m.say(pos, findings.unlisted_argument, target, complaint)


def _keep(m: Machine, target: Global, given: Value, made: Ref) -> None:
    """Remember what arrays need to be stepped over."""
    made_of = arguments.instance_of(target, items_of(given))
    if arrays.is_wrapper(made_of):
        m.kept[made] = arrays.Wrapper()
    elif arrays.is_dtype(target):
        m.kept[made] = arrays.dtype_of(items_of(given))
