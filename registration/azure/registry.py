"""The model registry through azure-ai-ml. The SDK is imported when the first version is looked for, not before.

Reference: https://learn.microsoft.com/python/api/azure-ai-ml/azure.ai.ml.operations.modeloperations
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError

from registration.azure.faults import answering
from registration.azure.rest import ARM
from registration.errors import UnavailableError
from registration.registry import WORK_PROPERTY, ModelVersion, Registration, VersionTakenError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model
    from azure.core.credentials import TokenCredential

    from registration.azure.rest import Rest
    from registration.settings import WorkspaceId

MODELS_API = "2023-08-01-preview"
PATH_FIXED = "Asset paths cannot be updated"  # the service's sentence for a number that has another path
SERVICE = "the model registry"
ARCHIVED = "Archived"


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
        found = self._get(model, version)
        return _version(found) if found else None

    def foreign_versions(self, model: str) -> bool:
        """Whether the model has a version that is not archived and that no work of ours made."""
        # Not through the SDK: a candidate that is held here never needs its import.
        return any(WORK_PROPERTY not in (said.get("properties") or {}) for said in self._active(model))

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
        )
        self._put(model)

    def project(self, model: str, version: int, *, tags: Mapping[str, str], stage: str | None) -> None:
        """Set these tags on a version, and this stage, which makes an archived one active; leave the rest as it is.

        Does nothing if the version shows them already.
        """
        # Not through the SDK: it refuses any write of an mlflow_model whose path has a dot in its last segment.
        url = f"{ARM}{self._workspace.id}/models/{model}/versions/{version}"
        found = self._rest.get(url, **{"api-version": MODELS_API})
        said = dict(found["properties"]) if found else {}
        if not said or (said.get("stage") == stage and tags.items() <= (said.get("tags") or {}).items()):
            return
        said.pop("provisioningState", None)
        changed: dict[str, object] = {"tags": {**(said.get("tags") or {}), **tags}}
        if stage is not None:
            changed.update(stage=stage, isArchived=False)
        self._rest.put(url, {"properties": {**said, **changed}}, **{"api-version": MODELS_API})

    def archive(self, model: str, version: int, *, tags: Mapping[str, str]) -> None:
        """Set these tags on a version and archive it; does nothing if it is archived with them already."""
        found = self._get(model, version)
        if found is None or (found.stage == ARCHIVED and tags.items() <= (found.tags or {}).items()):
            return
        self.project(model, version, tags=tags, stage=None)
        with answering(SERVICE):
            self._client.models.archive(name=model, version=str(version))

    def _active(self, model: str) -> Iterator[Mapping[str, Any]]:
        """What the service says of each version that is not archived; a page is asked for when it is needed."""
        url = f"{ARM}{self._workspace.id}/models/{model}/versions"
        page = self._rest.get(url, **{"api-version": MODELS_API, "listViewType": "ActiveOnly"})
        while page is not None:
            yield from (found["properties"] for found in page["value"])
            following = page.get("nextLink")
            if following and not following.startswith(f"{ARM}/"):
                # Our token goes wherever this leads.
                raise UnavailableError(f"the list of versions goes on outside {ARM}, where this app does not follow")
            page = self._rest.get(following) if following else None

    @property
    def _client(self) -> MLClient:
        from azure.ai.ml import MLClient  # noqa: PLC0415 - as above

        if not hasattr(self._local, "client"):
            here = self._workspace
            self._local.client = MLClient(self._credential, here.subscription, here.group, here.name)
        client: MLClient = self._local.client
        return client

    def _get(self, model: str, version: int) -> Model | None:
        with answering(SERVICE):
            try:
                return self._client.models.get(name=model, version=str(version))
            except ResourceNotFoundError:
                return None

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


def _version(model: Model) -> ModelVersion:
    return ModelVersion(
        model=str(model.name),
        version=int(model.version or 0),
        type=str(model.type),
        uri=str(model.path),
        description=model.description,
        tags=model.tags or {},
        properties=model.properties or {},
        stage=model.stage,
        job=model.job_name,
    )
