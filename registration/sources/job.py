"""A job as the workspace describes it, what it logged, and the port to the workspace that tells of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from registration.artifacts.store import Location
    from registration.policy.evidence import Point
    from registration.uris import DatastoreUri


@dataclass(frozen=True)
class JobOutput:
    """An output as the job declares it; `uri` is None for the default location, `asset` what run history calls it."""

    type: str
    uri: str | None
    asset: str | None = None


@dataclass(frozen=True)
class Job:
    """A job as the workspace describes it. `status` is None for a pipeline step, which the service shows bare.

    `datasets` and `base_models` are the URIs of its inputs, `parameters` its inputs that are mere values. `title` is
    what people see it called. Only run history says which job is its `parent` and when it `ended`, and knows what runs
    inside of others.
    """

    name: str
    status: str | None
    experiment: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, JobOutput] = field(default_factory=dict)
    environment: str | None = None
    datasets: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    code: str | None = None
    compute: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    parent: str | None = None
    ended: datetime | None = None

    @property
    def is_completed(self) -> bool:
        """Whether it ended well."""
        return (self.status or "").lower() == "completed"


@dataclass(frozen=True)
class Logged:
    """What a job logged: the last value of each metric, and its parameters."""

    metrics: Mapping[str, object] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)


class Workspace(Protocol):
    """What is read from the workspace; every method raises `UnavailableError` when it does not answer."""

    def job(self, name: str) -> Job | None:
        """The job, or None."""
        ...

    def run(self, name: str) -> Job | None:
        """A job, step or trial as run history has it, without its experiment; None if it has none of that name."""
        ...

    def children(self, run: str) -> Iterator[Job]:
        """What runs inside a job, without outputs; none for a run that is not there. It need not end."""
        ...

    def log(self, job: str) -> Logged:
        """What the job logged; empty when it logged nothing."""
        ...

    def history(self, job: str, metric: str) -> tuple[Point, ...]:
        """Every value of a metric that the job logged, in the order of their steps."""
        ...

    def output_location(self, job: Job, output: str) -> Location | None:
        """Where the files of an output lie; None for a place that is no blob storage of this workspace."""
        ...

    def place(self, uri: DatastoreUri) -> Location | None:
        """What a datastore URI names; None for a datastore of another workspace, or one that is no blob storage."""
        ...

    def datastore_location(self, datastore: str) -> Location | None:
        """The container behind a datastore; None for one that is no blob storage."""
        ...

    def default_datastore(self) -> tuple[str, Location]:
        """The name of the workspace's default datastore and the container behind it."""
        ...
