"""Origin: where a job's output comes from, as the workspace says it of the job.

Git is what azure-ai-ml and MLflow note when a job is submitted from a repository; a pipeline's steps lack it, and have
their pipeline's. No credential that somebody wrote into an address is kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from registration.lineage import Lineage
from registration.uris import ARTIFACTS, JobOutputUri, without_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.sources.job import Job

COMMIT: Final = ("azureml.git.commit", "mlflow.source.git.commit")
REPOSITORY: Final = ("azureml.git.repository_uri", "mlflow.source.git.repoURL")
BRANCH: Final = ("azureml.git.branch", "mlflow.source.git.branch")
DIRTY: Final = ("azureml.git.dirty",)
SNAPSHOT: Final = ("ContentSnapshotId",)


def lineage_of(job: Job, uri: JobOutputUri, *, event: str, parent: Job | None = None) -> Lineage:
    """The lineage of the output `uri` that `job` wrote, or its `parent` for it.

    What the job itself does not say is its parent's. What is said of the code is said of one commit: of the job's own
    commit the parent knows neither the branch nor whether it was whole.
    """
    told = [one for one in (job, parent) if one is not None]
    noted = [one.properties for one in told]
    if own := next((said for said in noted if _first([said], COMMIT)), None):
        noted = [own]
    repository = _first(noted, REPOSITORY)
    return Lineage(
        job=job.name,
        job_output_uri=str(uri),
        experiment=next((one.experiment for one in told if one.experiment), None),
        git_commit=_first(noted, COMMIT),
        git_dirty=_flag(_first(noted, DIRTY)),
        git_repository=without_key(repository) if repository else None,
        git_branch=_first(noted, BRANCH),
        datasets=next((one.datasets for one in told if one.datasets), ()),
        base_models=next((one.base_models for one in told if one.base_models), ()),
        environment=next((one.environment for one in told if one.environment), None),
        code=next((one.code for one in told if one.code), None) or _first([job.properties], SNAPSHOT),
        compute=next((one.compute for one in told if one.compute), None),
        parameters={key: value for one in reversed(told) for key, value in one.parameters.items()},
        source_event=event,
        parent_job=parent.name if parent else None,
    )


def lineage_of_adopted(name: str, job: Job | None, *, parameters: Mapping[str, str], event: str) -> Lineage:
    """What the job `name` says of a version that others registered and say it comes from; `job` is None if it is gone.

    Nobody attests it: whoever registers a version may name any job, and nobody knows which of its outputs was meant.
    """
    if job is None:
        return Lineage(name, attested_by="")
    said = lineage_of(job, JobOutputUri(name, ARTIFACTS), event=event)
    known = {**said.parameters, **parameters}
    return replace(said, job_output_uri=None, parameters=known, attested_by="")


def _first(noted: list[Mapping[str, str]], keys: tuple[str, ...]) -> str | None:
    return next((said[key] for said in noted for key in keys if said.get(key)), None)


def _flag(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get((text or "").lower())
