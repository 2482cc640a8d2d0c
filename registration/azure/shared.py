"""Shared registries over REST: the exchange that azure-ai-ml's `models.share` has with the service.

Not through the SDK, because of what `models.share` does in 1.35.2: it takes a 404 for a model that the registry does
not have yet for a fault; it waits for a copy for as long as that takes, and looks every 30 seconds; it sleeps for as
long as a Retry-After says; and it swaps the client's own scope meanwhile. ADR 0018 says more.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from registration.artifacts.store import Location
from registration.azure.rest import ARM
from registration.azure.workspace import WORKSPACES_API
from registration.errors import UnavailableError
from registration.shared import SharedVersion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from registration.azure.rest import Rest

DISCOVERY = "https://eastus.api.azureml.ms/registrymanagement/v1.0/registries"
API = {"api-version": "2021-10-01-dataplanepreview"}
LOOKS_AFTER_SECONDS = (0.0, 1.0, 2.0, 4.0)
TRUSTED = (".azureml.ms", ".azureml.net")  # where a token of ours may go
_VERSION = re.compile(r"/versions/(?P<number>[1-9][0-9]{0,17})\Z")
# What a write of a version says; what else an answer tells is the service's own.
_WRITTEN = ("description", "tags", "properties", "isAnonymous", "isArchived", "flavors", "modelType", "modelUri")


class AzureSharedRegistries:
    """Registries that the app's identity may use, whoever owns them; copies come from one workspace.

    `lend` is told of a container that the artifact store may read, with the SAS to do so: the identity has no role
    there.
    """

    def __init__(self, rest: Rest, workspace: str, *, lend: Callable[[Location, str], None]) -> None:
        self._rest = rest
        self._lend = lend
        self._workspace = workspace
        # Where a registry is does not change; a name that is not there yet is asked for again.
        self._place = lru_cache(maxsize=64)(self._discovered)
        self._here = lru_cache(maxsize=1)(self._asked_workspace)

    def knows(self, registry: str) -> bool:
        """Whether there is a registry of this name that the identity may see."""
        return self._said(registry) is not None

    def find(self, registry: str, model: str, version: int) -> SharedVersion | None:
        """The version, or None."""
        found = self._rest.get(self._url(registry, model, version), **API)
        return _version(registry, model, found) if found else None

    def versions(self, registry: str, model: str) -> Iterator[SharedVersion]:
        """Every version that is not archived and has a whole number, the last created first."""
        url = f"{self._place(registry)}/models/{model}/versions"
        for page in self._rest.pages(url, follow=_trusted, **API, listViewType="ActiveOnly"):
            found = (_version(registry, model, said) for said in page["value"])
            yield from (version for version in found if version is not None)

    def next_version(self, registry: str, model: str) -> int:
        """One above the highest number the registry knows."""
        found = self._rest.get(f"{self._place(registry)}/models/{model}", **API)
        return int(found["properties"]["nextVersion"]) if found else 1

    def place(self, shared: SharedVersion) -> Location:
        """Where the files of a version lie; the artifact store can read there for as long as the SAS lasts."""
        url = f"{self._place(shared.registry)}/datarefs/{shared.model}/versions/{shared.version}"
        asked, lies = {"assetId": shared.id, "blobUri": shared.uri}, _location(shared.uri)
        found = self._rest.post(url, asked, **API) if lies else None
        if found is None or lies is None:
            raise UnavailableError(f"registry {shared.registry} does not say where the files of {shared.id} lie")
        sas = urlsplit(str(found["blobReferenceForConsumption"]["credential"].get("sasUri") or "")).query
        self._lend(replace(lies, name=""), sas)
        return lies

    def origin_of(self, model: str, version: int) -> str:
        """What the service calls a version of the workspace, as the origin of a copy."""
        region, guid = self._here()
        return f"azureml://locations/{region}/workspaces/{guid}/models/{model}/versions/{version}"

    def copy(self, registry: str, model: str, version: int, *, origin: str) -> str | None:
        """Begin to copy `origin` into the registry; raises `VersionTakenError` if the number is taken."""
        asked = {
            "referenceType": "Id",
            "destinationName": model,
            "destinationVersion": str(version),
            "sourceAssetId": origin,
        }
        return self._rest.begin("POST", f"{self._place(registry)}/import", {"properties": asked}, **API)

    def is_over(self, operation: str) -> bool:
        """Whether the operation came to its end; waits seven seconds for it, because most copies are that short."""
        for pause in LOOKS_AFTER_SECONDS:
            time.sleep(pause)
            if self._rest.is_over(_trusted(operation)):
                return True
        return False

    def describe(self, shared: SharedVersion, *, tags: Mapping[str, str], properties: Mapping[str, str]) -> None:
        """Replace the tags of a version and add to its properties; leave the rest as it is."""
        url = self._url(shared.registry, shared.model, shared.version)
        found = self._rest.get(url, **API)
        if found is None:
            return
        said = {name: found["properties"].get(name) for name in _WRITTEN}
        said |= {"tags": dict(tags), "properties": {**(said["properties"] or {}), **properties}}
        operation = self._rest.begin("PUT", url, {"properties": said}, **API)
        if operation is not None and not self.is_over(operation):
            raise UnavailableError(f"registry {shared.registry} is still writing {shared.model}:{shared.version}")

    def _url(self, registry: str, model: str, version: int) -> str:
        return f"{self._place(registry)}/models/{model}/versions/{version}"

    def _said(self, registry: str) -> Mapping[str, Any] | None:
        return self._rest.get(f"{DISCOVERY}/{registry}/discovery", **{"api-version": "v1.0"})

    def _discovered(self, registry: str) -> str:
        found = self._said(registry)
        if found is None:
            raise UnavailableError(f"there is no registry {registry}, or this app may not see it")
        plane = _trusted(str(found["primaryRegionResourceProviderUri"])).rstrip("/")
        group = f"/subscriptions/{found['subscriptionId']}/resourceGroups/{found['resourceGroup']}"
        owner = "providers/Microsoft.MachineLearningServices"
        return f"{plane}/mferp/managementfrontend{group}/{owner}/registries/{found['registryName']}"

    def _asked_workspace(self) -> tuple[str, str]:
        found = self._rest.get(f"{ARM}{self._workspace}", **{"api-version": WORKSPACES_API})
        if found is None:
            raise UnavailableError(f"there is no workspace {self._workspace}, or its role assignments are missing")
        return str(found["location"]), str(found["properties"]["workspaceId"])


def _trusted(url: str) -> str:
    """`url`, if our token may go there."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not (parts.hostname or "").endswith(TRUSTED):
        raise UnavailableError(f"a registry leads to {parts.hostname}, where this app does not follow")
    return url


def _location(uri: str) -> Location | None:
    parts = urlsplit(uri)
    account, _, domain = (parts.hostname or "").partition(".")
    container, _, name = unquote(parts.path).strip("/").partition("/")
    is_blob = parts.scheme == "https" and domain.startswith("blob.") and bool(container)
    return Location(account, container, name) if is_blob else None


def _version(registry: str, model: str, said: Mapping[str, Any]) -> SharedVersion | None:
    number, properties = _VERSION.search(said["id"]), said["properties"]
    if number is None:
        return None
    return SharedVersion(
        registry,
        model,
        int(number["number"]),
        type=properties["modelType"],
        uri=properties["modelUri"],
        tags=properties.get("tags") or {},
        properties=properties.get("properties") or {},
        origin=properties.get("originAssetId"),
    )
