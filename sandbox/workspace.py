"""The workspace of the sandbox: its jobs, datastores and models, the registries beside it, and what will go wrong.

This is the state behind the stand-in's HTTP, and the handle for tests, the demo and people: they add jobs, look at
model versions and ask for failures here. No HTTP and no JSON. Thread safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import datastores, model_uris, names, refusals
from sandbox.datastores import Datastore
from sandbox.endpoints import Endpoints
from sandbox.faults import Faults
from sandbox.http_server import Response
from sandbox.model_store import ModelDraft, ModelStore, ModelVersion
from sandbox.registries import Registries
from sandbox.runs import Job, Runs

if TYPE_CHECKING:
    from collections.abc import Mapping


class Workspace:
    """The state of one workspace, empty but for the datastores every workspace has."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.runs = Runs()
        self.models = ModelStore()
        self.endpoints = Endpoints()
        self.registries = Registries()
        self.page_size = 20
        self._datastores = datastores.of_a_new_workspace()

    @property
    def requests(self) -> list[tuple[str, str, str]]:
        """(method, host, path) of every request the stand-ins have seen, storage excepted."""
        return self.faults.requests

    def add_job(self, name: str, **description: Any) -> Job:
        """Add a job, or replace the one of that name; `description` holds fields of `sandbox.runs.Job`.

        Raises TypeError for a field a job does not have.
        """
        job = Job(name, **description)
        self.runs.put(job)
        return job

    def set_status(self, job: str, status: str) -> None:
        """Move a job to another status, as `Running` or `Completed`; its end is now. Raises KeyError."""
        self.runs.set_status(job, status)

    def remove_job(self, job: str) -> None:
        """Delete a job, as a person may. Raises KeyError."""
        self.runs.remove(job)

    def set_metrics(self, job: str, metrics: Mapping[str, float]) -> None:
        """Say what a job measured, in the place of what it had measured before. Raises KeyError."""
        self.runs.set_metrics(job, metrics)

    def versions(self, model: str) -> list[ModelVersion]:
        """The versions of a model, the last created first; none for a model that is not there."""
        try:
            return self.models.versions(model)
        except refusals.RefusalError:
            return []

    def version(self, model: str, number: int | str) -> ModelVersion:
        """One version; raises `refusals.RefusalError` when it is not there."""
        return self.models.version(model, str(number))

    def add_version(self, model: str, number: int | str, *, uri: str, **draft: Any) -> ModelVersion:
        """Register a version as a person would in Studio; `draft` holds fields of `sandbox.model_store.ModelDraft`."""
        place = model_uris.locate(uri, runs=self.runs)
        content = ModelDraft(uri=place.uri, job=place.job, **draft)
        return self.models.put_version(model, str(number), draft=content)[0]

    def add_datastore(self, name: str, *, account: str, container: str, kind: str = "AzureBlob") -> Datastore:
        """Give a container, file system or share of a storage account a name in the workspace."""
        store = Datastore(name, account, container, kind=kind)
        self._datastores[name] = store
        return store

    def datastore(self, name: str) -> Datastore:
        """One datastore; raises `refusals.RefusalError` (404)."""
        try:
            return self._datastores[name]
        except KeyError:
            raise refusals.datastore_not_found(name) from None

    def datastores(self) -> list[Datastore]:
        """All datastores, the last created first."""
        return sorted(self._datastores.values(), key=lambda store: store.created, reverse=True)

    def fail_next(  # noqa: PLR0913, PLR0917 - a request and its answer, as people say them
        self,
        method: str,
        path_regex: str,
        status: int,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next `times` fitting requests with `status`, without effect. A client may retry: count with it."""
        self.faults.fail_next(method, path_regex, Response(status, body, headers or {}), times=times)

    def delay_next(self, method: str, path_regex: str, seconds: float, times: int = 1) -> None:
        """Let the next `times` fitting requests wait for `seconds` before they have their effect."""
        self.faults.delay_next(method, path_regex, seconds, times=times)

    def lose_next_answer(self, method: str, path_regex: str, times: int = 1) -> None:
        """Let the next `times` fitting requests have their effect and then lose the connection: no answer comes."""
        self.faults.lose_next_answer(method, path_regex, times=times)

    def fail_some(self, rate: float, *, seed: int) -> None:
        """From now on let a share of the requests to Azure ML go wrong.

        Each is throttled for a second, fails without effect, or has its effect and loses its answer. `seed` is
        explained at `Faults.fail_some`.
        """
        throttled = Response(429, refusals.too_many_requests(), {"Retry-After": "1"})
        hosts = (names.ARM_HOST, names.DATAPLANE_HOST, names.REGISTRY_HOST, names.DISCOVERY_HOST)
        self.faults.fail_some(rate, (throttled, Response(500)), hosts=hosts, seed=seed)
