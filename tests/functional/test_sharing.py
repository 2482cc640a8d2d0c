"""Sharing by the app's own parts, from a finished job to a version in the sandbox's registry that the SDK reads."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from registration import bootstrap_sweep
from registration.azure import shared as adapter
from registration.shared_evidence import text_in
from registration.watermark import Watermarks
from sandbox import names, raised, refusals
from sandbox.runs import JobOutput
from tests.fakes import MemoryShelf
from tests.functional import one_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from registration.bootstrap import Parts
    from registration.outcome import Outcome
    from registration.work import Work
    from sandbox.registries import Registry, RegistryVersion
    from sandbox.sandbox import Sandbox


OTHERS = {"registrar.decision": "d", "registrar.shared_from": "/elsewhere/models/m/versions/1"}


class Returned:
    """The queue, as far as a worker writes to it: it keeps what shall come again."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def send(self, _text: str, *, delay_seconds: float = 0) -> None:
        self.pauses.append(delay_seconds)


@dataclass(frozen=True)
class Shop:
    """One model whose champion is shared, and a job that was trained for it."""

    parts: Parts
    model: str
    message: str
    registry: Registry

    def deliver(self) -> Outcome:
        (outcome,) = self.parts.worker.work(self.message)
        return outcome

    @property
    def work(self) -> Work:
        head = self.parts.ledger.head(self.model)
        assert head.champion is not None
        found = self.parts.ledger.work(head.champion.work)
        assert found is not None
        return found

    @property
    def shared(self) -> list[RegistryVersion]:
        return self.registry.versions(self.model)


@pytest.fixture
def registry(sandbox: Sandbox) -> Iterator[Registry]:
    """The sandbox's registry; how it behaves is put back."""
    found = sandbox.workspace.registries.get(names.REGISTRY)
    yield found
    found.hides_unknown, found.carries_properties = False, True
    found.finish_copies()


@pytest.fixture
def model(sandbox: Sandbox, outputs: ContainerClient) -> str:
    """A model that a job has been trained for, and nobody has heard of it yet."""
    name = f"sharing-{uuid.uuid4().hex[:10]}"
    one_model.train(sandbox, outputs, name, f"{name}-job")
    return name


