"""The Python SDK and MLflow's REST API read jobs, their outputs and what they measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from sandbox import names
from sandbox.runs import JobInput, JobOutput

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from sandbox.sandbox import Sandbox
    from tests.contracts.plain_client import PlainClient

_PATHS = (
    f"azureml://subscriptions/{names.SUBSCRIPTION}/resourcegroups/{names.RESOURCE_GROUP}"
    f"/workspaces/{names.WORKSPACE}/datastores"
)


def outputs_of(plain: PlainClient, run: str) -> dict[str, Any]:
    rundata = plain.dataplane("POST", "history/v1.0", "/rundata", {"runId": run, "selectRunMetadata": True}).json()
    outputs: dict[str, Any] = rundata["runMetadata"]["outputs"]
    return outputs


def resolved(plain: PlainClient, service: str, path: str, asset_id: str) -> dict[str, Any]:
    answer = plain.dataplane("POST", service, f"{path}/batchGetResolvedUris", {"values": [asset_id]})
    place: dict[str, Any] = answer.json()["values"][asset_id]
    return place


def run_of(plain: PlainClient, job: str) -> dict[str, Any]:
    run: dict[str, Any] = plain.dataplane("GET", "mlflow/v2.0", f"/api/2.0/mlflow/runs/get?run_id={job}").json()["run"]
    return run


def test_a_command_job_is_read_with_its_outputs_and_inputs(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_job(
        "read-job",
        experiment="churn",
        tags={"team": "risk"},
        inputs={"rows": JobInput("uri_file", uri="azureml:rows:3"), "depth": JobInput("literal", value="7")},
        outputs={"model": JobOutput("mlflow_model")},
    )

    job = ml.jobs.get("read-job")

    assert (job.status, job.experiment_name, job.tags) == ("Completed", "churn", {"team": "risk"})
    assert job.outputs["model"].path is None
    assert job.outputs["default"].path == "azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.read-job"
    assert job.inputs["rows"].path == "azureml:rows:3"


def test_a_job_that_is_not_there_is_not_found(ml: MLClient) -> None:
    with pytest.raises(ResourceNotFoundError, match=r"Job absent-job not found\."):
        ml.jobs.get("absent-job")


def test_a_status_changes_when_it_is_told_to(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_job("running-job", status="Running")
    sandbox.workspace.set_status("running-job", "Failed")

    assert ml.jobs.get("running-job").status == "Failed"


def test_jobs_are_listed_newest_first_without_steps(sandbox: Sandbox, plain: PlainClient) -> None:
    for name in ("listed-1", "listed-2"):
        sandbox.workspace.add_job(name)
    sandbox.workspace.add_job("listed-step", parent="listed-2")

    # Not by the SDK: it breaks at the first sweep whose trial has code.
    listed = [job["name"] for job in plain.arm("GET", "/jobs").json()["value"]]

    assert listed[:2] == ["listed-2", "listed-1"]


def test_a_pipelines_steps_are_found_through_run_history(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_job("pipeline", job_type="Pipeline", outputs={"model": JobOutput("custom_model")})
    sandbox.workspace.add_job("step", parent="pipeline", display_name="train")

    assert ml.jobs.get("pipeline").outputs["model"].path is None
    assert [child.name for child in ml.jobs.list(parent_job_name="pipeline")] == ["step"]
    assert ml.jobs.get("step").status == "Completed"


def test_a_reused_step_names_the_run_whose_work_it_reuses(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.add_job("again", job_type="Pipeline")
    sandbox.workspace.add_job("again-step", parent="again", reused_from="first-step", outputs={"out": JobOutput()})

    run = plain.dataplane("GET", "history/v1.0", "/runs/again-step").json()

    assert run["properties"]["azureml.isreused"] == "true"
    assert run["properties"]["azureml.reusedrunid"] == "first-step"
    assert run["dataContainerId"] == "dcid.first-step"
    assert "azureml_first-step_output_data_out" in outputs_of(plain, "again-step")["out"]["assetId"]


def test_a_sweep_is_read_with_its_objective_and_its_trials(sandbox: Sandbox, ml: MLClient) -> None:
    described = {"job_type": "Sweep", "objective": ("accuracy", "maximize"), "best": "tried_7"}
    sandbox.workspace.add_job("tried", **described)
    everything = {f"tried_{number}": number / 100 for number in range(sandbox.workspace.page_size + 2)}
    for name, accuracy in everything.items():
        sandbox.workspace.add_job(name, parent="tried", metrics={"accuracy": accuracy})

    sweep, trials = ml.jobs.get("tried"), [trial.name for trial in ml.jobs.list(parent_job_name="tried")]

    assert (sweep.objective.primary_metric, sweep.objective.goal) == ("accuracy", "maximize")
    assert (sweep.properties["best_child_run_id"], sweep.properties["score"]) == ("tried_7", "0.07")
    assert (len(trials), set(trials)) == (len(everything), set(everything))


def test_an_automl_job_is_read_with_the_best_model_that_only_run_history_has(
    sandbox: Sandbox, ml: MLClient, plain: PlainClient
) -> None:
    best = JobOutput("mlflow_model", step=("auto_2", "mlflow_log_model_1"))
    described = {"job_type": "AutoML", "objective": ("accuracy", "maximize"), "best": "auto_2"}
    sandbox.workspace.add_job("auto", outputs={"best_model": best}, **described)
    logged = JobOutput(
        "mlflow_model", uri="azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.auto_2/outputs"
    )
    sandbox.workspace.add_job("auto_2", parent="auto", outputs={"mlflow_log_model_1": logged})

    job = ml.jobs.get("auto")

    assert (job.tags["automl_best_child_run_id"], job.outputs) == ("auto_2", {})
    assert outputs_of(plain, "auto")["best_model"]["assetId"].endswith(
        "models/azureml_auto_2_output_mlflow_log_model_1/versions/1"
    )


def test_a_spark_job_is_read_with_its_outputs(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_job("sparking", job_type="Spark", outputs={"model": JobOutput("custom_model")})

    job = ml.jobs.get("sparking")

    assert (job.type, job.status, set(job.outputs)) == ("spark", "Completed", {"default", "model"})


def test_a_nested_pipelines_steps_name_the_outermost_pipeline(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.add_job("outer", job_type="Pipeline")
    sandbox.workspace.add_job("inner", job_type="Pipeline", parent="outer", display_name="sub")
    sandbox.workspace.add_job("leaf", parent="inner", display_name="train")

    run = plain.dataplane("GET", "history/v1.0", "/runs/leaf").json()

    assert (run["parentRunId"], run["rootRunId"], run["properties"]["azureml.rootpipelinerunid"]) == (
        "inner",
        "outer",
        "outer",
    )


def test_a_data_output_is_resolved_to_its_folder(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.add_job("data-job", outputs={"table": JobOutput("uri_folder")})
    asset = outputs_of(plain, "data-job")["table"]

    place = resolved(plain, "data/v1.0", "/dataversion", asset["assetId"])

    assert asset["type"] == "UriFolder"
    assert place["uri"] == f"{_PATHS}/workspaceblobstore/paths/azureml/data-job/table/"


def test_a_model_output_is_resolved_by_the_model_service(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.add_job("model-job", outputs={"model": JobOutput("mlflow_model")})
    asset = outputs_of(plain, "model-job")["model"]

    place = resolved(plain, "modelregistry/v1.0", "/models", asset["assetId"])

    assert asset["type"] == "MLFlowModel"
    assert place == {"path": f"{_PATHS}/workspaceblobstore/paths/azureml/model-job/model/", "type": "MLFlowModel"}


def test_a_pipelines_output_lies_where_its_step_wrote_it(sandbox: Sandbox, plain: PlainClient) -> None:
    bound = JobOutput("uri_folder", step=("writer", "component_out"))
    sandbox.workspace.add_job("binder", job_type="Pipeline", outputs={"job_out": bound})
    sandbox.workspace.add_job("writer", parent="binder", outputs={"component_out": JobOutput(segment="job_out")})

    asset = outputs_of(plain, "binder")["job_out"]

    assert "azureml_writer_output_data_component_out" in asset["assetId"]
    place = resolved(plain, "data/v1.0", "/dataversion", asset["assetId"])
    assert place["uri"] == f"{_PATHS}/workspaceblobstore/paths/azureml/writer/job_out/"


def test_metrics_come_as_mlflow_sends_them(sandbox: Sandbox, plain: PlainClient) -> None:
    metrics = {"accuracy": 0.9, "auc": math.nan, "loss": math.inf, "gain": -math.inf}
    sandbox.workspace.add_job("measured", metrics=metrics)

    sent = {metric["key"]: metric["value"] for metric in run_of(plain, "measured")["data"]["metrics"]}

    assert sent == {"accuracy": 0.9, "auc": "NaN", "loss": 1.7976931348623157e308, "gain": -1.7976931348623157e308}


def test_a_run_without_metrics_has_no_such_member(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.add_job("unmeasured")

    assert "metrics" not in run_of(plain, "unmeasured")["data"]


def test_metrics_change_when_they_are_told_to(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.add_job("remeasured", metrics={"accuracy": 0.1})
    sandbox.workspace.set_metrics("remeasured", {"accuracy": 0.2})

    assert run_of(plain, "remeasured")["data"]["metrics"][0]["value"] == 0.2


@pytest.mark.parametrize("version", ["v1.0", "v2.0"])
def test_mlflow_does_not_find_a_run_that_is_not_there(plain: PlainClient, version: str) -> None:
    answer = plain.dataplane("GET", f"mlflow/{version}", "/api/2.0/mlflow/runs/get?run_id=absent")

    assert (answer.status_code, answer.json()["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
