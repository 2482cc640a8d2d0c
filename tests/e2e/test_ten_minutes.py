"""The ten minutes of docs/deploy.md, as far as they can be walked without Azure: its policy and its job, run here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sandbox import raised
from tests.e2e.app import JOBS

if TYPE_CHECKING:
    from tests.e2e.app import App

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")
# What the job's environment has, as far as the page's script needs it: metrics go to a file.
MLFLOW = (
    "import json\n\n\ndef log_metric(name, value):\n    open('metrics.json', 'w').write(json.dumps({name: value}))\n"
)


def written(name: str) -> str:
    """The file that the page says to write."""
    found = re.search(rf"^`{re.escape(name)}`:\n\n```\w+\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found, name
    return found[1]


@pytest.fixture
def trained(tmp_path: Path) -> dict[str, bytes]:
    """What the page's script writes, by name, and `metrics.json` with what it logs."""
    (tmp_path / "mlflow.py").write_text(MLFLOW, encoding="utf-8")
    (tmp_path / "train.py").write_text(written("first/train.py"), encoding="utf-8")
    subprocess.run([sys.executable, "train.py", "out"], cwd=tmp_path, check=True)
    files = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    return {**files, "metrics.json": (tmp_path / "metrics.json").read_bytes()}


def test_the_job_of_the_page_becomes_the_first_version_by_the_policy_of_the_page(
    app: App, trained: dict[str, bytes]
) -> None:

    (app.policies / "first.yaml").write_text(written("first-policies/first.yaml"), encoding="utf-8")
    metrics = json.loads(trained.pop("metrics.json"))
    app.job("first-job", trained, experiment="first-model", metrics=metrics)

    came = app.raised(JOBS, raised.run_completed("first-job", "first-model"))

    assert (came.outcome["outcome"], came.outcome["model"], came.outcome["version"]) == ("registered", "first-model", 1)
    assert app.champion("first-model")["version"] == 1
