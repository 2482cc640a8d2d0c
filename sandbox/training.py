"""Trainings: real models of scikit-learn's bundled data sets, with metrics measured on rows they have not seen.

The sandbox's jobs make them. A recipe is a data set, an estimator and a file format; the split and every seed are
fixed, so a recipe measures the same each time and `breast-cancer-worse` < `breast-cancer` < `breast-cancer-better`
in accuracy. The files are what such a job would leave; they are not the same bytes on every machine.
"""
# ruff: noqa: PLC0415 - scikit-learn takes seconds to import, skl2onnx more; only the recipe that runs pays for them

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sandbox import mlflow_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

SEED: Final = 7
DIGITS: Final = 4  # a hundred held-out rows measure no finer
HELD_OUT: Final = 0.3  # the share of a data set's rows that no recipe trains on

_COLUMNS_OF_MEANS: Final = 10  # of breast cancer's thirty columns; the others are errors and extremes of the same


@dataclass(frozen=True)
class Trained:
    """A trained model: its files, and what it measured on the held-out rows."""

    files: Path
    metrics: Mapping[str, float]
    dataset: str
    output_type: str


@dataclass(frozen=True)
class Recipe:
    """How to train one model; `output_type` is that of the job output its files go to."""

    dataset: str
    estimator: Callable[[], Any]
    save: Callable[[Any, Any, Path], None]
    metrics: tuple[str, ...]
    output_type: str = "custom_model"


def train(recipe: str, folder: Path) -> Trained:
    """Train the model of a recipe of `RECIPES` and leave its files in `folder`, which is made if need be.

    Raises ValueError for an unknown recipe.
    """
    chosen = _recipe(recipe)
    seen, held_out, seen_truth, truth = split(chosen.dataset)
    model = chosen.estimator().fit(seen, seen_truth)
    folder.mkdir(parents=True, exist_ok=True)
    chosen.save(model, seen, folder)
    metrics = {name: round(_MEASURES[name](model, held_out, truth), DIGITS) for name in chosen.metrics}
    return Trained(folder, metrics, chosen.dataset, chosen.output_type)


def split(dataset: str) -> tuple[Any, Any, Any, Any]:
    """A data set as (rows to train on, held-out rows, labels of the first, labels of the others), always the same."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    rows, labels = getattr(datasets, f"load_{dataset}")(return_X_y=True)
    seen, held_out, seen_truth, truth = train_test_split(
        rows, labels, test_size=HELD_OUT, random_state=SEED, stratify=labels
    )
    return seen, held_out, seen_truth, truth


def _recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise ValueError(f"there is no recipe {name!r}; there are {', '.join(RECIPES)}")
    return RECIPES[name]


def _one_question() -> Any:
    from sklearn.tree import DecisionTreeClassifier

    return DecisionTreeClassifier(max_depth=1, random_state=SEED)


def _regression_on_the_means() -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    means = make_column_transformer((StandardScaler(), list(range(_COLUMNS_OF_MEANS))))
    return make_pipeline(means, LogisticRegression())


def _regression() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression())


def _save_joblib(model: Any, _seen: Any, folder: Path) -> None:
    import joblib

    joblib.dump(model, folder / "model.joblib")


def _save_mlflow(model: Any, seen: Any, folder: Path) -> None:
    mlflow_folder.save(model, folder=folder, example=seen[:2])


def _save_onnx(model: Any, seen: Any, folder: Path) -> None:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    columns = [("input", FloatTensorType([None, seen.shape[1]]))]
    converted = convert_sklearn(model, initial_types=columns, options={id(model): {"zipmap": False}})
    (folder / "model.onnx").write_bytes(converted.SerializeToString())


def _accuracy(model: Any, rows: Any, truth: Any) -> float:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(truth, model.predict(rows)))


def _log_loss(model: Any, rows: Any, truth: Any) -> float:
    from sklearn.metrics import log_loss

    return float(log_loss(truth, model.predict_proba(rows)))


def _macro_f1(model: Any, rows: Any, truth: Any) -> float:
    from sklearn.metrics import f1_score

    return float(f1_score(truth, model.predict(rows), average="macro"))


_MEASURES: Final = {"accuracy": _accuracy, "log_loss": _log_loss, "macro_f1": _macro_f1}
_CANCER_METRICS: Final = ("accuracy", "log_loss")

RECIPES: Final = {
    "breast-cancer": Recipe("breast_cancer", _regression_on_the_means, _save_joblib, _CANCER_METRICS),
    "breast-cancer-better": Recipe("breast_cancer", _regression, _save_joblib, _CANCER_METRICS),
    "breast-cancer-worse": Recipe("breast_cancer", _one_question, _save_joblib, _CANCER_METRICS),
    "wine": Recipe("wine", _regression, _save_mlflow, ("macro_f1",), output_type="mlflow_model"),
    "digits": Recipe("digits", _regression, _save_onnx, ("accuracy",)),
}
