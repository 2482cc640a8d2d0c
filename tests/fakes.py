"""Fakes: every port of the core, in memory. They behave as the service behind the port does and share one `Faults`.

What belongs to the outside world (`put`, `jobs`, `register_by_hand`) is neither counted nor does it fail.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from registration.artifacts.store import Described, Location, StoredFile
from registration.errors import (
    ArtifactChangedError,
    InputError,
    LedgerConflictError,
    PermanentError,
    PublicationConflictError,
    UnavailableError,
)
from registration.policy.published import PublishedText
from registration.registry import ModelVersion, VersionTakenError
from registration.shared import SharedVersion
from registration.shelf import Entry
from registration.sources.job import Job, Logged
from registration.stored import parsed
from registration.uris import DatastoreUri, JobOutputUri, parse_uri
from tests.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from registration.policy.evidence import Point
    from registration.registry import Registration
    from registration.sources.job import JobOutput

OUTPUTS = Location("mlstorage", "azureml-blobstore-11111111-2222-4333-8444-555555555555", "")
ARTIFACTS = Location("mlstorage", "azureml", "")
CHUNK_BYTES = 4


def _counted() -> Iterator[int]:
    """Numbers for ETags: each fake counts its own, so that the same story has the same ones again."""
    return itertools.count(1)


class Clock:
    """The storage server's clock; it moves only when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def iso(self) -> str:
        """The time as records state it."""
        return self.now.isoformat()

    def forward(self, step: timedelta) -> None:
        """Let time pass."""
        self.now += step


@dataclass
class MemoryShelf:
    """One container of the ledger: text, ETag and time of writing, by name."""

    name: str = "shelf"
    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    kept: dict[str, tuple[str, str, datetime]] = field(default_factory=dict)
    etags: Iterator[int] = field(default_factory=_counted)

    def read(self, name: str) -> Entry | None:
        self.faults.reading()
        if name not in self.kept:
            return None
        text, etag, written = self.kept[name]
        return Entry(parsed(text, name=f"{self.name} {name}"), etag, written, self.clock.now)

    def text(self, name: str) -> str | None:
        self.faults.reading()
        return self.kept[name][0] if name in self.kept else None

    def create(self, name: str, document: Mapping[str, Any]) -> Entry:
        with self.faults.writing(f"{self.name} {name}"):
            if name in self.kept:
                raise LedgerConflictError(f"{name} was written by another worker")
            return self._put(name, json.dumps(document, allow_nan=False))

    def replace(self, name: str, document: Mapping[str, Any], *, etag: str) -> Entry:
        with self.faults.writing(f"{self.name} {name}"):
            if name not in self.kept or self.kept[name][1] != etag:
                raise LedgerConflictError(f"{name} was written by another worker")
            return self._put(name, json.dumps(document, allow_nan=False))

    def create_text(self, name: str, text: str) -> None:
        with self.faults.writing(f"{self.name} {name}"):
            if name not in self.kept:
                self._put(name, text, as_document=False)

    def names(self, prefix: str) -> Iterator[tuple[str, str]]:
        self.faults.listing()
        for name, (text, *_) in sorted(self.kept.items()):
            if name.startswith(prefix):
                yield name, _state(text)

    def documents(self, prefix: str) -> list[dict[str, Any]]:
        """Every document whose name begins with `prefix`, in the order they were first written."""
        return [json.loads(text) for name, (text, *_) in self.kept.items() if name.startswith(prefix)]

    def _put(self, name: str, text: str, *, as_document: bool = True) -> Entry:
        text.encode()
        self.kept[name] = (text, f'"{next(self.etags)}"', self.clock.now)
        return Entry(json.loads(text) if as_document else {}, self.kept[name][1], self.clock.now, self.clock.now)


def _state(text: str) -> str:
    """As a listing tells it, which reads no document and so cannot fail because of one."""
    try:
        return str(json.loads(text).get("state", ""))
    except (ValueError, AttributeError, RecursionError):
        return ""


