"""The app runs with the settings that the template gives it, and no other: what it lacks is missed here first."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, Final

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient
from typer.testing import CliRunner

from registration import cli
from registration.doctor.app import FUNCTIONS
from sandbox import names, raised
from sandbox.host_process import HostProcess, Pace
from tests.e2e.app import DROPS, JOBS, App, dropped_below, manifest
from tests.infra.bicep import Code
from tests.infra.project import ROOT, Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azure.core.credentials import TokenCredential

    from sandbox.sandbox import Sandbox

LEDGER: Final = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
QUEUE_ACCOUNT: Final = names.WORKSPACE_ACCOUNT  # where no host of another test listens
QUEUES: Final = f"https://{names.queue_host(QUEUE_ACCOUNT)}"
# What an expression in the template is here, where it is more than the default of a parameter. Azure writes endpoints
# with a slash at their end.
VALUES: Final = {
    "clientId": names.PRINCIPAL,
    "hostBlobs": f"{LEDGER}/",
    "hostQueues": f"{QUEUES}/",
    "hostTables": f"https://{names.STATE_ACCOUNT}.table.core.windows.net/",
    "ledgerBlobs": f"{LEDGER}/",
    "ledgerQueues": f"{QUEUES}/",
    "workspaceId": names.WORKSPACE_ID,
    "join(dropAccountIds, ',')": names.storage_account_id(names.DROP_ACCOUNT),
    "outcomeEndpoint": names.TOPIC_ENDPOINT,
    "insights.properties.ConnectionString": names.INSIGHTS,
    "'ClientId=${clientId};Authorization=AAD'": f"ClientId={names.PRINCIPAL};Authorization=AAD",
}
# Telemetry is sent at once, and none about telemetry.
TELEMETRY: Final = {"APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true", "OTEL_METRIC_EXPORT_INTERVAL": "500"}
SENT_SECONDS: Final = 30
# What docs/operations.md#traces tells of, and what the exporter says of the process itself.
SPANS: Final = {"work", "validate", "gather", "register", "head", "project", "notify", "activity_span"}
DOCUMENTED: Final = SPANS | {"registrar.step.duration", "registrar.outcomes", "_OTELRESOURCE_"}


def settings(policies: Path) -> dict[str, str]:
    """The settings in the template, each with its value in the sandbox."""
    [made] = [one for one in Project(ROOT).templates["modules/app.bicep"].made() if one.name == "settings"]
    said = {**made.body["properties"], "REGISTRAR_POLICY": str(policies)}
    return {name: value_of(value) if isinstance(value, Code) else value for name, value in said.items()}


def value_of(expression: str) -> str:
    """What an expression of the template is: known here, or the default of the parameter that it names."""
    if expression in VALUES:
        return VALUES[expression]
    name = expression.removeprefix("string(").removesuffix(")")
    return str(Project(ROOT).templates["main.bicep"].all("parameter")[name].body)


def platform(sandbox: Sandbox) -> dict[str, str]:
    """The sandbox's variables without those that are settings, and without the one that hurries the sign-in."""
    given = sandbox.environment().items()
    return {name: value for name, value in given if not name.startswith(("REGISTRAR_", "AZURE_"))}


@pytest.fixture(scope="module")
def deployed(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app as the template deploys it, with policies in a folder."""
    folder = tmp_path_factory.mktemp("deployed")
    policies = folder / "policies"
    policies.mkdir()
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith(("REGISTRAR_", "AZURE_", "APPLICATIONINSIGHTS_"))]:
            environment.delenv(name)
        variables = {**platform(sandbox), **TELEMETRY, **settings(policies)}
        host = HostProcess.start(app=ROOT, environment=variables, log=folder / "host.log", pace=Pace(polling=0.1))
    with host, DefaultAzureCredential() as credential, BlobServiceClient(LEDGER, credential) as ledger:
        make_queues(credential)
        yield App(sandbox, host, policies, credential, ledger, QUEUE_ACCOUNT)


def make_queues(credential: TokenCredential) -> None:
    """The queues that the template makes."""
    with QueueServiceClient(QUEUES, credential=credential) as service:
        for queue in (names.WORK_QUEUE, names.POISON_QUEUE):
            with contextlib.suppress(ResourceExistsError):
                service.create_queue(queue)


def test_all_its_functions_are_found(deployed: App) -> None:
    assert set(deployed.host.functions) == FUNCTIONS


def test_a_job_becomes_a_version_and_it_is_announced(deployed: App, name: str) -> None:
    deployed.policy(name, {"job": {"experiment": name}}, **{"from": {"output": "model"}})
    deployed.job(name)

    came = deployed.raised(JOBS, raised.run_completed(name, name))

    assert (came.outcome["outcome"], came.outcome["version"]) == ("registered", 1)
    assert [event["type"] for event in deployed.announced(name)] == [
        "Registrar.ModelRegistered",
        "Registrar.ChampionChanged",
    ]


def test_a_drop_becomes_a_version_and_is_answered(deployed: App, name: str) -> None:
    deployed.policy(name, dropped_below(name))

    came = deployed.raised(DROPS, deployed.drop(name, manifest(name)))

    assert came.outcome["outcome"] == "registered"
    assert deployed.receipt(name)["version"] == 1


def test_it_looks_at_itself_when_it_is_asked(deployed: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deployed.sandbox.app, "settings", settings(deployed.policies))
    deployed.policy("anything", {"job": {"experiment": "anything"}}, **{"from": {"output": "model"}})

    done = CliRunner().invoke(cli.app, ["doctor", "--app", names.APP_ID, "--in-app", "--wait", "60", "--json"])

    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert [check for check in checks.values() if check["state"] in {"failed", "warning"}] == []
    assert checks["app.answer"]["seen"].startswith("the app answered in")
    assert checks["policy"]["seen"].endswith(f"at {deployed.policies}")
    assert checks["app.functions"]["state"] == "ok"


def test_what_it_did_is_sent_to_application_insights_under_its_identity(deployed: App, name: str) -> None:
    deployed.policy(name, {"job": {"experiment": name}}, **{"from": {"output": "model"}})
    deployed.job(name)
    deployed.raised(JOBS, raised.run_completed(name, name))

    until = time.monotonic() + SENT_SECONDS
    while not {"registrar.outcomes", "work"} <= (sent := telemetry(deployed.sandbox)):
        assert time.monotonic() < until, (sent, deployed.host.said())
        time.sleep(0.1)


def test_nothing_is_sent_but_the_steps_and_counts_of_the_work(deployed: App, name: str) -> None:
    deployed.policy(name, {"job": {"experiment": name}}, **{"from": {"output": "model"}})
    deployed.job(name)
    deployed.raised(JOBS, raised.run_completed(name, name))

    until = time.monotonic() + SENT_SECONDS
    while not {"registrar.step.duration", "work"} <= (sent := telemetry(deployed.sandbox)):
        assert time.monotonic() < until, (sent, deployed.host.said())
        time.sleep(0.1)

    assert sent - DOCUMENTED == set()


def telemetry(sandbox: Sandbox) -> set[str]:
    """The names of the metrics and spans that Application Insights was sent."""
    found = [item["data"]["baseData"] for item in sandbox.insights.items]
    spans = {str(one["name"]) for one in found if "name" in one}
    return spans | {metric["name"] for one in found for metric in one.get("metrics", [])}
