"""Estimators of scikit-learn: every public one, and those with parts of their own in each variant."""

from __future__ import annotations

import contextlib
import importlib
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
from profile_samples import DATA, STRINGS, combinations, fitted
from sklearn import ensemble, gaussian_process, linear_model, neighbors, pipeline, preprocessing, svm, tree
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2, f_classif, f_regression, mutual_info_classif
from sklearn.gaussian_process import kernels
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.neighbors import BallTree, KDTree
from sklearn.utils import Bunch
from sklearn.utils.discovery import all_estimators

if TYPE_CHECKING:
    from collections.abc import Iterator

_METRICS = ["euclidean", "manhattan", "chebyshev", "minkowski", "hamming", "canberra", "braycurtis", "haversine"]


def samples() -> Iterator[object]:
    """Every estimator, its variants, and compositions of them."""
    for _, kind in all_estimators():
        yield from _of(kind)
    yield from variants()
    yield from kernels_and_trees()
    yield from composed()


def _of(kind: Any) -> Iterator[object]:
    arguments = _needed(kind)
    with contextlib.suppress(Exception):
        yield from fitted(kind(**arguments))
    with contextlib.suppress(Exception):
        yield kind(**arguments).fit(*STRINGS)
    with contextlib.suppress(Exception):
        yield kind(**arguments).fit(DATA[0][0].astype("f4"), DATA[0][1])


def _needed(kind: Any) -> dict[str, Any]:
    simple = linear_model.LogisticRegression()
    known: dict[str, Any] = {
        "estimator": simple,
        "estimators": [("a", simple), ("b", tree.DecisionTreeClassifier())],
        "base_estimator": simple,
        "transformers": [("a", preprocessing.StandardScaler(), [0, 1]), ("b", "passthrough", [2])],
        "steps": [("a", preprocessing.StandardScaler()), ("b", simple)],
        "transformer_list": [("a", preprocessing.StandardScaler())],
        "param_grid": {"C": [1.0, 2.0]},
        "param_distributions": {"C": [1.0, 2.0]},
        "dictionary": np.eye(4),
    }
    wanted = inspect.signature(kind).parameters
    return {name: known[name] for name, value in wanted.items() if value.default is value.empty and name in known}


def variants() -> Iterator[object]:
    """Losses, solvers and search structures have classes of their own."""
    losses = ["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", "squared_error", "huber"]
    yield from combinations(linear_model.SGDClassifier, loss=losses)
    yield from combinations(linear_model.SGDRegressor, loss=["squared_error", "huber", "epsilon_insensitive"])
    yield from combinations(ensemble.GradientBoostingClassifier, loss=["log_loss", "exponential"], init=["zero", None])
    regression = ["squared_error", "absolute_error", "huber", "quantile"]
    yield from combinations(ensemble.GradientBoostingRegressor, loss=regression, n_estimators=[2])
    regression = ["squared_error", "absolute_error", "gamma", "poisson", "quantile"]
    yield from combinations(ensemble.HistGradientBoostingRegressor, loss=regression, quantile=[0.5], max_iter=[2])
    yield from combinations(ensemble.HistGradientBoostingClassifier, early_stopping=[True, False], max_iter=[2])
    yield from (ensemble.HistGradientBoostingClassifier(max_iter=2).fit(DATA[0][0], np.arange(60) % 3),)
    yield from (ensemble.GradientBoostingClassifier(n_estimators=2).fit(DATA[0][0], np.arange(60) % 3),)
    yield from combinations(svm.SVC, kernel=["linear", "rbf", "poly"], probability=[True, False])
    algorithms = ["kd_tree", "ball_tree", "brute"]
    yield from combinations(neighbors.KNeighborsClassifier, algorithm=algorithms, metric=_METRICS)
    yield from combinations(neighbors.KNeighborsRegressor, algorithm=algorithms, weights=["uniform", "distance"])
    yield from combinations(neighbors.KernelDensity, kernel=["gaussian", "tophat"], algorithm=algorithms[:2])
    yield from combinations(linear_model.LogisticRegression, solver=["lbfgs", "liblinear", "newton-cg", "saga"])
    yield from combinations(linear_model.TweedieRegressor, power=[0, 1, 1.5, 2, 3])
    yield from combinations(
        preprocessing.KBinsDiscretizer, encode=["onehot", "ordinal"], strategy=["quantile", "uniform"]
    )
    yield from combinations(
        preprocessing.OneHotEncoder, handle_unknown=["ignore", "error"], dtype=[np.float64, np.int32]
    )
    yield from combinations(preprocessing.FunctionTransformer, func=[None, np.log1p, np.exp, np.sqrt])


