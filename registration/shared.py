"""Shared registries: Azure Machine Learning registries, whose models every workspace can take. A port.

A version there is a copy of a workspace's version. The service makes it in its own time, knows what it was copied
from, and keeps its properties: they can be added and not changed. There is no compare-and-swap and no stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from registration.registry import WORK_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.artifacts.store import Location


@dataclass(frozen=True)
class SharedVersion:
    """A version as a shared registry has it. `origin` is the asset it was copied from, None if it was not."""

    registry: str
    model: str
    version: int
    type: str
    uri: str
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    origin: str | None = None

    @property
    def work(self) -> str | None:
        """The work that made its original, None if a person or another tool did, or the copy does not tell."""
        return self.properties.get(WORK_PROPERTY)

    @property
    def id(self) -> str:
        """What other services call it."""
        return f"azureml://registries/{self.registry}/models/{self.model}/versions/{self.version}"


class SharedRegistries(Protocol):
    """Versions of models in registries, by the registry's name.

    Every method raises `UnavailableError` when the registry does not answer, and all but `knows` when it is not there.
    """

    def knows(self, registry: str) -> bool:
        """Whether there is a registry of this name that the app may see."""
        ...

    def find(self, registry: str, model: str, version: int) -> SharedVersion | None:
        """The version, or None."""
        ...

    def versions(self, registry: str, model: str) -> Iterator[SharedVersion]:
        """Every version that is not archived and has a whole number, the last created first."""
        ...

    def next_version(self, registry: str, model: str) -> int:
        """The lowest number that the registry holds to be free; 1 for a model it does not know."""
        ...

    def place(self, shared: SharedVersion) -> Location:
        """Where the files of a version lie; the artifact store can read there for an hour or so from then on."""
        ...

    def origin_of(self, model: str, version: int) -> str:
        """What the service calls a version of the workspace, as the origin of a copy."""
        ...

    def copy(self, registry: str, model: str, version: int, *, origin: str) -> str | None:
        """Begin to copy `origin` into the registry: the operation to ask `is_over` about, None if it is done.

        Raises `VersionTakenError` if the number is taken.
        """
        ...

    def is_over(self, operation: str) -> bool:
        """Whether the operation came to its end, good or unknown; waits a few seconds for it.

        Raises `UnavailableError` if it failed.
        """
        ...

    def describe(self, shared: SharedVersion, *, tags: Mapping[str, str], properties: Mapping[str, str]) -> None:
        """Replace the tags of a version and add to its properties; leave the rest as it is."""
        ...
