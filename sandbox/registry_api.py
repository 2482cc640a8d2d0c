"""The registries' plane: discovery, model versions, import, and how far an operation is.

Three hosts: one where every client asks for a registry by name, one where the registry's assets are, and the region's
data plane for operations. Every request needs a bearer token for Azure's control plane or for Azure ML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox import model_uris, names, refusals, registry_bodies
from sandbox.control_plane import as_service
from sandbox.http_server import NULL, Response, Router
from sandbox.paging import page
from sandbox.workspace_api import is_viewed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.http_server import Request
    from sandbox.registries import Operation, Registry
    from sandbox.workspace import Workspace


class RegistryApi:
    """Answers for the registries of `workspace`; it holds no state of its own."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._router = Router()
        registry = names.registry_path(r"(?P<registry>[^/]+)")
        model = registry + r"/models/(?P<name>[^/]+)"
        version = model + r"/versions/(?P<version>[^/]+)"
        for method, path, handler in (
            ("GET", r"/registrymanagement/v1\.0/registries/(?P<registry>[^/]+)/discovery", self._discovery),
            ("GET", model, self._container),
            ("GET", model + "/versions", self._versions),
            ("GET", version, self._version),
            ("PUT", version, self._put_version),
            ("PUT", registry + r"/tempdatarefs/(?P<name>[^/]+)/versions/(?P<version>[^/]+)", self._upload),
            ("POST", registry + r"/datarefs/(?P<name>[^/]+)/versions/(?P<version>[^/]+)", self._lend),
            ("POST", registry + "/import", self._import),
        ):
            self._router.add(method, path, handler)

    def answer(self, request: Request) -> Response:
        """The answer to one request; refusals are answers too."""
        return as_service(self._router, request)

    def operation(self, _request: Request, given: Mapping[str, str]) -> Response:
        """How far an operation is; done is 204 for a copy and 200 for a write, as recorded. How one fails, is not."""
        found = self._workspace.registries.operation(given["operation"])
        if found is None:
            return Response(404)
        if found.is_running:
            return Response(202)
        if found.failure is not None:
            return refusals.copy_failed(found.failure).response
        return Response(204) if found.is_copy else Response(200, {"assetId": found.result.id})

    def _discovery(self, _request: Request, given: Mapping[str, str]) -> Response:
        return Response(200, registry_bodies.discovery_body(self._registry(given)))

    def _container(self, _request: Request, given: Mapping[str, str]) -> Response:
        registry, name = self._registry(given), given["name"]
        versions = registry.versions(name)
        if not versions:
            raise refusals.asset_not_found(f"azureml://registries/{registry.name}/models/{name}")
        return Response(200, registry_bodies.container_body(registry.name, name, versions))

    def _versions(self, request: Request, given: Mapping[str, str]) -> Response:
        registry = self._registry(given)
        versions = registry.versions(given["name"])
        if not versions and registry.hides_unknown:
            raise refusals.model_not_found(given["name"])
        body = page(
            [each for each in versions if is_viewed(each.content.is_archived, request)],
            request=request,
            size=self._workspace.page_size,
            key=lambda each: (each.created, each.version),
            body=registry_bodies.version_body,
        )
        return Response(200, body)

    def _version(self, _request: Request, given: Mapping[str, str]) -> Response:
        found = self._registry(given).version(given["name"], given["version"])
        return Response(200, registry_bodies.version_body(found))

    def _put_version(self, request: Request, given: Mapping[str, str]) -> Response:
        draft = registry_bodies.draft_of(request)
        return _begun(self._registry(given).put(given["name"], given["version"], draft=draft))

    def _upload(self, _request: Request, given: Mapping[str, str]) -> Response:
        """Where a client may upload files; a version that is there takes none, and nobody uploads to this sandbox."""
        found = self._registry(given).version(given["name"], given["version"])
        raise refusals.asset_exists(found.id)

    def _import(self, request: Request, given: Mapping[str, str]) -> Response:
        name, version, origin, *source = registry_bodies.asked_copy(request)
        original = self._workspace.models.version(*source)
        begun = self._registry(given).copy(original, origin=origin, name=name, version=version)
        storage = self._workspace.registries.storage
        if storage is not None and (lies := self._files(original.uri)) is not None:
            storage.copy(lies, begun.result.content.uri)
        return _begun(begun)

    def _files(self, uri: str) -> tuple[str, str, str] | None:
        """Account, container and path of a datastore's URI; None if it is none."""
        found = model_uris.datastore_of(uri)
        if found is None:
            return None
        store = self._workspace.datastore(found[0])
        return store.account, store.container, found[1]

    def _lend(self, request: Request, given: Mapping[str, str]) -> Response:
        """A SAS to what is at `blobUri`, as clients ask for one before they read a version's files."""
        self._registry(given).version(given["name"], given["version"])
        storage, url = self._workspace.registries.storage, str(request.json()["blobUri"])
        credential = {"credentialType": "SAS", "sasUri": storage.lent(url) if storage else url}
        reference = {"blobUri": url, "storageAccountArmId": "", "credential": credential}
        return Response(200, {"blobReferenceForConsumption": reference})

    def _registry(self, given: Mapping[str, str]) -> Registry:
        return self._workspace.registries.get(given["registry"])


def _begun(operation: Operation) -> Response:
    return Response(202, NULL, {"Location": registry_bodies.location_of(operation)})
