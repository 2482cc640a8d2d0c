"""The endpoints of the workspace and what is deployed behind them: made by a test, a demo or a person, never by us.

Nothing answers at an endpoint here. It is there to be found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sandbox import names, refusals, timestamps

KINDS: Final = {"online": "onlineEndpoints", "batch": "batchEndpoints"}


@dataclass(frozen=True)
class Deployment:
    """One deployment; `model` is an ARM id, or None for one that brings its own."""

    name: str
    model: str | None
    state: str = "Succeeded"
    created: int = field(default_factory=timestamps.now)


@dataclass
class Endpoint:
    """An `online` or `batch` endpoint. `traffic` has the percentage of each deployment; the first has all of it."""

    kind: str
    name: str
    deployments: dict[str, Deployment] = field(default_factory=dict)
    traffic: dict[str, int] = field(default_factory=dict)
    created: int = field(default_factory=timestamps.now)


class Endpoints:
    """All endpoints of the workspace."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Endpoint] = {}

    def deploy(
        self, endpoint: str, deployment: str, *, model: str | None, kind: str = "online", traffic: int | None = None
    ) -> Deployment:
        """Deploy `model`, as `NAME:VERSION` of this workspace or in any other spelling as it stands.

        The endpoint is made when it is not there. Without `traffic` the first deployment gets all requests.
        """
        place = self._found.setdefault((kind, endpoint), Endpoint(kind, endpoint))
        place.traffic[deployment] = (0 if place.deployments else 100) if traffic is None else traffic
        place.deployments[deployment] = Deployment(deployment, _spelled(model))
        return place.deployments[deployment]

    def of(self, kind: str) -> list[Endpoint]:
        """The endpoints of a kind, the last created first."""
        found = (endpoint for endpoint in self._found.values() if endpoint.kind == kind)
        return sorted(found, key=lambda endpoint: endpoint.created, reverse=True)

    def get(self, kind: str, name: str) -> Endpoint:
        """One endpoint; raises `refusals.RefusalError` (404)."""
        try:
            return self._found[kind, name]
        except KeyError:
            raise refusals.resource_not_found(f"{names.WORKSPACE_ID}/{KINDS[kind]}/{name}") from None

    def as_list(self, kind: str, name: str) -> list[Deployment]:
        """An endpoint's deployments, the last created first; raises as `get` does."""
        return sorted(self.get(kind, name).deployments.values(), key=lambda each: each.created, reverse=True)


def _spelled(model: str | None) -> str | None:
    if model is None or "/" in model or model.count(":") != 1:
        return model
    name, _, version = model.partition(":")
    return f"{names.WORKSPACE_ID}/models/{name}/versions/{version}"
