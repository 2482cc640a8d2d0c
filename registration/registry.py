"""The model registry: a port to Azure ML's models, and what is written to it and read back.

Azure ML has no compare-and-swap and its PUT replaces a whole version, so a version is looked for before it is
created, carries the work that made it, and is read back and compared afterwards. Version numbers are chosen by us,
never by the SDK, whose auto-increment is a race.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from registration.errors import RegistryMismatchError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WORK_PROPERTY = "registrar.work"
SHA256_PROPERTY = "registrar.artifact_sha256"
CHAMPION_TAG = "registrar.champion"
STATUS_TAG = "registrar.status"


@dataclass(frozen=True)
class Registration:
    """A version as we want it: `uri` is the path it is registered from.

    `job` and `datasets`, data assets by their URIs, are what Azure ML may be told of its origin in fields of its own.
    `flavors` are those of an MLflow model: what the service does with them is its own business, and is not compared.
    """

    model: str
    version: int
    type: str
    uri: str
    description: str | None
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    job: str | None = None
    datasets: tuple[str, ...] = ()
    flavors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def work(self) -> str:
        """The work this version is made for."""
        return self.properties[WORK_PROPERTY]


@dataclass(frozen=True)
class ModelVersion:
    """A version as the registry has it. `uri` is the service's own spelling and need not be the one registered.

    `job` is the job that the service says it comes from, None if it says none; `datasets` are the data assets.
    """

    model: str
    version: int
    type: str
    uri: str
    description: str | None
    tags: Mapping[str, str]
    properties: Mapping[str, str]
    stage: str | None
    job: str | None = None
    datasets: tuple[str, ...] = ()

    @property
    def work(self) -> str | None:
        """The work that made this version, None if a person or another tool did."""
        return self.properties.get(WORK_PROPERTY)


class ModelRegistry(Protocol):
    """Versions of models. Every method raises `UnavailableError` when the registry does not answer."""

    def next_version(self, model: str) -> int:
        """The lowest number the registry holds to be free; 1 for a model it does not know."""
        ...

    def find(self, model: str, version: int) -> ModelVersion | None:
        """The version, or None."""
        ...

    def foreign_versions(self, model: str) -> bool:
        """Whether the model has a version that is not archived and that no work of ours made."""
        ...

    def in_use(self, model: str) -> Iterator[ModelVersion]:
        """The versions of the model that are not archived and that works of ours made."""
        ...

    def made_of(self, model: str, sha256: str) -> Iterator[int]:
        """The numbers of the versions of the model, archived or not, that works of ours made of these files."""
        ...

    def create(self, registration: Registration) -> None:
        """Write the version; raises `VersionTakenError` if the number has another path already."""
        ...

    def link(self, registration: Registration) -> None:
        """Say of a version in the service's own fields which job and data it comes from; leave the rest as it is.

        Raises `PermanentError` if the service does not take that. Does nothing if there is no such version.
        """
        ...

    def project(self, model: str, version: int, *, tags: Mapping[str, str], stage: str | None) -> None:
        """Set these tags and this stage on a version and leave the rest as it is."""
        ...

    def archive(self, model: str, version: int, *, tags: Mapping[str, str]) -> None:
        """Set these tags on a version and archive it; it stays readable by its number."""
        ...


class VersionTakenError(Exception):
    """The number belongs to a version with another path; take the next one."""


def recognise(wanted: Registration, found: ModelVersion) -> None:
    """Raise `RegistryMismatchError` if `found`, which an earlier try of the same work wrote, is not that artifact.

    What else it says may have been said differently then: another event brought the work, or the policy has changed.
    """
    _complain(wanted, _artifact(wanted, found))


def is_recognised(wanted: Registration, found: ModelVersion) -> bool:
    """Whether `found`, which other work of ours wrote, is the artifact that is wanted."""
    return all(is_ == was for was, is_ in _artifact(wanted, found).values())


def compare(wanted: Registration, found: ModelVersion | None) -> None:
    """Raise `RegistryMismatchError` naming every difference between what was written and what is there.

    The service resolves paths and adds properties and tags of its own, so the path is not compared and only our own
    tags and properties are.
    """
    if found is None:
        raise RegistryMismatchError(f"{wanted.model}:{wanted.version} was written, but the registry does not have it")
    pairs = {
        "type": (wanted.type, found.type),
        "description": (wanted.description or None, found.description or None),
        **{f"tags.{key}": (value, found.tags.get(key)) for key, value in wanted.tags.items()},
        **{f"properties.{key}": (value, found.properties.get(key)) for key, value in wanted.properties.items()},
    }
    _complain(wanted, pairs)


def _artifact(wanted: Registration, found: ModelVersion) -> dict[str, tuple[object, object]]:
    return {
        "type": (wanted.type, found.type),
        SHA256_PROPERTY: (wanted.properties[SHA256_PROPERTY], found.properties.get(SHA256_PROPERTY)),
    }


def _complain(wanted: Registration, pairs: Mapping[str, tuple[object, object]]) -> None:
    wrong = [f"{name} is {is_!r}, not {was!r}" for name, (was, is_) in pairs.items() if was != is_]
    if wrong:
        raise RegistryMismatchError(f"{wanted.model}:{wanted.version} was not stored as written: {'; '.join(wrong)}")
