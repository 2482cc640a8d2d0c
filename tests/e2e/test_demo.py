"""The demo, as a person starts it: a process of its own, with nothing but the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
MEMBERS = {"event", "outcome", "model", "version", "reasons", "lineage_job_output_uri"}


def registrar(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from registration.cli import main; main()", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=240)


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    done = registrar("demo", "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.sandbox
def test_every_step_is_one_json_object_with_the_documented_members(told: list[dict[str, Any]]) -> None:
    assert len(told) == 7
    assert all(step.keys() >= MEMBERS for step in told)
    assert all(step["expected"] for step in told)


@pytest.mark.sandbox
def test_the_demo_ends_as_the_story_says(told: list[dict[str, Any]]) -> None:
    assert [(step["outcome"], step["version"]) for step in told] == [
        ("registered", 1),
        ("registered", 2),
        ("rejected", None),
        ("registered", 1),
        ("registered", 1),
        ("rejected", None),
        ("duplicate", 2),
    ]


@pytest.mark.sandbox
def test_a_registered_job_model_names_its_output(told: list[dict[str, Any]]) -> None:
    assert told[1]["lineage_job_output_uri"] == "azureml://jobs/cancer-02/outputs/model/paths/model.joblib"


def test_help_teaches_every_command() -> None:
    done = registrar("--help")

    assert done.returncode == 0
    assert all(command in done.stdout for command in ("demo", "sandbox", "send", "drop"))


def test_a_command_that_needs_a_sandbox_says_how_to_get_one(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text("{}")

    done = registrar("send", str(event))

    assert done.returncode == 2
    assert "registrar sandbox" in done.stderr
