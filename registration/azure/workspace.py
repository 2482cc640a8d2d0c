"""The workspace over REST: jobs, where their outputs lie, what they measured.

The SDK's own download of a model-typed output is broken in 1.35.2, so outputs are located as the service documents
it: the job's own uri, else run history and the asset it names, else the default datastore. API versions are those the
SDK sends.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from registration.artifacts.store import Location
from registration.azure.job_body import job_of
from registration.azure.rest import ARM, within
from registration.azure.run_body import run_of
from registration.errors import InputError, UnavailableError
from registration.policy.evidence import Point
from registration.sources.job import Logged
from registration.uris import DatastoreUri, parse_uri

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.azure.rest import Rest
    from registration.sources.job import Job

JOBS_API = "2024-01-01-preview"
WORKSPACES_API = "2024-10-01-preview"
HISTORY_API = "v1.0"
MOST_PAGES = 1000  # of one list of runs


class AzureWorkspace:
    """Reads one workspace, named by its ARM id. Datastores do not move, so each is looked up once."""

    def __init__(self, rest: Rest, workspace: str) -> None:
        self._rest = rest
        self._workspace = workspace
        self._arm = f"{ARM}{workspace}"
        self._containers: dict[str, Location | None] = {}

    def job(self, name: str) -> Job | None:
        """The job, or None."""
        found = self._rest.get(f"{self._arm}/jobs/{quote(name, safe='')}", **{"api-version": JOBS_API})
        # A name differing only in case can reach another job; what is judged must be what was named.
        return None if found is None or found["name"] != name else job_of(name, found.get("properties"))

    def run(self, name: str) -> Job | None:
        """A job, step or trial as run history has it, without its experiment; None if it has none of that name."""
        found = self._rest.post(f"{self._history}/rundata", {"runId": name, "selectRunMetadata": True})
        said = (found or {}).get("runMetadata")
        return run_of(said) if said and said.get("runId") == name else None

    def children(self, run: str) -> Iterator[Job]:
        """What runs inside a job, without outputs; none for a run that is not there. A page is asked for when due."""
        url = f"{self._history}/runs/{quote(run, safe='')}/children"
        follow = within(self._dataplane, of="runs")
        pages = self._rest.pages(url, follow=follow, **{"api-version": HISTORY_API})
        for number, page in enumerate(pages, start=1):
            yield from map(run_of, page.get("value") or ())
            if number == MOST_PAGES and page.get("nextLink"):
                raise UnavailableError(f"the list of what runs inside {run} has more than {MOST_PAGES} pages")

    def log(self, job: str) -> Logged:
        """The last value of each metric, and the parameters; not-finite values are the strings MLflow writes."""
        found = self._rest.get(f"{self._mlflow}/runs/get", run_id=job, run_uuid=job)
        data = found["run"]["data"] if found else {}
        metrics = {metric["key"]: metric.get("value") for metric in sorted(data.get("metrics", []), key=_step)}
        parameters = {one["key"]: str(one.get("value", "")) for one in data.get("params", [])}
        return Logged(metrics, parameters)

    def history(self, job: str, metric: str) -> tuple[Point, ...]:
        """Every value of a metric, in the order of their steps; values of one step stay as MLflow lists them."""
        query = {"run_id": job, "run_uuid": job, "metric_key": metric}
        logged: list[Mapping[str, Any]] = []
        while True:
            page = self._rest.get(f"{self._mlflow}/metrics/get-history", **query) or {}
            logged += page.get("metrics", [])
            token = page.get("next_page_token")
            if not token:
                return tuple(Point(_step(one), one.get("value")) for one in sorted(logged, key=_step))
            query["page_token"] = str(token)

    @property
    def _history(self) -> str:
        return f"{self._dataplane}/history/v1.0{self._workspace}"

    @property
    def _mlflow(self) -> str:
        return f"{self._dataplane}/mlflow/v2.0{self._workspace}/api/2.0/mlflow"

    def output_location(self, job: Job, output: str) -> Location | None:
        """Where the files of an output lie; None for a place that is no blob storage of this workspace."""
        known = job.outputs[output]
        declared = _datastore_uri(known.uri) or self._resolved(known.asset or self._asset_of(job.name, output))
        if declared is not None:
            return self.place(declared)
        if _is_place(known.uri):
            return None
        _, root = self.default_datastore()
        return root / f"azureml/{job.name}/{output}"

    def place(self, uri: DatastoreUri) -> Location | None:
        """What a datastore URI names; None for a datastore of another workspace, or one that is no blob storage."""
        root = self.datastore_location(uri.datastore) if self._owns(uri) else None
        return root / uri.path.rstrip("/") if root else None

    def datastore_location(self, datastore: str) -> Location | None:
        """The container behind a datastore; None for one that is no blob storage."""
        if datastore not in self._containers:
            url = f"{self._arm}/datastores/{quote(datastore, safe='')}"
            found = self._rest.get(url, **{"api-version": WORKSPACES_API})
            if found is None:
                raise UnavailableError(f"the workspace does not show datastore {datastore}")
            self._containers[datastore] = _container(found)
        return self._containers[datastore]

    def default_datastore(self) -> tuple[str, Location]:
        """The name of the default datastore and the container behind it."""
        return self._default

    def _owns(self, uri: DatastoreUri) -> bool:
        if uri.workspace is None:
            return True
        stated = f"/subscriptions/{uri.subscription}/resourceGroups/{uri.resource_group}/providers"
        theirs = f"{stated}/Microsoft.MachineLearningServices/workspaces/{uri.workspace}"
        return theirs.lower() == self._workspace.lower()

    @cached_property
    def _default(self) -> tuple[str, Location]:
        query = {"api-version": WORKSPACES_API, "isDefault": "true", "count": "30", "orderByAsc": "false"}
        found = self._rest.get(f"{self._arm}/datastores", **query)
        if not found or not found["value"]:
            raise UnavailableError("the workspace does not show its default datastore")
        name, root = found["value"][0]["name"], _container(found["value"][0])
        if root is None:
            raise UnavailableError(f"the default datastore {name} is no blob storage; make one the default that is")
        return name, root

    @cached_property
    def _dataplane(self) -> str:
        workspace = self._rest.get(self._arm, **{"api-version": WORKSPACES_API})
        if workspace is None:
            raise UnavailableError(f"there is no workspace {self._workspace}, or its role assignments are missing")
        found = self._rest.get(workspace["properties"]["discoveryUrl"])
        if found is None:
            raise UnavailableError("the workspace's discovery address does not answer")
        return str(found["api"]).rstrip("/")

    def _resolved(self, asset: str | None) -> DatastoreUri | None:
        if asset is None:
            return None
        kind = "modelregistry/v1.0{}/models" if "/models/" in asset else "data/v1.0{}/dataversion"
        url = f"{self._dataplane}/{kind.format(self._workspace)}/batchGetResolvedUris"
        found = self._rest.post(url, {"values": [asset]}) or {"values": {}}
        resolved = found["values"].get(asset) or {}
        return _datastore_uri(resolved.get("uri") or resolved.get("path"))

    def _asset_of(self, job: str, output: str) -> str | None:
        run = self.run(job)
        known = run.outputs.get(output) if run else None
        return known.asset if known else None


def _is_place(text: str | None) -> bool:
    # A uri may still hold a placeholder such as ${{name}}, which only run history resolves.
    return bool(text) and "${{" not in str(text)


def _datastore_uri(text: str | None) -> DatastoreUri | None:
    if not text or not _is_place(text):
        return None
    try:
        parsed = parse_uri(text)
    except InputError:
        return None
    return parsed if isinstance(parsed, DatastoreUri) else None


def _container(datastore: Mapping[str, Any]) -> Location | None:
    """The container; the file system of a data lake is one too. File shares and what lies outside Azure are none."""
    said = datastore["properties"]
    account, container = said.get("accountName"), said.get("containerName") or said.get("filesystem")
    return Location(account, container, "") if account and container else None


def _step(metric: Mapping[str, Any]) -> int:
    return int(metric.get("step") or 0)
