"""Arrays of joblib: raw numbers between the opcodes. How many bytes they take is in the state of a wrapper object.

joblib stores an array as an instance of NumpyArrayWrapper; when its state is set, joblib reads `shape` times `dtype`
bytes from the file at once, after a byte that says how much padding there is. An array of objects is a pickle instead.
Whoever takes a wrong number of bytes for data reads other opcodes than joblib does, so nothing is guessed here.
Source: joblib/numpy_pickle.py, `NumpyArrayWrapper.read_array`; numpy's `dtype.__setstate__`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeGuard

from registration.artifacts.pickles.values import Global, Ref, items_of
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registration.artifacts.pickles.values import Value

_WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")
_DTYPE = ("numpy", "dtype")
NAMES = frozenset({_WRAPPER, _DTYPE})
PADDING = 16  # bytes; joblib aligns to 16
# What joblib sets on a wrapper. An attribute by another name could take the place of a method.
_STATE = frozenset({b"allow_mmap", b"dtype", b"numpy_array_alignment_bytes", b"order", b"shape", b"subclass"})
_TYPE = re.compile(rb"([biufcmMSUVO])(\d{1,9})")
_HAS_OBJECTS = 0x01  # NPY_ITEM_HASOBJECT
_DIMENSIONS = 64  # numpy has no more


@dataclass(frozen=True)
class Dtype:
    """`size` in bytes of one element. `is_sure` is False once its state says something that cannot be followed."""

    kind: str
    size: int
    has_objects: bool
    is_sure: bool = True


@dataclass(frozen=True)
class Raw:
    """What follows the wrapper: `size` bytes, after padding if `is_padded`; or a pickle, if `size` is None."""

    size: int | None
    is_padded: bool


@dataclass(frozen=True)
class Wrapper:
    """An instance of joblib's class, with everything that was ever set on it."""

    content: dict[object, Value] = field(default_factory=dict)


def is_wrapper(value: Value) -> bool:
    """Whether it is joblib's class."""
    return isinstance(value, Global) and (value.module, value.name) == _WRAPPER


def is_dtype(value: Value) -> bool:
    """Whether it is numpy's class."""
    return isinstance(value, Global) and (value.module, value.name) == _DTYPE


def dtype_of(arguments: Sequence[Value] | None) -> Dtype:
    """What numpy.dtype makes of these arguments; pickles write the kind and the size."""
    text = arguments[0] if arguments else None
    found = _TYPE.fullmatch(text) if isinstance(text, bytes) else None
    if not found:
        return Dtype("", 0, has_objects=False, is_sure=False)
    kind = found[1].decode()
    size = int(found[2]) * (4 if kind == "U" else 1)
    return Dtype(kind, size, has_objects=kind == "O")


def with_state(dtype: Dtype, state: Sequence[Value] | None, kept: Mapping[Ref, object]) -> Dtype:
    """The type after its state `(version, order, subtype, names, fields, size, alignment, flags, …)` was set."""
    unsure = replace(dtype, is_sure=False)
    if state is None or len(state) < 8:  # noqa: PLR2004 - as the summary says
        return unsure
    size, flags = state[5], state[7]
    if not is_count(flags):
        return unsure
    if state[2] is not None:
        return _of_several(dtype, state, kept)
    has_objects = bool(flags & _HAS_OBJECTS)
    if dtype.kind not in "SUV":
        is_plain = state[3] is None and state[4] is None and has_objects == dtype.has_objects
        return dtype if is_plain else unsure
    if not is_count(size) or has_objects != fields_have_objects(state[4], kept):
        return unsure
    return replace(dtype, size=size, has_objects=has_objects)


def _of_several(dtype: Dtype, state: Sequence[Value], kept: Mapping[Ref, object]) -> Dtype:
    """A type that is several of another one, `(type, shape)`."""
    base, size = _known(_first(state[2]), kept), state[5]
    if dtype.kind != "V" or not isinstance(base, Dtype) or not base.is_sure or not is_count(size):
        return replace(dtype, is_sure=False)
    return replace(dtype, size=size, has_objects=base.has_objects)


def raw(wrapper: Wrapper, state: Value, kept: Mapping[Ref, object]) -> Raw:
    """What follows a wrapper once `state` is added to it; raises `UnreadableError` without an offset."""
    told = _known(state, kept)
    if not isinstance(told, dict):
        raise UnreadableError("joblib.array", "the state of an array is not written beside it")
    if not told.keys() <= _STATE:
        raise UnreadableError("joblib.array", "an array has a state that joblib does not write")
    content = wrapper.content
    content.update(told)
    dtype = _known(content.get(b"dtype"), kept)
    if not isinstance(dtype, Dtype) or not dtype.is_sure:
        raise UnreadableError("joblib.array", "the type of an array is not one that can be followed")
    if dtype.has_objects:
        return Raw(None, is_padded=False)
    return Raw(_count(items_of(content.get(b"shape"))) * dtype.size, is_padded=_is_padded(content))


def _is_padded(content: dict[object, Value]) -> bool:
    alignment = content.get(b"numpy_array_alignment_bytes")
    if alignment is not None and not is_count(alignment):
        raise UnreadableError("joblib.array", "the alignment of an array is no number")
    return alignment is not None


def _count(shape: Sequence[Value] | None) -> int:
    if shape is None or len(shape) > _DIMENSIONS:
        raise UnreadableError("joblib.array", "the shape of an array is not written beside it")
    count = 1
    for length in shape:
        if not is_count(length):
            raise UnreadableError("joblib.array", "a length in the shape of an array is no number")
        count *= length
    return count


def content_of(value: Value, kept: Mapping[Ref, object]) -> dict[object, Value]:
    """What a dict holds, as far as it is known."""
    content = _known(value, kept)
    return content if isinstance(content, dict) else {}


def fields_have_objects(fields: Value, kept: Mapping[Ref, object]) -> bool | None:
    """Whether one of the fields of a type holds objects; None where that cannot be told."""
    if fields is None:
        return False
    content = _known(fields, kept)
    if not isinstance(content, dict):
        return None
    return _any_objects([_known(_first(field), kept) for field in content.values()])


def _any_objects(types: list[object]) -> bool | None:
    known = [type_ for type_ in types if isinstance(type_, Dtype) and type_.is_sure]
    return any(type_.has_objects for type_ in known) if len(known) == len(types) else None


def _first(field: Value) -> Value:
    items = items_of(field)
    return items[0] if items else None


def _known(value: Value, kept: Mapping[Ref, object]) -> object:
    return kept.get(value) if isinstance(value, Ref) else None


def is_count(value: Value) -> TypeGuard[int]:
    """Whether it is a whole number that is known, and not negative."""
    return type(value) is int and value >= 0
