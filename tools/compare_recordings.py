"""Hold the stand-in's answers against recordings of the real service, and print where their shapes differ.

    python tools/compare_recordings.py PATH

PATH is a folder of JSON files, each a list of recorded exchanges (`method`, `uri`, `status`, `request_body`,
`response_body`, `response_headers`). Requests are put to the stand-in with the recorded API version, and a recorded PUT
with its recorded body. Nothing is started and nothing is fetched. API versions older than those the stand-in shows are
left out. A difference is not always a fault: the stand-in shows one kind of workspace, and some recordings are of
another; a member that is null on one side only is told apart from a member that is missing. Exit status 0 unless
nothing could be compared.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from sandbox import names
from sandbox.dataplane_api import DataplaneApi
from sandbox.http_server import NULL, Request, Response
from sandbox.identity import token
from sandbox.model_store import ModelDraft
from sandbox.registry_api import RegistryApi
from sandbox.runs import JobInput, JobOutput
from sandbox.shapes import FREE, differences
from sandbox.workspace import Workspace
from sandbox.workspace_api import WorkspaceApi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_URI = "azureml://datastores/workspaceblobstore/paths/folder/model.onnx"
_ORIGIN = f"azureml://locations/{names.REGION}/workspaces/{names.WORKSPACE_GUID}/models/shaped/versions/2"
_ASKED = {"referenceType": "Id", "destinationName": "copied", "destinationVersion": "2", "sourceAssetId": _ORIGIN}
_IMPORT = {"properties": _ASKED}
_HEADERS = {"authorization": f"Bearer {token('https://management.azure.com', expires=2**33)}"}


@dataclass(frozen=True)
class Operation:
    """One kind of exchange: the path to ask the stand-in for, on which plane, and which recordings suit it."""

    path: str
    plane: str = "arm"
    body: Any = None
    since: str = ""
    suits: Callable[[dict[str, Any]], bool] = lambda _exchange: True
    free: frozenset[str] = FREE


def _says(*words: str) -> Callable[[dict[str, Any]], bool]:
    return lambda exchange: all(word in json.dumps(exchange["response_body"]) for word in words)


def _on(plane: str, path: str, body: Any = None) -> Operation:
    return Operation(path, plane=plane, body=body, free=FREE | {"properties", "actionUris", "runDefinition"})


def _of_registry(path: str, *, status: int, body: Any = None) -> Operation:
    """What is asked of a registry, below it or at a path of its own, and answered with this status there too."""

    def suits(exchange: dict[str, Any]) -> bool:
        return bool(exchange["status"] == status)

    return Operation(path, plane="registry", body=body, suits=suits, free=FREE | {"registryFqdns"})


_OPERATIONS = {
    "registry-discovery": _of_registry(f"/registrymanagement/v1.0/registries/{names.REGISTRY}/discovery", status=200),
    "registry-model-get": _of_registry("/models/shaped/versions/1", status=200),
    "registry-import": _of_registry("/import", status=202, body=_IMPORT),
    "workspace-get": Operation("", since="2024-10-01"),
    "workspace-get-404": Operation("-elsewhere"),
    "datastore-get": Operation("/datastores/workspaceblobstore", since="2024-04-01", suits=_says('"isDefault": true')),
    "datastore-default": Operation("/datastores"),
    "datastore-list": Operation("/datastores", since="2024-04-01"),
    "datastore-errors": Operation("/datastores/missing", suits=_says("Could not find datastore")),
    "job-get-404": Operation("/jobs/missing"),
    "job-get-command": Operation("/jobs/command", since="2024-01-01"),
    "job-get-pipeline": Operation("/jobs/pipeline", since="2024-01-01"),
    "job-get-child-without-properties": Operation("/jobs/step"),
    "jobs-list": Operation("/jobs"),
    "model-container-get": Operation("/models/shaped"),
    "model-container-get-404": Operation("/models/missing"),
    "model-container-put-delete": Operation("/models/bare"),
    "model-containers-list": Operation("/models"),
    "model-version-get": Operation("/models/shaped/versions/1"),
    "model-version-get-404": Operation("/models/shaped/versions/999"),
    "model-version-put-create": Operation("/models/new/versions/{number}"),
    "model-version-put-update": Operation("/models/shaped/versions/1"),
    "model-archive-restore": Operation("/models/shaped/versions/1"),
    "model-versions-list": Operation("/models/shaped/versions"),
    "model-versions-list-404": Operation("/models/missing/versions"),
    "discovery": _on("discovery", "/discovery"),
    "runhistory-run-get": _on("history/v1.0", "/runs/step"),
    "runhistory-children": _on("history/v1.0", "/runs/pipeline/children"),
    "runhistory-rundata": _on("history/v1.0", "/rundata", {"runId": "pipeline"}),
    "runhistory-rundata-404": _on("history/v1.0", "/rundata", {"runId": "missing"}),
    "data-batchgetresolveduris": _on("data/v1.0", "/dataversion/batchGetResolvedUris", {"values": []}),
    "mlflow-runs-create": _on("mlflow/v2.0", "/api/2.0/mlflow/runs/get"),
}


def furnished_workspace() -> Workspace:
    """A workspace that has one of everything the operations ask for."""
    workspace = Workspace()
    bound = JobOutput("uri_folder", step=("step", "trained"))
    workspace.add_job("pipeline", job_type="Pipeline", description="a pipeline", outputs={"model": bound})
    workspace.add_job("step", parent="pipeline", display_name="train", outputs={"trained": JobOutput()})
    given = JobInput("uri_folder", uri="azureml://datastores/workspaceblobstore/paths/data/")
    workspace.add_job("command", inputs={"data": given}, metrics={"accuracy": 0.5})
    for number in (2, 1):
        workspace.add_version("shaped", number, uri=_URI, description="a model")
    flavors = {"python_function": {"data": {"python_version": "3.13"}}}
    draft = ModelDraft(f"https://{names.blob_host(names.REGISTRY_ACCOUNT)}/c/m", tags={"foo": "bar"}, flavors=flavors)
    workspace.registries.get(names.REGISTRY).put("shaped", "1", draft=draft)
    return workspace


def asked(workspace: Workspace, exchange: dict[str, Any], operation: Operation, *, number: int) -> Response:
    """The stand-in's answer to a recorded exchange."""
    query = dict(parse_qsl(urlsplit(exchange["uri"]).query))
    query.pop("$skipToken", None)
    path = operation.path.format(number=number)
    if operation.plane == "arm":
        body = _fitted(exchange, workspace, path)
        request = _request(exchange["method"], f"{names.WORKSPACE_ID}{path}", query, body)
        return WorkspaceApi(workspace).answer(request)
    if operation.plane == "registry":
        below = path if path.startswith("/registrymanagement") else names.registry_path(names.REGISTRY) + path
        return _without_null(RegistryApi(workspace).answer(_request(exchange["method"], below, query, operation.body)))
    place = path if operation.plane == "discovery" else f"/{operation.plane}{names.WORKSPACE_ID}{path}"
    method = "GET" if operation.body is None else "POST"
    return DataplaneApi(workspace).answer(_request(method, place, {**query, "run_id": "command"}, operation.body))


