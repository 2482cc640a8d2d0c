"""The control plane: what https://management.azure.com answers about the one workspace of this sandbox.

Every request needs a bearer token for this plane and an API version. What is not the workspace, its jobs, datastores
or models is a resource ARM does not find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox import endpoint_bodies, job_bodies, model_bodies, names, refusals, workspace_bodies
from sandbox.control_plane import as_resource_manager
from sandbox.endpoints import KINDS
from sandbox.http_server import Response, Router
from sandbox.paging import page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.http_server import Request
    from sandbox.model_store import ModelContainer, ModelVersion
    from sandbox.runs import Job
    from sandbox.workspace import Workspace

_KIND_OF: Final = {folder: kind for kind, folder in KINDS.items()}


class WorkspaceApi:
    """Answers for `workspace`; it holds no state of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._router = Router()
        for method, path, handler in self._routes():
            self._router.add(method, names.WORKSPACE_ID + path, handler)

    def answer(self, request: Request) -> Response:
        """The answer to one request; refusals are answers too."""
        return as_resource_manager(self._router, request)

    def _routes(self) -> list[tuple[str, str, Any]]:
        model = r"/models/(?P<name>[^/]+)"
        version = model + r"/versions/(?P<version>[^/]+)"
        return [
            ("GET", "", lambda _request, _names: Response(200, workspace_bodies.workspace_body())),
            ("GET", "/datastores", self._datastores),
            ("GET", r"/datastores/(?P<name>[^/]+)", self._datastore),
            ("POST", r"/datastores/(?P<name>[^/]+)/listSecrets", self._secrets),
            ("GET", "/jobs", self._jobs),
            ("GET", r"/jobs/(?P<name>[^/]+)", self._job),
            ("GET", "/models", self._containers),
            ("GET", model, self._container),
            ("PUT", model, self._put_container),
            ("DELETE", model, self._delete_container),
            ("GET", model + "/versions", self._versions),
            ("GET", version, self._version),
            ("PUT", version, self._put_version),
            ("DELETE", version, self._delete_version),
            *self._endpoint_routes(),
        ]

    def _endpoint_routes(self) -> list[tuple[str, str, Any]]:
        kind, named = f"/(?P<kind>{'|'.join(KINDS.values())})", r"/(?P<name>[^/]+)"
        return [
            ("GET", kind, self._endpoints),
            ("GET", kind + named, self._endpoint),
            ("GET", kind + named + "/deployments", self._deployments),
        ]

    def _datastores(self, request: Request, _names: Mapping[str, str]) -> Response:
        default_only = request.query.get("isDefault", "").lower() == "true"
        stores = [store for store in self._workspace.datastores() if store.is_default or not default_only]
        return Response(200, {"value": [workspace_bodies.datastore_body(store) for store in stores]})

    def _datastore(self, _request: Request, names_: Mapping[str, str]) -> Response:
        return Response(200, workspace_bodies.datastore_body(self._workspace.datastore(names_["name"])))

    def _secrets(self, _request: Request, names_: Mapping[str, str]) -> Response:
        self._workspace.datastore(names_["name"])
        raise refusals.no_secrets()

    def _jobs(self, request: Request, _names: Mapping[str, str]) -> Response:
        jobs = self._workspace.runs.newest_first()
        size = self._workspace.page_size
        body = page(jobs, request=request, size=size, key=lambda job: (job.created, job.name), body=self._job_body)
        return Response(200, body)

    def _job(self, _request: Request, names_: Mapping[str, str]) -> Response:
        return Response(200, self._job_body(self._workspace.runs.get(names_["name"])))

    def _job_body(self, job: Job) -> dict[str, Any]:
        return job_bodies.job_body(job, inner=self._workspace.runs.children(job.name))

    def _containers(self, request: Request, _names: Mapping[str, str]) -> Response:
        api_version = request.query["api-version"]
        containers = [each for each in self._workspace.models.containers() if is_viewed(each.is_archived, request)]
        body = page(
            containers,
            request=request,
            size=self._workspace.page_size,
            key=lambda each: (each.created, each.name),
            body=lambda each: model_bodies.container_body(each, api_version=api_version),
        )
        return Response(200, body)

    def _container(self, request: Request, names_: Mapping[str, str]) -> Response:
        return Response(200, _container_body(self._workspace.models.container(names_["name"]), request))

    def _put_container(self, request: Request, names_: Mapping[str, str]) -> Response:
        fields = model_bodies.container_fields(request)
        container, is_new = self._workspace.models.put_container(names_["name"], **fields)
        return _written(request, _container_body(container, request), is_new=is_new)

    def _delete_container(self, _request: Request, names_: Mapping[str, str]) -> Response:
        self._workspace.models.delete_container(names_["name"])
        return Response(200)

    def _versions(self, request: Request, names_: Mapping[str, str]) -> Response:
        versions = [each for each in self._workspace.models.versions(names_["name"]) if _listed(each, request)]
        body = page(
            versions,
            request=request,
            size=self._workspace.page_size,
            key=lambda each: (each.created, each.version),
            body=lambda each: _version_body(each, request),
        )
        return Response(200, body)

    def _version(self, request: Request, names_: Mapping[str, str]) -> Response:
        version = self._workspace.models.version(names_["name"], names_["version"])
        return Response(200, _version_body(version, request))

    def _put_version(self, request: Request, names_: Mapping[str, str]) -> Response:
        draft = model_bodies.draft_of(request, runs=self._workspace.runs)
        version, is_new = self._workspace.models.put_version(names_["name"], names_["version"], draft=draft)
        return _written(request, _version_body(version, request), is_new=is_new)

    def _delete_version(self, _request: Request, names_: Mapping[str, str]) -> Response:
        self._workspace.models.delete_version(names_["name"], names_["version"])
        return Response(200)

    def _endpoints(self, request: Request, names_: Mapping[str, str]) -> Response:
        found = self._workspace.endpoints.of(_KIND_OF[names_["kind"]])
        size = self._workspace.page_size
        key, body = (lambda each: (each.created, each.name)), endpoint_bodies.endpoint_body
        return Response(200, page(found, request=request, size=size, key=key, body=body))

    def _endpoint(self, _request: Request, names_: Mapping[str, str]) -> Response:
        found = self._workspace.endpoints.get(_KIND_OF[names_["kind"]], names_["name"])
        return Response(200, endpoint_bodies.endpoint_body(found))

    def _deployments(self, request: Request, names_: Mapping[str, str]) -> Response:
        endpoint = self._workspace.endpoints.get(_KIND_OF[names_["kind"]], names_["name"])
        answer = page(
            self._workspace.endpoints.as_list(endpoint.kind, endpoint.name),
            request=request,
            size=self._workspace.page_size,
            key=lambda each: (each.created, each.name),
            body=lambda each: endpoint_bodies.deployment_body(endpoint, each),
        )
        return Response(200, answer)


def _version_body(version: ModelVersion, request: Request) -> dict[str, Any]:
    return model_bodies.version_body(version, api_version=request.query["api-version"])


def _container_body(container: ModelContainer, request: Request) -> dict[str, Any]:
    return model_bodies.container_body(container, api_version=request.query["api-version"])


def _written(request: Request, body: dict[str, Any], *, is_new: bool) -> Response:
    if not is_new:
        return Response(200, body)
    location = f"https://{names.ARM_HOST}{body['id']}?api-version={request.query['api-version']}"
    return Response(201, body, {"Location": location})


def _listed(version: ModelVersion, request: Request) -> bool:
    stage, number = request.query.get("stage"), request.query.get("version")
    fits = stage in {None, version.stage} and number in {None, version.version}
    return fits and is_viewed(version.is_archived, request)


def is_viewed(is_archived: bool, request: Request) -> bool:  # noqa: FBT001 - a predicate over one flag
    """Whether a list shows it. Without a view type a list shows what is active; that default is inferred."""
    view = request.query.get("listViewType", "ActiveOnly").lower()
    return view == "all" or is_archived == (view == "archivedonly")
