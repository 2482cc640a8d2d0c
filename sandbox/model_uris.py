"""What the workspace makes of the `modelUri` it is given: one long datastore URI, and the job it came from.

Recorded: the short and the long datastore form come back in the long form with `resourceGroups`. Inferred: the job
forms (`azureml://jobs/J/outputs/O[/paths/P]`, `runs:/J/P`) come back as the datastore path they stand for, with
`jobName` set. A datastore path says nothing about a job.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sandbox import names, refusals
from sandbox.runs import ARTIFACTS

if TYPE_CHECKING:
    from sandbox.runs import Runs

_LONG = (
    r"azureml://subscriptions/[^/]+/resourcegroups/[^/]+/(?:providers/Microsoft\.MachineLearningServices/)?"
    r"workspaces/[^/]+/"
)
_DATASTORE = re.compile(
    rf"(?:{_LONG}|azureml://)datastores/(?P<datastore>[^/]+)/(?:paths/)?(?P<path>.+)", re.IGNORECASE
)
_JOB_OUTPUT = re.compile(
    rf"(?:{_LONG}|azureml://)jobs/(?P<job>[^/]+)/outputs/(?P<output>[^/]+)/?(?:paths/(?P<path>.*))?", re.IGNORECASE
)
_RUN = re.compile(r"runs:/+(?P<job>[^/]+)/(?P<path>.+)")


@dataclass(frozen=True)
class ModelLocation:
    """Where a model version's files are, and the job whose output they are, if the URI said so."""

    uri: str
    job: str | None = None


def locate(uri: str, *, runs: Runs) -> ModelLocation:
    """The place `uri` stands for.

    Raises `refusals.RefusalError`: 404 for an unknown job, 400 for an unknown output or a URI of no known form.
    """
    if match := _JOB_OUTPUT.fullmatch(uri):
        return _of_job(match["job"], match["output"], match["path"], runs=runs)
    if match := _RUN.fullmatch(uri):
        return _of_job(match["job"], ARTIFACTS, match["path"], runs=runs)
    if match := _DATASTORE.fullmatch(uri):
        return ModelLocation(long_uri(match["datastore"], match["path"]))
    if uri.startswith("https://"):
        return ModelLocation(uri)
    raise refusals.user_error(f"The model uri '{uri}' is not supported.")


def datastore_of(uri: str) -> tuple[str, str] | None:
    """Datastore and path that a URI names; None for one of another form."""
    match = _DATASTORE.fullmatch(uri)
    return (match["datastore"], match["path"]) if match else None


def expanded(short: str, *, group_word: str = "resourceGroups") -> str:
    """A short datastore URI in its long form; models say `resourceGroups`, the data planes `resourcegroups`."""
    match = _DATASTORE.fullmatch(short)
    return long_uri(match["datastore"], match["path"], group_word=group_word) if match else short


def long_uri(datastore: str, path: str, *, group_word: str = "resourceGroups") -> str:
    """The long form of a path on one of the workspace's datastores."""
    place = f"subscriptions/{names.SUBSCRIPTION}/{group_word}/{names.RESOURCE_GROUP}/workspaces/{names.WORKSPACE}"
    return f"azureml://{place}/datastores/{datastore}/paths/{path}"


def _of_job(name: str, output: str, path: str | None, *, runs: Runs) -> ModelLocation:
    home = runs.output_home(runs.get(name), output)
    if home is None:
        raise refusals.user_error(f"Output {output} of job {name} not found.")
    return ModelLocation(expanded(f"{home}/{path}" if path else home), job=name)
