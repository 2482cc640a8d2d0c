"""Every config on the migration page gives the policy beside it, and the warnings below it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from registration import cli
from registration.policy import yaml_text
from tests.importing import imported, metrics

PAGE = (Path(__file__).parents[2] / "docs" / "migration.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"<!-- import: (.+?) -->\n```\w+\n(.+?)```\n.+?```yaml\n(.+?)```\n.+?```text\n(.+?)```", PAGE, re.DOTALL
)
MSE = json.dumps({"Std:JsonGet": {"Path": "regression_metrics.mse.value"}})


def rows(title: str) -> list[tuple[str, str]]:
    """The two sides of each row of the table under a heading."""
    section = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([^`]+)`[^|`]* \| `([^`]+)` \|$", section, re.MULTILINE)


def written(rules: str) -> Any:
    """A policy's fragment as plain values, numbers as floats."""
    return json.loads(json.dumps(yaml_text.parse(rules, source="row"), default=float))


@pytest.mark.parametrize(
    ("command", "config", "policy", "warnings"), EXAMPLES, ids=[example[0] for example in EXAMPLES]
)
def test_the_config_gives_the_policy_and_the_warnings(
    command: str, config: str, policy: str, warnings: str, tmp_path: Path
) -> None:
    kind, name, *options = shlex.split(command)
    (tmp_path / name).write_text(config, encoding="utf-8")

    ran = CliRunner().invoke(cli.app, ["policy", "import", kind, str(tmp_path / name), *options])

    assert [line for line in ran.stdout.splitlines() if not line.startswith("#")] == policy.splitlines()
    assert ran.stderr == warnings


def test_every_tool_has_its_example() -> None:
    assert [command.split()[0] for command, *_ in EXAMPLES] == ["registermodel", "mlflow", "tfma", "sagemaker"]


@pytest.mark.parametrize(("theirs", "ours"), rows("aml-registermodel"))
def test_a_field_of_the_action_is_this_here(theirs: str, ours: str) -> None:
    [model] = imported("registermodel", theirs).policy["models"]

    assert json.loads(json.dumps(model, default=float)).items() >= written(ours).items()


@pytest.mark.parametrize(("theirs", "ours"), rows("MLflow"))
def test_a_threshold_of_mlflow_is_this_here(theirs: str, ours: str) -> None:
    assert metrics("mlflow", f'{{"m": {theirs}}}') == {"m": written(ours)}


@pytest.mark.parametrize(("theirs", "ours"), rows("TensorFlow Model Analysis"))
def test_a_threshold_of_tfma_is_this_here(theirs: str, ours: str) -> None:
    config = f'metrics_specs {{ thresholds {{ key: "m" value {{ {theirs} }} }} }}'

    assert metrics("tfma", config) == {"m": written(ours)}


@pytest.mark.parametrize(("theirs", "ours"), rows("SageMaker"))
def test_a_condition_of_sagemaker_is_this_here(theirs: str, ours: str) -> None:
    condition = json.loads(theirs.replace("MSE", MSE))
    step = {"Type": "Condition", "Arguments": {"Conditions": [condition], "IfSteps": [{"Type": "RegisterModel"}]}}

    assert metrics("sagemaker", step) == {"mse": written(ours)}


def test_the_tables_have_rows() -> None:
    titles = ["aml-registermodel", "MLflow", "TensorFlow Model Analysis", "SageMaker"]

    assert [len(rows(title)) for title in titles] == [11, 6, 8, 8]
