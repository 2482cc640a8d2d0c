"""The workspace role against the calls of the real adapters: each is in the table, and each action is called for."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import registration.azure
from registration import access
from registration.azure.deployments import WorkspaceDeployments
from registration.azure.listing import WorkspaceJobs
from registration.azure.registry import AzureRegistry
from registration.azure.shared import AzureSharedRegistries
from registration.azure.workspace import AzureWorkspace
from registration.registry import Registration
from registration.settings import WorkspaceId
from registration.uris import DatastoreUri
from sandbox import names, runs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.identity import DefaultAzureCredential

    from registration.azure.rest import Rest
    from registration.shared import SharedVersion
    from sandbox.sandbox import Sandbox

type Requests = list[tuple[str, str, str]]

DISCOVERY = "/discovery"  # answers everybody
SERVICE = re.compile(r"/(?P<service>\w+)/(?:v[\d.]+|managementfrontend)(?P<rest>/.*)")
REGISTRY_ID = re.compile(r"(?:/subscriptions/.*)?/registries/[^/]+(?=/)")


def outputs(workspace: AzureWorkspace, name: str) -> None:
    """A data output and a model output are found through different services."""
    job = workspace.job(name)
    assert job is not None
    for key in ("data", "model"):
        assert workspace.output_location(job, key)


def version(name: str) -> Registration:
    return Registration(name, 1, "custom_model", f"azureml://jobs/{name}/outputs/data", None, {}, {})


def copied(shared: AzureSharedRegistries, name: str) -> SharedVersion:
    found = shared.find(names.REGISTRY, name, 1)
    assert found is not None
    return found


# Every method of the adapters, called for the job and the model of a name.
WORKSPACE: Mapping[str, Callable[[AzureWorkspace, str], object]] = {
    "job": lambda workspace, name: workspace.job(name),
    "run": lambda workspace, name: workspace.run(name),
    "children": lambda workspace, name: list(workspace.children(name)),
    "log": lambda workspace, name: workspace.log(name),
    "history": lambda workspace, name: workspace.history(name, "loss"),
    "datastore_location": lambda workspace, _: workspace.datastore_location("workspaceartifactstore"),
    "default_datastore": lambda workspace, _: workspace.default_datastore(),
    "output_location": outputs,
    "place": lambda workspace, _: workspace.place(DatastoreUri("workspaceblobstore", "models")),
}
REGISTRY: Mapping[str, Callable[[AzureRegistry, str], object]] = {
    "create": lambda registry, name: registry.create(version(name)),
    "find": lambda registry, name: registry.find(name, 1),
    "next_version": lambda registry, name: registry.next_version(name),
    "foreign_versions": lambda registry, name: registry.foreign_versions(name),
    "in_use": lambda registry, name: list(registry.in_use(name)),
    "made_of": lambda registry, name: list(registry.made_of(name, "0" * 64)),
    "link": lambda registry, name: registry.link(replace(version(name), job=name, datasets=("azureml:rows:1",))),
    "project": lambda registry, name: registry.project(name, 1, tags={"a": "b"}, stage="Production"),
    "archive": lambda registry, name: registry.archive(name, 1, tags={"a": "c"}),
}
SHARED: Mapping[str, Callable[[AzureSharedRegistries, str], object]] = {
    "copy": lambda shared, name: shared.copy(names.REGISTRY, name, 1, origin=shared.origin_of(name, 1)),
    "is_over": lambda shared, _: shared.is_over(f"https://{names.DATAPLANE_HOST}/assetstore/v1.0/operations/any"),
    "knows": lambda shared, _: shared.knows(names.REGISTRY),
    "find": lambda shared, name: shared.find(names.REGISTRY, name, 1),
    "versions": lambda shared, name: list(shared.versions(names.REGISTRY, name)),
    "next_version": lambda shared, name: shared.next_version(names.REGISTRY, name),
    "describe": lambda shared, name: shared.describe(copied(shared, name), tags={"a": "b"}, properties={}),
    "place": lambda shared, name: shared.place(copied(shared, name)),
    "origin_of": lambda shared, name: shared.origin_of(name, 1),
}
JOBS: Mapping[str, Callable[[WorkspaceJobs, str], object]] = {
    "newest_first": lambda jobs, _: next(iter(jobs.newest_first()))
}
DEPLOYMENTS: Mapping[str, Callable[[WorkspaceDeployments], object]] = {
    "all": lambda deployments: list(deployments.all()),
}


@pytest.fixture(scope="module")
def recorded(sandbox: Sandbox, rest: Rest, credential: DefaultAzureCredential) -> Requests:
    """Every request to Azure ML that all methods of the app's adapters make."""
    name = f"role-{uuid.uuid4().hex[:12]}"
    made = {"data": runs.JobOutput("uri_folder"), "model": runs.JobOutput("mlflow_model")}
    sandbox.workspace.add_job(name, metrics={"loss": 0.2}, outputs=made)
    for kind in ("online", "batch"):
        sandbox.workspace.endpoints.deploy(f"{name}-{kind}", "blue", model=None, kind=kind)
    before = len(sandbox.faults.requests)
    here = WorkspaceId(names.WORKSPACE_ID, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    for read in WORKSPACE.values():
        read(AzureWorkspace(rest, names.WORKSPACE_ID), name)
    for write in REGISTRY.values():
        write(AzureRegistry(credential, rest, here), name)
    for listed in JOBS.values():
        listed(WorkspaceJobs(rest, names.WORKSPACE_ID), name)
    for served in DEPLOYMENTS.values():
        served(WorkspaceDeployments(rest, names.WORKSPACE_ID))
    for share in SHARED.values():
        share(AzureSharedRegistries(rest, names.WORKSPACE_ID, lend=lambda *_: None), name)
    return sandbox.faults.requests[before:]


def needed(method: str, host: str, path: str) -> str | None:
    """The action that a request needs, by the table; None for one that is not in it."""
    service, below = "arm", path
    if host != names.ARM_HOST:
        found = SERVICE.fullmatch(path)
        service, below = (found["service"], found["rest"]) if found else ("", path)
    below = REGISTRY_ID.sub("", below.replace(names.WORKSPACE_ID, "", 1), count=1)
    table = (*access.CALLS, *access.SHARED_CALLS)
    matching = (c for c in table if (c.service, c.method) == (service, method) and re.fullmatch(c.path, below))
    return next((call.action for call in matching), None)


def public(adapter: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(adapter, inspect.isfunction) if not name.startswith("_")}


def test_every_call_is_in_the_table(recorded: Requests) -> None:
    unknown = [request for request in recorded if DISCOVERY not in request[2] and needed(*request) is None]

    assert unknown == []


def test_the_roles_have_the_actions_that_are_called_for_and_no_other(recorded: Requests) -> None:
    called = {needed(*request) for request in recorded} - {None}

    assert called == access.WORKSPACE.actions | access.SHARED.actions


def test_every_row_of_the_table_is_a_call_that_is_made(recorded: Requests) -> None:
    made = {needed(*request) for request in recorded}

    assert {call.action for call in (*access.CALLS, *access.SHARED_CALLS)} <= made


ADAPTERS = {
    AzureWorkspace: WORKSPACE,
    AzureRegistry: REGISTRY,
    WorkspaceJobs: JOBS,
    WorkspaceDeployments: DEPLOYMENTS,
    AzureSharedRegistries: SHARED,
}


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_no_method_of_an_adapter_is_left_out(adapter: type) -> None:
    assert ADAPTERS[adapter].keys() == public(adapter)


def test_no_adapter_of_azure_ml_is_left_out() -> None:
    found = {
        name
        for module in pkgutil.iter_modules(registration.azure.__path__, "registration.azure.")
        for name, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass)
        if one.__module__ == module.name and "rest" in inspect.signature(one).parameters
    }

    assert found == {adapter.__name__ for adapter in ADAPTERS}
