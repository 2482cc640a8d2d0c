"""Storages of torch: the numbers of tensors, which lie beside a pickle and are named in it by persistent id."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from registration.artifacts.pickles.values import Global

if TYPE_CHECKING:
    from registration.artifacts.pickles.values import Value

_LEAST = 4  # parts of an id: kind, class, key, location; and how many numbers there are
_WIDTHS = {
    "BFloat16": 2, "Bool": 1, "Byte": 1, "Char": 1, "ComplexDouble": 16, "ComplexFloat": 8, "Double": 8, "Float": 4,
    "Half": 2, "Int": 4, "Long": 8, "QInt32": 4, "QInt8": 1, "QUInt2x4": 1, "QUInt4x2": 1, "QUInt8": 1, "Short": 2,
    "Untyped": 1,
}  # fmt: skip


class Storage(NamedTuple):
    """`key` names it, and each of its numbers has `width` bytes."""

    key: str
    width: int


def of(value: Value) -> Storage | None:
    """What `("storage", class, key, location, number of elements)` names; None if it is no such id."""
    items = value[1] if isinstance(value, tuple) else None
    if items is None or len(items) < _LEAST or items[0] != b"storage":
        return None
    class_, key = items[1:3]
    if not isinstance(class_, Global) or not class_.uses or not isinstance(key, bytes):
        return None
    width = _WIDTHS.get(class_.name.removesuffix("Storage"))
    return (
        Storage(key.decode("utf-8", "replace"), width)
        if width and class_.module in {"torch", "torch.storage"}
        else None
    )


def class_in(value: Value) -> Global | None:
    """The class in `("module", class, file, source)`, by which torch kept whole modules; None if it is no such id."""
    items = value[1] if isinstance(value, tuple) else None
    is_module = items is not None and len(items) > 1 and items[0] == b"module"
    return items[1] if is_module and items and isinstance(items[1], Global) else None
