"""Groups: models of one policy that one event offers, and that share their fate."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registration.errors import NotVisibleYetError, UnavailableError
from registration.request import FORMAT
from tests.answering import ADA
from tests.fakes import OUTPUTS
from tests.pairs import GROUP, job
from tests.world import World


@pytest.fixture
def world() -> World:
    world = World()
    world.policies.kept["churn.yaml"] = GROUP
    return world


def became(world: World, message: str) -> dict[str | None, str]:
    return {outcome.model: outcome.outcome for outcome in world.registrar.process(message)}


def groups(world: World, model: str) -> list[Any]:
    return [
        (verdict["rule"], verdict["code"])
        for verdict in world.history(model)[-1]["verdicts"]
        if "group" in verdict["rule"]
    ]


def test_a_group_whose_members_all_pass_is_registered(world: World) -> None:
    assert set(became(world, job(world, "j1", left=0.9, right=0.9)).values()) == {"registered"}

    assert groups(world, "left") == [("group.right", "passed")]
    assert groups(world, "other") == []


def test_a_member_that_fails_takes_the_others_with_it(world: World) -> None:
    assert became(world, job(world, "j1", left=0.9, right=0.7)) == {
        "left": "rejected",
        "right": "rejected",
        "other": "registered",
    }

    assert groups(world, "left") == [("group.right", "member_rejected")]
    assert world.history("left")[-1]["group"] == [{"model": "right", "outcome": "reject"}]


def test_a_member_that_is_held_holds_the_others(world: World) -> None:
    became(world, job(world, "j1", left=0.9, right=0.9))
    world.policies.kept["churn.yaml"] = GROUP.replace("metrics: {right: {", "metrics: {new: {")
    message = job(world, "j2", left=0.9, right=0.9)
    world.workspace.logged["j2"] = {"left": 0.9, "new": 0.9}

    assert became(world, message) == {"left": "held", "right": "held", "other": "registered"}
    assert groups(world, "left") == [("group.right", "member_held")]


def test_a_member_that_was_not_offered_whole_counts_as_rejected(world: World) -> None:
    outcomes = became(world, job(world, "j1", left=0.9, right=0.9, outputs=("left",)))

    assert outcomes == {"left": "rejected", "right": "rejected", "other": "registered"}


def test_a_member_that_is_the_champion_already_hinders_nobody(world: World) -> None:
    became(world, job(world, "j1", left=0.9, right=0.9))
    message = job(world, "j2", left=0.95, right=0.9)
    world.store.put(OUTPUTS / "azureml/j2/right/model.onnx", b"j1 right")

    assert became(world, message) == {"left": "registered", "right": "duplicate", "other": "registered"}


def test_what_became_of_one_member_counts_for_the_other_when_the_message_comes_again(world: World) -> None:
    message = job(world, "j1", left=0.7, right=0.9)
    world.faults.fail("state heads/right")

    with pytest.raises(UnavailableError):
        world.registrar.process(message)
    outcomes = became(world, message)

    assert outcomes["right"] == "rejected"
    assert groups(world, "right") == [("group.left", "member_rejected")]


def test_a_member_that_cannot_be_seen_yet_keeps_the_group_waiting_and_no_other(world: World) -> None:
    message = job(world, "j1", left=0.9, right=0.9)
    del world.store.blobs[OUTPUTS / "azureml/j1/right/model.onnx"]

    with pytest.raises(NotVisibleYetError):
        world.registrar.process(message)

    assert world.champion("other") == 1
    assert world.champion("left") is None
    assert json.dumps(world.history("left")) == "[]"


def decided_again(world: World, work: str) -> str:
    said = {"id": "5f0c7c1e-8a56-4f0b-9d3e-2b9c1f6e7a40", "action": "reevaluate", "model": "left", "version": None}
    more = {"reason": "why", "actor": ADA, "at": world.clock.iso(), "of": work}
    (outcome,) = world.desk.process(json.dumps({"registrarRequest": {"format": FORMAT, **said, **more}}))
    return outcome.outcome


@pytest.mark.parametrize(("right", "came"), [(0.9, "registered"), (0.7, "rejected")])
def test_a_member_that_is_decided_again_still_shares_the_fate_of_its_group(
    world: World, right: float, came: str
) -> None:
    message = job(world, "j1", left=0.7, right=right)
    became(world, message)
    world.workspace.logged["j1"] = {"left": 0.9, "right": right}
    before = world.history("right")

    outcome = decided_again(world, world.history("left")[-1]["candidate"]["work"])

    assert outcome == came
    assert groups(world, "left")[0][0] == "group.right"
    assert world.history("right") == before


def test_a_member_that_cannot_be_shared_keeps_the_other_not_waiting(world: World) -> None:
    share = "metrics: {left: {min: 0.8}}\n    then: {pass: [promote, share: nowhere]}"
    world.policies.kept["churn.yaml"] = GROUP.replace("metrics: {left: {min: 0.8}}", share)
    message = job(world, "j1", left=0.9, right=0.9)

    with pytest.raises(UnavailableError, match="no registry nowhere"):
        world.registrar.process(message)

    states = {work["subject"]["model"]: work["state"] for work in world.works()}
    assert states == {"left": "decided", "right": "finished", "other": "finished"}
    assert (world.champion("left"), world.shown("left"), world.shown("right")) == (1, [1], [1])
