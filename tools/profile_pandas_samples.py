"""Frames, series and indexes of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator


def samples() -> Iterator[object]:
    """One of each kind of column and of each kind of index."""
    days = pd.date_range("2026", periods=3)
    columns = {
        "i": [1, 2, 3],
        "f": [1.0, 2.0, 3.0],
        "s": ["a", "b", "c"],
        "o": [{}, [], None],
        "b": [True, False, True],
        "d": days,
        "z": days.tz_localize("UTC"),
        "t": days - days[0],
        "c": pd.Categorical(["a", "b", "a"]),
        "n": pd.array([1, None, 3], dtype="Int64"),
        "x": pd.array([1.0, None, 3.0], dtype="Float64"),
        "l": pd.array([True, None, False], dtype="boolean"),
        "p": pd.period_range("2026", periods=3, freq="D"),
        "v": pd.interval_range(0, 3),
        "e": pd.arrays.SparseArray([0, 0, 1]),
        "q": pd.arrays.SparseArray([0.0, 0.0, 1.0], kind="block"),
        "y": pd.array(["a", None, "b"], dtype="string"),
    }
    frame = pd.DataFrame(columns)
    yield from (frame, frame["s"], frame.set_index("s"), frame.set_index(["s", "i"]), frame.T)
    yield from (frame[[name]] for name in columns)
    yield from (frame[name] for name in columns)
    yield from (pd.RangeIndex(3), pd.Index([1, 2]), pd.Index(["a"]), pd.Index([1.5]), days, days - days[0])
    yield from (pd.CategoricalIndex(["a"]), pd.MultiIndex.from_tuples([(1, "a")]), pd.period_range("2026", periods=2))
    yield from (pd.IntervalIndex.from_breaks([0, 1, 2]), pd.Timestamp("2026"), pd.Timedelta(1), pd.Interval(0, 1))
    yield from (pd.NA, pd.NaT, pd.Timestamp("2026", tz="UTC"), pd.Period("2026"), pd.cut([1, 2, 3], 2))
