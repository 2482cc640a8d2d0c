"""The workspace: each call that the app makes there, tried on a job, a model and assets that do not exist.

And the containers behind its datastores: outputs are read in the default one and in the one for run artifacts, drops
are copied into the default one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from registration.doctor import remedy, storage
from registration.doctor.check import failed, skipped
from registration.doctor.patient import ARM, grant
from registration.doctor.probe import ABSENT, Absence, Probe
from registration.doctor.remedy import Need
from registration.doctor.wire import Ask
from registration.names import COPIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from registration.doctor.check import Check
    from registration.doctor.patient import Patient

NOBODY: Final = "registrar-doctor"  # a job, a model and an asset that nobody has
ARTIFACTS: Final = "workspaceartifactstore"
WORKSPACES_API, JOBS_API, MODELS_API = (
    "2024-10-01-preview",
    "2024-01-01-preview",
    "2025-12-01",
)  # as in registration.azure
_JSON: Final = {"Content-Type": "application/json"}
_UNKNOWN_MEMBER: Final = json.dumps({"properties": {"registrarDoctor": True}})
_OK: Final = 200


def checks(patient: Patient) -> Iterator[Check]:
    """Every check about the workspace."""
    workspace, check = patient.seen(_probe(patient, "read", "read the workspace", "GET", "", WORKSPACES_API))
    yield check
    if workspace.status != _OK:
        yield skipped("workspace.calls", "the workspace cannot be read, so nothing else in it was tried")
        return
    yield from map(patient.look, _of_the_manager(patient))
    yield from _of_the_dataplane(patient, workspace.document)
    yield from _datastores(patient)


def _of_the_manager(patient: Patient) -> Iterable[Probe]:
    """Calls of the resource manager."""
    model = f"/models/{NOBODY}"
    there, perhaps = frozenset({_OK}), frozenset({_OK, ABSENT})
    yield _probe(patient, "jobs", "list jobs", "GET", "/jobs", JOBS_API, expected=there)
    yield _probe(patient, "job", "read a job", "GET", f"/jobs/{NOBODY}", JOBS_API, expected=perhaps)
    yield _probe(patient, "model", "read a model", "GET", model, MODELS_API, expected=perhaps)
    yield _probe(patient, "versions", "list versions", "GET", f"{model}/versions", MODELS_API, expected=perhaps)
    yield _probe(patient, "version", "read a version", "GET", f"{model}/versions/1", MODELS_API, expected=perhaps)
    yield _probe(
        patient,
        "register",
        "write a version",
        "PUT",
        f"{model}/versions/1",
        MODELS_API,
        expected=frozenset({400}),
        body=_UNKNOWN_MEMBER,
    )


def _of_the_dataplane(patient: Patient, workspace: Any) -> Iterator[Check]:
    """Calls at the address that the workspace's discovery names."""
    discovery = str(workspace["properties"]["discoveryUrl"])
    probe = Probe("workspace.discovery", "find the data plane", Ask("GET", discovery), frozenset({_OK}))
    found, check = patient.seen(probe)
    yield check
    if found.status != _OK:
        return
    base, here = str(found.document["api"]).rstrip("/"), patient.settings.workspace
    known, unknown = {_OK}, {_OK, 400, ABSENT}
    run: dict[str, Any] = {"runId": NOBODY, "selectRunMetadata": True}
    data: dict[str, Any] = {"values": []}
    mlflow = f"{base}/mlflow/v2.0{here}/api/2.0/mlflow"
    for name, what, ask, expected in (
        ("metrics", "read metrics", Ask("GET", f"{mlflow}/runs/get?run_id={NOBODY}&run_uuid={NOBODY}"), unknown),
        (
            "history",
            "read the history of a metric",
            Ask("GET", f"{mlflow}/metrics/get-history?run_id={NOBODY}&run_uuid={NOBODY}&metric_key=x"),
            unknown,
        ),
        ("outputs", "read what a run wrote", _post(f"{base}/history/v1.0{here}/rundata", run), unknown),
        (
            "children",
            "list the steps of a run",
            Ask("GET", f"{base}/history/v1.0{here}/runs/{NOBODY}/children?api-version=v1.0"),
            unknown,
        ),
        ("data", "resolve data", _post(f"{base}/data/v1.0{here}/dataversion/batchGetResolvedUris", data), known),
        (
            "assets",
            "resolve models",
            _post(f"{base}/modelregistry/v1.0{here}/models/batchGetResolvedUris", data),
            known,
        ),
    ):
        need = Need(grant("registry"), remedy.resource(here))
        yield patient.look(Probe(f"workspace.{name}", what, ask, frozenset(expected), need))


def _datastores(patient: Patient) -> Iterator[Check]:
    probe = _probe(patient, "datastores", "list datastores", "GET", "/datastores", WORKSPACES_API)
    answer, check = patient.seen(probe)
    yield check
    if answer.status != _OK:
        return
    stores, _ = patient.rest_of(answer)
    default = [store for store in stores if store["properties"].get("isDefault")]
    if not default:
        then = "See in the studio which datastore is the default one."
        yield failed("workspace.default", "the workspace has no default datastore", then=then)
    for store in stores:
        if store in default or store["name"] == ARTIFACTS:
            yield from _container(patient, store["properties"], is_default=store in default)


def _container(patient: Patient, store: Any, *, is_default: bool) -> Iterator[Check]:
    if store.get("datastoreType") not in {None, "AzureBlob"}:
        return
    account, container = str(store["accountName"]), str(store["containerName"])
    endpoint = f"https://{account}.blob.{patient.settings.storage_suffix}"
    place = {"endpoint": endpoint, "container": container}
    yield patient.look(
        storage.read(f"outputs.{container}.read", **place, grant=grant("outputReads"), prefix="azureml/")
    )
    if is_default:
        path = f"{COPIES}doctor/nothing"
        yield patient.look(storage.write("copies.write", **place, grant=grant("copyWrites"), path=path))


def _probe(  # noqa: PLR0913, PLR0917 - a request, what it is for, and what shows that it was let in
    patient: Patient,
    name: str,
    what: str,
    method: str,
    path: str,
    version: str,
    *,
    expected: frozenset[int] = frozenset({_OK}),
    body: str | None = None,
) -> Probe:
    here = patient.settings.workspace
    url = f"{ARM}{here}{path}?api-version={version}"
    ask = Ask(method, url, headers=_JSON if body else {}, body=body)
    need = Need(grant("registry"), remedy.resource(here))
    absence = Absence("See that REGISTRAR_WORKSPACE names a workspace that exists.", ("az ml workspace list",))
    return Probe(f"workspace.{name}", what, ask, expected, need, absence)


def _post(url: str, body: dict[str, Any]) -> Ask:
    return Ask("POST", url, headers=_JSON, body=json.dumps(body))
