"""The bench: a scratch model, scratch blobs, and a job that is there already, for the clauses to look at.

Everything is named after `key`, which each run has for itself.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from registration.doctor.contract.clause import Needs, words
from registration.doctor.patient import ARM
from registration.doctor.storage import API as BLOBS_API
from registration.doctor.wire import Ask, Audience
from registration.doctor.workspace import JOBS_API, MODELS_API, WORKSPACES_API
from registration.names import COPIES, STATE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.doctor.patient import Patient
    from registration.doctor.wire import Answer

OK: Final = 200
MADE: Final = frozenset({200, 201})


@dataclass
class Bench:
    """What clauses work with. A clause that needs a version asks for `fresh`, so that none depends on another."""

    patient: Patient
    key: str
    used: int = 0

    @property
    def model(self) -> str:
        """The scratch model."""
        return f"registrar-contract-{self.key}"

    @property
    def folder(self) -> str:
        """The folder of scratch blobs."""
        return f"{COPIES}contract/{self.key}"

    @property
    def workspace(self) -> str:
        """The workspace's address at the resource manager."""
        return f"{ARM}{self.patient.settings.workspace}"

    @cached_property
    def datastore(self) -> Mapping[str, Any] | None:
        """The default datastore, or None if it cannot be seen."""
        found = self.get("/datastores", WORKSPACES_API, isDefault="true").document or {}
        return next((store for store in found.get("value") or ()), None)

    @cached_property
    def file(self) -> str:
        """The path of a scratch blob in the default datastore, as versions name it; written when first asked for."""
        self.blob("PUT", self.file_url, body="registrar contract")
        return self.path_of("model.txt")

    @property
    def file_url(self) -> str:
        """The address of that blob."""
        store = (self.datastore or {}).get("properties") or {}
        host = f"{store.get('accountName')}.blob.{self.patient.settings.storage_suffix}"
        return f"https://{host}/{store.get('containerName')}/{self.folder}/model.txt"

    @cached_property
    def refusals(self) -> Mapping[Needs, str]:
        """What cannot be written, with the answer to a first try."""
        tried = {Needs.VERSIONS: self.put(self.fresh()), Needs.BLOBS: self.blob("PUT", self.scratch("trial"), body="x")}
        return {kind: words(answer) for kind, answer in tried.items() if answer.status not in MADE}

    def scratch(self, name: str) -> str:
        """The address of a scratch blob beside the ledger's documents."""
        return f"{self.patient.settings.blob_endpoint}/{STATE}/contract/{self.key}/{name}"

    def path_of(self, name: str) -> str:
        """A path in the default datastore, in the short form."""
        return f"azureml://datastores/{(self.datastore or {}).get('name')}/paths/{self.folder}/{name}"

    def fresh(self) -> int:
        """A number of the scratch model that nobody used."""
        self.used += 1
        return self.used

    def get(self, path: str, version: str, **query: str) -> Answer:
        """What the workspace answers about a path below it."""
        more = "".join(f"&{name}={quote(value, safe='')}" for name, value in query.items())
        return self.patient.wire.ask(Ask("GET", f"{self.workspace}{path}?api-version={version}{more}"))

    def version(self, number: int) -> Mapping[str, Any]:
        """What the workspace says of a version of the scratch model; nothing if it is not there."""
        document = self.get(f"/models/{self.model}/versions/{number}", MODELS_API).document or {}
        found: Mapping[str, Any] = document.get("properties") or {}
        return found

    def put(self, number: int, *, model: str = "", headers: Mapping[str, str] | None = None, **said: Any) -> Answer:
        """Write a version; of the scratch blob, unless `said` has another `modelUri`."""
        properties = {"modelUri": self.file, "modelType": "custom_model", **said} if "modelUri" not in said else said
        url = f"{self.workspace}/models/{model or self.model}/versions/{number}?api-version={MODELS_API}"
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self.patient.wire.ask(Ask("PUT", url, headers=sent, body=json.dumps({"properties": properties})))

    def delete(self, path: str) -> Answer:
        """Delete something below the workspace."""
        return self.patient.wire.ask(Ask("DELETE", f"{self.workspace}{path}?api-version={MODELS_API}"))

    def blob(self, method: str, url: str, *, body: str | None = None, **headers: str) -> Answer:
        """One request about a blob."""
        said = {"x-ms-version": BLOBS_API, **({"x-ms-blob-type": "BlockBlob"} if method == "PUT" else {})}
        return self.patient.wire.ask(Ask(method, url, Audience.STORAGE, {**said, **headers}, body))

    def plane(self, method: str, path: str, body: Any = None) -> Answer:
        """What the data plane answers; `path` begins with the service and has `{}` where the workspace stands."""
        url = f"{self.dataplane}/{path.format(self.patient.settings.workspace)}"
        sent = {"Content-Type": "application/json"} if body is not None else {}
        return self.patient.wire.ask(Ask(method, url, headers=sent, body=None if body is None else json.dumps(body)))

    @cached_property
    def dataplane(self) -> str:
        """The address that the workspace's discovery names; empty if it names none."""
        workspace = self.get("", WORKSPACES_API).document or {}
        address = str((workspace.get("properties") or {}).get("discoveryUrl") or "")
        found = self.patient.wire.ask(Ask("GET", address)).document if address else None
        return str((found or {}).get("api") or "").rstrip("/")

    @cached_property
    def jobs(self) -> tuple[Mapping[str, Any], ...]:
        """The first page of the workspace's jobs."""
        found = self.get("/jobs", JOBS_API, listViewType="ActiveOnly").document or {}
        return tuple(found.get("value") or ())

    @cached_property
    def finished(self) -> tuple[Mapping[str, Any], ...]:
        """Those of them that completed and have an output of their own."""
        return tuple(job for job in self.jobs if job["properties"].get("status") == "Completed" and outputs_of(job))


def outputs_of(job: Mapping[str, Any]) -> dict[str, Any]:
    """The named outputs of a job, without the one that every job has."""
    found = (job.get("properties") or {}).get("outputs") or {}
    return {name: said for name, said in found.items() if name != "default"}
