"""The command line as a whole: which version it is, and what it says when nobody told it where to look."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registration import cli
from registration.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
RUN = (sys.executable, "-c", "from registration.cli import main; main()")


def test_the_version_is_that_of_the_project_and_of_the_changelog() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    newest = re.search(r"^## \[([^]]+)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    said = CliRunner().invoke(cli.app, ["--version"])

    assert (said.exit_code, said.stdout) == (0, f"registrar {project['version']}\n")
    assert newest
    assert newest[1] == project["version"]


def test_without_settings_it_is_said_how_a_shell_gets_them() -> None:
    done = subprocess.run([*RUN, "history", "churn"], cwd=ROOT, env={}, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert "REGISTRAR_WORKSPACE: is required" in done.stderr
    assert done.stderr.endswith(f"{cli.HOW_TO_SET}\n")
    assert 'eval "$(azd env get-values)"' in (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("to", ["../x", "vendor-a/../x", "vendor-a//x", "vendor\na"])
def test_a_drop_goes_into_a_folder_of_the_container(tmp_path: Path, to: str) -> None:
    said = CliRunner().invoke(cli.app, ["drop", str(tmp_path), "--model", "churn", "--to", to])

    assert isinstance(said.exception, InputError)
    assert str(said.exception).startswith("it would be dropped into ")


@pytest.mark.parametrize(("metrics", "reason"), [(["a=1", "a=2"], "is given twice"), (["a=x"], "must be a number")])
def test_a_drop_with_a_metric_that_is_unclear_is_not_sent(tmp_path: Path, metrics: list[str], reason: str) -> None:
    options = [part for text in metrics for part in ("--metric", text)]

    said = CliRunner().invoke(cli.app, ["drop", str(tmp_path), "--model", "churn", *options])

    assert isinstance(said.exception, InputError)
    assert reason in str(said.exception)
