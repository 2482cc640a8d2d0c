"""Hooks: attributes of an instance that something calls or follows by itself, set by a pickle that writes its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.pickles.values import Global

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registration.artifacts.pickles.values import Value

# What Python, copy, pickle or numpy look for on an instance.
HOOKS = frozenset(
    b"__setstate__ __getstate__ __class__ __dict__ __reduce__ __reduce_ex__ __new__ __init__ __call__ __copy__ "
    b"__deepcopy__ __getattr__ __getattribute__ __setattr__ __del__ __array__ __array_interface__ __array_struct__ "
    b"__array_finalize__ __array_prepare__ __array_wrap__ __array_ufunc__ __array_function__ __getinitargs__".split()
)
# Methods that the opcodes for lists and sets call. They are words too, but no vocabulary maps a word to a name.
CALLED = frozenset({b"add", b"append", b"extend"})
NOTICED = HOOKS | CALLED


def names(items: Sequence[Value]) -> str:
    """The hooks among keys and values in turn, as a sentence has them; nothing if there are none."""
    found = {
        key.decode()
        for key, value in zip(items[::2], items[1::2], strict=True)
        if isinstance(key, bytes) and (key in HOOKS or (key in CALLED and type(value) is Global))
    }
    return " and ".join(sorted(found))
