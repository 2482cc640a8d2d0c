"""`registrar manifest`: what it prints of a folder, a registrar accepts; what it would refuse is said at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_manifest, manifest
from registration.errors import InputError, ManifestError
from tests.world import promise

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result


def ran(*said: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_manifest.add_to(app)
    return CliRunner().invoke(app, ["manifest", *said])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "MLmodel").write_bytes(b"flavors: {}")
    (tmp_path / "data" / "model.onnx").write_bytes(b"onnx")
    return tmp_path


def test_a_folder_becomes_a_manifest_that_a_registrar_accepts(folder: Path) -> None:
    result = ran("make", str(folder), "--model", "churn", "--metric", "accuracy=0.9", "--lineage", "git_commit=c0ffee")

    made = manifest.parse(result.stdout.encode(), source="made")
    assert (made.model, dict(made.metrics), made.lineage.git_commit) == ("churn", {"accuracy": 0.9}, "c0ffee")
    assert [file.model_dump() for file in made.files] == [
        promise("MLmodel", b"flavors: {}"),
        promise("data/model.onnx", b"onnx"),
    ]


def test_tags_and_several_datasets_are_said_as_well(folder: Path) -> None:
    said = ["--tag", "owner=a=b", "--lineage", "datasets=d1", "--lineage", "datasets=d2", "--metric", "n=3"]

    made = manifest.parse(ran("make", str(folder), "--model", "churn", *said).stdout.encode(), source="made")

    assert (dict(made.tags), made.lineage.datasets, dict(made.metrics)) == ({"owner": "a=b"}, ("d1", "d2"), {"n": 3})


def test_the_state_of_the_code_and_parameters_are_said_as_well(folder: Path) -> None:
    said = ["git_dirty=false", "parameters=C=1.0", "parameters=seed=7"]
    options = [part for text in said for part in ("--lineage", text)]

    made = manifest.parse(ran("make", str(folder), "--model", "churn", *options).stdout.encode(), source="made")

    assert (made.lineage.git_dirty, made.lineage.parameters) == (False, {"C": "1.0", "seed": "7"})


def test_what_is_about_the_drop_is_left_out_and_named(folder: Path) -> None:
    for name in ("model.manifest.json", "model.receipt.json", "data/model.onnx.sig"):
        (folder / name).write_bytes(b"{}")

    result = ran("make", str(folder), "--model", "churn")

    assert [file["path"] for file in json.loads(result.stdout)["files"]] == ["MLmodel", "data/model.onnx"]
    assert "left out: model.receipt.json" in result.stderr


def test_a_link_is_refused(folder: Path) -> None:
    (folder / "secret").symlink_to("/etc/hostname")

    assert isinstance(ran("make", str(folder), "--model", "churn").exception, InputError)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (["--model", "no name"], "model: must be 1 to 255 letters"),
        (["--model", "m", "--tag", "registrar.x=1"], "tags: 'registrar.x' is reserved"),
        (["--model", "m", "--lineage", "commit=c"], "lineage.commit: unknown key"),
    ],
)
def test_what_would_be_refused_is_not_printed(folder: Path, said: list[str], reason: str) -> None:
    result = ran("make", str(folder), *said)

    assert isinstance(result.exception, ManifestError)
    assert reason in str(result.exception)
    assert result.stdout == ""


@pytest.mark.parametrize("said", [["--metric", "accuracy"], ["--metric", "accuracy=high"], ["--tag", "=x"]])
def test_an_option_that_cannot_be_read_is_refused(folder: Path, said: list[str]) -> None:
    result = ran("make", str(folder), "--model", "m", *said)

    assert isinstance(result.exception, InputError)


@pytest.mark.parametrize(
    "said",
    [
        ["--metric", "accuracy=0.9", "--metric", "accuracy=0.99"],
        ["--tag", "team=a", "--tag", "team=b"],
        ["--lineage", "git_commit=c0ffee", "--lineage", "git_commit=decaf"],
        ["--lineage", "parameters=seed=7", "--lineage", "parameters=seed=8"],
    ],
)
def test_what_is_said_twice_is_refused(folder: Path, said: list[str]) -> None:
    result = ran("make", str(folder), "--model", "m", *said)

    assert isinstance(result.exception, InputError)
    assert "is given twice; say which of them is meant" in str(result.exception)
    assert result.stdout == ""


def test_an_empty_folder_makes_no_manifest(tmp_path: Path) -> None:
    result = ran("make", str(tmp_path), "--model", "m")

    assert isinstance(result.exception, ManifestError)
    assert "list every file of the model" in str(result.exception)


def test_the_schema_is_printed() -> None:
    assert json.loads(ran("schema").stdout) == manifest.json_schema()
