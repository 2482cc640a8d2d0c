"""Proof: whether the workspace bears out what a drop says of the job that made it.

A drop names a job of the workspace by `lineage.run_uri`, an output with or without a path. Then that job has to be
there, completed, and to hold these very bytes in that output; what it says of its own origin has to agree. A job that
the workspace does not know may be one of somebody else's: that is noted, and stays a claim.

Nothing is listed, and only files of a drop's own sizes are read, so a manifest cannot make this expensive.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final

from registration.artifacts.hashing import sha256
from registration.artifacts.inventory import SIGNATURE_NAME
from registration.assets import asset_in
from registration.errors import InputError
from registration.finding import Finding, Level
from registration.lineage import CHECKED, Lineage, is_said
from registration.sources.origin import lineage_of
from registration.sources.outputs import job_with, place_in
from registration.uris import JobOutputUri, is_job_name, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.artifacts.inventory import Artifact
    from registration.artifacts.store import ArtifactStore, Location, StoredFile
    from registration.sources.job import Job, Workspace

_OF_THE_DROP: Final = ("job_output_uri", "drop", "producer")
_NAMED: Final = "lineage.run_uri"
_REPAIR: Final = "drop what the job wrote, or take the job out of the lineage"


@dataclass(frozen=True)
class Dropped:
    """The files of a drop with their SHA-256 by path, and what it says of its origin."""

    artifact: Artifact
    digests: Mapping[str, str]
    claimed: Lineage


@dataclass(frozen=True)
class Proof:
    """Looks into the workspace; every method raises `TransientError` when what it reads does not answer or changes."""

    store: ArtifactStore
    workspace: Workspace

    def of(self, dropped: Dropped) -> tuple[Lineage, tuple[Finding, ...]]:
        """What is known of the origin of `dropped` after a look into the workspace, and what speaks against it."""
        claimed = dropped.claimed
        place = _place(claimed)
        name = place.job if place else claimed.job
        if name is None:
            return claimed, ()
        job = self._job(name, place)
        if job is None or place is None:
            return claimed, (*_unchecked(name, job, place),)
        if findings := (*self._against(dropped, job, place),):
            return claimed, findings
        return self._borne_out(claimed, job, place), ()

    def _job(self, name: str, place: JobOutputUri | None) -> Job | None:
        if not is_job_name(name):
            return None
        return job_with(name, place.reported_output, self.workspace) if place else self.workspace.job(name)

    def _origin(self, job: Job, place: JobOutputUri, *, event: str = "") -> Lineage:
        outer = self.workspace.job(job.parent) if job.parent not in {None, job.name} else None
        return lineage_of(job, place, event=event, parent=outer)

    def _against(self, dropped: Dropped, job: Job, place: JobOutputUri) -> Iterator[Finding]:
        claimed = dropped.claimed
        if claimed.job not in {None, job.name}:
            message = f"lineage.job is {claimed.job!r}, but {_NAMED} names the job {job.name!r}"
            yield Finding("claim.contradicted", "lineage.job", message, action=_REPAIR)
        elif job.status is None:
            yield _note(f"{job.name} is part of another job, and run history does not know it")
        elif not job.is_completed:
            message = f"the job {job.name} is {job.status}, not Completed"
            yield Finding("claim.job_not_completed", _NAMED, message, action="drop it again when the job has completed")
        elif place.reported_output not in job.outputs:
            known = ", ".join(sorted(job.outputs)) or "none"
            message = f"the job {job.name} has no output {place.output!r}; it has: {known}"
            yield Finding("claim.output_missing", _NAMED, message, action=_REPAIR)
        elif (home := self.workspace.output_location(job, place.reported_output)) is None:
            yield _note(
                f"output {place.output!r} of {job.name} lies in a datastore of another workspace, or none of blobs"
            )
        else:
            yield from _contradictions(claimed, self._origin(job, place))
            yield from self._differences(dropped, home, place)

    def _differences(self, dropped: Dropped, home: Location, place: JobOutputUri) -> Iterator[Finding]:
        root = place_in(home, place)
        files = [file for file in dropped.artifact.files if file.path != SIGNATURE_NAME]
        single = self._file(root) if len(files) == 1 else None
        for file in files:
            found = single or self._file(root / file.path)
            if found is None:
                message = f"{place} has no such file, so that job did not make it"
                yield Finding("claim.bytes_differ", file.path, message, action=_REPAIR)
            elif found.size != file.size or sha256(self.store, found) != dropped.digests[file.path]:
                message = f"{place} has other bytes there, so that job did not make these"
                yield Finding("claim.bytes_differ", file.path, message, action=_REPAIR)

    def _file(self, location: Location) -> StoredFile | None:
        found = next(iter(self.store.files(location)), None)
        return found if found is not None and found.location == location else None

    def _borne_out(self, claimed: Lineage, job: Job, place: JobOutputUri) -> Lineage:
        """What the workspace says; what only the drop says beside it is named in `claimed`."""
        said = self._origin(job, place, event=claimed.source_event or "")
        said = replace(said, parameters={**said.parameters, **self.workspace.log(job.name).parameters})
        own = {name: getattr(claimed, name) for name in _OF_THE_DROP}
        rest = {part.name: getattr(claimed, part.name) for part in fields(Lineage) if part.name not in own}
        only = {name: value for name, value in rest.items() if is_said(value) and not is_said(getattr(said, name))}
        return replace(said, **own, **only, claimed=tuple(only), attested_by=CHECKED)


def _place(claimed: Lineage) -> JobOutputUri | None:
    try:
        found = parse_uri(claimed.job_output_uri or "")
    except InputError:
        return None
    return found if isinstance(found, JobOutputUri) else None


def _unchecked(name: str, job: Job | None, place: JobOutputUri | None) -> Iterator[Finding]:
    """A note where a drop names a job of the workspace, and it cannot be held to that."""
    if place is not None:
        yield _note(f"the workspace has no job {name}")
    elif job is not None:
        yield _note(f"the job {name} is in the workspace, but {_NAMED} names none of its outputs")


def _note(why: str) -> Finding:
    message = f"nobody has checked where the drop comes from: {why}"
    action = f"nothing; or let {_NAMED} name the output of a job of the workspace that wrote these files"
    return Finding("claim.unchecked", _NAMED, message, level=Level.NOTE, action=action)


def _contradictions(claimed: Lineage, said: Lineage) -> Iterator[Finding]:
    """Where the job says another commit or another environment than the drop."""
    if claimed.git_commit and said.git_commit and not _is_same_commit(claimed.git_commit, said.git_commit):
        yield _contradicted("git_commit", said, claimed.git_commit, said.git_commit)
    ours, theirs = asset_in(claimed.environment or ""), asset_in(said.environment or "")
    if ours is not None and theirs is not None and not ours.may_be(theirs):
        yield _contradicted("environment", said, str(ours), str(theirs))


def _contradicted(name: str, job: Lineage, claimed: str, said: str) -> Finding:
    message = f"the drop says {claimed}, the job {job.job} says {said}"
    return Finding("claim.contradicted", f"lineage.{name}", message, action="correct it, or take it out")


def _is_same_commit(one: str, other: str) -> bool:
    short, long = sorted((one.lower(), other.lower()), key=len)
    return long.startswith(short)