@dataclass
class MemoryStore:
    """Blobs of every account: bytes and ETag by location. Writing gives a new ETag, even to the same bytes.

    `opened` names every file whose bytes were asked for, in order; `ranges` has the offset and length of every range.
    `written` says when a file was written, where a test says so.
    """

    faults: Faults = field(default_factory=Faults)
    blobs: dict[Location, tuple[bytes, str]] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    ranges: list[tuple[int, int]] = field(default_factory=list)
    said: dict[Location, Mapping[str, str]] = field(default_factory=dict)
    written: dict[Location, datetime] = field(default_factory=dict)
    etags: Iterator[int] = field(default_factory=_counted)

    def put(self, location: Location, data: bytes, *, metadata: Mapping[str, str] | None = None) -> None:
        """What others write."""
        self.blobs[location] = (data, str(next(self.etags)))
        self.said[location] = metadata or {}

    def files(self, location: Location) -> Iterator[StoredFile]:
        self.faults.reading()
        if location in self.blobs:
            yield self._file(location.name.rpartition("/")[2], location)
            return
        prefix = f"{location.name}/" if location.name else ""
        for found in sorted(self.blobs, key=str):
            if _container(found) == _container(location) and found.name.startswith(prefix):
                yield self._file(found.name.removeprefix(prefix), found)

    def chunks(self, file: StoredFile) -> Iterator[bytes]:
        self.opened.append(file.path)
        data, etag = self.blobs.get(file.location, (b"", ""))
        if etag != file.etag:
            raise ArtifactChangedError(f"{file.location} is another file now")
        yield from (data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES))

    def range(self, file: StoredFile, *, offset: int, length: int) -> bytes:
        if not offset:
            self.opened.append(file.path)
        self.ranges.append((offset, length))
        data, etag = self.blobs.get(file.location, (b"", ""))
        if etag != file.etag:
            raise ArtifactChangedError(f"{file.location} is another file now")
        return data[offset : offset + length]

    def read(self, location: Location, *, limit_bytes: int) -> tuple[bytes, str] | None:
        self.faults.reading()
        found = self.blobs.get(location)
        return (found[0][: limit_bytes + 1], found[1]) if found else None

    def described(self, location: Location) -> Described | None:
        self.faults.reading()
        if location not in self.blobs:
            return None
        data, etag = self.blobs[location]
        return Described(len(data), etag, self.said.get(location, {}))

    def copy(self, file: StoredFile, destination: Location) -> StoredFile:
        with self.faults.writing(f"store copy {file.path}"):
            data = b"".join(self.chunks(file))
            if destination not in self.blobs:
                self.put(destination, data)
            return self._file(file.path, destination)

    def write(self, location: Location, document: bytes) -> None:
        with self.faults.writing(f"store write {location.name}"):
            self.put(location, document)

    def _file(self, path: str, location: Location) -> StoredFile:
        data, etag = self.blobs[location]
        place = (location.account, location.container, location.name)
        return StoredFile(path, len(data), etag, *place, modified=self.written.get(location))