@pytest.fixture
def shop(
    registry: Registry, credential: DefaultAzureCredential, model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shop:
    """The app, by whose policy a champion is shared; the adapter looks at once again."""
    rule, then = {"direction": "maximize", "min": 0.5}, {"pass": ["promote", {"share": names.REGISTRY}]}
    policy = one_model.policy(model, metrics={"accuracy": rule}, then=then)
    monkeypatch.setattr(adapter, "LOOKS_AFTER_SECONDS", (0.0,))
    parts = one_model.app(os.environ, credential, tmp_path, policy)
    cast("Any", parts).queue = Returned()
    return Shop(parts, model, json.dumps(raised.run_completed(f"{model}-job", model)), registry)


@pytest.mark.parametrize("carries_properties", [True, False])
def test_the_sdk_reads_a_shared_champion_with_its_evidence(
    shop: Shop, credential: DefaultAzureCredential, carries_properties: bool
) -> None:
    from azure.ai.ml import MLClient  # noqa: PLC0415 - costs seconds, which a run of other tests should not pay

    shop.registry.carries_properties = carries_properties

    outcome = shop.deliver()

    found = MLClient(credential, registry_name=names.REGISTRY).models.get(shop.model, "1")
    assert (outcome.outcome, found.tags["metrics.accuracy"]) == ("registered", "0.9")
    assert (found.tags["registrar.status"], "registrar.champion" in found.tags) == ("shared", False)
    assert found.properties["registrar.shared_from"] == f"{names.WORKSPACE_ID}/models/{shop.model}/versions/1"
    assert found.properties["registrar.decision"] == outcome.decision
    assert found.properties["lineage.job"] == f"{shop.model}-job"
    assert json.loads(text_in(found.properties) or "")["metrics"] == {"accuracy": 0.9}


def test_a_registry_that_answers_404_for_a_new_model_gets_it(shop: Shop) -> None:
    shop.registry.hides_unknown = True

    assert shop.deliver().promoted

    assert [version.version for version in shop.shared] == ["1"]


def test_a_busy_registry_makes_the_message_wait_as_long_as_it_asks_and_the_champion_stands(
    sandbox: Sandbox, shop: Shop
) -> None:
    busy = refusals.too_many_requests()
    sandbox.workspace.fail_next("POST", f"/registries/{names.REGISTRY}/import$", 429, busy)

    assert shop.deliver().outcome == "waiting"

    assert sandbox.workspace.version(shop.model, 1).stage == "Production"
    assert cast("Returned", shop.parts.queue).pauses == [20.0]
    assert "429" in str(shop.work.shares[0].reason)
    assert shop.deliver().outcome == "registered"
    assert len(shop.shared) == 1


def test_an_answer_that_is_lost_after_the_copy_leads_to_one_version(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.workspace.lose_next_answer("POST", f"/registries/{names.REGISTRY}/import$")

    assert [shop.deliver().outcome for _ in range(3)] == ["waiting", "registered", "duplicate"]

    (version,) = shop.shared
    assert version.content.properties["registrar.decision"] == shop.work.result["decision"]  # type: ignore[index]


def test_a_copy_that_takes_long_is_looked_after_by_the_next_delivery(shop: Shop) -> None:
    shop.registry.copies_slowly = True
    assert shop.deliver().outcome == "waiting"
    assert shop.work.shares[0].operation
    shop.registry.finish_copies()

    assert shop.deliver().outcome == "registered"

    assert len(shop.shared) == 1


def test_a_copy_that_fails_is_told_with_its_reason_and_can_be_tried_again(sandbox: Sandbox, shop: Shop) -> None:
    shop.registry.fail_next_copy("The storage account of the workspace cannot be reached.")

    failed = shop.deliver()

    assert failed.outcome == "quarantined"
    assert "cannot be reached" in failed.reasons[0]
    assert "cannot be reached" in str(shop.work.shares[0].reason)
    assert sandbox.workspace.version(shop.model, 1).stage == "Production"
    assert shop.deliver().outcome == "registered"
    assert shop.work.state == "finished"


def test_a_write_of_the_evidence_that_is_lost_is_made_good(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.workspace.fail_next("PUT", f"/models/{shop.model}/versions/1$", 500, None, {"retry-after-ms": "1"}, times=4)

    assert [shop.deliver().outcome for _ in range(2)] == ["waiting", "registered"]

    assert shop.shared[0].content.properties["registrar.decision_seq"] == "1"


def test_the_next_environment_compares_with_what_was_shared_and_holds_what_it_cannot_tell(
    sandbox: Sandbox, shop: Shop, outputs: ContainerClient, tmp_path: Path
) -> None:
    shop.deliver()
    there = {"registry": names.REGISTRY, "name": shop.model}
    rule = {"direction": "maximize", "vs_champion": {"max_regression": 0}}
    part = {"name": f"{shop.model}-b", "from": {"output": "model"}, "compare_to": there, "metrics": {"accuracy": rule}}
    policy: dict[str, Any] = {"apiVersion": "registrar/v1", "kind": "PromotionPolicy", "name": "next", "models": [part]}
    policy["match"] = {"any": [{"job": {"experiment": f"{shop.model}-b"}}]}
    (tmp_path / "p.yaml").write_text(json.dumps(policy), encoding="utf-8")

    def train(accuracy: float) -> Outcome:
        job = f"{shop.model}-b-{accuracy}"
        outputs.upload_blob(f"azureml/{job}/model/model.bin", job.encode())
        made = {"model": JobOutput("custom_model")}
        sandbox.workspace.add_job(job, experiment=part["name"], metrics={"accuracy": accuracy}, outputs=made)
        (outcome,) = shop.parts.worker.work(json.dumps(raised.run_completed(job, str(part["name"]))))
        return outcome

    worse, equal = train(0.89), train(0.9)
    shop.registry.put(shop.model, "9", draft=replace(shop.shared[0].content, uri="https://x/9", properties=OTHERS))

    assert [(worse.outcome, worse.promoted), (equal.outcome, equal.promoted)] == [
        ("rejected", False),
        ("registered", True),
    ]
    assert "0.01 worse than the shared champion's 0.9" in worse.reasons[0]
    held = train(0.95)
    assert held.outcome == "held"
    assert "several environments share under this name" in held.reasons[0]


def test_the_topic_hears_of_it_once_it_is_there(sandbox: Sandbox, shop: Shop) -> None:
    shop.deliver()

    about = [event for event in sandbox.topic.events if event["data"].get("model") == shop.model]
    assert [event["type"] for event in about] == [
        "Registrar.ModelRegistered",
        "Registrar.ChampionChanged",
        "Registrar.ModelShared",
    ]
    assert about[-1]["data"]["shared"] == {
        "registry": names.REGISTRY,
        "model": shop.model,
        "version": 1,
        "id": shop.shared[0].id,
    }


def test_the_next_environment_takes_what_was_shared_and_keeps_a_copy_of_its_own(
    sandbox: Sandbox, shop: Shop, tmp_path: Path
) -> None:
    shop.deliver()
    taken = f"{shop.model}-b"
    match = {"any": [{"shared": {"registry": names.REGISTRY, "name": shop.model}}]}
    part = {"name": taken, "metrics": {"accuracy": {"min": 0.8}}}
    policy = {"apiVersion": "registrar/v1", "kind": "PromotionPolicy", "name": "next", "match": match, "models": [part]}
    (tmp_path / "p.yaml").write_text(json.dumps(policy), encoding="utf-8")
    queue: list[str] = []
    own = {"watermarks": Watermarks(MemoryShelf()), "now": lambda: datetime.now(UTC) - timedelta(minutes=1)}
    sweep = replace(bootstrap_sweep.sweep(shop.parts), send=queue.append, **own)  # type: ignore[arg-type]  # of several kinds

    sweep.run()
    (message,) = (told for told in queue if shop.model in told)
    (outcome,) = shop.parts.worker.work(message)
    queue.clear()
    sweep.run()

    assert (outcome.outcome, outcome.promoted, outcome.model) == ("registered", True, taken)
    version = sandbox.workspace.version(taken, 1)
    assert "/datastores/" in version.uri
    assert version.properties["lineage.shared_version"] == shop.shared[0].id
    assert version.properties["lineage.job"] == f"{shop.model}-job"
    assert version.stage == "Production"
    assert not [told for told in queue if shop.model in told]
