"""Gathering: what a decision may look at about a candidate, from what the offer says and what its job logged.

A drop says everything in its manifest. Of a job the parameters and the last value of each metric are read, and of those
that a policy asks for also the history. A metric named `slices/<slice>/<metric>` is a metric of a slice; MLflow allows
no `=` in a name, so a `:` in the slice stands for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from registration.lineage import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.candidate import Candidate
    from registration.policy.document import ModelPolicy
    from registration.policy.evidence import Evidence
    from registration.sources.job import Logged, Workspace

_OF_SLICES = "slices/"


def gathered(candidate: Candidate, workspace: Workspace) -> tuple[Candidate, Evidence]:
    """All that is known of `candidate` but its files, and the candidate with the parameters that its job logged.

    Raises `UnavailableError` when the workspace does not answer.
    """
    job = candidate.lineage.job
    if candidate.metrics is not None or job is None:
        stated = replace(candidate.stated, metrics=candidate.metrics or {})
        return candidate, replace(stated, lineage=_told(candidate))
    trained, measured = candidate.lineage.trial or job, candidate.measured_by or job
    logged = workspace.log(trained)
    parameters = {**candidate.lineage.parameters, **logged.parameters}
    candidate = replace(candidate, lineage=replace(candidate.lineage, parameters=parameters))
    stated = replace(candidate.stated, lineage=_told(candidate))
    if measured != trained:
        logged = workspace.log(measured)
        logged = replace(logged, parameters={**parameters, **logged.parameters})
    return candidate, _of_job(stated, _Job(measured, workspace, logged), candidate.asked)


def by_slice(logged: Mapping[str, object]) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
    """What a job logged as metrics overall, and as metrics by slice."""
    metrics: dict[str, object] = {}
    slices: dict[str, dict[str, object]] = {}
    for name, value in logged.items():
        slice_, _, metric = name.removeprefix(_OF_SLICES).partition("/")
        if name.startswith(_OF_SLICES) and slice_ and metric:
            slices.setdefault(slice_.replace(":", "="), {})[metric] = value
        else:
            metrics[name] = value
    return metrics, slices


@dataclass(frozen=True)
class _Job:
    name: str
    workspace: Workspace
    logged: Logged


def _told(candidate: Candidate) -> dict[str, str]:
    return {key.removeprefix(PREFIX): said for key, said in candidate.lineage.properties().items()}


def _of_job(stated: Evidence, job: _Job, asked: tuple[ModelPolicy, ...]) -> Evidence:
    metrics, slices = by_slice(job.logged.metrics)
    coerced = {name for policy in asked for name in policy.coerced}
    from_tags = frozenset(name for name in coerced if name not in metrics and name in stated.tags)
    histories = sorted({name for policy in asked for name in policy.histories if name in metrics})
    return replace(
        stated,
        metrics={**metrics, **{name: stated.tags[name] for name in from_tags}},
        slices=slices,
        from_tags=from_tags,
        history={name: job.workspace.history(job.name, name) for name in histories},
        comparable=_comparable(stated.tags, job, asked),
    )


def _comparable(tags: Mapping[str, str], job: _Job, asked: tuple[ModelPolicy, ...]) -> dict[str, str]:
    """By what it was measured: a tag of the job, else a parameter, of exactly that name."""
    keys = {key for policy in asked for key in policy.require.comparable_on}
    said = {**job.logged.parameters, **tags}
    return {key: said[key] for key in sorted(keys) if key in said}
