"""Shared registries: each that a policy shares to, compares with or takes from, and every call there tried.

The calls are made on a model and an operation that do not exist, or with a body that says nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from registration.doctor import remedy
from registration.doctor.check import failed
from registration.doctor.patient import grant
from registration.doctor.probe import ABSENT, Absence, Probe
from registration.doctor.remedy import Need
from registration.doctor.wire import Ask
from registration.doctor.workspace import NOBODY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.doctor.check import Check
    from registration.doctor.patient import Patient

DISCOVERY: Final = "https://eastus.api.azureml.ms/registrymanagement/v1.0/registries"  # as in registration.azure.shared
API: Final = "2021-10-01-dataplanepreview"
TRUSTED: Final = (".azureml.ms", ".azureml.net")
_OWNER: Final = "providers/Microsoft.MachineLearningServices/registries"
_OK: Final = 200
_NOTHING: Final = json.dumps({"properties": {}})


def checks(patient: Patient, registry: str, *, writes: bool = True) -> Iterator[Check]:
    """Every check about one registry; without `writes`, about reading it."""
    need = Need(grant("shared"), remedy.registry(registry))
    absence = Absence("See that the policy names a registry that exists.", ("az ml registry list",))
    ask = Ask("GET", f"{DISCOVERY}/{registry}/discovery?api-version=v1.0")
    probe = Probe(f"shared.{registry}.find", f"find registry {registry}", ask, frozenset({_OK}), need, absence)
    found, check = patient.seen(probe)
    yield check
    if found.status == _OK:
        yield from _calls(patient, registry, found.document, writes=writes)


def _calls(patient: Patient, registry: str, said: Any, *, writes: bool) -> Iterator[Check]:
    plane = str(said["primaryRegionResourceProviderUri"]).rstrip("/")
    if not (urlsplit(plane).hostname or "").endswith(TRUSTED):
        then = "Nobody's token is sent there. See who owns that registry."
        yield failed(f"shared.{registry}.place", f"it leads to {plane}, where the app does not follow", then=then)
        return
    owner = f"/subscriptions/{said['subscriptionId']}/resourceGroups/{said['resourceGroup']}/{_OWNER}"
    scope = remedy.resource(f"{owner}/{said['registryName']}")
    place = f"{plane}/mferp/managementfrontend{owner}/{said['registryName']}"
    model, need = f"{place}/models/{NOBODY}", Need(grant("shared"), scope)
    there = frozenset({_OK, ABSENT})
    for name, what, ask, expected in (
        ("model", "read a model", _ask("GET", model), there),
        ("versions", "list versions", _ask("GET", f"{model}/versions"), there),
        ("version", "read a version", _ask("GET", f"{model}/versions/1"), there),
        ("write", "write a version", _ask("PUT", f"{model}/versions/1", _NOTHING), frozenset({400})),
        ("copy", "copy a version", _ask("POST", f"{place}/import", _NOTHING), frozenset({400})),
    ):
        if writes or ask.method == "GET":
            yield patient.look(Probe(f"shared.{registry}.{name}", f"{what} in {registry}", ask, expected, need))


def _ask(method: str, url: str, body: str | None = None) -> Ask:
    headers = {"Content-Type": "application/json"} if body else {}
    return Ask(method, f"{url}?api-version={API}", headers=headers, body=body)
