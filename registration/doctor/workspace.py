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
# The versions that the app asks in: registration.azure says why.
WORKSPACES_API, JOBS_API, MODELS_API, ENDPOINTS_API = (
    "2024-10-01-preview",
    "2024-01-01-preview",
    "2025-12-01",
    "2024-04-01",
)
_JSON: Final = {"Content-Type": "application/json"}
_UNKNOWN_MEMBER: Final = json.dumps({"properties": {"registrarDoctor": True}})
_OK: Final = 200
_READS: Final = (
    ("jobs", "list jobs", "/jobs", JOBS_API),
    ("job", "read a job", f"/jobs/{NOBODY}", JOBS_API),
    ("model", "read a model", f"/models/{NOBODY}", MODELS_API),
    ("versions", "list versions", f"/models/{NOBODY}/versions", MODELS_API),
    ("version", "read a version", f"/models/{NOBODY}/versions/1", MODELS_API),
    ("online", "list online endpoints", "/onlineEndpoints", ENDPOINTS_API),
    ("online-deployments", "list online deployments", f"/onlineEndpoints/{NOBODY}/deployments", ENDPOINTS_API),
    ("batch", "list batch endpoints", "/batchEndpoints", ENDPOINTS_API),
    ("batch-deployments", "list batch deployments", f"/batchEndpoints/{NOBODY}/deployments", ENDPOINTS_API),
)


def checks(patient: Patient) -> Iterator[Check]:
    """Every check about the workspace."""
    workspace, check = patient.seen(_probe(patient, "read", "read the workspace", _get(patient, "", WORKSPACES_API)))
    yield check
    if workspace.status != _OK:
        yield skipped("workspace.calls", "the workspace cannot be read, so nothing else in it was tried")
        return
    for name, what, path, version in _READS:
        # What is asked for by name is not there, which only they are told who may ask.
        yield patient.look(_probe(patient, name, what, _get(patient, path, version), {_OK, ABSENT}))
    yield patient.look(_probe(patient, "register", "write a version", _unusable_version(patient), {400}))
    yield from _of_the_dataplane(patient, workspace.document)
    yield from _datastores(patient)


def _unusable_version(patient: Patient) -> Ask:
    asked = _get(patient, f"/models/{NOBODY}/versions/1", MODELS_API)
    return Ask("PUT", asked.url, headers=_JSON, body=_UNKNOWN_MEMBER)


def _of_the_dataplane(patient: Patient, workspace: Any) -> Iterator[Check]:
    """Calls at the address that the workspace's discovery names."""
    discovery = str(workspace["properties"]["discoveryUrl"])
    probe = Probe("workspace.discovery", "find the data plane", Ask("GET", discovery), frozenset({_OK}))
    found, check = patient.seen(probe)
    yield check
    if found.status != _OK:
        return
    for name, what, ask, expected in _calls(str(found.document["api"]).rstrip("/"), patient.settings.workspace):
        yield patient.look(_probe(patient, name, what, ask, expected))


def _calls(base: str, here: str) -> Iterator[tuple[str, str, Ask, Iterable[int]]]:
    known, unknown = {_OK}, {_OK, 400, ABSENT}
    mlflow, history = f"{base}/mlflow/v2.0{here}/api/2.0/mlflow", f"{base}/history/v1.0{here}"
    run = f"run_id={NOBODY}&run_uuid={NOBODY}"
    metric = Ask("GET", f"{mlflow}/metrics/get-history?{run}&metric_key=x")
    asked: dict[str, Any] = {"runId": NOBODY, "selectRunMetadata": True}
    nothing: dict[str, Any] = {"values": []}
    yield "metrics", "read metrics", Ask("GET", f"{mlflow}/runs/get?{run}"), unknown
    yield "history", "read the history of a metric", metric, unknown
    yield "outputs", "read what a run wrote", _post(f"{history}/rundata", asked), unknown
    children = Ask("GET", f"{history}/runs/{NOBODY}/children?api-version=v1.0")
    yield "children", "list the steps of a run", children, unknown
    data = _post(f"{base}/data/v1.0{here}/dataversion/batchGetResolvedUris", nothing)
    yield "data", "resolve data", data, known
    assets = _post(f"{base}/modelregistry/v1.0{here}/models/batchGetResolvedUris", nothing)
    yield "assets", "resolve models", assets, known


def _datastores(patient: Patient) -> Iterator[Check]:
    probe = _probe(patient, "datastores", "list datastores", _get(patient, "/datastores", WORKSPACES_API))
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
    place = storage.Container(endpoint, container, _account_id(store, account))
    yield patient.look(storage.read(f"outputs.{container}.read", place, grant=grant("outputReads"), prefix="azureml/"))
    if is_default:
        path = f"{COPIES}doctor/nothing"
        yield patient.look(storage.write("copies.write", place, grant=grant("copyWrites"), path=path))


def _get(patient: Patient, path: str, version: str) -> Ask:
    return Ask("GET", f"{ARM}{patient.settings.workspace}{path}?api-version={version}")


def _account_id(store: Any, account: str) -> str | None:
    """The resource id of the account behind a datastore, where Azure tells where it lies."""
    subscription, group = store.get("subscriptionId"), store.get("resourceGroup")
    if not subscription or not group:
        return None
    return f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}"


def _probe(patient: Patient, name: str, what: str, ask: Ask, expected: Iterable[int] = (_OK,)) -> Probe:
    need = Need(grant("registry"), remedy.resource(patient.settings.workspace))
    absence = Absence("See that REGISTRAR_WORKSPACE names a workspace that exists.", ("az ml workspace list",))
    return Probe(f"workspace.{name}", what, ask, frozenset(expected), need, absence)


def _post(url: str, body: dict[str, Any]) -> Ask:
    return Ask("POST", url, headers=_JSON, body=json.dumps(body))
