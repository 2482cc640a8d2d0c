"""The data plane: what https://<region>.api.azureml.ms answers about the workspace's runs, and registries' operations.

Discovery is open; everything else needs a bearer token for the control plane's audience.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import model_uris, names, refusals, run_bodies, workspace_bodies
from sandbox.control_plane import as_service
from sandbox.http_server import Response, Router
from sandbox.paging import page
from sandbox.registry_api import RegistryApi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.http_server import Request
    from sandbox.runs import Job
    from sandbox.workspace import Workspace


class DataplaneApi:
    """Answers for `workspace`; it holds no state of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._router = Router()
        history = f"/history/v1.0{names.WORKSPACE_ID}"
        mlflow = rf"/mlflow/v[12]\.0{names.WORKSPACE_ID}/api/2\.0/mlflow"
        data = f"/data/v1.0{names.WORKSPACE_ID}/dataversion/batchGetResolvedUris"
        models = f"/modelregistry/v1.0{names.WORKSPACE_ID}/models/batchGetResolvedUris"
        self._router.add("GET", history + r"/runs/(?P<run>[^/]+)", self._run)
        self._router.add("GET", history + r"/runs/(?P<run>[^/]+)/children", self._children)
        self._router.add("POST", history + "/rundata", self._rundata)
        self._router.add("POST", data, self._resolve_data)
        self._router.add("POST", models, self._resolve_models)
        operation = r"/assetstore/v1\.0/operations/(?P<operation>[^/]+)"
        self._router.add("GET", operation, RegistryApi(workspace).operation)
        self._router.add("GET", mlflow + "/runs/get", self._mlflow_run)
        self._router.add("GET", mlflow + "/metrics/get-history", self._mlflow_history)

    def answer(self, request: Request) -> Response:
        """The answer to one request; refusals are answers too."""
        if (request.method, request.path) == ("GET", "/discovery"):
            return Response(200, workspace_bodies.discovery_body())
        return as_service(self._router, request)

    def _run(self, _request: Request, given: Mapping[str, str]) -> Response:
        return Response(
            200, run_bodies.run_body(self._job(given["run"], refusals.run_not_found), runs=self._workspace.runs)
        )

    def _children(self, request: Request, given: Mapping[str, str]) -> Response:
        self._job(given["run"], refusals.run_not_found)
        runs = self._workspace.runs
        children = sorted(runs.children(given["run"]), key=_age, reverse=True)
        shown = page(
            children,
            request=request,
            size=len(children),  # without $top the service's interface says that all are answered
            key=_age,
            body=lambda child: run_bodies.run_body(child, runs=runs),
            token="$continuationtoken",  # noqa: S106 - the name of a query parameter
        )
        return Response(200, shown)

    def _rundata(self, request: Request, _given: Mapping[str, str]) -> Response:
        job = self._job(request.json()["runId"], refusals.run_not_found)
        return Response(200, run_bodies.rundata_body(job, runs=self._workspace.runs))

    def _resolve_data(self, request: Request, _given: Mapping[str, str]) -> Response:
        def entry(uri: str, kind: str) -> dict[str, Any]:
            return {"uri": uri, "type": kind, "legacyDatasetType": None}

        return self._resolve(request, entry)

    def _resolve_models(self, request: Request, _given: Mapping[str, str]) -> Response:
        return self._resolve(request, lambda uri, kind: {"path": uri, "type": kind})

    def _resolve(self, request: Request, entry: Callable[[str, str], dict[str, Any]]) -> Response:
        values = {asset_id: self._place(asset_id) for asset_id in request.json()["values"]}
        return Response(200, {"values": {asset: entry(*place) for asset, place in values.items() if place is not None}})

    def _place(self, asset_id: str) -> tuple[str, str] | None:
        asset = run_bodies.asset_of(asset_id)
        job = self._workspace.runs.find(asset[0]) if asset else None
        if asset is None or job is None:
            return None
        home = self._workspace.runs.output_home(job, asset[1])
        if home is None:
            return None
        output = job.outputs.get(asset[1])
        kind = run_bodies.pascal(output.type) if output else "UriFolder"
        slash = "" if kind == "UriFile" else "/"
        return model_uris.expanded(home, group_word="resourcegroups") + slash, kind

    def _mlflow_run(self, request: Request, _given: Mapping[str, str]) -> Response:
        return Response(200, run_bodies.mlflow_body(self._mlflow_job(request)))

    def _mlflow_history(self, request: Request, _given: Mapping[str, str]) -> Response:
        metrics = run_bodies.mlflow_body(self._mlflow_job(request))["run"]["data"].get("metrics", [])
        key = request.query.get("metric_key")
        return Response(200, {"metrics": [metric for metric in metrics if metric["key"] == key]})

    def _mlflow_job(self, request: Request) -> Job:
        name = request.query.get("run_id") or request.query.get("run_uuid") or ""
        return self._job(name, refusals.mlflow_run_not_found)

    def _job(self, name: str, missing: Callable[[str], refusals.RefusalError]) -> Job:
        job = self._workspace.runs.find(name)
        if job is None:
            raise missing(name)
        return job


def _age(job: Job) -> tuple[int, str]:
    return job.created, job.name
