"""The sweep: drops, and what other environments shared, that no event told of."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from registration.artifacts.store import Location
from registration.coverage import Coverage
from registration.errors import UnavailableError
from registration.watermark import OVERLAP
from tests.sweeping import Azure
from tests.world import CHURN, INCOMING, World, blob_event, job_event

if TYPE_CHECKING:
    from collections.abc import Iterator

DROP_WORDS = "prefix: vendor-a/"
TAKING = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: taking
match: {any: [{shared: {registry: contoso, name: churn}}]}
models:
  - {name: taken, metrics: {accuracy: {min: 0.5}}}
"""


@pytest.fixture
def azure() -> Azure:
    return Azure()


def test_a_manifest_whose_event_never_came_is_enqueued_and_registered(azure: Azure) -> None:
    azure.drop("vendor-a/é %#?1")

    coverage = azure.sweep.run()

    assert coverage == Coverage(eligible=1, enqueued=1)
    assert azure.work_off() == ["registered"]
    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


def test_manifests_from_before_the_watermark_are_left(azure: Azure) -> None:
    azure.drop("vendor-a/1")
    azure.later(OVERLAP + timedelta(seconds=1))
    azure.sweep.run()
    azure.queue.clear()

    assert azure.sweep.run() == Coverage()
    assert azure.queue == []


def test_a_manifest_that_cannot_be_used_is_enqueued_once(azure: Azure) -> None:
    azure.drop("vendor-a/1")
    azure.world.manifest("vendor-a/1", model="not-granted")

    assert azure.sweep.run().enqueued == 1
    assert azure.work_off() == ["rejected"]
    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


def test_a_place_within_a_place_is_looked_at_once(azure: Azure) -> None:
    inner = azure.world.policies.kept["digits.yaml"].replace("vendor-a/", "vendor-a/team/").replace("digits", "other")
    azure.world.policies.kept["other.yaml"] = inner
    azure.drop("vendor-a/team/1")

    assert azure.sweep.run() == Coverage(eligible=1, enqueued=1)


def test_drops_of_an_account_that_is_not_heard_are_left(azure: Azure) -> None:
    text = azure.world.policies.kept["digits.yaml"].replace("dropsprod", "strangers")
    azure.world.policies.kept["digits.yaml"] = text
    azure.drop("vendor-a/1")

    assert azure.sweep.run() == Coverage()


@pytest.mark.parametrize(
    ("taken", "name"),
    [("completeness: marker", "1/_SUCCESS"), ('completeness: single_file, files: "*.onnx"', "digits.onnx")],
)
def test_a_drop_without_a_manifest_whose_event_never_came_is_registered(azure: Azure, taken: str, name: str) -> None:
    text = azure.world.policies.kept["digits.yaml"]
    azure.world.policies.kept["digits.yaml"] = text.replace(DROP_WORDS, f"{DROP_WORDS}, {taken}")
    said = {"registrar_metric_accuracy": "0.9"}
    for path in ("1/model.txt", "digits.onnx", name):
        azure.world.store.put(INCOMING / f"vendor-a/{path}", b"x", metadata=said)
        azure.modified[INCOMING / f"vendor-a/{path}"] = azure.now

    coverage = azure.sweep.run()

    assert coverage == Coverage(eligible=1, enqueued=1)
    assert azure.work_off() == ["registered"]
    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


def test_a_marked_drop_that_a_dead_worker_left_comes_again(azure: Azure) -> None:
    text = azure.world.policies.kept["digits.yaml"]
    azure.world.policies.kept["digits.yaml"] = text.replace(DROP_WORDS, f"{DROP_WORDS}, completeness: marker")
    azure.world.store.put(INCOMING / "vendor-a/1/model.txt", b"x")
    marker = INCOMING / "vendor-a/1/_SUCCESS"
    azure.world.store.put(marker, b"", metadata={"registrar_metric_accuracy": "0.9"})
    azure.dies(blob_event(marker), after="state work/")

    assert azure.sweep.run() == Coverage(enqueued=1, stuck=1)
    assert azure.work_off() == ["registered"]


@pytest.fixture
def development(azure: Azure) -> World:
    """Another environment, which has shared its champions 1 and 2 where this one takes them."""
    before = World()
    sharing = CHURN.replace("metrics:", "then: {pass: [promote, share: contoso]}\n    metrics:")
    before.policies.kept["churn.yaml"] = sharing
    for number, accuracy in enumerate((0.9, 0.95), start=1):
        before.job(f"dev-{number}", accuracy=accuracy)
        before.process(job_event(f"dev-{number}"))
        copy = Location("registrystore", "contoso", f"copies/churn/{number}/model.onnx")
        azure.world.store.put(copy, f"dev-{number}".encode())
    azure.world.shared = before.shared
    azure.world.policies.kept["taking.yaml"] = TAKING
    return before


@pytest.mark.usefixtures("development")
def test_the_last_champion_that_another_environment_shared_is_enqueued_and_registered(azure: Azure) -> None:
    azure.later(timedelta(days=400))

    assert azure.sweep.run() == Coverage(eligible=1, enqueued=1)
    assert azure.work_off() == ["registered"]

    assert azure.sweep.run() == Coverage(eligible=1, decided=1)
    (decision,) = azure.world.history("taken")
    assert decision["candidate"]["source"] == ["shared", "contoso", "churn", "2"]


def test_what_was_archived_in_a_registry_is_not_looked_at(azure: Azure, development: World) -> None:
    development.shared.archived |= {("contoso", "churn", 1), ("contoso", "churn", 2)}

    assert azure.sweep.run() == Coverage()


def test_a_registry_that_is_not_there_yet_has_nothing_to_look_at(azure: Azure, development: World) -> None:
    development.shared.registries.clear()

    assert azure.sweep.run() == Coverage()


def test_a_last_champion_that_cannot_be_told_is_a_warning(
    azure: Azure, development: World, caplog: pytest.LogCaptureFixture
) -> None:
    for key, found in development.shared.versions_.items():
        development.shared.versions_[key] = replace(found, properties={})

    assert azure.sweep.run() == Coverage()
    assert "as churn in registry contoso cannot be told: none of its 2 versions says" in caplog.text


def test_a_registry_that_is_down_keeps_nothing_else_from_being_looked_at(azure: Azure, development: World) -> None:
    development.shared.versions_ = Down()  # type: ignore[assignment]  # a fault where they are read
    azure.drop("vendor-a/1")

    with pytest.raises(UnavailableError):
        azure.sweep.run()

    assert len(azure.queue) == 1


def test_a_registry_that_answers_403_keeps_no_other_registry_waiting(azure: Azure, development: World) -> None:
    """For as long as its role is missing."""
    azure.world.policies.kept["a.yaml"] = TAKING.replace("contoso", "barred").replace("taken", "another")
    azure.world.policies.kept["a.yaml"] = azure.world.policies.kept["a.yaml"].replace("name: taking", "name: a")
    development.shared.barred.add("barred")

    with pytest.raises(UnavailableError, match="403"):
        azure.sweep.run()

    assert azure.work_off() == ["registered"]
    assert azure.world.champion("taken") == 1


class Down:
    """Versions that cannot be read."""

    def items(self) -> Iterator[object]:
        raise UnavailableError("the registry answered 503")
