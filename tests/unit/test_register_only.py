"""Versions that are registered and not promoted: the champion stays, and everything that looks at it agrees."""

from __future__ import annotations

import pytest

from registration import explanation, history
from registration.history_pages import explanation as page_of
from registration.step import Step
from tests.world import CHURN, World, job_event

PASS_ONLY = CHURN.replace("    metrics:", "    then: {pass: register_only}\n    metrics:")
FAIL_TOO = CHURN.replace("    metrics:", "    then: {fail: register_only}\n    metrics:")


@pytest.fixture
def world() -> World:
    """A world whose model has a champion, version 1."""
    world = World()
    world.job("j1", accuracy=0.9)
    world.process(job_event("j1"))
    world.topic.events.clear()
    return world


def offered(world: World, policy: str, accuracy: float) -> object:
    world.policies.kept["churn.yaml"] = policy
    world.job("j2", accuracy=accuracy)
    outcome = world.process(job_event("j2"))
    return outcome.outcome, outcome.version, outcome.promoted


@pytest.mark.parametrize(("policy", "accuracy"), [(PASS_ONLY, 0.95), (FAIL_TOO, 0.7)])
def test_a_version_is_registered_and_the_champion_stays(world: World, policy: str, accuracy: float) -> None:
    assert offered(world, policy, accuracy) == ("registered", 2, False)

    assert (world.champion("churn"), world.shown("churn")) == (1, [1])
    assert world.ledger.head("churn").champion_seq == 1
    assert world.registry.versions["churn", 2].stage != "Archived"


def test_no_change_of_champion_is_told(world: World) -> None:
    offered(world, PASS_ONLY, 0.95)

    assert world.told() == ["Registrar.ModelRegistered"]


def test_a_failure_that_is_registered_says_why_it_was_not_promoted(world: World) -> None:
    offered(world, FAIL_TOO, 0.7)

    record = world.history("churn")[-1]
    assert (record["outcome"], record["version"], record["promoted"]) == ("register", 2, False)
    assert record["reasons"][0] == "accuracy 0.7 is below the minimum 0.8"


def test_the_next_candidate_is_compared_with_the_champion_and_not_with_what_was_only_registered(world: World) -> None:
    offered(world, PASS_ONLY, 0.95)
    world.policies.kept["churn.yaml"] = CHURN
    world.job("j3", accuracy=0.92)

    outcome = world.process(job_event("j3"))

    assert (outcome.version, outcome.promoted) == (3, True)
    assert world.history("churn")[-1]["champion"]["version"] == 1


def test_the_history_stays_whole_and_knows_both_versions(world: World) -> None:
    offered(world, PASS_ONLY, 0.95)

    past = history.read(world.ledger, "churn")

    assert past.is_whole
    assert [step.promoted for step in past.steps] == [True, False]
    assert past.with_version(2) == past.steps[1]


def test_the_same_message_again_changes_nothing(world: World) -> None:
    offered(world, PASS_ONLY, 0.95)
    before = world.everything()

    assert world.process(job_event("j2")).outcome == "duplicate"
    assert world.everything() == before


def test_an_explanation_says_that_the_version_was_never_champion(world: World) -> None:
    offered(world, PASS_ONLY, 0.95)

    found = explanation.find(world.ledger, "churn:2")

    assert page_of(found)
    assert found.step is not None
    assert not found.step.promoted


def test_a_record_of_engine_1_promoted_what_it_registered() -> None:
    assert Step.of("d", {"version": 3}).promoted
    assert not Step.of("d", {"version": None}).promoted
