"""A choice: of everything that runs in a job, the run that has the output a policy names, and whose metrics count.

    command, Spark, pipeline output     the job itself
    step                                the run of that step, or the run that it reuses
    sweep, AutoML                       its best trial

Not promised: that the output is there, and what is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from registration.finding import Finding
from registration.policy.job_output import OfStep
from registration.sources import steps, trials
from registration.sources.origin import lineage_of
from registration.sources.steps import Step
from registration.uris import JobOutputUri

if TYPE_CHECKING:
    from registration.lineage import Lineage
    from registration.policy.job_output import JobOutput
    from registration.sources.job import Job, Workspace
    from registration.sources.trials import Trial

_PIPELINE_OF_REUSED = "azureml.reusedpipelinerunid"


@dataclass(frozen=True)
class Choice:
    """`run` has the output, `teller` says of it what run history does not, and `measured` names whose metrics count."""

    job: Job
    run: Job
    step: Step
    measured: str
    path: tuple[str, ...] = ()
    trial: Trial | None = None
    teller: Job | None = None

    @property
    def inner(self) -> str | None:
        """The name of the run, if it is not the job itself."""
        return None if self.run.name == self.job.name else self.run.name

    def lineage(self, output: str, *, path: str, event: str) -> Lineage:
        """Where the output comes from."""
        uri = JobOutputUri.of_reported(self.run.name, output, path=path)
        told = lineage_of(self.run, uri, event=event, parent=self.teller)
        return replace(
            told,
            experiment=told.experiment or self.job.experiment,
            parent_job=self.job.name if self.inner else None,
            step="/".join(self.path) or None,
            trial=self.trial.run.name if self.trial else None,
            chosen_by=self.trial.chosen_by if self.trial else None,
            reused_by=self.step.reused.name if self.step.reused else None,
        )


def choose(job: Job, wanted: JobOutput, output: str, workspace: Workspace) -> Choice | Finding:
    """The choice for the output that the job reports as `output`, or why there is none.

    Raises `NotVisibleYetError` while what was chosen is still running.
    """
    step = steps.find(job, wanted.step, workspace) if wanted.step else Step(job, job)
    if isinstance(step, Finding):
        return step
    trial = trials.best(step, workspace, expected=wanted.trial is not None)
    if isinstance(trial, Finding):
        return trial
    measured = _measured(job, wanted, trial.run if trial else step.run, workspace)
    if isinstance(measured, Finding):
        return measured
    run = step.run if trial is None else _with(output, trial, workspace)
    teller = None if run.name == job.name else _teller(job, step, workspace)
    return Choice(job, run, step, measured, wanted.step or (), trial, teller)


def part_of(job: Job, workspace: Workspace) -> str | None:
    """The pipeline, sweep or AutoML job that `job` is a part of, though the workspace shows it like any other."""
    if job.parent in {None, job.name}:
        return None
    outer = workspace.run(str(job.parent))
    return outer.name if outer is not None and (trials.is_search(outer) or _is_pipeline(outer)) else None


def _is_pipeline(run: Job) -> bool:
    return run.properties.get("azureml.runsource") == "azureml.PipelineRun"


def _with(output: str, trial: Trial, workspace: Workspace) -> Job:
    """The trial; the search around it if only that has the output, as an AutoML job has its `best_model`."""
    if output in trial.run.outputs:
        return trial.run
    search = workspace.run(trial.search.name)
    return search if search is not None and output in search.outputs else trial.run


def _measured(job: Job, wanted: JobOutput, run: Job, workspace: Workspace) -> str | Finding:
    match wanted.measured_by:
        case "job":
            return job.name
        case OfStep(step=path):
            found = steps.find(job, path, workspace)
            return found if isinstance(found, Finding) else found.run.name
    return run.name


def _teller(job: Job, step: Step, workspace: Workspace) -> Job | None:
    """The job that the run was a part of when it ran: another one, if the step only reuses it."""
    if step.reused is None:
        return job
    earlier = step.reused.properties.get(_PIPELINE_OF_REUSED)
    return workspace.job(earlier) if earlier else None
