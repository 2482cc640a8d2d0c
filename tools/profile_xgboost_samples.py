"""Models of XGBoost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xgboost
from profile_samples import DATA, combinations

if TYPE_CHECKING:
    from collections.abc import Iterator


def samples() -> Iterator[object]:
    """The estimators, and the booster alone."""
    for kind in (xgboost.XGBClassifier, xgboost.XGBRegressor, xgboost.XGBRFClassifier, xgboost.XGBRFRegressor):
        yield from combinations(kind, n_estimators=[2], booster=["gbtree", "gblinear", "dart"])
    yield xgboost.XGBRanker(n_estimators=2).fit(*DATA[0], qid=DATA[0][1] * 0)
    yield xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(*DATA[0]), num_boost_round=2)
