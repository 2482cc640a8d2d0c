"""A model in MLflow's layout, trained here and registered by the app: its flavors, and what its policy says of it."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from sandbox import jobs, raised
from sandbox.stage import environment
from tests.functional import one_model

if TYPE_CHECKING:
    from pathlib import Path

    from azure.identity import DefaultAzureCredential

    from registration.outcome import Outcome
    from sandbox.sandbox import Sandbox


@pytest.fixture
def model() -> str:
    return f"flavored-{uuid.uuid4().hex[:10]}"


def registered(
    sandbox: Sandbox, credential: DefaultAzureCredential, folder: Path, model: str, serving: dict[str, object]
) -> Outcome:
    """What becomes of a job of the recipe `wine` under a policy that says `serving`."""
    said = {"type": "mlflow_model", "serving": serving, "framework": {"name": "scikit-learn"}}
    policy = one_model.policy(model, **said, metrics={"macro_f1": {"min": 0.5}})
    parts = one_model.app(sandbox.environment(), credential, folder, policy)
    with environment(sandbox.environment()):
        jobs.run(sandbox, "wine", job=f"job-{model}", experiment=model)
    (outcome,) = parts.registrar.process(json.dumps(raised.run_completed(f"job-{model}", model)))
    return outcome


def test_flavors_come_from_the_mlmodel_and_the_rest_from_the_policy(
    sandbox: Sandbox, credential: DefaultAzureCredential, tmp_path: Path, model: str
) -> None:
    serving = {"sample_input": "input_example.json", "cpu": 1, "memory_gb": 2}

    outcome = registered(sandbox, credential, tmp_path, model, serving)

    version = sandbox.workspace.version(model, 1).content
    assert outcome.outcome == "registered"
    assert version.flavors["sklearn"]["data"]["sklearn_version"]
    assert version.flavors["python_function"]["data"]["loader_module"] == "mlflow.sklearn"
    said = {key: value for key, value in version.properties.items() if key.startswith(("serving.", "framework."))}
    assert said == {
        "framework.name": "scikit-learn",
        "serving.sample_input": "input_example.json",
        "serving.cpu": "1",
        "serving.memory_gb": "2",
    }


def test_an_inference_script_that_is_not_there_keeps_the_model_out(
    sandbox: Sandbox, credential: DefaultAzureCredential, tmp_path: Path, model: str
) -> None:
    outcome = registered(sandbox, credential, tmp_path, model, {"script": "score.py"})

    assert outcome.outcome == "rejected"
    assert "score.py: the policy names it as serving.script" in outcome.reasons[0]
    assert sandbox.workspace.versions(model) == []
