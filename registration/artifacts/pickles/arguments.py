"""Arguments: calls that the profiles allow with some arguments only.

Each rule belongs to a callable that calls one of its arguments, makes an instance of it or looks it up by name. A
profile may list such a callable only if there is a rule here that leaves nothing of that to the author of the pickle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.artifacts.pickles.arrays import Dtype
from registration.artifacts.pickles.hooks import CALLED
from registration.artifacts.pickles.values import Data, Global, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from registration.artifacts.pickles.values import Value

    type Items = Sequence[Value] | None
    type Rule = Callable[[Sequence[Value], Mapping[Ref, object]], str]

UNKNOWN = "arguments that are not written beside the call"
_LATIN = frozenset({b"latin1", b"latin-1"})
_RANDOM = frozenset({b"MT19937", b"PCG64", b"PCG64DXSM", b"Philox", b"SFC64"})
_FACTORIES = frozenset({"list", "dict", "set", "int", "float", "str", "tuple", "bool", "frozenset", "complex"})


def complaint(target: Global, items: Items, kept: Mapping[Ref, object]) -> str:
    """What is wrong with calling `target` so, nothing if it is allowed. `kept` has what is known of values."""
    rule = RULES.get((target.module, target.name))
    if rule is None:
        return ""
    return rule(items, kept) if items is not None else UNKNOWN


def handed_back(target: Global, items: Items) -> Value:
    """The argument itself, for a call that does nothing but return it, else None."""
    return items[0] if items and (target.module, target.name) in _SAME else None


def instance_of(target: Value, items: Items) -> Value:
    """The class that a call of `target` makes an instance of, for those that are handed it, else `target` itself."""
    if isinstance(target, Global) and (target.module, target.name) in _MAKERS and items:
        return items[0]
    return target


def _class(items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    first = items[0] if items else None
    return "" if isinstance(first, Global) and "new" in first.uses else "a class that the profile does not list for it"


def _anything(_items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    return ""


def _masked(items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    classes = [(item.module, item.name) for item in items[:2] if isinstance(item, Global)]
    return "" if classes in _MASKED else "a class that is no array"


def _reconstructor(items: Sequence[Value], kept: Mapping[Ref, object]) -> str:
    base = items[1] if len(items) > 1 else None
    if isinstance(base, Global) and (base.module, base.name) in _BASES:
        return _class(items, kept)
    return "a base class that pickles do not use"


def _array(items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    first = items[0] if items else None
    return "" if isinstance(first, Global) and (first.module, first.name) in _ARRAYS else "a class that is no array"


def _encoding(items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    return "" if len(items) == 2 and items[1] in _LATIN else "another encoding than latin1"  # noqa: PLR2004


def _factory(items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    first = items[0] if items else None
    return "" if first is None or _is_plain(first) else "something else to call for what is missing"


def _is_plain(value: Value) -> bool:
    path = (value.module, value.name) if isinstance(value, Global) else ("", "")
    return path == ("collections", "OrderedDict") or (path[0] == "builtins" and path[1] in _FACTORIES)


def _random(items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    first = items[0] if items else b"MT19937"
    is_known = first in _RANDOM or (isinstance(first, Global) and first.name.encode() in _RANDOM)
    ours = all(isinstance(item, Global) and item.name == "__bit_generator_ctor" for item in items[1:])
    return "" if (is_known or isinstance(first, Ref)) and ours else "something else to make numbers with"


def _bit_generator(items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    first = items[0] if items else b"MT19937"
    is_class = (
        isinstance(first, Global) and first.name.encode() in _RANDOM and first.module.startswith("numpy.random._")
    )
    return "" if first in _RANDOM or is_class else "something else than a generator of numpy"


def _layout(items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    return "" if len(items) == 1 and isinstance(items[0], bytes) else "a layout that is not written as text"


def _dtype(items: Sequence[Value], _kept: Mapping[Ref, object]) -> str:
    return "" if items and isinstance(items[0], bytes) else "a type that is not written as text"


def _scalar(items: Sequence[Value], kept: Mapping[Ref, object]) -> str:
    known = kept.get(items[0]) if items and isinstance(items[0], Ref) else None
    if isinstance(known, Dtype) and known.kind in "biufcmM":
        return ""
    # A string of numpy is as good a key as any other, so it must not spell the name of a hook.
    text = items[1] if len(items) > 1 and isinstance(known, Dtype) and known.kind in "US" else None
    plain = text.replace(b"\0", b"") if isinstance(text, Data) else b"__"
    return "" if b"__" not in plain and plain not in CALLED else "something that is no number"


def _cores(name: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """The name in numpy 1 and in numpy 2."""
    return ("numpy.core.multiarray", name), ("numpy._core.multiarray", name)


_BASES = frozenset({("builtins", name) for name in ("object", "dict", "list", "tuple", "set", "float", "int", "str")})
_ARRAYS = frozenset({("numpy", "ndarray"), ("numpy", "matrix"), ("numpy.matrixlib.defmatrix", "matrix")})
_MASKED = [[(module, "MaskedArray"), ("numpy", "ndarray")] for module in ("numpy.ma", "numpy.ma.core")]
_NEW = (
    ("copyreg", "__newobj__"),
    ("copyreg", "__newobj_ex__"),
    ("sklearn.metrics._dist_metrics", "newObj"),
    ("sklearn.neighbors._ball_tree", "newObj"),
    ("sklearn.neighbors._kd_tree", "newObj"),
    ("pandas.core.indexes.base", "_new_Index"),
    ("pandas.core.indexes.datetimes", "_new_DatetimeIndex"),
    ("pandas.core.indexes.interval", "_new_IntervalIndex"),
    ("pandas.core.indexes.period", "_new_PeriodIndex"),
    ("pandas.core.indexes.timedeltas", "_new_TimedeltaIndex"),
    ("pandas._libs.arrays", "__pyx_unpickle_NDArrayBacked"),
    ("pandas._libs.interval", "__pyx_unpickle_IntervalMixin"),
    ("sklearn._loss._loss", "__pyx_unpickle_CyHalfMultinomialLoss"),
    ("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
)
_MAKERS = frozenset({("copyreg", "_reconstructor"), *_NEW})
# Written where TorchScript has a type to tell; Python has none, and gets what it was handed.
_BUILT = ("build_boollist", "build_doublelist", "build_intlist", "build_tensor_from_id", "build_tensorlist")
_SAME = frozenset({("torch.jit._pickle", name) for name in (*_BUILT, "restore_type_tag")})
RULES: Mapping[tuple[str, str], Rule] = {
    **dict.fromkeys(_NEW, _class),
    **dict.fromkeys(_SAME, _anything),
    ("copyreg", "_reconstructor"): _reconstructor,
    ("_codecs", "encode"): _encoding,
    ("collections", "defaultdict"): _factory,
    ("numpy", "dtype"): _dtype,
    **dict.fromkeys(_cores("_reconstruct"), _array),
    **dict.fromkeys(_cores("scalar"), _scalar),
    ("numpy.ma.core", "_mareconstruct"): _masked,
    ("torch.serialization", "_get_layout"): _layout,
    ("numpy.random._pickle", "__bit_generator_ctor"): _bit_generator,
    ("numpy.random._pickle", "__randomstate_ctor"): _random,
    ("numpy.random._pickle", "__generator_ctor"): _random,
}
