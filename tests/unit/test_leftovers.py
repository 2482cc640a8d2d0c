"""Leftovers: what a dead worker left comes to its end, though other files lie by now where its own did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from registration.errors import ClaimHeldError, RegistrarError
from registration.ledger import HELD_FOR
from tests.fakes import OUTPUTS
from tests.world import World, drop_event, job_event

if TYPE_CHECKING:
    from registration.work import Work

MODEL_FILE = OUTPUTS / "azureml/j1/model/model.onnx"
JOB, FOLDER = job_event("j1"), "vendor-a/1"
WRITES = {"registry create": 5, "state heads/churn.json": 6}


def left(*, message: str = JOB, before: str = "", after: str = "") -> World:
    """A worker died before or after its first write so named; then the files were replaced, and the claim grew old."""
    world = World()
    world.job("j1")
    world.drop(FOLDER)
    world.dies(message, before=before, after=after)
    world.store.put(MODEL_FILE, b"changed")
    world.drop(FOLDER)
    world.clock.forward(HELD_FOR)
    return world


def leftover(world: World) -> Work:
    (key,) = world.ledger.unfinished()
    found = world.ledger.work(key)
    assert found is not None
    return found


def settled(world: World) -> Work:
    """The record of the leftover after it was settled."""
    key = leftover(world).work
    world.leftovers.settle(leftover(world))
    found = world.ledger.work(key)
    assert found is not None
    assert found.state == "finished"
    return found


def outcome(work: Work) -> str:
    return str((work.result or {})["outcome"])


def test_a_version_that_nobody_decided_about_is_archived_and_its_work_rejected() -> None:
    world = left(after="registry create")

    work = settled(world)

    assert (outcome(work), world.told()) == ("rejected", ["Registrar.ModelRejected"])
    assert "its files were replaced" in (work.result or {})["reasons"][0]
    assert world.registry.visible("churn") == []
    assert world.registry.versions["churn", 1].tags["registrar.status"] == "artifact_changed"
    assert not world.history("churn")


def test_a_decision_that_reached_the_history_is_shown_and_told() -> None:
    world = left(after="state heads/churn.json")

    work = settled(world)

    assert (outcome(work), world.champion("churn"), world.shown("churn")) == ("registered", 1, [1])
    assert world.told() == ["Registrar.ModelRegistered", "Registrar.ChampionChanged"]
    assert (work.result or {})["source"] == "job j1, output model"
    assert (work.result or {})["lineage_job_output_uri"] == "azureml://jobs/j1/outputs/model"


def test_notices_that_are_owed_are_sent() -> None:
    world = left(before="topic Registrar.ModelRegistered")

    work = settled(world)

    assert outcome(work) == "registered"
    assert sorted(world.told()) == ["Registrar.ChampionChanged", "Registrar.ModelRegistered"]


def test_the_receipt_of_a_manifest_that_was_replaced_is_not_written_over_the_new_one() -> None:
    world = left(after="registry create", message=drop_event(FOLDER))
    world.process(drop_event(FOLDER))
    new = world.receipt(FOLDER)

    world.leftovers.settle(leftover(world))

    assert world.receipt(FOLDER) == new
    assert world.champion("digits") == new["version"]


def test_work_that_a_worker_is_at_after_all_is_left_alone() -> None:
    world = left(after="registry create")
    seen = leftover(world)
    world.ledger.claim(seen.work, subject={})
    before = world.everything()

    with pytest.raises(ClaimHeldError):
        world.leftovers.settle(seen)

    assert world.everything() == before


def test_work_that_was_finished_meanwhile_stays_as_it_is() -> None:
    world = left(after="registry create")
    seen = leftover(world)
    world.leftovers.settle(seen)
    before = world.everything()

    world.leftovers.settle(seen)

    assert world.everything() == before


def test_a_champion_is_never_archived_as_a_leftover() -> None:
    world = left(after="registry create")
    seen = leftover(world)
    world.promote("churn", 1, work="adopted")

    world.leftovers.settle(seen)

    assert world.registry.visible("churn") == [1]


def test_a_refused_manifest_that_was_replaced_is_settled_without_a_model() -> None:
    world = World()
    world.manifest(FOLDER, model="not granted")
    world.dies(drop_event(FOLDER), after="state work/")
    world.clock.forward(HELD_FOR)

    assert outcome(settled(world)) == "rejected"


@pytest.mark.parametrize("write", WRITES)
def test_every_write_of_a_leftover_is_a_crash_point(write: str) -> None:
    world = left(after=write)
    seen, before = leftover(world), len(world.faults.writes)

    world.leftovers.settle(seen)

    assert len(world.faults.writes) - before == WRITES[write]


@pytest.mark.parametrize("dead", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize(("write", "number"), [(write, k) for write in WRITES for k in range(1, WRITES[write] + 1)])
def test_a_leftover_is_settled_once_whichever_write_fails(write: str, number: int, done: bool, dead: bool) -> None:
    world = left(after=write)
    seen = leftover(world)
    world.faults.fail_write(number, done=done, dead=dead)

    for _ in range(3):
        try:
            world.leftovers.settle(seen)
        except RegistrarError:
            world.faults.revive()
            world.clock.forward(HELD_FOR)

    registered = write.startswith("state")
    assert not world.ledger.unfinished()
    assert (len(world.history("churn")), world.registry.visible("churn")) == ((1, [1]) if registered else (0, []))
    assert len({event["id"] for event in world.topic.events}) == (2 if registered else 1)
