"""MLflow's own client agrees: what it reads of a run, and where it says that `runs:/` leads, is what the app reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.azure.rest import Rest
from registration.azure.workspace import AzureWorkspace
from registration.uris import ARTIFACTS, DatastoreUri, JobOutputUri, parse_uri
from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    from sandbox.sandbox import Sandbox

TRACKING = f"https://{names.DATAPLANE_HOST}/mlflow/v2.0{names.WORKSPACE_ID}"
SCOPE = "https://management.azure.com/.default"
# MLflow reads a run's URI as one of the web and cuts it at `?` and `#`; Azure ML and the app take them literally.
SEGMENT = st.text(
    st.characters(exclude_characters="/?#", exclude_categories=["C", "Z"]), min_size=1, max_size=12
).filter(lambda name: name not in {".", ".."})


@pytest.fixture(scope="module", autouse=True)
def signed_in(credential: DefaultAzureCredential) -> Iterator[None]:
    """MLflow's client signs in by itself; Azure ML's plug-in cannot be installed beside a current azure-storage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        patch.setenv("MLFLOW_TRACKING_TOKEN", credential.get_token(SCOPE).token)
        yield


def artifacts() -> Any:
    """What MLflow reads `runs:/` with."""
    from mlflow.store.artifact import runs_artifact_repo  # noqa: PLC0415 - the import takes more than a second

    return runs_artifact_repo.RunsArtifactRepository


@pytest.fixture
def workspace(credential: DefaultAzureCredential) -> AzureWorkspace:
    return AzureWorkspace(Rest(credential), names.WORKSPACE_ID)


def test_the_client_reads_of_a_run_what_the_app_reads(sandbox: Sandbox, workspace: AzureWorkspace) -> None:
    from mlflow import MlflowClient  # noqa: PLC0415 - as above

    sandbox.workspace.add_job("mlflow-run", metrics={"accuracy": 0.93, "loss": 0.2}, parameters={"C": "1.0"})

    run = MlflowClient(TRACKING).get_run("mlflow-run")

    logged = workspace.log("mlflow-run")
    assert (run.data.metrics, run.data.params) == (logged.metrics, logged.parameters)
    assert (run.info.run_id, run.info.status) == ("mlflow-run", "FINISHED")


def test_the_client_follows_a_runs_uri_to_the_artifacts_of_that_run(sandbox: Sandbox) -> None:
    sandbox.workspace.add_job("mlflow-run", experiment="churn")

    found = artifacts().get_underlying_uri("runs:/mlflow-run/model/data", TRACKING)

    experiment = sandbox.workspace.runs.get("mlflow-run").experiment_id
    assert found.endswith(f"/experiments/{experiment}/runs/mlflow-run/artifacts/model/data")


def test_a_model_registered_from_a_runs_uri_lies_where_the_app_looks(
    sandbox: Sandbox, ml: MLClient, workspace: AzureWorkspace
) -> None:
    from azure.ai.ml.entities import Model  # noqa: PLC0415 - as above

    sandbox.workspace.add_job("mlflow-run")
    uri = parse_uri("runs:/mlflow-run/model")
    assert isinstance(uri, JobOutputUri)
    ml.models.create_or_update(Model(name="from-run", version="1", path=str(uri), type="custom_model"))

    version = sandbox.workspace.version("from-run", 1)
    job, registered = workspace.job("mlflow-run"), parse_uri(version.uri)
    assert job is not None
    assert isinstance(registered, DatastoreUri)
    home = workspace.output_location(job, uri.reported_output)
    assert home is not None
    assert (version.job, workspace.place(registered)) == ("mlflow-run", home / uri.path)


@given(job=SEGMENT, path=st.lists(SEGMENT, min_size=1, max_size=4).map("/".join))
def test_the_client_takes_a_runs_uri_apart_as_the_app_builds_it(job: str, path: str) -> None:
    uri = JobOutputUri(job, ARTIFACTS, path, "runs")

    assert artifacts().parse_runs_uri(str(uri)) == (job, path)
