"""Steps: a run inside a pipeline, found by the names that lead to it from the pipeline down.

A step goes by its name in the pipeline's definition, which is what Studio shows. Names that fit no step or several are
refused, and so is a step that did not complete. A step may reuse what an earlier run did; then that run made its files.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from registration.errors import NotVisibleYetError
from registration.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from registration.sources.job import Job, Workspace

MOST_RUNS: Final = 1000  # inside one job; Azure ML lets a sweep have as many trials
MOST_NAMED: Final = 10  # runs, in a message
ENDED_BADLY: Final = frozenset({"failed", "canceled", "notresponding"})
_IS_REUSED, _REUSED = "azureml.isreused", "azureml.reusedrunid"


@dataclass(frozen=True)
class Step:
    """`shown` is the run inside the pipeline, `run` the one that did the work: another if the step was reused.

    `reused` is the outermost run on the way to it that reuses an earlier one.
    """

    shown: Job
    run: Job
    reused: Job | None = None


def find(pipeline: Job, path: Sequence[str], workspace: Workspace) -> Step | Finding:
    """The step that `path` leads to, one name for each pipeline inside a pipeline; or why there is none.

    Raises `NotVisibleYetError` if the step is still running.
    """
    step = Step(pipeline, pipeline)
    seen = {pipeline.name}
    for name in path:
        inner = _inside(step, name, workspace)
        if isinstance(inner, Finding):
            return inner
        if inner.shown.name in seen:
            return _cycle(inner.shown.name)
        seen.add(inner.shown.name)
        step = inner
    return unfinished(step.shown, f"step {'/'.join(path)}") or step


def worked(shown: Job, workspace: Workspace, *, reused: Job | None) -> Step | Finding:
    """`shown` with the run that did its work, both as run history has them; `reused` is what was so further out."""
    run, seen = shown, {shown.name}
    while run.properties.get(_IS_REUSED, "").lower() == "true" and (name := run.properties.get(_REUSED)):
        if name in seen:
            return _cycle(name)
        seen.add(name)
        original = workspace.run(name)
        if original is None:
            return gone(name, f"{run.name} reuses it")
        run = original
    return Step(shown, run, reused or (shown if run is not shown else None))


def inside(run: Job, workspace: Workspace) -> tuple[Job, ...] | Finding:
    """Everything that runs directly inside `run`, without outputs."""
    found = tuple(islice(workspace.children(run.name), MOST_RUNS + 1))
    if len(found) > MOST_RUNS:
        message = f"more than {MOST_RUNS} runs are inside {run.name}, which is the most that is looked through"
        return Finding("job.too_many_runs", "", message, action="register the model from an output of the job itself")
    return found


def named(runs: Iterable[Job]) -> str:
    """Some runs, for people: what each is called, and which it is."""
    said = [f"{run.title or run.name} ({run.name}, {run.status})" for run in runs]
    more = f" and {len(said) - MOST_NAMED} more" if len(said) > MOST_NAMED else ""
    return ", ".join(sorted(said)[:MOST_NAMED]) + more or "none"


def gone(name: str, why: str) -> Finding:
    """That run history has no run of this name any more, though something says `why` it had."""
    action = "it was deleted; run the job again"
    return Finding("job.run_missing", "", f"the workspace has no run {name} any more; {why}", action=action)


def unfinished(run: Job, what: str) -> Finding | None:
    """That a run did not end well, if so; raises `NotVisibleYetError` while it may."""
    if run.is_completed:
        return None
    if (run.status or "").lower() not in ENDED_BADLY:
        raise NotVisibleYetError(f"{what} ({run.name}) is {run.status}, though the job around it is Completed")
    return Finding("job.run_unfinished", "", f"{what} ({run.name}) is {run.status}, not Completed")


def _inside(outer: Step, name: str, workspace: Workspace) -> Step | Finding:
    """The one run inside of `outer` that goes by `name`."""
    found = inside(outer.shown, workspace)
    if not found and outer.run is not outer.shown:
        found = inside(outer.run, workspace)  # a nested pipeline that was reused as a whole
    if isinstance(found, Finding):
        return found
    fitting = [run for run in found if run.title == name]
    if len(fitting) > 1:
        message = f"{len(fitting)} steps of {outer.shown.name} are called {name!r}: {named(fitting)}"
        return Finding("job.step_ambiguous", "", message, action="give each step a name of its own")
    if not fitting:
        message = f"{outer.shown.name} has no step {name!r}; it has: {named(found)}"
        return Finding("job.step_missing", "", message, action="correct the policy or the pipeline")
    whole = workspace.run(fitting[0].name)
    if whole is None:
        return gone(fitting[0].name, f"it was step {name!r}")
    return worked(whole, workspace, reused=outer.reused)


def _cycle(name: str) -> Finding:
    message = f"run {name} is said to be inside itself, or to reuse itself"
    return Finding("job.run_cycle", "", message, action="run the job again; if that is no help, ask Azure's support")
