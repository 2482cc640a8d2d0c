"""Deployments over REST: the online and batch endpoints of a workspace, and what each of them serves.

Reference: https://learn.microsoft.com/rest/api/azureml/online-deployments/list and .../batch-deployments/list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from registration.azure.rest import ARM, within
from registration.deployments import Deployment, EndpointKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.azure.rest import Rest

ENDPOINTS_API: Final = "2024-04-01"
_FOLDERS: Final[Mapping[EndpointKind, str]] = {"online": "onlineEndpoints", "batch": "batchEndpoints"}


class WorkspaceDeployments:
    """The deployments of one workspace, named by its ARM id."""

    def __init__(self, rest: Rest, workspace: str) -> None:
        self._rest = rest
        self._arm = f"{ARM}{workspace}"

    def all(self) -> Iterator[Deployment]:
        """Every deployment of every endpoint; an endpoint that is deleted meanwhile has none."""
        for kind, folder in _FOLDERS.items():
            for endpoint in self._listed(f"{self._arm}/{folder}"):
                url = f"{self._arm}/{folder}/{endpoint['name']}/deployments"
                yield from (_deployment(kind, endpoint, found) for found in self._listed(url))

    def _listed(self, url: str) -> Iterator[Mapping[str, Any]]:
        for page in self._rest.pages(url, follow=within(ARM, of="endpoints"), **{"api-version": ENDPOINTS_API}):
            yield from page["value"]


def _deployment(kind: EndpointKind, endpoint: Mapping[str, Any], found: Mapping[str, Any]) -> Deployment:
    said = found.get("properties") or {}
    name = str(found["name"])
    traffic = _traffic(kind, endpoint.get("properties") or {}, name)
    return Deployment(
        kind, str(endpoint["name"]), name, _model(said.get("model")), traffic, said.get("provisioningState")
    )


def _traffic(kind: EndpointKind, endpoint: Mapping[str, Any], deployment: str) -> int:
    if kind == "online":
        return int((endpoint.get("traffic") or {}).get(deployment, 0))
    return 100 if (endpoint.get("defaults") or {}).get("deploymentName") == deployment else 0


def _model(said: object) -> str | None:
    """An online deployment says it as text, a batch deployment as a reference."""
    if isinstance(said, dict):
        said = said.get("assetId") or said.get("path")
    return str(said) if said else None
