"""Model containers and versions, as the service keeps them. No HTTP, no JSON; thread safe.

A write is an upsert with no precondition, as in the service: there is no ETag to lean on. Writing a version that
exists replaces everything but its path, its job and the time it was created.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sandbox import refusals, timestamps

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ModelDraft:
    """What a client sends to make or replace a version; `uri` and `job` are already resolved."""

    uri: str
    job: str | None = None
    model_type: str = "custom_model"
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    flavors: Mapping[str, Any] = field(default_factory=dict)
    datasets: tuple[Mapping[str, str], ...] = ()
    stage: str = "Development"
    is_archived: bool = False
    is_anonymous: bool = False


@dataclass(frozen=True)
class ModelVersion:
    """A registered version; `created` and `modified` are ticks."""

    name: str
    version: str
    content: ModelDraft
    created: int
    modified: int

    @property
    def stage(self) -> str:
        """The stage the service shows: `Archived` for an archived version, whatever was written."""
        return "Archived" if self.content.is_archived else self.content.stage

    @property
    def tags(self) -> Mapping[str, str]:
        """The version's tags."""
        return self.content.tags

    @property
    def properties(self) -> Mapping[str, str]:
        """The version's properties."""
        return self.content.properties

    @property
    def uri(self) -> str:
        """Where its files are: the long datastore URI."""
        return self.content.uri

    @property
    def job(self) -> str | None:
        """The job it came from, if the URI it was registered with said so."""
        return self.content.job

    @property
    def is_archived(self) -> bool:
        """Whether lists of active versions leave it out."""
        return self.content.is_archived


@dataclass(frozen=True)
class ModelContainer:
    """A model's name and what is said about all its versions; `latest` and `next` are version numbers as text."""

    name: str
    created: int
    modified: int
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    is_archived: bool = False
    latest: str | None = None
    next: str = "1"


class ModelStore:
    """All models of a workspace."""

    def __init__(self) -> None:
        self._containers: dict[str, ModelContainer] = {}
        self._versions: dict[str, dict[str, ModelVersion]] = {}
        self._lock = threading.RLock()

    def put_version(self, name: str, version: str, *, draft: ModelDraft) -> tuple[ModelVersion, bool]:
        """Write a version, and its container with the first one; the version and whether it is new.

        Raises `refusals.RefusalError` (400) for a version that is not a positive integer or whose path would change.
        """
        if not (version.isascii() and version.isdecimal() and version.strip("0") and version[0] != "0"):
            raise refusals.user_error(f"The model version '{version}' is not a positive integer.")
        with self._lock:
            old = self._versions.get(name, {}).get(version)
            written = _written(name, version, draft, old)
            self._containers.setdefault(name, ModelContainer(name, created=written.created, modified=written.created))
            self._versions.setdefault(name, {})[version] = written
            return written, old is None

    def version(self, name: str, version: str) -> ModelVersion:
        """A version; raises `refusals.RefusalError` (404, two kinds)."""
        with self._lock:
            self.container(name)
            found = self._versions[name].get(version)
        if found is None:
            raise refusals.version_not_found(name, version)
        return found

    def versions(self, name: str) -> list[ModelVersion]:
        """All versions, the last created first; raises `refusals.RefusalError` (404) for an unknown model."""
        with self._lock:
            self.container(name)
            return sorted(self._versions[name].values(), key=lambda each: (each.created, each.version), reverse=True)

    def container(self, name: str) -> ModelContainer:
        """A container with its numbers; raises `refusals.RefusalError` (404)."""
        with self._lock:
            found = self._containers.get(name)
            if found is None:
                raise refusals.model_not_found(name)
            return _numbered(found, self._versions.setdefault(name, {}))

    def containers(self) -> list[ModelContainer]:
        """All containers, the last created first."""
        with self._lock:
            found = [self.container(name) for name in self._containers]
        return sorted(found, key=lambda each: (each.created, each.name), reverse=True)

    def put_container(
        self,
        name: str,
        *,
        description: str | None,
        tags: Mapping[str, str],
        properties: Mapping[str, str],
        is_archived: bool,
    ) -> tuple[ModelContainer, bool]:
        """Write what is said about a model; the container and whether it is new."""
        with self._lock:
            old = self._containers.get(name)
            moment = timestamps.now()
            written = ModelContainer(
                name,
                created=old.created if old else moment,
                modified=moment,
                description=description,
                tags=tags,
                properties=properties,
                is_archived=is_archived,
            )
            self._containers[name] = written
            return self.container(name), old is None

    def delete_version(self, name: str, version: str) -> None:
        """Remove a version if it is there."""
        with self._lock:
            self._versions.get(name, {}).pop(version, None)

    def delete_container(self, name: str) -> None:
        """Remove a model and all its versions if it is there."""
        with self._lock:
            self._versions.pop(name, None)
            self._containers.pop(name, None)


def _written(name: str, version: str, draft: ModelDraft, old: ModelVersion | None) -> ModelVersion:
    moment = timestamps.now()
    if old is None:
        return ModelVersion(name, version, draft, created=moment, modified=moment)
    if draft.uri != old.content.uri:
        raise refusals.user_error("Asset paths cannot be updated.")
    return replace(old, content=replace(draft, job=draft.job or old.content.job), modified=moment)


def _numbered(container: ModelContainer, versions: Mapping[str, ModelVersion]) -> ModelContainer:
    numbers = [int(version) for version in versions]
    newest = max(versions.values(), key=lambda each: each.created, default=None)
    return replace(container, latest=newest.version if newest else None, next=str(max(numbers, default=0) + 1))
