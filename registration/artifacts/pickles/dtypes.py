"""Types of numpy whose state says something that numpy never writes.

numpy believes the flags and the fields of a state. A type that hides that it holds objects, or lays numbers over them,
makes numpy follow bytes of the file as addresses. Source: numpy's `arraydescr_setstate` and `array_setstate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from registration.artifacts.pickles.arrays import Dtype, content_of, fields_have_objects, is_count
from registration.artifacts.pickles.values import Ref, items_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from registration.artifacts.pickles.values import Value

_OTHER = ((3, 8), (4, 9))  # version and length of a state, since numpy 1.3
_TIME = ((4, 9),)
_OBJECTS = 0x03  # NPY_ITEM_HASOBJECT and NPY_LIST_PICKLE: numpy itself sets both or neither


class Doubt(NamedTuple):
    """What is wrong with a state; `is_lie` says that it contradicts itself, else it cannot be told."""

    message: str
    is_lie: bool


def doubt(dtype: Dtype, state: Sequence[Value] | None, kept: Mapping[Ref, object]) -> Doubt | None:
    """What is to be said of setting `state` on `dtype`."""
    flags = state[7] if state is not None and dtype.kind and _is_usual(dtype.kind, state) else None
    if state is None or not is_count(flags):
        return Doubt("the state of a type of numpy is not written beside it as numpy does", is_lie=False)
    if dtype.kind != "V" and (state[2], state[3], state[4]) != (None, None, None):
        return Doubt("a type of numpy that is plain has fields", is_lie=True)
    objects = _objects(dtype, state, kept)
    if objects is None:
        return Doubt("the fields of a type of numpy are not written beside it", is_lie=False)
    if flags & _OBJECTS != (_OBJECTS if objects else 0):
        return Doubt("the flags of a type of numpy lie about whether it holds objects", is_lie=True)
    if state[4] is not None and _are_misplaced(state[4], state[5], kept, apart=objects):
        return Doubt("fields of a type of numpy lie over objects, or outside of it", is_lie=True)
    return None


def _is_usual(kind: str, state: Sequence[Value]) -> bool:
    """Whether it has the parts that numpy writes; of times without a unit it crashes."""
    return (state[0], len(state)) in (_TIME if kind in "mM" else _OTHER) if state else False


def _objects(dtype: Dtype, state: Sequence[Value], kept: Mapping[Ref, object]) -> bool | None:
    if dtype.kind != "V":
        return dtype.kind == "O"
    if state[2] is None:
        return fields_have_objects(state[4], kept)
    base = _dtype(items_of(state[2]), kept)
    return base.has_objects if base and base.is_sure else None


def _are_misplaced(fields: Value, size: Value, kept: Mapping[Ref, object], *, apart: bool) -> bool:
    """Whether a field does not lie inside of the whole, or, where they must lie `apart`, over another one."""
    end = 0
    for offset, length in sorted(set(_places(fields, kept))):
        if length < 0 or not is_count(size) or offset + length > size or (apart and offset < end):
            return True
        end = offset + length
    return False


def _places(fields: Value, kept: Mapping[Ref, object]) -> Iterator[tuple[int, int]]:
    """Where each field begins and how long it is; a negative length for what cannot be told."""
    for field in content_of(fields, kept).values():
        items = items_of(field)
        dtype = _dtype(items, kept)
        is_told = items is not None and len(items) > 1 and is_count(items[1]) and dtype is not None
        yield (items[1], dtype.size) if is_told and items and dtype and is_count(items[1]) else (0, -1)


def _dtype(items: Sequence[Value] | None, kept: Mapping[Ref, object]) -> Dtype | None:
    found = kept.get(items[0]) if items and isinstance(items[0], Ref) else None
    return found if isinstance(found, Dtype) else None
