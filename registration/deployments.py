"""Deployments: what serves a model version at an endpoint of the workspace. Read only, and made by others.

The port that `registration.azure.deployments` implements. A registry's copy of a version is another version: what
serves that one is not found here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from registration.assets import asset_in

if TYPE_CHECKING:
    from collections.abc import Iterator

type EndpointKind = Literal["online", "batch"]

# Azure tells upper from lower case in its ids here and there; a deployment must not be overlooked for that.
_TAIL: Final = re.compile(r"(?i:/models)/([^/]+)(?i:/versions)/([^/]+)/?")
_OF_A_REGISTRY: Final = re.compile(r"(?i:azureml://registries/)")


@dataclass(frozen=True)
class Deployment:
    """`model` is what it serves, as the service spells it; None for one that brings its own.

    `traffic` is the percentage of an online endpoint's requests that it gets; of a batch endpoint it is 100 for the
    default deployment and 0 for the others. `state` is how making it ended, such as `Succeeded`.
    """

    kind: EndpointKind
    endpoint: str
    name: str
    model: str | None
    traffic: int
    state: str | None = None

    def serves(self, model: str, version: int) -> bool:
        """Whether it serves this version of the workspace's model."""
        return self.model is not None and _version_in(self.model) == (model, str(version))


class Deployments(Protocol):
    """The deployments of a workspace."""

    def all(self) -> Iterator[Deployment]:
        """Every deployment of every endpoint, a request for each endpoint.

        Raises `UnavailableError` or `PermanentError` when they cannot be read, as without the right to.
        """
        ...


def _version_in(text: str) -> tuple[str, str] | None:
    """The workspace's model and version that a deployment names, None for anything else."""
    if _OF_A_REGISTRY.match(text):
        return None
    if (asset := asset_in(text)) is not None:
        return (asset.name, asset.version) if asset.kind in {None, "models"} else None
    found = _TAIL.search(text)
    return (found[1], found[2]) if found and found.end() == len(text) else None
