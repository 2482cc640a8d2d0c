"""The model registry: versions are created through azure-ai-ml, and read and marked over REST.

The SDK is imported when the first version is created, not before: a duplicate or a rejection never needs it.
Reference: https://learn.microsoft.com/python/api/azure-ai-ml/azure.ai.ml.operations.modeloperations
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError, ResourceExistsError

from registration.assets import asset_in
from registration.azure.faults import TIMEOUTS, answering, no_long_sleep
from registration.azure.rest import ARM, within
from registration.registry import SHA256_PROPERTY, WORK_PROPERTY, ModelVersion, Registration, VersionTakenError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model
    from azure.core.credentials import TokenCredential

    from registration.azure.rest import Rest
    from registration.settings import WorkspaceId

MODELS_API = "2025-12-01"  # the first stable one known to the SDK in which a version has datasets
PATH_FIXED = "Asset paths cannot be updated"  # the service's sentence for a number that has another path
SERVICE = "the model registry"
ACTIVE, ALL = "ActiveOnly", "All"  # which versions a list shows
PROVIDER = "/providers/Microsoft.MachineLearningServices/workspaces/"


class AzureRegistry:
    """One MLClient a thread: the client is not documented to be safe across threads."""

    def __init__(self, credential: TokenCredential, rest: Rest, workspace: WorkspaceId) -> None:
        self._credential = credential
        self._rest = rest
        self._workspace = workspace
        self._local = threading.local()

    def next_version(self, model: str) -> int:
        """One above the highest number the service knows, archived versions included."""
        url = f"{ARM}{self._workspace.id}/models/{model}"
        found = self._rest.get(url, **{"api-version": MODELS_API})
        return int(found["properties"]["nextVersion"]) if found else 1

    def find(self, model: str, version: int) -> ModelVersion | None:
        """The version, or None."""
        said = self._read(model, version)
        return None if said is None else _version(model, version, said)

    def foreign_versions(self, model: str) -> bool:
        """Whether the model has a version that is not archived and that no work of ours made."""
        # Not through the SDK: a candidate that is held here never needs its import.
        return any(WORK_PROPERTY not in (said.get("properties") or {}) for _, said in self._listed(model, ACTIVE))

    def in_use(self, model: str) -> Iterator[ModelVersion]:
        """The versions of the model that are not archived and that works of ours made."""
        for name, said in self._listed(model, ACTIVE):
            if WORK_PROPERTY in (said.get("properties") or {}):
                yield _version(model, int(name), said)

    def made_of(self, model: str, sha256: str) -> Iterator[int]:
        """The numbers of the versions of the model, archived or not, that works of ours made of these files."""
        for name, said in self._listed(model, ALL):
            if (said.get("properties") or {}).get(SHA256_PROPERTY) == sha256:
                yield int(name)

    def create(self, registration: Registration) -> None:
        """Write the version; raises `VersionTakenError` if the number has another path already."""
        from azure.ai.ml.entities import Model  # noqa: PLC0415 - the import takes most of a second

        model = Model(
            name=registration.model,
            version=str(registration.version),
            type=registration.type,
            path=registration.uri,
            description=registration.description,
            tags=dict(registration.tags),
            properties=dict(registration.properties),
            flavors={name: dict(said) for name, said in registration.flavors.items()} or None,
        )
        self._put(model)

    def link(self, registration: Registration) -> None:
        """Say in fields of the version which job and data it comes from, if they do not say so.

        Raises `PermanentError` if the service does not take that. azure-ai-ml has no parameter for either field.
        Does nothing if there is no such version.
        """
        said = self._read(registration.model, registration.version)
        if said is None:
            return
        told = {"jobName": registration.job or said.get("jobName")}
        if data := [*_references(registration.datasets, self._workspace.id)]:
            told["datasets"] = data
        if any(said.get(name) != value for name, value in told.items()):
            self._write(registration.model, registration.version, {**said, **told})

    def project(self, model: str, version: int, *, tags: Mapping[str, str], stage: str | None) -> None:
        """Set these tags on a version, and this stage, which makes an archived one active; leave the rest as it is.

        Does nothing if the version shows them already.
        """
        said = self._read(model, version)
        if said is None or (said.get("stage") == stage and tags.items() <= (said.get("tags") or {}).items()):
            return
        changed = {} if stage is None else {"stage": stage, "isArchived": False}
        self._write(model, version, {**said, "tags": {**(said.get("tags") or {}), **tags}, **changed})

    def archive(self, model: str, version: int, *, tags: Mapping[str, str]) -> None:
        """Set these tags on a version and archive it; does nothing if it is archived with them already."""
        said = self._read(model, version)
        if said is None or (said.get("isArchived") and tags.items() <= (said.get("tags") or {}).items()):
            return
        kept = {name: value for name, value in said.items() if name != "stage"}
        self._write(model, version, {**kept, "tags": {**(said.get("tags") or {}), **tags}, "isArchived": True})

    def _read(self, model: str, version: int) -> dict[str, Any] | None:
        found = self._rest.get(self._url(model, version), **{"api-version": MODELS_API})
        return dict(found["properties"]) if found else None

    def _write(self, model: str, version: int, said: Mapping[str, Any]) -> None:
        # Not through the SDK: it refuses any write of an mlflow_model whose path has a dot in its last segment.
        body = {name: value for name, value in said.items() if name != "provisioningState"}
        self._rest.put(self._url(model, version), {"properties": body}, **{"api-version": MODELS_API})

    def _url(self, model: str, version: int) -> str:
        return f"{ARM}{self._workspace.id}/models/{model}/versions/{version}"

    def _listed(self, model: str, view: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Each version of a `view`, and what the service says of it; a page is read when it is needed."""
        url = f"{ARM}{self._workspace.id}/models/{model}/versions"
        query = {"api-version": MODELS_API, "listViewType": view}
        for page in self._rest.pages(url, follow=within(ARM, of="versions"), **query):
            yield from ((str(found["name"]), found["properties"]) for found in page["value"])

    @property
    def _client(self) -> MLClient:
        from azure.ai.ml import MLClient  # noqa: PLC0415 - as above

        if not hasattr(self._local, "client"):
            here = self._workspace
            place = (here.subscription, here.group, here.name)
            self._local.client = MLClient(self._credential, *place, raw_response_hook=no_long_sleep, **TIMEOUTS)
        client: MLClient = self._local.client
        return client

    def _put(self, model: Model) -> None:
        from azure.ai.ml.exceptions import AssetPathException  # noqa: PLC0415 - as above

        with answering(SERVICE):
            try:
                self._client.models.create_or_update(model)
            except (ResourceExistsError, AssetPathException) as taken:
                raise VersionTakenError(str(taken)) from taken
            except HttpResponseError as refused:
                if PATH_FIXED not in str(refused):
                    raise
                raise VersionTakenError(str(refused)) from refused


def _version(model: str, version: int, said: Mapping[str, Any]) -> ModelVersion:
    return ModelVersion(
        model=model,
        version=version,
        type=said["modelType"],
        uri=said["modelUri"],
        description=said.get("description"),
        tags=said.get("tags") or {},
        properties=said.get("properties") or {},
        stage=said.get("stage"),
        job=said.get("jobName"),
        datasets=tuple(one["id"] for one in said.get("datasets") or () if one.get("id")),
    )


def _references(datasets: tuple[str, ...], workspace: str) -> Iterator[dict[str, str]]:
    """The data assets of a workspace as a version refers to them: by ARM id. What else is read has none."""
    for uri in datasets:
        asset = asset_in(uri)
        if asset is None or asset.registry:
            continue
        # With a location the workspace is a GUID, as run history names its own.
        _, _, subscription, *_ = workspace.split("/")
        group = f"/subscriptions/{asset.subscription or subscription}/resourceGroups/{asset.resource_group}"
        place = f"{group}{PROVIDER}{asset.workspace}" if asset.resource_group else workspace
        yield {"name": asset.name, "id": f"{place}/data/{asset.name}/versions/{asset.version}"}
