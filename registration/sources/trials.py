"""Trials: which run inside a sweep or an AutoML job is the best.

What Azure ML says of it counts: AutoML's tag, and a sweep's property, by which the SDK downloads too. Where a sweep
names none, or one that did not complete, it is the completed trial with the best last value of the primary metric. Two
with the same value are refused: nothing says which of them is meant.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from registration.finding import Finding
from registration.policy import number
from registration.sources import steps

if TYPE_CHECKING:
    from registration.sources.job import Job, Workspace
    from registration.sources.steps import Step

_SWEEP, _AUTOML = "HyperDrive", "AutoML"
_TEMPLATE: Final = "runTemplate"
_HOLDERS: Final = frozenset({"HyperDriveStep", "AutoMLStep"})  # steps of SDK v1 that have the search inside
_BEST_OF_SWEEP: Final = "best_child_run_id"  # a property
_BEST_OF_AUTOML: Final = "automl_best_child_run_id"  # a tag
_OBJECTIVE: Final = "primary_metric_config"  # a property, JSON
_SAMPLED: Final = "_aml_system_"  # a tag with the name of a trial behind it, JSON


@dataclass(frozen=True)
class Trial:
    """The best trial of `search`; `chosen_by` says for people what makes it the best."""

    search: Job
    run: Job
    chosen_by: str


@dataclass(frozen=True)
class _Objective:
    metric: str
    maximize: bool


def best(step: Step, workspace: Workspace, *, expected: bool) -> Trial | Finding | None:
    """The best trial of a sweep or AutoML job; None for any other run, unless trials are `expected` of it.

    Raises `NotVisibleYetError` while the trial is still running.
    """
    search = _search(step, workspace, expected=expected)
    if search is None or isinstance(search, Finding):
        return search
    return _best_of_automl(search, workspace) if _is(search, _AUTOML) else _best_of_sweep(search, workspace)


def is_search(run: Job) -> bool:
    """Whether a run is a sweep or an AutoML job."""
    return _is(run, _SWEEP) or _is(run, _AUTOML)


def _is(run: Job, template: str) -> bool:
    return run.properties.get(_TEMPLATE) == template


def _search(step: Step, workspace: Workspace, *, expected: bool) -> Job | Finding | None:
    """The sweep or AutoML job that `step` is, or has inside."""
    if is_search(step.run):
        return step.run
    if not expected and step.run.properties.get("StepType") not in _HOLDERS:
        return None
    found = steps.inside(step.run, workspace)
    if isinstance(found, Finding):
        return found
    searches = [run for run in found if is_search(run)]
    if len(searches) == 1:
        return searches[0]
    said = f"{len(searches)} are inside it: {steps.named(searches)}" if searches else "it is none, and has none inside"
    message = f"trials are those of one sweep or AutoML job, and {step.shown.name} is no such thing: {said}"
    return Finding("job.no_trials", "", message, action="correct from.trial or from.step in the policy")


def _best_of_automl(search: Job, workspace: Workspace) -> Trial | Finding:
    name = search.tags.get(_BEST_OF_AUTOML)
    if not name:
        return _none(search, "AutoML names no best model")
    run = _trial(search, name, workspace)
    if isinstance(run, Finding):
        return run
    metric = search.properties.get("primary_metric") or "its primary metric"
    return steps.unfinished(run, "the best model of AutoML") or Trial(search, run, f"AutoML, by {metric}")


def _best_of_sweep(search: Job, workspace: Workspace) -> Trial | Finding:
    objective = _objective(search)
    if objective is None:
        message = f"sweep {search.name} has no primary metric, so none of its trials is the best"
        return Finding("job.no_primary_metric", "", message, action="give the sweep an objective")
    if name := search.properties.get(_BEST_OF_SWEEP):
        run = _trial(search, name, workspace)
        if isinstance(run, Finding):
            return run
        if run.is_completed:
            way = "maximize" if objective.maximize else "minimize"
            return Trial(search, run, f"the sweep, by {objective.metric} ({way})")
    return _measured(search, objective, workspace)


def _measured(search: Job, objective: _Objective, workspace: Workspace) -> Trial | Finding:
    """The completed trial that logged the best last value of the primary metric."""
    found = steps.inside(search, workspace)
    if isinstance(found, Finding):
        return found
    completed = [run for run in found if run.is_completed]
    read = {run.name: number.read(workspace.log(run.name).metrics.get(objective.metric)) for run in completed}
    values = {name: value for name, value in read.items() if isinstance(value, Decimal)}
    if not values:
        return _none(search, f"of {len(found)} trials, none completed and logged a number as {objective.metric}")
    top = (max if objective.maximize else min)(values.values())
    leading = [name for name, value in values.items() if value == top]
    if len(leading) > 1:
        message = (
            f"{len(leading)} trials of sweep {search.name} share the best {objective.metric}, {number.text(top)}: "
        )
        message += ", ".join(sorted(leading)[: steps.MOST_NAMED])
        return Finding("job.trial_ambiguous", "", message, action="tell them apart by another primary metric")
    run = _trial(search, leading[0], workspace)
    end = "highest" if objective.maximize else "lowest"
    said = f"{objective.metric} {number.text(top)}, the {end} of {len(values)} completed trials"
    return run if isinstance(run, Finding) else Trial(search, run, said)


def _trial(search: Job, name: str, workspace: Workspace) -> Job | Finding:
    """The run of that name, which has to be inside the search: a tag can be written by anybody."""
    run = workspace.run(name)
    if run is None:
        return steps.gone(name, f"{search.name} has it for its best trial")
    if not _is_inside(run, search, workspace):
        return _none(search, f"it names {name} as the best, which is inside {run.parent or 'no other run'}")
    return replace(run, parameters={**_sampled(search, name), **run.parameters})


def _is_inside(run: Job, search: Job, workspace: Workspace) -> bool:
    """Whether a run is in the search, or in what is: for images and text, AutoML has a sweep of its own inside."""
    seen: set[str] = set()
    found: Job | None = run
    while found is not None and found.parent is not None and found.name not in seen:
        if found.parent == search.name:
            return True
        seen.add(found.name)
        found = workspace.run(found.parent)
    return False


def _sampled(search: Job, trial: str) -> dict[str, str]:
    """The parameters that the sweep gave to a trial."""
    said = _read(search.tags.get(f"{_SAMPLED}{trial}"))
    return {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}


def _none(search: Job, why: str) -> Finding:
    message = f"{search.name} has no best trial: {why}"
    return Finding("job.trial_missing", "", message, action="see in Studio what became of the trials, and run it again")


def _objective(search: Job) -> _Objective | None:
    """What the sweep is after; None if it does not say."""
    match _read(search.properties.get(_OBJECTIVE)):
        case {"name": str(metric), "goal": str(goal)} if metric.strip() and goal.lower() in {"maximize", "minimize"}:
            return _Objective(metric, goal.lower() == "maximize")
    return None


def _read(text: str | None) -> object:
    try:
        return json.loads(text or "null")
    except (ValueError, RecursionError):
        return None
