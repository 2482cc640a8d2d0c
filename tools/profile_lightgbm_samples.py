"""Models of LightGBM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lightgbm
from profile_samples import DATA, combinations

if TYPE_CHECKING:
    from collections.abc import Iterator


def samples() -> Iterator[object]:
    """The estimators, and the booster alone."""
    for kind in (lightgbm.LGBMClassifier, lightgbm.LGBMRegressor):
        yield from combinations(kind, n_estimators=[2], boosting_type=["gbdt", "dart"], verbose=[-1])
    yield lightgbm.LGBMRanker(n_estimators=2, verbose=-1).fit(*DATA[0], group=[60])
    yield lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(*DATA[0]), num_boost_round=2)