def kernels_and_trees() -> Iterator[object]:
    """Kernels of Gaussian processes, and the trees that neighbours are looked up in."""
    made = [
        kernels.RBF(),
        kernels.Matern(),
        kernels.RationalQuadratic(),
        kernels.ExpSineSquared(),
        kernels.DotProduct(),
    ]
    made += [kernels.WhiteKernel(), kernels.ConstantKernel(), kernels.PairwiseKernel(), kernels.RBF() + kernels.RBF()]
    made += [kernels.RBF() * kernels.RBF(), kernels.RBF() ** 2, kernels.CompoundKernel([kernels.RBF()])]
    yield from made
    yield gaussian_process.GaussianProcessRegressor(kernels.RBF()).fit(*DATA[4])
    for data in (DATA[0][0], DATA[0][0].astype("f4")):
        yield from (KDTree(data), BallTree(data, metric="manhattan"))


def composed() -> Iterator[object]:
    """Pipelines, searches and what is wrapped in others."""
    x, y = DATA[0]
    scaled = pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression())
    yield from fitted(scaled)
    yield GridSearchCV(scaled, {"logisticregression__C": [1.0, 2.0]}, cv=2).fit(x, y)
    yield from fitted(GridSearchCV(scaled, {}, cv=KFold(2)))
    yield from fitted(GridSearchCV(scaled, {}, cv=StratifiedKFold(2), scoring="roc_auc"))
    yield from combinations(CalibratedClassifierCV, method=["sigmoid", "isotonic"], ensemble=[True, False])
    yield TransformedTargetRegressor(linear_model.Ridge(), func=np.log1p, inverse_func=np.expm1).fit(*DATA[4])
    for score in (f_classif, f_regression, chi2, mutual_info_classif):
        yield from fitted(SelectKBest(score, k=2))
    yield from fitted(pipeline.make_pipeline(TfidfVectorizer(), linear_model.LogisticRegression()))
    yield from fitted(pipeline.make_pipeline(CountVectorizer(dtype=np.float32, ngram_range=(1, 2)), svm.LinearSVC()))
    yield pipeline.make_union(preprocessing.StandardScaler(), preprocessing.MinMaxScaler()).fit(x)
    yield from (Bunch(a=1), make_column_selector(dtype_include=np.number))
    with contextlib.suppress(ImportError):
        yield from _with_frames()


def _with_frames() -> Iterator[object]:
    pandas = importlib.import_module("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": ["x", "y", "x", "y"], "c": [True, False, True, False]})
    columns = [("n", preprocessing.StandardScaler(), ["a"]), ("c", preprocessing.OneHotEncoder(), ["b", "c"])]
    table = ColumnTransformer(columns)
    yield table.fit(frame)
    yield pipeline.make_pipeline(table, ensemble.RandomForestClassifier(2)).fit(frame, [0, 1, 0, 1])
    chosen = [("n", preprocessing.StandardScaler(), make_column_selector(dtype_include="number"))]
    yield ColumnTransformer(chosen, remainder="passthrough").fit(frame)
    yield preprocessing.StandardScaler().set_output(transform="pandas").fit(frame[["a"]])
