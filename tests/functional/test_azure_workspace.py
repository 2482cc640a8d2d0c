"""The workspace adapter against the workspace of the sandbox: jobs, where outputs lie, metrics, and faults."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from registration.artifacts.store import Location
from registration.azure.workspace import AzureWorkspace
from registration.errors import PermanentError, UnavailableError
from registration.policy import Point
from registration.sources.job import Job, JobOutput
from sandbox import names, runs

if TYPE_CHECKING:
    from registration.azure.rest import Rest
    from sandbox.sandbox import Sandbox

TRIES = 4
SOON = {"retry-after-ms": "1"}
BLOBSTORE = Location(names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER, "")
ASSETS = f"azureml://locations/{names.REGION}/workspaces/{names.WORKSPACE_GUID}"
ARTIFACTSTORE = Location(names.WORKSPACE_ACCOUNT, names.ARTIFACT_CONTAINER, "")


@pytest.fixture
def workspace(rest: Rest) -> AzureWorkspace:
    return AzureWorkspace(rest, names.WORKSPACE_ID)


@pytest.fixture
def name() -> str:
    """A job that only this test uses."""
    return f"job-{uuid.uuid4().hex[:12]}"


def shown(workspace: AzureWorkspace, name: str) -> Job:
    found = workspace.job(name)
    assert found is not None
    return found


def test_a_job_is_read_with_everything_that_lineage_needs(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str
) -> None:
    sandbox.workspace.add_job(
        name,
        experiment="churn",
        tags={"team": "risk"},
        properties={"azureml.git.commit": "c0ffee"},
        inputs={"b": runs.JobInput(uri="azureml:rows:3"), "a": runs.JobInput(uri="azureml:more:1")},
        outputs={"model": runs.JobOutput("mlflow_model")},
        environment_id="azureml:training:7",
    )

    job = shown(workspace, name)

    assert (job.name, job.status, job.experiment, dict(job.tags)) == (name, "Completed", "churn", {"team": "risk"})
    assert job.properties["azureml.git.commit"] == "c0ffee"
    assert (job.environment, job.datasets) == ("azureml:training:7", ("azureml:more:1", "azureml:rows:3"))
    assert job.outputs["model"] == JobOutput("mlflow_model", None)
    assert set(job.outputs) == {"default", "model"}


def test_a_job_that_says_little_is_read(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_job(name, status="Running", inputs={"depth": runs.JobInput("literal", value="7")})

    job = shown(workspace, name)

    assert (job.status, job.experiment, dict(job.tags), job.datasets) == ("Running", "Default", {}, ())


def test_a_job_that_is_not_there_is_none(workspace: AzureWorkspace, name: str) -> None:
    assert workspace.job(name) is None


def test_a_pipelines_step_has_no_status(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_job(f"{name}-parent", job_type="Pipeline")
    sandbox.workspace.add_job(name, parent=f"{name}-parent")
    sandbox.workspace.fail_next("GET", f"/jobs/{name}$", 200, {"name": name, "properties": None})

    assert shown(workspace, name) == Job(name, status=None)


def test_an_output_lies_where_the_job_says(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    chosen = runs.JobOutput(uri="azureml://datastores/workspaceblobstore/paths/chosen/place/")
    sandbox.workspace.add_job(name, outputs={"model": chosen})

    assert workspace.output_location(shown(workspace, name), "model") == BLOBSTORE / "chosen/place"


@pytest.mark.parametrize("kind", ["custom_model", "mlflow_model", "triton_model", "uri_folder"])
def test_an_output_that_says_nothing_is_found_through_run_history(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, kind: str
) -> None:
    sandbox.workspace.add_job(name, outputs={"model": runs.JobOutput(kind, segment="elsewhere")})

    assert workspace.output_location(shown(workspace, name), "model") == BLOBSTORE / f"azureml/{name}/elsewhere"


def test_a_placeholder_is_resolved_by_run_history(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_job(name, outputs={"model": runs.JobOutput("custom_model")})
    said = "azureml://datastores/${{default_datastore}}/paths/azureml/${{name}}/${{output_name}}"
    job = Job(name, status="Completed", outputs={"model": JobOutput("custom_model", said)})

    assert workspace.output_location(job, "model") == BLOBSTORE / f"azureml/{name}/model"


def test_an_output_that_nobody_places_lies_in_the_default_datastore(workspace: AzureWorkspace, name: str) -> None:
    unknown = Job(name, status="Completed", outputs={"model": JobOutput("custom_model", None)})

    assert workspace.output_location(unknown, "model") == BLOBSTORE / f"azureml/{name}/model"


def test_default_artifacts_lie_in_the_artifact_store(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_job(name)

    found = workspace.output_location(shown(workspace, name), "default")

    assert found == ARTIFACTSTORE / f"ExperimentRun/dcid.{name}"


def test_a_reused_steps_output_lies_under_the_run_that_wrote_it(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str
) -> None:
    sandbox.workspace.add_job(f"{name}-first", outputs={"model": runs.JobOutput("custom_model")})
    again = {"model": runs.JobOutput("custom_model")}
    sandbox.workspace.add_job(name, job_type="Pipeline", reused_from=f"{name}-first", outputs=again)

    found = workspace.output_location(shown(workspace, name), "model")

    assert found == BLOBSTORE / f"azureml/{name}-first/model"


def test_a_datastore_of_ones_own_is_followed(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_datastore(f"own_{name}", account=names.DROP_ACCOUNT, container=names.DROP_CONTAINER)
    there = runs.JobOutput("custom_model", uri=f"azureml://datastores/own_{name}/paths/models/churn")
    sandbox.workspace.add_job(name, outputs={"model": there})

    found = workspace.output_location(shown(workspace, name), "model")

    assert found == Location(names.DROP_ACCOUNT, names.DROP_CONTAINER, "models/churn")


def test_the_file_system_of_a_data_lake_is_a_container(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    place = {"account": names.DROP_ACCOUNT, "container": names.DROP_CONTAINER}
    sandbox.workspace.add_datastore(f"lake_{name}", **place, kind="AzureDataLakeGen2")

    found = workspace.datastore_location(f"lake_{name}")

    assert found == Location(names.DROP_ACCOUNT, names.DROP_CONTAINER, "")


@pytest.mark.parametrize(
    "uri",
    [
        "azureml://datastores/workspacefilestore/paths/models/churn",
        "https://elsewhere.blob.core.windows.net/models/churn",
        "abfss://models@elsewhere.dfs.core.windows.net/churn",
    ],
)
def test_an_output_in_no_blob_storage_of_the_workspace_is_nowhere(
    workspace: AzureWorkspace, name: str, uri: str
) -> None:
    job = Job(name, status="Completed", outputs={"model": JobOutput("custom_model", uri)})

    assert workspace.output_location(job, "model") is None


def test_a_default_datastore_that_is_a_file_share_is_waited_out(sandbox: Sandbox, workspace: AzureWorkspace) -> None:
    share = {"name": "shares", "properties": {"accountName": "a", "fileShareName": "s"}}
    sandbox.workspace.fail_next("GET", "/datastores$", 200, {"value": [share]})

    with pytest.raises(UnavailableError, match="the default datastore shares is no blob storage"):
        workspace.default_datastore()


def test_a_datastore_that_is_not_there_may_come_back(workspace: AzureWorkspace, name: str) -> None:
    with pytest.raises(UnavailableError, match=f"does not show datastore {name}"):
        workspace.datastore_location(name)


def test_the_default_datastore_is_the_workspaces_blob_store(workspace: AzureWorkspace) -> None:
    assert workspace.default_datastore() == ("workspaceblobstore", BLOBSTORE)


def test_a_step_is_read_from_run_history_with_what_the_control_plane_does_not_show(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str
) -> None:
    sandbox.workspace.add_job(f"{name}-pipeline", job_type="Pipeline")
    described = {"tags": {"a": "b"}, "outputs": {"model": runs.JobOutput("mlflow_model")}}
    sandbox.workspace.add_job(name, parent=f"{name}-pipeline", display_name="train", **described)

    run = workspace.run(name)

    assert shown(workspace, name) == Job(name, status=None)
    assert run is not None
    assert (run.status, run.title, run.parent, dict(run.tags)) == ("Completed", "train", f"{name}-pipeline", {"a": "b"})
    assert {output: known.type for output, known in run.outputs.items()} == {
        "default": "uri_folder",
        "model": "mlflow_model",
    }
    assert workspace.output_location(run, "model") == BLOBSTORE / f"azureml/{name}/model"
    assert workspace.output_location(run, "default") == ARTIFACTSTORE / f"ExperimentRun/dcid.{name}"


def test_inputs_of_a_run_are_data_or_models_and_what_is_null_is_not_said(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str
) -> None:
    data, model = f"{ASSETS}/data/rows/versions/3", f"{ASSETS}/models/base/versions/1"
    inputs = {"b": {"assetId": model, "type": "CustomModel"}, "a": {"assetId": data, "type": "UriFolder"}}
    said = {"runId": name, "status": "Completed", "inputs": inputs, "properties": {"a": None, "b": 7}, "tags": None}
    sandbox.workspace.fail_next("POST", "/rundata$", 200, {"runMetadata": said})

    run = workspace.run(name)

    assert run is not None
    assert (run.datasets, run.base_models) == ((data,), (model,))
    assert (dict(run.properties), dict(run.tags), dict(run.outputs), run.parent) == ({"b": "7"}, {}, {}, None)


def test_a_run_that_is_not_there_is_none_and_has_nothing_inside(workspace: AzureWorkspace, name: str) -> None:
    assert workspace.run(name) is None
    assert list(workspace.children(name)) == []


def test_a_run_of_another_spelling_is_another_run(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    said = {"runMetadata": {"runId": name.upper(), "status": "Completed"}}
    sandbox.workspace.fail_next("POST", "/rundata$", 200, said)

    assert workspace.run(name) is None


def test_what_is_inside_a_job_is_read_page_by_page(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_job(name, job_type="Sweep")
    for number in range(3):
        sandbox.workspace.add_job(f"{name}_{number}", parent=name)
    following = f"https://{names.DATAPLANE_HOST}/history/v1.0{names.WORKSPACE_ID}/runs/{name}/children?$top=2"
    first = {"value": [{"runId": "r0", "status": "Completed"}], "nextLink": following}
    sandbox.workspace.fail_next("GET", "/children$", 200, first)

    found = [run.name for run in workspace.children(name)]

    assert found == ["r0", *(f"{name}_{number}" for number in (2, 1, 0))]


def test_a_list_of_runs_that_leads_elsewhere_is_not_followed(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str
) -> None:
    elsewhere = {"value": [], "nextLink": "https://elsewhere.example/children"}
    sandbox.workspace.fail_next("GET", "/children$", 200, elsewhere)

    with pytest.raises(UnavailableError, match="goes on outside"):
        list(workspace.children(name))


def test_a_list_of_runs_that_never_ends_is_given_up(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registration.azure.workspace.MOST_PAGES", 3)
    url = f"https://{names.DATAPLANE_HOST}/history/v1.0{names.WORKSPACE_ID}/runs/{name}/children"
    sandbox.workspace.fail_next("GET", "/children$", 200, {"value": [], "nextLink": url}, times=3)

    with pytest.raises(UnavailableError, match="more than 3 pages"):
        list(workspace.children(name))


def test_the_data_of_an_automl_job_stands_in_its_task(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    rows = {"training_data": runs.JobInput("mltable", uri="azureml:rows:3")}
    sandbox.workspace.add_job(name, job_type="AutoML", objective=("accuracy", "maximize"), inputs=rows)

    job = shown(workspace, name)

    assert job.datasets == ("azureml:rows:3", "azureml://datastores/workspaceblobstore/paths/validation_data")
    assert set(job.outputs) == set()


def test_metrics_are_as_mlflow_writes_them(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    measured = {"accuracy": 0.93, "auc": float("nan"), "loss": float("inf"), "gain": float("-inf")}
    sandbox.workspace.add_job(name, metrics=measured)

    found = dict(workspace.log(name).metrics)

    assert found == {"accuracy": 0.93, "auc": "NaN", "loss": 1.7976931348623157e308, "gain": -1.7976931348623157e308}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_value_of_the_last_step_counts(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, order: tuple[int, int]
) -> None:
    history = [{"key": "loss", "value": 0.9, "step": "0"}, {"key": "loss", "value": 0.2, "step": "10"}]
    body = {"run": {"data": {"metrics": [history[index] for index in order]}}}
    sandbox.workspace.fail_next("GET", "/mlflow/runs/get$", 200, body)

    assert workspace.log(name).metrics == {"loss": 0.2}


def test_a_history_is_read_page_by_page_and_put_in_order(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str
) -> None:
    first = {"metrics": [{"key": "loss", "value": 0.2, "step": "10"}], "next_page_token": "more"}
    sandbox.workspace.add_job(name, metrics={"loss": float("nan")})
    sandbox.workspace.fail_next("GET", "/mlflow/metrics/get-history$", 200, first)

    assert workspace.history(name, "loss") == (Point(0, "NaN"), Point(10, 0.2))


def test_a_metric_that_was_never_logged_has_no_history(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_job(name, metrics={"loss": 0.2})

    assert workspace.history(name, "accuracy") == ()


def test_parameters_are_text(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_job(name, parameters={"seed": "7"})

    assert workspace.log(name).parameters == {"seed": "7"}
    assert workspace.log(f"{name}-unknown").parameters == {}


def test_a_job_that_logged_nothing_has_no_metrics(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_job(name)

    assert workspace.log(name).metrics == {}


def test_a_run_that_mlflow_does_not_know_has_no_metrics(workspace: AzureWorkspace, name: str) -> None:
    assert workspace.log(name).metrics == {}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_fault_is_waited_for(sandbox: Sandbox, workspace: AzureWorkspace, name: str, status: int) -> None:
    sandbox.workspace.add_job(name)
    sandbox.workspace.fail_next("GET", f"/jobs/{name}$", status, headers=SOON, times=TRIES - 1)

    assert shown(workspace, name).name == name


@pytest.mark.parametrize(("status", "waits"), [(429, "7"), (500, None), (503, "20")])
def test_a_lasting_fault_says_how_long_to_wait_if_the_service_did(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, status: int, waits: str | None
) -> None:
    path = f"/jobs/{name}$"
    sandbox.workspace.fail_next("GET", path, status, headers=SOON, times=TRIES - 1)
    sandbox.workspace.fail_next("GET", path, status, headers={"Retry-After": waits} if waits else None)

    with pytest.raises(UnavailableError, match=f"answered {status}") as unavailable:
        workspace.job(name)

    assert unavailable.value.retry_after_seconds == (float(waits) if waits else None)


@pytest.mark.parametrize("status", [401, 403])
def test_a_role_that_has_not_arrived_yet_may_arrive(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, status: int
) -> None:
    sandbox.workspace.fail_next("GET", f"/jobs/{name}$", status, {"error": {"code": "AuthorizationFailed"}})

    with pytest.raises(UnavailableError, match=f"Azure ML answered {status}"):
        workspace.job(name)


def test_a_refusal_is_no_outage(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.fail_next("GET", f"/jobs/{name}$", 400, {"error": {"code": "UserError", "message": "no"}})

    with pytest.raises(PermanentError, match="Azure ML answered 400"):
        workspace.job(name)


def test_a_long_wait_is_not_sat_out(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.fail_next("GET", f"/jobs/{name}$", 429, headers={"Retry-After": "600"})

    with pytest.raises(UnavailableError, match="asks for 600 seconds") as asked:
        workspace.job(name)

    assert asked.value.retry_after_seconds == 600


def test_an_answer_that_is_not_json_may_be_one_later(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.fail_next("GET", f"/jobs/{name}$", 200, ["no object"])

    with pytest.raises(UnavailableError, match="not a JSON object"):
        workspace.job(name)


def test_a_connection_that_breaks_is_an_outage(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.lose_next_answer("POST", "/rundata$")
    unknown = Job(name, status="Completed", outputs={"model": JobOutput("custom_model", None)})

    with pytest.raises(UnavailableError, match="Azure ML did not answer"):
        workspace.output_location(unknown, "model")