@dataclass
class MemoryWorkspace:
    """Jobs by name, what they logged, and with which parameters. Outputs lie where Azure ML puts them by default.

    `inner` are steps and trials, and `history_only` outputs of jobs, which only run history knows. An output in
    `elsewhere` lies in a datastore of another workspace.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    inner: dict[str, Job] = field(default_factory=dict)
    logged: dict[str, Mapping[str, object]] = field(default_factory=dict)
    elsewhere: set[str] = field(default_factory=set)
    curves: dict[tuple[str, str], tuple[Point, ...]] = field(default_factory=dict)
    chosen: dict[str, Mapping[str, str]] = field(default_factory=dict)
    history_only: dict[str, Mapping[str, JobOutput]] = field(default_factory=dict)

    def job(self, name: str) -> Job | None:
        return Job(name, status=None) if name in self.inner else self.jobs.get(name)

    def run(self, name: str) -> Job | None:
        found = self.inner.get(name) or self.jobs.get(name)
        return found and replace(found, outputs={**found.outputs, **self.history_only.get(name, {})})

    def children(self, run: str) -> Iterator[Job]:
        return (job for job in self.inner.values() if job.parent == run)

    def log(self, job: str) -> Logged:
        return Logged(self.logged.get(job, {}), self.chosen.get(job, {}))

    def history(self, job: str, metric: str) -> tuple[Point, ...]:
        return self.curves.get((job, metric), ())

    def output_location(self, job: Job, output: str) -> Location | None:
        if output in self.elsewhere:
            return None
        if output == "default":
            return ARTIFACTS / f"ExperimentRun/dcid.{job.name}"
        return OUTPUTS / f"azureml/{job.name}/{output}"

    def place(self, uri: DatastoreUri) -> Location | None:
        return self.datastore_location(uri.datastore) / uri.path

    def datastore_location(self, datastore: str) -> Location:
        return {"workspaceblobstore": OUTPUTS, "workspaceartifactstore": ARTIFACTS}[datastore]

    def default_datastore(self) -> tuple[str, Location]:
        return "workspaceblobstore", OUTPUTS


@dataclass
class MemoryRegistry:
    """Versions as Azure ML keeps them: PUT replaces everything but the path, and brings an archived version back.

    `stores` is what the service makes of what is written; the identity if it is well. It may refuse to be told of jobs
    and data.
    """

    faults: Faults = field(default_factory=Faults)
    stores: Callable[[ModelVersion], ModelVersion] = lambda version: version
    versions: dict[tuple[str, int], ModelVersion] = field(default_factory=dict)
    archived: set[tuple[str, int]] = field(default_factory=set)
    refuses_links: bool = False

    def next_version(self, model: str) -> int:
        self.faults.reading()
        return max((number for name, number in self.versions if name == model), default=0) + 1

    def find(self, model: str, version: int) -> ModelVersion | None:
        self.faults.reading()
        found = self.versions.get((model, version))
        return replace(found, stage="Archived") if found and (model, version) in self.archived else found

    def foreign_versions(self, model: str) -> bool:
        self.faults.reading()
        return any(self.versions[model, number].work is None for number in self.visible(model))

    def in_use(self, model: str) -> Iterator[ModelVersion]:
        self.faults.reading()
        for number in self.visible(model):
            if self.versions[model, number].work is not None:
                yield self.versions[model, number]

    def made_of(self, model: str, sha256: str) -> Iterator[int]:
        self.faults.reading()
        for (name, number), found in self.versions.items():
            if name == model and found.properties.get("registrar.artifact_sha256") == sha256:
                yield number

    def create(self, registration: Registration) -> None:
        with self.faults.writing(f"registry create {registration.model}:{registration.version}"):
            key = (registration.model, registration.version)
            if key in self.versions and self.versions[key].uri != registration.uri:
                raise VersionTakenError("Asset paths cannot be updated.")
            self.versions[key] = self.stores(_stored(registration))
            self.archived.discard(key)

    def link(self, registration: Registration) -> None:
        with self.faults.writing(f"registry link {registration.model}:{registration.version}"):
            key = (registration.model, registration.version)
            if (found := self.versions.get(key)) is None:
                return
            if self.refuses_links:
                raise PermanentError("Azure ML refused the request: 400")
            job, datasets = registration.job or found.job, registration.datasets or found.datasets
            self.versions[key] = self.stores(replace(found, job=job, datasets=datasets))

    def project(self, model: str, version: int, *, tags: Mapping[str, str], stage: str | None) -> None:
        with self.faults.writing(f"registry project {model}:{version}"):
            found = self.find(model, version)
            if found is None or (found.stage == stage and tags.items() <= found.tags.items()):
                return
            changed = replace(found, tags={**found.tags, **tags}, stage=stage or found.stage)
            self.versions[model, version] = self.stores(changed)
            self.archived.discard((model, version))

    def archive(self, model: str, version: int, *, tags: Mapping[str, str]) -> None:
        with self.faults.writing(f"registry archive {model}:{version}"):
            found = self.versions.get((model, version))
            if found is None or ((model, version) in self.archived and tags.items() <= found.tags.items()):
                return
            self.versions[model, version] = replace(found, tags={**found.tags, **tags}, stage=None)
            self.archived.add((model, version))

    def register_by_hand(self, model: str, version: int, *, work: str = "", job: str | None = None) -> None:
        """A version that a person made, or another worker of ours for its own `work`."""
        properties = {"registrar.work": work} if work else {}
        uri = f"azureml://by-hand/{model}/{version}"
        made = ModelVersion(model, version, "custom_model", uri, "", {}, properties, None, job)
        self.versions[model, version] = made

    def visible(self, model: str) -> list[int]:
        """The numbers of the versions that are not archived."""
        return sorted(number for name, number in self.versions if name == model and (name, number) not in self.archived)


@dataclass
class MemoryShared:
    """Shared registries over one workspace's versions: a copy is there at once unless it `copies_slowly` or fails.

    `registries` are those that are there; those that are `barred` answer 403. `stores` is what the service makes of
    what is copied or written.
    """

    workspace: MemoryRegistry
    faults: Faults = field(default_factory=Faults)
    registries: set[str] = field(default_factory=lambda: {"contoso"})
    barred: set[str] = field(default_factory=set)
    versions_: dict[tuple[str, str, int], SharedVersion] = field(default_factory=dict)
    archived: set[tuple[str, str, int]] = field(default_factory=set)
    copies_slowly: bool = False
    failing: list[str] = field(default_factory=list)
    under_way: dict[str, SharedVersion] = field(default_factory=dict)
    stores: Callable[[SharedVersion], SharedVersion] = lambda version: version

    def knows(self, registry: str) -> bool:
        self.faults.reading()
        if registry in self.barred:
            raise UnavailableError(f"Azure ML answered 403: registry {registry} is closed to this identity")
        return registry in self.registries

    def find(self, registry: str, model: str, version: int) -> SharedVersion | None:
        self._there(registry)
        return self.versions_.get((registry, model, version))

    def versions(self, registry: str, model: str) -> Iterator[SharedVersion]:
        self._there(registry)
        found = [one for key, one in self.versions_.items() if key[:2] == (registry, model)]
        yield from (one for one in reversed(found) if (registry, model, one.version) not in self.archived)

    def next_version(self, registry: str, model: str) -> int:
        self._there(registry)
        return max((number for *of, number in self.versions_ if of == [registry, model]), default=0) + 1

    def place(self, shared: SharedVersion) -> Location:
        self._there(shared.registry)
        return Location("registrystore", shared.registry, shared.uri.partition("://")[2])

    def origin_of(self, model: str, version: int) -> str:
        return f"azureml://locations/here/workspaces/guid/models/{model}/versions/{version}"

    def copy(self, registry: str, model: str, version: int, *, origin: str) -> str | None:
        self._there(registry)
        with self.faults.writing(f"shared copy {registry} {model}:{version}"):
            if (registry, model, version) in self.versions_:
                raise VersionTakenError(f"{registry} has {model}:{version} already")
            *_, name, _, number = origin.split("/")
            original = self.workspace.versions[name, int(number)]
            made = SharedVersion(
                registry,
                model,
                version,
                original.type,
                f"https://copies/{name}/{number}",
                dict(original.tags),
                dict(original.properties),
                origin,
            )
            self.under_way[f"{origin} to {made.id}"] = made
            if not self.copies_slowly:
                self.finish_copies()
            return f"{origin} to {made.id}"

    def finish_copies(self) -> None:
        """End every copy that is under way, as the service does by itself."""
        for operation, made in self.under_way.items():
            if operation not in self.failing:
                self.versions_[made.registry, made.model, made.version] = self.stores(made)
        self.under_way = {key: made for key, made in self.under_way.items() if key in self.failing}

    def is_over(self, operation: str) -> bool:
        self.faults.reading()
        if operation in self.failing:
            raise UnavailableError("the registry could not copy it: out of space")
        return operation not in self.under_way

    def describe(self, shared: SharedVersion, *, tags: Mapping[str, str], properties: Mapping[str, str]) -> None:
        self._there(shared.registry)
        with self.faults.writing(f"shared describe {shared.registry} {shared.model}:{shared.version}"):
            key = (shared.registry, shared.model, shared.version)
            old = self.versions_[key]
            if any(old.properties.get(name, value) != value for name, value in properties.items()):
                raise PermanentError("a property cannot be updated once it is set")
            said = replace(old, tags=dict(tags), properties={**old.properties, **properties})
            self.versions_[key] = self.stores(said)

    def put_by_hand(self, registry: str, model: str, version: int, **said: Any) -> SharedVersion:
        """A version that others put there."""
        known: dict[str, Any] = {"tags": {}, "properties": {}, "origin": None, **said}
        made = SharedVersion(registry, model, version, "custom_model", f"https://by-hand/{model}/{version}", **known)
        self.versions_[registry, model, version] = made
        return made

    def _there(self, registry: str) -> None:
        self.faults.reading()
        if registry not in self.registries:
            raise UnavailableError(f"there is no registry {registry}, or this app may not see it")


@dataclass
class MemoryQueue:
    """Messages with their pauses, in the order they were sent."""

    sent: list[tuple[str, float]] = field(default_factory=list)

    def send(self, text: str, *, delay_seconds: float = 0) -> None:
        self.sent.append((text, delay_seconds))

    def count(self) -> int:
        return len(self.sent)


@dataclass
class TextPolicies:
    """Policies by name."""

    kept: dict[str, str] = field(default_factory=dict)

    def texts(self) -> Iterator[tuple[str, str]]:
        yield from self.kept.items()


@dataclass
class MemoryPublished:
    """Published policies: bytes and ETag by name. `meddle` is called before each write, as somebody else may write."""

    kept: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    meddle: Callable[[str], None] = lambda _name: None
    writes: list[str] = field(default_factory=list)
    etags: Iterator[int] = field(default_factory=_counted)

    def has(self, name: str, data: bytes) -> None:
        """What others publish."""
        self.kept[name] = (data, str(next(self.etags)))

    def published(self) -> Iterator[PublishedText]:
        yield from (PublishedText(name, data, etag) for name, (data, etag) in sorted(self.kept.items()))

    def put(self, name: str, text: str, *, etag: str | None) -> None:
        self._unchanged(name, etag)
        self.has(name, text.encode())
        self.writes.append(f"put {name}")

    def remove(self, name: str, *, etag: str) -> None:
        self._unchanged(name, etag)
        del self.kept[name]
        self.writes.append(f"remove {name}")

    def _unchanged(self, name: str, etag: str | None) -> None:
        self.meddle(name)
        if self.kept.get(name, (b"", None))[1] != etag:
            raise PublicationConflictError(f"{name} was published by somebody else meanwhile; look again")


@dataclass
class MemoryTopic:
    """Every event published, in order."""

    faults: Faults = field(default_factory=Faults)
    events: list[dict[str, Any]] = field(default_factory=list)

    def publish(self, event: Mapping[str, Any]) -> None:
        with self.faults.writing(f"topic {event['type']}"):
            self.events.append(json.loads(json.dumps(event)))


def _container(location: Location) -> tuple[str, str]:
    return location.account, location.container


def _stored(wanted: Registration) -> ModelVersion:
    return ModelVersion(
        wanted.model,
        wanted.version,
        wanted.type,
        wanted.uri,
        wanted.description,
        dict(wanted.tags),
        dict(wanted.properties),
        "Development",
        job=job_in(wanted.uri),
    )


def job_in(uri: str) -> str | None:
    """The job that a path is an output of: the service is taken to set `jobName` for such a path."""
    try:
        found = parse_uri(uri)
    except InputError:
        return None
    return found.job if isinstance(found, JobOutputUri) else None
