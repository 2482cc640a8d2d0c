"""Jobs: a completed Azure ML job becomes one candidate for each model that a policy feeds from its outputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from registration.candidate import Candidate, JobSource, Refusal, group_key
from registration.errors import NotVisibleYetError
from registration.events import NotOfInterest
from registration.finding import Finding
from registration.policy.evidence import Evidence
from registration.sources.origin import lineage_of
from registration.uris import JobOutputUri

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.artifacts.store import Location
    from registration.policy.catalog import Catalog, Feed
    from registration.policy.evidence import Point

ENDED_WITHOUT_MODEL = frozenset({"failed", "canceled", "notresponding"})


@dataclass(frozen=True)
class JobOutput:
    """An output as the job declares it; `uri` is None for the default location."""

    type: str
    uri: str | None


@dataclass(frozen=True)
class Job:
    """A job as the workspace describes it. `status` is None for a pipeline step, which the service shows bare.

    `datasets` and `base_models` are the URIs of its inputs, `parameters` its inputs that are mere values.
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

    def log(self, job: str) -> Logged:
        """What the job logged; empty when it logged nothing."""
        ...

    def history(self, job: str, metric: str) -> tuple[Point, ...]:
        """Every value of a metric that the job logged, in the order of their steps."""
        ...

    def output_location(self, job: Job, output: str) -> Location | None:
        """Where the files of an output lie; None for a datastore of another workspace."""
        ...

    def datastore_location(self, datastore: str) -> Location:
        """The container behind a datastore."""
        ...

    def default_datastore(self) -> tuple[str, Location]:
        """The name of the workspace's default datastore and the container behind it."""
        ...


@dataclass(frozen=True)
class Announcement:
    """That a job may be done: `certain` if the event says so, not if a blob of its output merely appeared."""

    job: str
    workspace: str
    event: str
    type: str
    certain: bool = True


def offers(
    announced: Announcement, *, workspace: Workspace, catalog: Catalog
) -> list[Candidate | Refusal] | NotOfInterest:
    """The candidates a job offers, or why it offers none.

    Raises `NotVisibleYetError` when the event runs ahead of the workspace.
    """
    job = workspace.job(announced.job)
    if job is None and not announced.certain:
        return NotOfInterest(announced.event, announced.type, f"the workspace has no job {announced.job}")
    if job is None:
        raise NotVisibleYetError(f"the workspace does not show job {announced.job}")
    if (reason := _not_completed(job, announced)) is not None:
        return NotOfInterest(announced.event, announced.type, reason)
    feeds = [feed for feed in catalog.fed_by_job(experiment=job.experiment, tags=job.tags) if feed.model.source]
    if not feeds:
        reason = f"no policy matches job {job.name} of experiment {job.experiment}"
        return NotOfInterest(announced.event, announced.type, reason)
    return [_offer(job, feed, announced, workspace) for feed in feeds]


def _not_completed(job: Job, announced: Announcement) -> str | None:
    if job.status is None:
        return f"job {job.name} is a step of a pipeline"
    status = job.status.lower()
    if status == "completed":
        return None
    if announced.certain and status not in ENDED_WITHOUT_MODEL:
        raise NotVisibleYetError(f"job {job.name} is reported done, but the workspace shows it as {job.status}")
    return f"job {job.name} is {job.status}, not Completed"


def _offer(job: Job, feed: Feed, announced: Announcement, workspace: Workspace) -> Candidate | Refusal:
    wanted = feed.model.source
    assert wanted is not None  # noqa: S101 - `offers` kept only these
    path = wanted.path or ""
    output = JobOutputUri(job.name, wanted.output).reported_output
    source = JobSource(announced.workspace, job.name, output, path)
    group = group_key(feed.policy.name, feed.model)
    if output not in job.outputs:
        known = ", ".join(sorted(job.outputs)) or "none"
        finding = Finding("job.output_missing", "", f"the job has no output {output!r}; it has: {known}")
        return Refusal(source, feed.model.name, "absent", (finding,), announced.event, group)
    folder = workspace.output_location(job, output)
    if folder is None:
        finding = Finding("job.output_elsewhere", "", f"output {output!r} lies in a datastore of another workspace")
        return Refusal(source, feed.model.name, "elsewhere", (finding,), announced.event, group)
    return Candidate(
        source=source,
        model=feed.model,
        policy=feed.policy,
        location=folder / path if path else folder,
        lineage=lineage_of(job, JobOutputUri.of_reported(job.name, output, path=path), event=announced.event),
        event=announced.event,
        stated=Evidence(tags=job.tags),
        shadows=feed.shadows,
    )
