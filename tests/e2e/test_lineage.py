"""What the app knows of a model's origin, through the whole app: from a job, from a drop, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import names, raised
from sandbox.runs import JobInput
from tests.e2e.app import DROPS, JOBS, MODEL, dropped_below, manifest

if TYPE_CHECKING:
    from tests.e2e.app import App

ROWS = f"{names.WORKSPACE_ID}/data/rows/versions/3"
BASE = f"{names.WORKSPACE_ID}/models/bert/versions/2"
GIT = {
    "mlflow.source.git.commit": "9f2d1c47a0b3e6d85c19f4a7be0312d6c8e5f701",
    "mlflow.source.git.repoURL": "https://someone:hunter2@git.example/churn",
    "mlflow.source.git.branch": "main",
    "azureml.git.dirty": "False",
}
TOLD: dict[str, Any] = {
    "properties": GIT,
    "inputs": {
        "rows": JobInput(uri=ROWS),
        "base": JobInput("mlflow_model", uri=BASE),
        "rate": JobInput("literal", value="0.1"),
    },
    "parameters": {"seed": "7"},
    "environment_id": f"{names.WORKSPACE_ID}/environments/sklearn/versions/7",
    "code_id": f"{names.WORKSPACE_ID}/codes/4f1a/versions/1",
}


def test_a_version_says_all_that_its_job_says(app: App, name: str) -> None:
    app.policy(name, {"job": {"experiment": name}}, **{"from": {"output": "model"}}, require={"completeness": 1})
    app.job(name, **TOLD)

    came = app.raised(JOBS, raised.run_completed(name, name))

    [version] = came.versions
    said = {key.removeprefix("lineage."): value for key, value in version.properties.items() if "lineage." in key}
    assert said.pop("source_event")
    assert said == {
        "job": name,
        "job_output_uri": f"azureml://jobs/{name}/outputs/model",
        "experiment": name,
        "git_commit": GIT["mlflow.source.git.commit"],
        "git_dirty": "false",
        "git_repository": "https://git.example/churn",
        "git_branch": "main",
        "datasets": json.dumps([ROWS]),
        "base_models": json.dumps([BASE]),
        "environment": TOLD["environment_id"],
        "code": TOLD["code_id"],
        "compute": f"{names.WORKSPACE_ID}/computes/cpu-cluster",
        "parameters": '{"rate": "0.1", "seed": "7"}',
        "attested_by": "workspace",
    }
    assert (version.job, version.content.datasets) == (name, ({"name": "rows", "id": ROWS},))
    assert "hunter2" not in json.dumps(app.champion(name))


def test_what_cannot_be_made_again_is_not_registered(app: App, name: str) -> None:
    app.policy(
        name, {"job": {"experiment": name}}, **{"from": {"output": "model"}}, require={"lineage": ["reproducible"]}
    )
    app.job(name, **TOLD | {"properties": GIT | {"azureml.git.dirty": "True"}})

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert (came.says, came.versions) == ("rejected: the code had changes that are in no commit", ())


def test_a_drop_of_what_a_job_wrote_is_borne_out(app: App, name: str) -> None:
    app.policy(name, dropped_below(name), require={"lineage": ["attested", "reproducible"]})
    app.job(name, **TOLD)
    claim: dict[str, Any] = {"lineage": {"run_uri": f"azureml://jobs/{name}/outputs/model"}, "producer": "Vendor A"}

    came = app.raised(DROPS, app.drop(name, manifest(name, **claim)))

    [version] = came.versions
    said = version.properties
    assert (said["lineage.attested_by"], said["lineage.producer"]) == ("checked", "Vendor A")
    assert said["lineage.git_commit"] == GIT["mlflow.source.git.commit"]
    assert (version.job, version.content.datasets) == (name, ({"name": "rows", "id": ROWS},))


@pytest.mark.parametrize("wrote", [b"Not really a model", b"something longer than that"])
def test_a_drop_of_what_a_job_did_not_write_is_refused(app: App, name: str, wrote: bytes) -> None:
    app.policy(name, dropped_below(name))
    app.job(name, {"model.bin": wrote})
    claim = {"lineage": {"run_uri": f"azureml://jobs/{name}/outputs/model"}}

    came = app.raised(DROPS, app.drop(name, manifest(name, MODEL, **claim)))

    assert came.versions == ()
    assert came.outcome["outcome"] == "rejected"
    assert "has other bytes there, so that job did not make these" in came.says
    assert app.receipt(name)["outcome"] == "rejected"
