"""URIs of files: where Azure ML and MLflow say that a file or folder lies.

    azureml://jobs/JOB/outputs/OUTPUT[/paths/PATH]
    runs:/JOB/PATH                                            output `artifacts` of JOB
    azureml://datastores/DATASTORE/paths/PATH
    azureml://subscriptions/S/resource[gG]roups/R/[providers/Microsoft.MachineLearningServices/]workspaces/W
        /datastores/DATASTORE/paths/PATH
    azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.JOB     as jobs report their default output

`str(parse_uri(text))` is `text` again, letter for letter. A path is literal text: azure-ai-ml (1.35.2) neither encodes
nor decodes it, so `%20` is three characters and a space stays a space. What has a name and a version is an asset
(`assets.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal, cast
from urllib.parse import urlsplit

from registration.errors import InputError

ARTIFACTS: Final = "artifacts"  # in a URI
DEFAULT_OUTPUT: Final = "default"  # the same output, as a job reports it

type JobSpelling = Literal["azureml", "runs"]
type DatastoreSpelling = Literal[
    "resourcegroups", "resourceGroups", "resourcegroups/providers", "resourceGroups/providers", "bare"
]
type Uri = JobOutputUri | DatastoreUri

SEGMENT: Final = r"[^/\x00-\x1f\x7f]+"
_JOB_URI: Final = re.compile(rf"azureml://jobs/({SEGMENT})/outputs/({SEGMENT})(?:/paths/(.+))?", re.DOTALL)
_RUNS_URI: Final = re.compile(rf"runs:/({SEGMENT})/(.+)", re.DOTALL)
_SHORT_URI: Final = re.compile(rf"azureml://datastores/({SEGMENT})/paths/(.*)", re.DOTALL)
_BARE_PATH: Final = re.compile(r"ExperimentRun/.+", re.DOTALL)
_BARE_URI: Final = re.compile(rf"azureml://datastores/({SEGMENT})/({_BARE_PATH.pattern})", re.DOTALL)
_PROVIDER: Final = "providers/Microsoft.MachineLearningServices"
_LONG_URI: Final = re.compile(
    rf"azureml://subscriptions/({SEGMENT})/(resourcegroups|resourceGroups)/({SEGMENT})(/{_PROVIDER})?"
    rf"/workspaces/({SEGMENT})/datastores/({SEGMENT})/paths/(.*)",
    re.DOTALL,
)
_BLOBSTORE: Final = re.compile(r"azureml-blobstore-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_JOB: Final = r"[A-Za-z0-9][A-Za-z0-9_.-]*"  # what Azure ML lets a job be called
_NAMED_OUTPUT: Final = re.compile(rf"azureml/({_JOB})/({SEGMENT})/(.+)", re.DOTALL)
_RUN_ARTIFACT: Final = re.compile(rf"ExperimentRun/dcid\.({_JOB})/(.+)", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_KNOWN_FORMS: Final = (
    "azureml://jobs/JOB/outputs/OUTPUT[/paths/PATH], runs:/JOB/PATH, azureml://datastores/DATASTORE/paths/PATH, "
    "azureml://subscriptions/S/resourcegroups/R/workspaces/W/datastores/DATASTORE/paths/PATH"
)


@dataclass(frozen=True)
class JobOutputUri:
    """A file or folder in an output of a job; an empty `path` is the whole output.

    `spelling` keeps how the text said it and takes no part in comparison. Raises InputError when a part could not be
    read back from the text.
    """

    job: str
    output: str
    path: str = ""
    spelling: JobSpelling = field(default="azureml", compare=False)

    def __post_init__(self) -> None:
        check_segments(job=self.job, output=self.output)
        _check_path(self.path)
        if self.spelling == "runs" and (self.output != ARTIFACTS or not self.path):
            raise InputError("runs:/JOB/PATH names a path in the output artifacts, and nothing else")

    def __str__(self) -> str:
        if self.spelling == "runs":
            return f"runs:/{self.job}/{self.path}"
        whole = f"azureml://jobs/{self.job}/outputs/{self.output}"
        return f"{whole}/paths/{self.path}" if self.path else whole

    @classmethod
    def of_reported(cls, job: str, output: str, *, path: str) -> JobOutputUri:
        """The URI of an output under the name that the job reports it by."""
        return cls(job, ARTIFACTS if output == DEFAULT_OUTPUT else output, path)

    @property
    def reported_output(self) -> str:
        """The name by which the job reports this output: `default` for `artifacts`."""
        return DEFAULT_OUTPUT if self.output == ARTIFACTS else self.output


@dataclass(frozen=True)
class DatastoreUri:
    """A place in a datastore, of a stated workspace or (all three None) of the one at hand.

    `spelling` keeps how the text said it and takes no part in comparison. Raises InputError when a part could not be
    read back from the text.
    """

    datastore: str
    path: str
    subscription: str | None = None
    resource_group: str | None = None
    workspace: str | None = None
    spelling: DatastoreSpelling = field(default="resourcegroups", compare=False)

    def __post_init__(self) -> None:
        check_segments(datastore=self.datastore)
        _check_path(self.path)
        named = {"subscription": self.subscription, "resource_group": self.resource_group, "workspace": self.workspace}
        stated = {what: name for what, name in named.items() if name is not None}
        if len(stated) not in {0, len(named)}:
            raise InputError("a datastore URI names subscription, resource group and workspace, or none of them")
        check_segments(**stated)
        if self.spelling == "bare" and (stated or not _BARE_PATH.fullmatch(self.path)):
            raise InputError("only azureml://datastores/DATASTORE/ExperimentRun/... is written without /paths/")

    def __str__(self) -> str:
        if self.spelling == "bare":
            return f"azureml://datastores/{self.datastore}/{self.path}"
        place = f"datastores/{self.datastore}/paths/{self.path}"
        if self.workspace is None:
            return f"azureml://{place}"
        groups, _, provided = self.spelling.partition("/")
        group = f"subscriptions/{self.subscription}/{groups}/{self.resource_group}"
        return f"azureml://{group}{f'/{_PROVIDER}' if provided else ''}/workspaces/{self.workspace}/{place}"


def parse_uri(text: str) -> Uri:
    """The place that `text` names.

    Raises InputError when the form is unknown, or when the path could leave its folder (`..`).
    """
    if found := _JOB_URI.fullmatch(text):
        return JobOutputUri(found[1], found[2], found[3] or "")
    if found := _RUNS_URI.fullmatch(text):
        return JobOutputUri(found[1], ARTIFACTS, found[2], "runs")
    if found := _SHORT_URI.fullmatch(text):
        return DatastoreUri(found[1], found[2])
    if found := _BARE_URI.fullmatch(text):
        return DatastoreUri(found[1], found[2], spelling="bare")
    if found := _LONG_URI.fullmatch(text):
        spelling = cast("DatastoreSpelling", f"{found[2]}/providers" if found[4] else found[2])
        return DatastoreUri(found[6], found[7], found[1], found[3], found[5], spelling)
    raise InputError(f"{text!r} is not a URI this app reads; known forms: {_KNOWN_FORMS}")


def job_of_blob(container: str, path: str) -> JobOutputUri | None:
    """The job output that a blob of a workspace's own storage account belongs to, or None when it is no job's.

    Named outputs lie in `azureml-blobstore-GUID/azureml/JOB/OUTPUT/`, run artifacts in
    `azureml/ExperimentRun/dcid.JOB/`. The layout is Azure ML's default, observed rather than documented: a job
    may write its outputs elsewhere.
    """
    if _BLOBSTORE.fullmatch(container) and (found := _NAMED_OUTPUT.fullmatch(path)):
        return _safe(found[1], found[2], found[3])
    if container == "azureml" and (found := _RUN_ARTIFACT.fullmatch(path)):
        return _safe(found[1], ARTIFACTS, found[2])
    return None


def is_job_name(text: str) -> bool:
    """Whether a job of Azure ML may be called so; inferred, not documented."""
    return re.fullmatch(_JOB, text) is not None


def without_key(uri: str) -> str:
    """`uri` without the SAS or password that it may carry: records are kept for ever."""
    path = uri.partition("?")[0]
    try:
        parts = urlsplit(path)
    except ValueError:
        return path
    # In abfss and wasbs the part before the @ is the container.
    user, _, host = parts.netloc.rpartition("@")
    is_secret = ":" in user or parts.scheme in {"http", "https"}
    return path.replace(f"{user}@", "", 1) if host and user and is_secret else path


def check_segments(**names: str) -> None:
    """Raise InputError, naming what it is, for a name that cannot be one segment of a URI."""
    for what, name in names.items():
        if not re.fullmatch(SEGMENT, name) or name in {".", ".."}:
            raise InputError(f"{name!r} cannot be the {what.replace('_', ' ')} of a URI: it must be one path segment")


def _safe(job: str, output: str, path: str) -> JobOutputUri | None:
    try:
        return JobOutputUri(job, output, path)
    except InputError:
        return None


def _check_path(path: str) -> None:
    if {".", ".."} & set(path.split("/")):
        raise InputError(f"{path!r} cannot be the path of a URI: it has a segment '.' or '..'")
    if _CONTROL.search(path):
        raise InputError(f"{path!r} cannot be the path of a URI: it holds a control character")
