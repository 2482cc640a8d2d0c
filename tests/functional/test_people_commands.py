"""What people ask for, from the command line to the registry: real tokens, a real queue, the real worker."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import typer
from azure.storage.queue import QueueClient
from typer.testing import CliRunner

from registration import bootstrap_sweep, cli_lifecycle, cli_people, explanation, history
from registration.azure.queues import WorkQueue
from registration.azure.registry import AzureRegistry
from registration.errors import UnavailableError
from registration.pending import Pending
from registration.settings import WorkspaceId
from sandbox import names, raised
from tests.functional import one_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from registration.azure.rest import Rest
    from registration.bootstrap import Parts
    from registration.outcome import Outcome
    from sandbox.sandbox import Sandbox

THEIRS = "azureml://datastores/workspaceblobstore/paths/theirs"


@dataclass
class Site:
    """A model that had a version before, the app in front of it, and the person at the command line."""

    model: str
    sandbox: Sandbox
    parts: Parts
    outputs: ContainerClient
    queue: QueueClient

    def train(self, accuracy: float, *, content: bytes = b"") -> str:
        """A job with a model in its output, of its own unless `content` is given, and its name."""
        job = f"{self.model}-{uuid.uuid4().hex[:6]}"
        return one_model.train(self.sandbox, self.outputs, self.model, job, accuracy=accuracy, content=content)

    def stage(self, version: int | None) -> str | None:
        """What the registry shows of a version."""
        return self.sandbox.workspace.version(self.model, version or 0).stage

    def judged(self, job: str) -> Outcome:
        """What the worker makes of the end of a job."""
        (outcome,) = self.parts.worker.work(json.dumps(raised.run_completed(job, self.model)))
        return outcome

    def asks(self, *words: str) -> dict[str, Any]:
        """What a command of the person prints for machines."""
        app = typer.Typer()
        cli_people.add_to(app, desk=lambda: cli_people.SignedIn(self.parts))
        cli_lifecycle.add_to(app, desk=lambda: cli_people.SignedIn(self.parts), asks=lambda _: True)
        result = CliRunner().invoke(app, [*words, "--reason", "by the book", "--json"], catch_exceptions=False)
        said: dict[str, Any] = json.loads(result.stdout)
        return said

    def answered(self) -> Outcome:
        """What the worker makes of the message that waits in the queue."""
        (message,) = self.queue.receive_messages()
        self.queue.delete_message(message)
        (outcome,) = self.parts.worker.work(base64.b64decode(message.content, validate=True).decode())
        return outcome


@pytest.fixture
def queue(credential: DefaultAzureCredential) -> Iterator[QueueClient]:
    name = f"people-{uuid.uuid4().hex[:12]}"
    with QueueClient(f"https://{names.queue_host(names.STATE_ACCOUNT)}", name, credential=credential) as client:
        client.create_queue()
        yield client
        client.delete_queue()


@pytest.fixture
def site(
    sandbox: Sandbox, credential: DefaultAzureCredential, outputs: ContainerClient, queue: QueueClient, tmp_path: Path
) -> Site:
    model = f"people-{uuid.uuid4().hex[:10]}"
    policy = one_model.policy(model, metrics=one_model.NO_WORSE)
    parts = one_model.app(sandbox.environment(), credential, tmp_path, policy)
    parts.queue = WorkQueue(credential, parts.settings.queue_endpoint, queue.queue_name)
    return Site(model, sandbox, parts, outputs, queue)


def test_a_version_that_was_there_is_adopted_and_compared_with(site: Site) -> None:
    job = site.train(0.8)
    site.sandbox.workspace.add_version(site.model, 7, uri=f"azureml://jobs/{job}/outputs/model")
    held = site.judged(site.train(0.9))

    said = site.asks("adopt", f"{site.model}:7")
    adopted = site.answered()

    assert (held.outcome, adopted.outcome, adopted.work) == ("held", "adopted", said["work"])
    assert site.sandbox.workspace.version(site.model, 7).stage == "Production"
    assert site.sandbox.workspace.version(site.model, 7).tags["registrar.champion"] == "true"
    assert [site.judged(site.train(accuracy)).outcome for accuracy in (0.79, 0.81)] == ["rejected", "registered"]
    assert site.sandbox.workspace.version(site.model, 7).stage == "Development"
    assert history.read(site.parts.ledger, site.model).is_whole


def test_the_key_that_was_printed_explains_what_came_of_it(site: Site) -> None:
    said = site.asks("adopt", f"{site.model}:7")
    site.answered()

    found = explanation.find(site.parts.ledger, said["work"])

    assert found.result["reasons"] == [f"{site.model}:7 was not adopted: the registry has no such version"]
    assert (found.result["outcome"], found.result["event"]) == ("declined", said["request"])


def test_the_actor_is_the_identity_that_signed_in(site: Site, credential: DefaultAzureCredential) -> None:
    actor = site.asks("adopt", f"{site.model}:7")["actor"]

    assert actor == cli_people.actor_of(credential.get_token(cli_people.STORAGE).token)
    assert actor["tenant"] == names.TENANT


def test_a_paused_model_waits_in_the_queue_and_goes_on(site: Site) -> None:
    job = site.train(0.9)
    site.asks("pause", site.model)
    paused = [site.answered().outcome, site.judged(job).outcome]

    site.asks("pause", site.model, "--resume")
    resumed = [site.answered().outcome, site.judged(job).outcome]

    assert (paused, resumed) == (["paused", "waiting"], ["resumed", "registered"])
    assert site.queue.get_queue_properties().approximate_message_count == 1


def test_a_policy_that_messages_wait_for_is_pending(site: Site, tmp_path: Path) -> None:
    job = site.train(0.9)
    (tmp_path / "p.yaml").write_text("nothing", encoding="utf-8")

    outcomes = [site.judged(job).outcome for _ in range(2)]

    parts = site.parts
    now = datetime.now(UTC)
    (found,) = (
        each
        for each in Pending(parts.ledger, parts.questions, parts.pauses, parts.standstills, now)
        if each.kind == "policy_broken" and each.source == f"policies at {tmp_path}"
    )
    assert outcomes == ["waiting", "waiting"]
    assert found.reasons[-1] == f"{tmp_path.name}/p.yaml: must be a mapping of keys to values"
    assert found.commands == (f"registrar policy check {tmp_path}",)
    assert (found.messages, parts.queue.count()) == (0, 2)


def test_a_champion_is_rolled_back_and_its_files_are_revoked(site: Site) -> None:
    jobs = [site.train(accuracy) for accuracy in (0.8, 0.85)]
    first, second = (site.judged(job).version for job in jobs)

    said = site.asks("rollback", site.model)
    rolled_back = site.answered()

    assert (rolled_back.outcome, rolled_back.version, rolled_back.work) == ("rolled_back", first, said["work"])
    assert [site.stage(version) for version in (first, second)] == ["Production", "Development"]

    site.asks("revoke", f"{site.model}:{second}")
    assert site.answered().outcome == "revoked"
    assert site.sandbox.workspace.version(site.model, second or 0).is_archived
    again = site.train(0.99, content=jobs[1].encode())
    assert site.judged(again).outcome == "rejected"
    assert history.read(site.parts.ledger, site.model).is_whole


def test_superseded_versions_are_archived_but_for_what_an_endpoint_serves(site: Site) -> None:
    first, second, third, last = (site.judged(site.train(accuracy)).version for accuracy in (0.8, 0.85, 0.9, 0.95))
    site.sandbox.workspace.endpoints.deploy(site.model, "blue", model=f"{site.model}:{second}", traffic=0)
    retention = bootstrap_sweep.upkeep(site.parts).retention

    surplus = retention.surplus(site.model, keep=1)
    retention.put_away(surplus)

    assert surplus.versions == (first,)
    there = {found.version for found in site.sandbox.workspace.versions(site.model) if not found.is_archived}
    assert there == {str(version) for version in (second, third, last)}
    assert site.sandbox.workspace.version(site.model, first or 0).tags["registrar.status"] == "archived"
    assert len(retention.surplus(site.model, keep=1)) == 0
    assert history.read(site.parts.ledger, site.model).is_whole


@pytest.fixture
def registry(credential: DefaultAzureCredential, rest: Rest) -> AzureRegistry:
    here = WorkspaceId(names.WORKSPACE_ID, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    return AzureRegistry(credential, rest, here)


def test_a_model_that_is_not_there_has_no_foreign_version(registry: AzureRegistry) -> None:
    assert not registry.foreign_versions(f"model-{uuid.uuid4().hex}")


def test_a_foreign_version_is_found_on_the_last_page(sandbox: Sandbox, registry: AzureRegistry) -> None:
    ours, mixed = f"model-{uuid.uuid4().hex}", f"model-{uuid.uuid4().hex}"
    sandbox.workspace.add_version(mixed, 99, uri=THEIRS, properties={"owner": "somebody"})
    for number in range(1, sandbox.workspace.page_size + 2):
        for model in (ours, mixed):
            sandbox.workspace.add_version(model, number, uri=THEIRS, properties={"registrar.work": "w"})

    found = [registry.foreign_versions(model) for model in (ours, mixed)]

    assert found == [False, True]


def test_versions_in_use_are_those_of_ours_that_are_not_archived(sandbox: Sandbox, registry: AzureRegistry) -> None:
    model = f"model-{uuid.uuid4().hex}"
    for number in range(1, sandbox.workspace.page_size + 3):
        ours = {"registrar.work": f"w{number}"} if number > 1 else {}
        sandbox.workspace.add_version(model, number, uri=THEIRS, properties=ours, is_archived=number == 2)

    found = {version.version: version.work for version in registry.in_use(model)}

    assert found == {number: f"w{number}" for number in range(3, sandbox.workspace.page_size + 3)}


def test_versions_of_some_files_are_found_archived_or_not(sandbox: Sandbox, registry: AzureRegistry) -> None:
    model = f"model-{uuid.uuid4().hex}"
    last = sandbox.workspace.page_size + 1
    for number in range(1, last + 1):
        files = {"registrar.artifact_sha256": "a" if number in {1, last} else "b"}
        sandbox.workspace.add_version(model, number, uri=THEIRS, properties=files, is_archived=number == 1)

    assert set(registry.made_of(model, "a")) == {1, last}
    assert not set(registry.made_of(f"model-{uuid.uuid4().hex}", "a"))


def test_an_archived_version_is_not_counted(sandbox: Sandbox, registry: AzureRegistry) -> None:
    model = f"model-{uuid.uuid4().hex}"
    sandbox.workspace.add_version(model, 1, uri=THEIRS, is_archived=True)

    assert not registry.foreign_versions(model)


def test_a_registry_that_does_not_list_is_unavailable(sandbox: Sandbox, registry: AzureRegistry) -> None:
    model = f"model-{uuid.uuid4().hex}"
    sandbox.workspace.fail_next("GET", f"/models/{model}/versions$", 403)

    with pytest.raises(UnavailableError):
        registry.foreign_versions(model)
