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

_LENGTHS = {8, 9}  # of a state, since numpy 1.3
_OBJECTS = 0x03  # NPY_ITEM_HASOBJECT and NPY_LIST_PICKLE: numpy itself sets both or neither


class Doubt(NamedTuple):
    """What is wrong with a state; `is_lie` says that it contradicts itself, else it cannot be told."""

    message: str
    is_lie: bool


def doubt(dtype: Dtype, state: Sequence[Value] | None, kept: Mapping[Ref, object]) -> Doubt | None:
    """What is to be said of setting `state` on `dtype`."""
    if state is None or len(state) not in _LENGTHS or not dtype.kind or not is_count(state[7]):
        return Doubt("the state of a type of numpy is not written beside it as numpy does", is_lie=False)
    if dtype.kind != "V" and (state[2], state[3], state[4]) != (None, None, None):
        return Doubt("a type of numpy that is plain has fields", is_lie=True)
    objects = _objects(dtype, state, kept)
    if objects is None:
        return Doubt("the fields of a type of numpy are not written beside it", is_lie=False)
    if state[7] & _OBJECTS != (_OBJECTS if objects else 0):
        return Doubt("the flags of a type of numpy lie about whether it holds objects", is_lie=True)
    if objects and state[4] is not None and _overlap(state[4], state[5], kept):
        return Doubt("fields of a type of numpy lie over objects", is_lie=True)
    return None


def _objects(dtype: Dtype, state: Sequence[Value], kept: Mapping[Ref, object]) -> bool | None:
    if dtype.kind != "V":
        return dtype.kind == "O"
    if state[2] is None:
        return fields_have_objects(state[4], kept)
    base = _dtype(items_of(state[2]), kept)
    return base.has_objects if base and base.is_sure else None


def _overlap(fields: Value, size: Value, kept: Mapping[Ref, object]) -> bool:
    """Whether a field does not lie behind the one before it, and inside of the whole."""
    end = 0
    for offset, length in sorted(set(_places(fields, kept))):
        if offset < end or length < 0:
            return True
        end = offset + length
    return not is_count(size) or end > size


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
