"""Jobs: a completed Azure ML job becomes one candidate for each model that a policy feeds from its outputs.

The job is the outermost one: a pipeline's steps and a sweep's trials offer nothing when they end, because the end of
what they are part of offers it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from registration.artifacts.inventory import Artifact
from registration.candidate import Candidate, JobSource, Refusal, Shared, group_key
from registration.errors import NotVisibleYetError, PermanentError, RegistrarError
from registration.events import NotOfInterest
from registration.finding import Finding
from registration.policy.evidence import Evidence
from registration.sources import choice
from registration.sources.selection import model_at, select
from registration.sources.steps import ENDED_BADLY
from registration.uris import JobOutputUri, job_of_blob

if TYPE_CHECKING:
    from registration.artifacts.store import Files, Location
    from registration.policy.catalog import Catalog, Feed
    from registration.policy.job_output import JobOutput as Wanted
    from registration.sources.choice import Choice
    from registration.sources.job import Job, Workspace

_BOOKKEEPING = "_aml_system_"  # of tags that the service writes for itself, some for each trial of a sweep


class PartlyOfferedError(NotVisibleYetError):
    """To some models of its policies a job offers what is `ready`; `failure` is why not to the others, or not yet."""

    def __init__(self, ready: list[Candidate | Refusal], failure: RegistrarError) -> None:
        super().__init__(str(failure))
        self.ready = ready
        self.failure = failure


@dataclass(frozen=True)
class Announcement:
    """That a job may be done: `certain` if the event says so, not if a blob of its output merely appeared."""

    job: str
    workspace: str
    event: str
    type: str
    certain: bool = True


def offers(
    announced: Announcement, *, workspace: Workspace, files: Files, catalog: Catalog
) -> list[Candidate | Refusal] | NotOfInterest:
    """The candidates a job offers, or why it offers none.

    Raises `NotVisibleYetError` when the event runs ahead of the workspace, and `PartlyOfferedError` when that or
    another failure is about some of the models only.
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
    job = _with_history(job, workspace.run(job.name))
    if (outer := choice.part_of(job, workspace)) is not None:
        reason = f"job {job.name} is part of {outer}, whose end offers what is in it"
        return NotOfInterest(announced.event, announced.type, reason)
    return _each([_Offering(announced, job, feed, workspace, files) for feed in feeds])


def _each(offerings: list[_Offering]) -> list[Candidate | Refusal]:
    """Every offer; what keeps one from being made keeps none waiting but those of its group."""
    made: list[Candidate | Refusal] = []
    failures: list[RegistrarError] = []
    failed: set[str | None] = set()
    for offering in offerings:
        try:
            made.append(offering.offer())
        except RegistrarError as failure:
            failures.append(failure)
            failed.add(offering.group)
    if not failures:
        return made
    ready = [offer for offer in made if offer.group is None or offer.group not in failed]
    first = min(failures, key=_rank)
    if not ready:
        raise first
    raise PartlyOfferedError(ready, first) from first


def _rank(failure: RegistrarError) -> tuple[bool, bool]:
    """What is given up at once comes last: the others still have their attempts. What did not answer comes first."""
    # Whoever has the offer of one model made again takes what is not visible for not offered.
    return isinstance(failure, PermanentError), isinstance(failure, NotVisibleYetError)


def _with_history(job: Job, run: Job | None) -> Job:
    """The job with what only run history knows: what it is part of, and as what assets its outputs are kept."""
    if run is None:
        return job
    assets = {name: output.asset for name, output in run.outputs.items()}
    outputs = {name: replace(output, asset=assets.get(name)) for name, output in job.outputs.items()}
    return replace(job, outputs=outputs, title=run.title, parent=run.parent, ended=run.ended)


def _not_completed(job: Job, announced: Announcement) -> str | None:
    if job.status is None:
        return f"job {job.name} is part of another, whose end offers what is in it"
    if job.is_completed:
        return None
    if announced.certain and job.status.lower() not in ENDED_BADLY:
        raise NotVisibleYetError(f"job {job.name} is reported done, but the workspace shows it as {job.status}")
    return f"job {job.name} is {job.status}, not Completed"


