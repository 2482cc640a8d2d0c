"""The jobs of the workspace, as the service knows them: what ran, what it wrote, what it measured.

A job is made by a test, a demo or a person (`Workspace.add_job`), never through the API. A pipeline's steps are jobs
with a `parent`; a reused step names the run whose work it reuses, and its artifacts stay under that run.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from sandbox import names, refusals, timestamps

if TYPE_CHECKING:
    from collections.abc import Mapping

ARTIFACTS: Final = "artifacts"
DEFAULT: Final = "default"
_ARTIFACT_STORE = "azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid."


@dataclass(frozen=True)
class JobOutput:
    """A named output. `type` is `mlflow_model`, `custom_model`, `triton_model`, `uri_folder`, `uri_file` or `mltable`.

    `uri` is set when the job's author chose the place (`azureml://datastores/D/paths/P`). `step` is (child job,
    output) for a pipeline's output, which lives where that step wrote it. `segment` is the folder under
    `azureml/<job>/` when that is not the output's name.
    """

    type: str = "uri_folder"
    uri: str | None = None
    step: tuple[str, str] | None = None
    segment: str | None = None


@dataclass(frozen=True)
class JobInput:
    """A named input: data of `type` at `uri`, or, with type `literal`, the text in `value`."""

    type: str = "uri_folder"
    uri: str | None = None
    value: str | None = None
    mode: str = "ReadOnlyMount"


@dataclass(frozen=True)
class Job:
    """One job, step of a pipeline, or trial; `created` and `ended` are ticks (`sandbox.timestamps`).

    `job_type` is `Command`, `Pipeline`, `Sweep`, `AutoML` or `Spark`, and `Parallel` for a step. Of a sweep or an
    AutoML job `objective` is (primary metric, `maximize` or `minimize`), and `best` the trial that the service names.
    """

    name: str
    experiment: str = "Default"
    status: str = "Completed"
    job_type: str = "Command"
    display_name: str | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, JobInput] = field(default_factory=dict)
    outputs: Mapping[str, JobOutput] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    environment_id: str | None = None
    code_id: str | None = None
    component_id: str | None = None
    command: str = "python train.py"
    compute: str = "cpu-cluster"
    objective: tuple[str, str] | None = None
    best: str | None = None
    parent: str | None = None
    reused_from: str | None = None
    reused_pipeline: str | None = None
    created: int = field(default_factory=timestamps.now)
    ended: int = field(default_factory=timestamps.now)

    @property
    def experiment_id(self) -> str:
        """The GUID of the job's experiment: the same for the same name."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{names.WORKSPACE_ID}/experiments/{self.experiment}"))

    @property
    def data_run(self) -> str:
        """The run whose folder holds this job's artifacts."""
        return self.reused_from or self.name


class Runs:
    """All jobs of a workspace, by name. Thread safe."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def put(self, job: Job) -> None:
        """Add `job`, or put it in the place of the job of the same name."""
        with self._lock:
            self._jobs[job.name] = job

    def get(self, name: str) -> Job:
        """The job; raises `refusals.RefusalError` (404) when there is none."""
        job = self.find(name)
        if job is None:
            raise refusals.job_not_found(name)
        return job

    def find(self, name: str) -> Job | None:
        """The job, or None."""
        with self._lock:
            return self._jobs.get(name)

    def set_status(self, name: str, status: str) -> None:
        """Move a job to another status; its end is now."""
        with self._lock:
            self._jobs[name] = replace(self._jobs[name], status=status, ended=timestamps.now())

    def set_metrics(self, name: str, metrics: Mapping[str, float]) -> None:
        """Put `metrics` in the place of what the job had measured."""
        with self._lock:
            self._jobs[name] = replace(self._jobs[name], metrics=dict(metrics))

    def newest_first(self) -> list[Job]:
        """The jobs that are not part of another."""
        with self._lock:
            jobs = [job for job in self._jobs.values() if job.parent is None]
        return sorted(jobs, key=lambda job: (job.created, job.name), reverse=True)

    def remove(self, name: str) -> None:
        """Delete a job, as a person may; what runs inside it stays. Raises KeyError."""
        with self._lock:
            del self._jobs[name]

    def root(self, job: Job) -> Job:
        """The outermost job around `job`, itself if there is none."""
        seen = {job.name}
        while (outer := self.find(job.parent or "")) is not None and outer.name not in seen:
            seen.add(outer.name)
            job = outer
        return job

    def children(self, parent: str) -> list[Job]:
        """What runs directly inside a job: the steps of a pipeline, or the trials of a search."""
        with self._lock:
            return [job for job in self._jobs.values() if job.parent == parent]

    def output_home(self, job: Job, output: str) -> str | None:
        """Where an output lies, as a short datastore URI without a slash at the end; None for an unknown output.

        `artifacts` and `default` are the job's own artifact folder. Where a named output lies by default is
        documented; that `azureml://jobs/...` URIs are resolved to it is inferred.
        """
        if output in {ARTIFACTS, DEFAULT} and output not in job.outputs:
            return f"{_ARTIFACT_STORE}{job.data_run}"
        known = job.outputs.get(output)
        if known is None:
            return None
        if known.step is not None:
            step = self.find(known.step[0])
            return self.output_home(step, known.step[1]) if step is not None else None
        home = f"azureml://datastores/workspaceblobstore/paths/azureml/{job.data_run}/{known.segment or output}"
        return (known.uri or home).rstrip("/")
