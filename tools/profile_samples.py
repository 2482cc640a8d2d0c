"""Objects as models hold them: one of each public kind that the libraries installed here have, fitted and unfitted."""

from __future__ import annotations

import array
import collections
import contextlib
import datetime as dt
import decimal
import fractions
import importlib
import uuid
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator


def everything() -> Iterator[object]:
    """All samples; of libraries that are not installed there are none."""
    yield from plain()
    yield from numbers()
    for name in ("scipy_samples", "sklearn_samples", "pandas_samples", "xgboost_samples", "lightgbm_samples"):
        with contextlib.suppress(ImportError):
            yield from importlib.import_module(f"profile_{name}").samples()


def plain() -> Iterator[object]:
    """What Python itself has, without what runs, opens or looks up by name."""
    yield from (
        [1, 2.0, "a", b"a", None, True, 1 << 70],
        {1: 2},
        {1},
        frozenset({1}),
        (1, 2, 3, 4),
        1j,
        bytearray(b"a"),
    )
    yield from (slice(1), range(3), Ellipsis, NotImplemented, "é", b"\xff", b"")
    yield from (
        list,
        dict,
        set,
        frozenset,
        tuple,
        int,
        float,
        str,
        bytes,
        bool,
        complex,
        object,
        bytearray,
        slice,
        range,
    )
    yield from (
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        collections.deque([1], 3),
        collections.deque(),
    )
    yield from (collections.defaultdict(kind) for kind in (list, dict, set, int, float, str, None))
    yield from (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.date(2026, 1, 1), dt.timedelta(1))
    yield from (dt.time(1), dt.timezone(dt.timedelta(hours=1)), decimal.Decimal("1.5"))
    yield from (fractions.Fraction(1, 3), uuid.UUID(int=1), array.array("d", [1.0]), array.array("i", [1]))


def numbers() -> Iterator[object]:
    """numpy: arrays, types, numbers, generators and functions of one element."""
    kinds = "?bBhHiIlLqQefdgFDG"
    yield from (np.ones(3, kind) for kind in kinds)
    yield from (np.ones((), kind)[()] for kind in kinds)
    yield from (np.dtype(kind) for kind in kinds)
    yield from (np.dtype(kind).type for kind in kinds)
    yield from (np.array(["a"]), np.array([b"a"]), np.array([{}], dtype=object), np.array(["2026"], "M8[D]"))
    yield from (np.datetime64("2026-01-01"), np.timedelta64(1, "D"), np.array([], "V8"), np.str_("a"), np.bytes_(b"a"))
    yield from (np.asfortranarray(np.ones((3, 3))), np.ones((2, 3)).T, np.ones(3, ">f8"), np.array([(1, 2.0)], "i4,f8"))
    yield from (np.ma.masked_array([1, 2], [False, True]), np.ma.masked, np.asmatrix([1]), np.poly1d([1, 2]))
    yield from (np.random.default_rng(1), np.random.RandomState(1), np.random.SeedSequence(1))
    yield from (np.random.Generator(kind(1)) for kind in (np.random.MT19937, np.random.Philox, np.random.SFC64))
    yield from (np.random.Generator(np.random.PCG64DXSM(1)), np.random.PCG64(1), np.random.mtrand._rand)  # noqa: SLF001
    yield from (value for value in vars(np).values() if isinstance(value, np.ufunc))
    yield from (np.ndarray, np.nan, np.inf, np.polynomial.Polynomial([1, 2]), np.str_, np.bytes_, np.object_, np.void)
    yield from (np.recarray((2,), dtype=[("a", "i4")]), np.rec.array([(1,)], dtype=[("a", "i4")])[0], np.float64)


def fitted(thing: Any) -> Iterator[object]:
    """`thing`, and what it is after it was shown the first data that it accepts."""
    yield thing
    for data in DATA:
        with contextlib.suppress(Exception):
            yield thing.fit(*data)
            return


_X = np.random.default_rng(0).normal(size=(60, 4))
_Y = (_X[:, 0] > 0).astype(int)
_TEXT = ["the quick brown fox", "jumps over the dog", "lazy brown dogs", "quick quick fox"] * 15
DATA: list[tuple[Any, ...]] = [
    (_X, _Y),
    (np.abs(_X), _Y),
    (_X, np.c_[_Y, 1 - _Y]),
    (_X, _X[:, :2]),
    (_X, np.abs(_X[:, 0]) + 0.1),
    (_X,),
    (np.abs(_X),),
    (_TEXT, _Y),
    (_X[:, 0], _X[:, 1]),
    (_Y,),
    ([["a", "b"], ["c"]] * 30,),
    ([{"a": 1, "b": "c"}, {"a": 2.0}] * 30,),
    (np.array([["a", "x"], ["b", "y"]] * 30), _Y),
]
STRINGS = (_X, np.where(_Y == 1, "yes", "no"))


def combinations(kind: Any, **choices: list[Any]) -> Iterator[object]:
    """`kind` with each choice of arguments, fitted where that goes."""
    for chosen in product(*choices.values()):
        with contextlib.suppress(Exception):
            yield from fitted(kind(**dict(zip(choices, chosen, strict=True))))
