"""Trainings: the models load, the metrics are what the models really measure, and the story's order holds."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import joblib
import pytest
import yaml
from sklearn.metrics import accuracy_score, f1_score, log_loss

from registration import manifest
from sandbox import drops, training

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.training import Trained

type Models = dict[str, Trained]

MANIFEST = "drop/model.manifest.json"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    return {recipe: training.train(recipe, folder / recipe) for recipe in training.RECIPES}


def mlmodel(models: Models) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((models["wine"].files / "MLmodel").read_text())
    return parsed


@pytest.mark.parametrize("recipe", ["breast-cancer", "breast-cancer-better", "breast-cancer-worse"])
def test_a_joblib_model_measures_what_its_job_says(models: Models, recipe: str) -> None:
    _, rows, _, truth = training.split("breast_cancer")

    model = joblib.load(models[recipe].files / "model.joblib")

    measured = {
        "accuracy": accuracy_score(truth, model.predict(rows)),
        "log_loss": log_loss(truth, model.predict_proba(rows)),
    }
    assert models[recipe].metrics == pytest.approx(measured, abs=5e-5)


def test_accuracy_orders_worse_first_better(models: Models) -> None:
    order = [models[f"breast-cancer{suffix}"].metrics for suffix in ("-worse", "", "-better")]

    accuracies = [metrics["accuracy"] for metrics in order]
    losses = [metrics["log_loss"] for metrics in order]

    assert accuracies == sorted(set(accuracies))
    assert losses == sorted(set(losses), reverse=True)
    assert accuracies[0] > 0.9


def test_no_row_is_both_trained_on_and_measured() -> None:
    seen, held_out, _, _ = training.split("breast_cancer")

    shared = {tuple(row) for row in seen} & {tuple(row) for row in held_out}

    assert not shared


def test_training_again_measures_the_same(models: Models, tmp_path: Path) -> None:
    again = training.train("breast-cancer-worse", tmp_path)

    assert again.metrics == models["breast-cancer-worse"].metrics


def test_the_mlflow_folder_holds_the_documented_files(models: Models) -> None:
    names = {path.name for path in models["wine"].files.iterdir()}

    examples = {"input_example.json", "serving_input_example.json"}
    assert names == {"MLmodel", "model.pkl", "conda.yaml", "python_env.yaml", "requirements.txt"} | examples


def test_mlmodel_names_both_flavors_and_files_that_exist(models: Models) -> None:
    flavors = mlmodel(models)["flavors"]

    function, sklearn = flavors["python_function"], flavors["sklearn"]

    files = [function["model_path"], sklearn["pickled_model"], *function["env"].values()]
    assert function["loader_module"] == "mlflow.sklearn"
    assert all((models["wine"].files / name).is_file() for name in files)


def test_the_signature_fits_the_input_example(models: Models) -> None:
    signature = mlmodel(models)["signature"]
    example = json.loads((models["wine"].files / "input_example.json").read_text())

    [specification] = json.loads(signature["inputs"])

    assert specification["tensor-spec"] == {"dtype": "float64", "shape": [-1, len(example[0])]}
    assert json.loads(signature["outputs"])[0]["type"] == "tensor"


def test_the_mlflow_model_measures_what_its_job_says(models: Models) -> None:
    _, rows, _, truth = training.split("wine")

    model = pickle.loads((models["wine"].files / "model.pkl").read_bytes())  # noqa: S301 - trained above

    assert models["wine"].metrics == {
        "macro_f1": pytest.approx(f1_score(truth, model.predict(rows), average="macro"), abs=5e-5)
    }
    assert models["wine"].output_type == "mlflow_model"


def test_the_onnx_model_is_as_accurate_as_the_one_it_was_converted_from(models: Models) -> None:
    reference = pytest.importorskip("onnx.reference")
    _, rows, _, truth = training.split("digits")

    evaluator = reference.ReferenceEvaluator(str(models["digits"].files / "model.onnx"))
    labels = evaluator.run(None, {"input": rows.astype("float32")})[0]

    assert models["digits"].metrics == {"accuracy": pytest.approx(accuracy_score(truth, labels), abs=5e-5)}


def test_an_unknown_recipe_is_refused_by_name_and_leaves_no_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"

    with pytest.raises(ValueError, match="no recipe 'iris'; there are breast-cancer, "):
        training.train("iris", folder)

    assert not folder.exists()


def test_a_built_manifest_is_one_that_registrar_accepts(models: Models) -> None:
    trained = models["wine"]
    lineage = {"job": "nightly-1", "datasets": ["azureml:wine:1"]}

    built = drops.build_manifest(trained.files, model="wine-classifier", metrics=trained.metrics, lineage=lineage)

    parsed = manifest.parse(json.dumps(built).encode(), source=MANIFEST)
    assert {file.path for file in parsed.files} == {path.name for path in trained.files.iterdir()}
    assert parsed.metrics == trained.metrics
    assert parsed.lineage.job == "nightly-1"


def test_a_manifest_describes_files_in_folders_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "model.bin").write_bytes(b"abc")

    [file] = drops.build_manifest(tmp_path, model="m")["files"]

    # FIPS 180-2, appendix B.1: the digest of "abc".
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file == {"path": "data/model.bin", "size": 3, "sha256": digest}


def test_a_manifest_leaves_out_itself_and_what_registrar_wrote(tmp_path: Path) -> None:
    for name in ("model.onnx", "model.manifest.json", "model.receipt.json", "model.onnx.sig"):
        (tmp_path / name).write_bytes(b"x")

    built = drops.build_manifest(tmp_path, model="m")

    assert [file["path"] for file in built["files"]] == ["model.onnx"]
