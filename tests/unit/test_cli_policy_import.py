"""`registrar policy import` prints a policy, and its warnings where people and machines find them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from registration import cli
from registration.errors import ForeignConfigError
from registration.policy import document

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

CONFIG = {"model_name": "diabetes", "model_file_name": "outputs/model.pkl", "metrics_min": ["rmse"]}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "registermodel.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, ["policy", "import", *map(str, arguments)])


def test_the_policy_goes_to_standard_output_and_the_warnings_to_both(config: Path) -> None:
    ran = run("registermodel", config, "--experiment", "diabetes-*")

    policy = document.parse(ran.stdout, source="stdout")
    assert ran.exit_code == 0
    assert policy.wants_job(experiment="diabetes-7", tags={})
    assert "# warning: metrics_min: the action enforced the opposite" in ran.stdout
    assert "\nwarning: metrics_min: the action enforced the opposite" in ran.stderr


def test_a_name_given_is_the_model_s_and_the_policy_s(config: Path) -> None:
    policy = document.parse(run("registermodel", config, "--name", "other").stdout, source="stdout")

    assert (policy.name, policy.models[0].name) == ("other", "other")


def test_a_name_that_no_model_can_have_is_not_blamed_on_the_config(config: Path) -> None:
    ran = run("registermodel", config, "--name", "a b")

    assert str(ran.exception).startswith("registermodel.json: --name: must start with a letter or digit")
    assert not ran.stdout


def test_strict_makes_warnings_count(config: Path) -> None:
    assert run("registermodel", config, "--strict").exit_code == 1


def test_json_is_one_object_and_nothing_else(config: Path) -> None:
    ran = run("registermodel", config, "--json")

    said = json.loads(ran.stdout)
    assert said["policy"]["models"][0]["metrics"]["rmse"]["direction"] == "minimize"
    assert said["digest"] == document.parse(said["yaml"], source="stdout").digest
    assert {"path", "message"} == said["warnings"][0].keys()
    assert not ran.stderr


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[]", b'{"model_name": 1}', b" " * 1_000_001])
def test_a_config_that_cannot_be_used_prints_no_policy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)

    ran = run("registermodel", path)

    assert isinstance(ran.exception, ForeignConfigError)
    assert str(ran.exception).startswith("broken.json: ")
    assert not ran.stdout


def test_an_unknown_kind_or_no_file_is_a_usage_error(config: Path, tmp_path: Path) -> None:
    assert run("kubeflow", config).exit_code == 2
    assert run("mlflow", tmp_path / "none.json").exit_code == 2
