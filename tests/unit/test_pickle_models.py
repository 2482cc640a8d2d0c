"""Models of the real libraries are safe under their profile, in each way that they are written."""

from __future__ import annotations

import io
import pickle
from functools import cache
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest
from sklearn import ensemble, linear_model, naive_bayes, neighbors, pipeline, preprocessing, svm, tree
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV

from tests.pickle_assembly import EMPTY_TUPLE, STOP, called, items, mapping, number, proto, text
from tests.pickle_assembly import named as global_
from tests.pickle_scans import SKLEARN, Counting, codes, found, scan_of
from tests.scanning import report

if TYPE_CHECKING:
    from collections.abc import Callable

_X = np.random.default_rng(0).normal(size=(40, 3))
_Y = (_X[:, 0] > 0).astype(int)
_TEXT = ["a quick fox", "a lazy dog"] * 20

MODELS: dict[str, Callable[[], Any]] = {
    "linear": lambda: linear_model.LogisticRegression().fit(_X, _Y),
    "linear, of text labels": lambda: linear_model.LogisticRegression().fit(_X, np.where(_Y == 1, "yes", "no")),
    "tree": lambda: tree.DecisionTreeRegressor().fit(_X, _Y),
    "forest": lambda: ensemble.RandomForestClassifier(3).fit(_X, _Y),
    "boosting": lambda: ensemble.GradientBoostingClassifier(n_estimators=3).fit(_X, _Y),
    "histogram boosting": lambda: ensemble.HistGradientBoostingRegressor(max_iter=3).fit(_X, _Y),
    "pipeline": lambda: pipeline.make_pipeline(preprocessing.StandardScaler(), svm.SVC()).fit(_X, _Y),
    "stacking": lambda: ensemble.StackingClassifier([("t", tree.DecisionTreeClassifier())], cv=2).fit(_X, _Y),
    "text": lambda: pipeline.make_pipeline(TfidfVectorizer(), linear_model.SGDClassifier()).fit(_TEXT, _Y),
    "neighbours": lambda: neighbors.KNeighborsClassifier(algorithm="kd_tree").fit(_X, _Y),
    "naive Bayes": lambda: naive_bayes.GaussianNB().fit(_X, _Y),
    "search": lambda: GridSearchCV(svm.LinearSVC(), {"C": [1.0, 2.0]}, cv=2).fit(_X, _Y),
    "encoder": lambda: preprocessing.OneHotEncoder().fit(np.array([["a"], ["b"]], dtype=object)),
    "numbers": lambda: {"f": np.asfortranarray(_X), "o": np.array([{}, "a"], dtype=object), "s": np.array(["a"])},
    "generators": lambda: [np.random.default_rng(1), np.random.RandomState(1)],
}


@cache
def model(name: str) -> Any:
    return MODELS[name]()


def dumped(thing: Any, **how: Any) -> bytes:
    joblib.dump(thing, buffer := io.BytesIO(), **how)
    return buffer.getvalue()


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_safe_in_every_protocol(name: str) -> None:
    said = {protocol: found(pickle.dumps(model(name), protocol), profile="sklearn") for protocol in range(6)}

    assert not any(said.values())


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_safe_as_joblib_writes_it(name: str) -> None:
    assert found(dumped(model(name)), profile="sklearn") == []


@pytest.mark.parametrize("compress", ["zlib", "gzip", "bz2", "xz", "lzma"])
def test_a_compressed_model_is_looked_into(compress: str) -> None:
    packed = dumped(model("forest"), compress=(compress, 3))

    judged = report(packed, "model.joblib", profile=SKLEARN)

    assert (judged.format, judged.findings) == (compress, ())


def test_arrays_of_joblib_are_stepped_over_and_never_read() -> None:
    reader = Counting(dumped([np.ones(1_000_000), np.ones(1_000_000)]))

    findings = scan_of(reader)

    assert findings == []
    assert reader.read_bytes < 400_000


def test_arrays_in_a_pickle_are_stepped_over_and_never_read() -> None:
    reader = Counting(pickle.dumps([np.ones(1_000_000), np.ones(1_000_000)], 4))

    findings = scan_of(reader)

    assert findings == []
    assert reader.read_bytes < 400_000


def test_a_model_under_a_profile_of_another_library_is_unlisted() -> None:
    findings = found(pickle.dumps(model("linear")), profile="numpy")

    assert set(codes(findings)) == {"pickle.unlisted_global"}
    assert "sklearn.linear_model._logistic.LogisticRegression" in findings[0].message


def tensor(key: str) -> bytes:
    """A tensor of a torch state dict: its numbers lie outside, in a storage."""
    storage = items(text("storage"), global_("torch", "FloatStorage"), text(key), text("cpu"), number(4)) + b"Q"
    size, stride = items(number(4)), items(number(1))
    hooks = global_("collections", "OrderedDict") + EMPTY_TUPLE + b"R"
    return called(global_("torch._utils", "_rebuild_tensor_v2"), storage, number(0), size, stride, b"\x89", hooks)


def test_a_state_dict_of_torch_is_safe_and_names_its_storages() -> None:
    state_dict = proto(2) + mapping(weight=tensor("0"), bias=tensor("1")) + STOP
    storages: dict[str, int] = {}

    findings = found(state_dict, profile="torch", storages=storages)

    assert findings == []
    assert storages == {"0": 4, "1": 4}


def test_a_persistent_id_outside_of_a_torch_file_is_not_followed() -> None:
    findings = found(proto(2) + tensor("0") + STOP, profile="torch")

    assert codes(findings) == ["pickle.persistent_id"]


def test_a_persistent_id_that_is_no_storage_is_not_followed() -> None:
    findings = found(proto(2) + items(text("module"), text("os")) + b"Q" + STOP, profile="torch", storages={})

    assert codes(findings) == ["pickle.persistent_id"]
