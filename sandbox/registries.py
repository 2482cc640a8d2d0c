"""Registries: model versions that workspaces share, as Azure ML keeps them. No HTTP, no JSON; thread safe.

A version comes from a workspace as a copy that takes its time, or is written by a client. It has no stage, and knows
the version that it was copied from. What is written again keeps path and properties: properties may only be added.

Recorded: the copy has description, tags and flavors of its original. Inferred: it has the properties too
(`carries_properties`), a number that is taken answers 409, and a property that is changed answers 400.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sandbox import names, refusals, timestamps

if TYPE_CHECKING:
    from sandbox.model_store import ModelDraft, ModelVersion
    from sandbox.registry_storage import RegistryStorage


@dataclass(frozen=True)
class RegistryVersion:
    """A version in a registry; `origin` is the asset it was copied from. `created` and `modified` are ticks."""

    registry: str
    name: str
    version: str
    content: ModelDraft
    origin: str | None
    created: int
    modified: int

    @property
    def id(self) -> str:
        """What other services call it."""
        return asset_id(self.registry, self.name, self.version)


@dataclass
class Operation:
    """Something a registry is at: it makes `result`, unless it fails."""

    id: str
    result: RegistryVersion
    is_copy: bool
    is_running: bool = False
    failure: str | None = None


class Registry:
    """One registry, and how it behaves: `copies_slowly` until `finish_copies`, and `hides_unknown` models by a 404."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"azureml://registries/{name}"))
        self.copies_slowly = False
        self.hides_unknown = False
        self.carries_properties = True
        self._failures: list[str] = []
        self._versions: dict[tuple[str, str], RegistryVersion] = {}
        self._operations: dict[str, Operation] = {}
        self._lock = threading.RLock()

    def copy(self, source: ModelVersion, *, origin: str, name: str, version: str) -> Operation:
        """Begin to copy a workspace's version, or go on; raises `refusals.RefusalError` (409) if it is there."""
        with self._lock:
            key = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{origin}>{asset_id(self.name, name, version)}"))
            if (name, version) in self._versions:
                raise refusals.asset_exists(asset_id(self.name, name, version))
            known = self._operations.get(key)
            if known is None or not known.is_running:
                made = _copied(self, source, origin=origin, name=name, version=version)
                failure = self._failures.pop(0) if self._failures else None
                known = self._operations[key] = Operation(key, made, is_copy=True, is_running=True, failure=failure)
                if not self.copies_slowly:
                    self._finish(known)
            return known

    def put(self, name: str, version: str, *, draft: ModelDraft) -> Operation:
        """Write a version; raises `refusals.RefusalError` (400) if path or a property would change."""
        with self._lock:
            old = self._versions.get((name, version))
            moment = timestamps.now()
            fresh = RegistryVersion(self.name, name, version, draft, None, created=moment, modified=moment)
            written = fresh if old is None else replace(old, content=_rewritten(old.content, draft), modified=moment)
            self._versions[name, version] = written
            done = Operation(uuid.uuid4().hex, written, is_copy=False)
            self._operations[done.id] = done
            return done

    def finish_copies(self) -> None:
        """End every copy that is under way, as the service does by itself."""
        with self._lock:
            self.copies_slowly = False
            for operation in self._operations.values():
                if operation.is_running:
                    self._finish(operation)

    def fail_next_copy(self, reason: str) -> None:
        """Let the next copy that begins fail for this reason."""
        with self._lock:
            self._failures.append(reason)

    def operation(self, key: str) -> Operation | None:
        """An operation, running or over."""
        with self._lock:
            return self._operations.get(key)

    def version(self, name: str, version: int | str) -> RegistryVersion:
        """A version; raises `refusals.RefusalError` (404)."""
        with self._lock:
            found = self._versions.get((name, str(version)))
        if found is None:
            raise refusals.asset_not_found(asset_id(self.name, name, str(version)))
        return found

    def versions(self, name: str) -> list[RegistryVersion]:
        """The versions of a model, the last created first; none for a model that is not there."""
        with self._lock:
            found = [version for (model, _), version in self._versions.items() if model == name]
        return sorted(found, key=lambda each: (each.created, each.version), reverse=True)

    def _finish(self, operation: Operation) -> None:
        operation.is_running = False
        if operation.failure is None:
            self._versions[operation.result.name, operation.result.version] = operation.result


class Registries:
    """All registries that can be found; one is there from the start. Without `storage`, copies have no files."""

    def __init__(self) -> None:
        self.storage: RegistryStorage | None = None
        self._known = {names.REGISTRY: Registry(names.REGISTRY)}

    def add(self, name: str) -> Registry:
        """The registry of that name, made if there is none."""
        return self._known.setdefault(name.lower(), Registry(name))

    def get(self, name: str) -> Registry:
        """A registry, in any case; raises `refusals.RefusalError` (404)."""
        found = self._known.get(name.lower())
        if found is None:
            raise refusals.registry_not_found(name)
        return found

    def operation(self, key: str) -> Operation | None:
        """An operation of any registry."""
        found = (registry.operation(key) for registry in self._known.values())
        return next((operation for operation in found if operation is not None), None)


def asset_id(registry: str, name: str, version: str) -> str:
    """What other services call a version in a registry."""
    return f"azureml://registries/{registry}/models/{name}/versions/{version}"


def _copied(registry: Registry, source: ModelVersion, *, origin: str, name: str, version: str) -> RegistryVersion:
    path = source.uri.partition("/paths/")[2] or source.uri.rpartition("/")[2]
    container = f"{registry.name.lower()}-{registry.id}"
    kept = source.content.properties if registry.carries_properties else {}
    content = replace(
        source.content,
        uri=f"https://{names.blob_host(names.REGISTRY_ACCOUNT)}/{container}/{path}",
        job=None,
        properties=kept,
        is_archived=False,
    )
    moment = timestamps.now()
    return RegistryVersion(registry.name, name, version, content, origin, created=moment, modified=moment)


def _rewritten(old: ModelDraft, draft: ModelDraft) -> ModelDraft:
    if draft.uri != old.uri:
        raise refusals.user_error("Asset paths cannot be updated.")
    for key, value in draft.properties.items():
        if old.properties.get(key, value) != value:
            raise refusals.user_error(f"Property {key} cannot be updated once it is set.")
    return replace(draft, properties={**old.properties, **draft.properties})