def _is_own(place: Location, run: Job) -> bool:
    """Whether no other job writes to this place, because it is named after this one or lies where Azure ML put it."""
    return run.name in place.name.split("/") or job_of_blob(place.container, f"{place.name}/_") is not None


@dataclass(frozen=True)
class _Offering:
    """What one job offers to one model."""

    announced: Announcement
    job: Job
    feed: Feed
    workspace: Workspace
    files: Files

    @property
    def group(self) -> str | None:
        """What tells the group of its model from every other; None if it has none."""
        return group_key(self.feed.policy.name, self.feed.model)

    @property
    def _wanted(self) -> Wanted:
        assert self.feed.model.source is not None  # noqa: S101 - `offers` kept only these
        return self.feed.model.source

    @property
    def _output(self) -> str:
        return JobOutputUri(self.job.name, self._wanted.output).reported_output

    def offer(self) -> Candidate | Refusal:
        chosen = choice.choose(self.job, self._wanted, self._output, self.workspace)
        if isinstance(chosen, Finding):
            return self._refused(chosen, as_=chosen.code)
        if self._output not in chosen.run.outputs:
            known = ", ".join(sorted(chosen.run.outputs)) or "none"
            who = f"run {chosen.inner}" if chosen.inner else "the job"
            message = f"{who} has no output {self._output!r}; it has: {known}"
            return self._refused(Finding("job.output_missing", "", message), as_="absent", run=chosen.inner)
        folder = self.workspace.output_location(chosen.run, self._output)
        if folder is None:
            message = f"output {self._output!r} lies in a datastore of another workspace, or in none of blobs"
            action = "let the job write to a blob or data lake datastore of this workspace"
            elsewhere = Finding("job.output_elsewhere", "", message, action=action)
            return self._refused(elsewhere, as_="elsewhere", run=chosen.inner)
        return self._inside(chosen, folder)

    def _inside(self, chosen: Choice, folder: Location) -> Candidate | Refusal:
        listed = Artifact.of(self.files.files(folder)) if self._is_to_be_found(folder) else None
        if listed is None or (self._wanted.pattern is None and not listed.files):
            path = model_at(self._wanted.path or "", model_type=self.feed.model.type)
            return self._candidate(chosen, path, folder / path if path else folder)
        if listed.is_cut:
            return self._refused(listed.excess[0], as_=listed.fingerprint, run=chosen.inner)
        found = select(listed.files, str(self._wanted.path), model_type=self.feed.model.type)
        if isinstance(found, Finding):
            return self._refused(found, as_=listed.fingerprint, run=chosen.inner)
        path = "" if listed.files[0].location == folder else found  # an output may be one file, and has none inside
        return self._candidate(chosen, path, folder / path if path else folder)

    def _is_to_be_found(self, folder: Location) -> bool:
        """Whether the path in the policy is a pattern, or names nothing that is there."""
        path = self._wanted.path
        if path is None or self._wanted.pattern is not None:
            return path is not None
        return next(iter(self.files.files(folder / path)), None) is None

    def _candidate(self, chosen: Choice, path: str, place: Location) -> Candidate:
        tags = {**self.job.tags, **chosen.run.tags}
        return Candidate(
            source=self._source(path, chosen.inner),
            model=self.feed.model,
            policy=self.feed.policy,
            location=place,
            lineage=chosen.lineage(self._output, path=path, event=self.announced.event),
            event=self.announced.event,
            stated=Evidence(tags={key: tag for key, tag in tags.items() if not key.startswith(_BOOKKEEPING)}),
            shadows=self.feed.shadows,
            measured_by=chosen.measured,
            shared=None if _is_own(place, chosen.run) else Shared(chosen.run.ended),
        )

    def _source(self, path: str, run: str | None) -> JobSource:
        return JobSource(self.announced.workspace, self.job.name, self._output, path, run)

    def _refused(self, finding: Finding, *, as_: str, run: str | None = None) -> Refusal:
        source = self._source(self._wanted.path or "", run)
        return Refusal(source, self.feed.model.name, as_, (finding,), self.announced.event, self.group)
