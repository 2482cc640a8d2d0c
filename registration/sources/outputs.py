"""Outputs: the job that has an output, and the place in it, for whoever has only what they are called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registration.artifacts.store import Location
    from registration.sources.job import Job, Workspace
    from registration.uris import JobOutputUri


def job_with(name: str, output: str, workspace: Workspace) -> Job | None:
    """The job of that name, None if there is none; whether it has the output, its `outputs` say.

    A pipeline's step or a trial is as run history has it, because the workspace shows those bare. Some outputs only run
    history knows, such as an AutoML job's best model. Raises `UnavailableError`.
    """
    job = workspace.job(name)
    if job is None or output in job.outputs:
        return job
    run = workspace.run(name)
    if run is None or job.status is None:
        return run or job
    return replace(job, outputs={**run.outputs, **job.outputs})


def place_in(home: Location, uri: JobOutputUri) -> Location:
    """Where `uri` is, in an output that lies at `home`; a `/` at its end names the same folder."""
    path = uri.path.rstrip("/")
    return home / path if path else home
