"""The stand-in's bodies have the shape of the real service's, as Microsoft's own tests recorded them.

The fixtures hold shapes and statuses; ids and values are invented. Each names the public recording it was made after.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import refusals
from sandbox.runs import JobInput, JobOutput
from sandbox.shapes import FREE, differences

if TYPE_CHECKING:
    from azure.core.rest import HttpResponse

    from sandbox.sandbox import Sandbox
    from tests.contracts.plain_client import PlainClient

type Ask = Callable[[PlainClient], HttpResponse]

_FIXTURES = Path(__file__).parent.parent / "fixtures_azureml"
_PLACE = {"modelUri": "azureml://datastores/workspaceblobstore/paths/folder/model.onnx"}
_ASKS: dict[str, Ask] = {
    "model-version-created": lambda plain: plain.arm("PUT", "/models/created/versions/1", {"properties": _PLACE}),
    "model-version-archived": lambda plain: plain.arm(
        "PUT", "/models/shaped/versions/1", {"properties": {**_PLACE, "isArchived": True}}
    ),
    "model-version-2022": lambda plain: plain.arm("GET", "/models/shaped/versions/1", api_version="2022-05-01"),
    "model-versions-2024": lambda plain: plain.arm("GET", "/models/shaped-once/versions", api_version="2024-04-01"),
    "model-versions-first-page": lambda plain: plain.arm(
        "GET", "/models/shaped/versions", **{"$orderBy": "createdtime desc", "$top": "1", "listViewType": "All"}
    ),
    "model-container": lambda plain: plain.arm("GET", "/models/shaped-empty", api_version="2024-04-01"),
    "model-missing": lambda plain: plain.arm("GET", "/models/missing/versions"),
    "model-version-missing": lambda plain: plain.arm("GET", "/models/shaped/versions/999"),
    "unknown-member": lambda plain: plain.arm(
        "PUT", "/models/shaped/versions/3", {"properties": {**_PLACE, "color": "red"}}
    ),
    "workspace-missing": lambda plain: plain.arm("GET", "nope"),
    "datastore": lambda plain: plain.arm("GET", "/datastores/workspaceblobstore"),
    "datastore-missing": lambda plain: plain.arm("GET", "/datastores/missing"),
    "datastore-without-secrets": lambda plain: plain.arm("POST", "/datastores/workspaceblobstore/listSecrets", {}),
    "too-many-requests": lambda plain: plain.arm("GET", "/datastores/throttled"),
    "job-command": lambda plain: plain.arm("GET", "/jobs/shaped-command"),
    "job-pipeline": lambda plain: plain.arm("GET", "/jobs/shaped-pipeline"),
    "job-child": lambda plain: plain.arm("GET", "/jobs/shaped-child"),
    "job-sweep": lambda plain: plain.arm("GET", "/jobs/shaped-sweep"),
    "job-automl": lambda plain: plain.arm("GET", "/jobs/shaped-automl"),
    "run-children": lambda plain: plain.dataplane("GET", "history/v1.0", "/runs/shaped-pipeline/children"),
    "job-missing": lambda plain: plain.arm("GET", "/jobs/missing"),
    "discovery": lambda plain: plain.follow("https://westeurope.api.azureml.ms/discovery"),
    "resolved-data": lambda plain: plain.dataplane(
        "POST", "data/v1.0", "/dataversion/batchGetResolvedUris", {"values": [_asset_id(plain)]}
    ),
    "run-missing": lambda plain: plain.dataplane("POST", "history/v1.0", "/rundata", {"runId": "missing"}),
    "mlflow-run": lambda plain: plain.dataplane(
        "GET", "mlflow/v2.0", "/api/2.0/mlflow/runs/get?run_id=shaped-command&run_uuid=shaped-command"
    ),
}

_FREE = {"run-children": FREE | {"0.properties"}}  # of a run, people and services fill them as they like


def _asset_id(plain: PlainClient) -> str:
    rundata = plain.dataplane("POST", "history/v1.0", "/rundata", {"runId": "shaped-command"}).json()
    asset_id: str = rundata["runMetadata"]["outputs"]["default"]["assetId"]
    return asset_id


@pytest.fixture(scope="module")
def _workspace(sandbox: Sandbox) -> None:
    workspace = sandbox.workspace
    given = JobInput("uri_folder", uri="azureml://datastores/workspaceblobstore/paths/data/")
    workspace.add_job("shaped-command", inputs={"data": given}, metrics={"accuracy": 0.5})
    trained = JobOutput("uri_folder", step=("shaped-child", "trained"))
    workspace.add_job("shaped-pipeline", job_type="Pipeline", description="a pipeline", outputs={"model": trained})
    workspace.add_job("shaped-child", parent="shaped-pipeline", display_name="train", outputs={"trained": JobOutput()})
    objective = ("accuracy", "maximize")
    workspace.add_job("shaped-sweep", job_type="Sweep", objective=objective, status="Running")
    workspace.add_job("shaped-automl", job_type="AutoML", objective=objective, best="shaped-automl_0")
    for name, number in (("shaped", 2), ("shaped", 1), ("shaped-once", 1)):
        workspace.add_version(name, number, uri=_PLACE["modelUri"])
    workspace.models.put_container("shaped-empty", description="a model", tags={}, properties={}, is_archived=False)
    workspace.fail_next("GET", "/datastores/throttled$", 429, refusals.too_many_requests(), times=9)


def _fixture(name: str) -> dict[str, Any]:
    fixture: dict[str, Any] = json.loads((_FIXTURES / f"{name}.json").read_text("utf-8"))
    return fixture


@pytest.mark.parametrize("name", _ASKS)
@pytest.mark.usefixtures("_workspace")
def test_a_body_has_the_recorded_shape(plain: PlainClient, name: str) -> None:
    recorded = _fixture(name)

    answer = _ASKS[name](plain)

    assert answer.status_code == recorded["status"]
    assert list(differences(answer.json(), recorded["body"], free=_FREE.get(name, FREE))) == []
    assert [header for header in ("Location", "Retry-After") if header in answer.headers] == recorded["headers"]


def test_every_fixture_is_used_and_names_its_origin() -> None:
    fixtures = {path.stem: json.loads(path.read_text("utf-8")) for path in _FIXTURES.glob("*.json")}

    assert fixtures.keys() == _ASKS.keys()
    assert all(fixture["origin"] for fixture in fixtures.values())