def _without_null(response: Response) -> Response:
    """The recordings tell JSON's null as text."""
    return replace(response, body="null") if response.body is NULL else response


def compared(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Each recorded exchange that has a counterpart here, named, with its differences."""
    for name, operation in _OPERATIONS.items():
        exchanges = json.loads((folder / f"{name}.json").read_text("utf-8"))
        for index, exchange in enumerate(exchanges):
            if operation.suits(exchange) and _api_version(exchange) >= operation.since:
                yield _title(name, index, exchange), _compare(exchange, operation, number=index + 1)


def main(arguments: list[str]) -> int:
    """Print one line for each exchange, and its differences below it."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    verdicts = [_print(title, sorted(found)) for title, found in compared(Path(arguments[0]))]
    print(", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in ("same", "nulls only", "different")))
    return 0 if verdicts else 1


def _print(title: str, found: list[str]) -> str:
    only_nulls = all(" null here, " in line or line.endswith(", null there") for line in found)
    verdict = "same" if not found else "nulls only" if only_nulls else "different"
    print(f"{verdict:10} {title}")
    for line in found:
        print(f"             {line}")
    return verdict


def _compare(exchange: dict[str, Any], operation: Operation, *, number: int) -> list[str]:
    response = asked(furnished_workspace(), exchange, operation, number=number)
    found = list(differences(response.body, exchange["response_body"], free=operation.free))
    if response.status != exchange["status"]:
        found.append(f"status: {response.status} here, {exchange['status']} there")
    recorded = {name.lower() for name in exchange["response_headers"]} & {"location", "retry-after"}
    ours = {name.lower() for name in response.headers}
    return [*found, *(f"header {name}: on one side only" for name in recorded ^ ours)]


def _fitted(exchange: dict[str, Any], workspace: Workspace, path: str) -> Any:
    """The recorded body; a write to a version that is here gets that version's path, which cannot change."""
    body = exchange.get("request_body")
    version = path.rpartition("/")[2]
    if not isinstance(body, dict) or "/models/shaped/" not in path:
        return body
    return {"properties": {**body["properties"], "modelUri": workspace.version("shaped", version).uri}}


def _request(method: str, path: str, query: dict[str, str], body: Any) -> Request:
    content = b"" if body is None else json.dumps(body).encode()
    return Request(method, names.ARM_HOST, path, query, _HEADERS, content)


def _title(name: str, index: int, exchange: dict[str, Any]) -> str:
    return f"{name} #{index} ({exchange['method']} {exchange['status']}, {_api_version(exchange) or 'no version'})"


def _api_version(exchange: dict[str, Any]) -> str:
    return dict(parse_qsl(urlsplit(str(exchange["uri"])).query)).get("api-version", "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
