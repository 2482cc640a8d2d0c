"""An app that observes: it decides and records, and nothing comes of it until it acts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from registration import history, settings
from registration.errors import SettingsError
from tests.unit.test_settings import LEAST
from tests.world import World, drop_event, job_event

WRITES = 7


@pytest.fixture
def world() -> World:
    world = World(observes=True)
    world.job("j1")
    return world


def test_a_good_candidate_would_be_registered_and_nothing_is(world: World) -> None:
    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.version, outcome.promoted) == ("observed", None, False)
    assert outcome.reasons == ("would be registered: accuracy 0.9 reaches the minimum 0.8",)
    assert not world.registry.versions
    assert world.champion("churn") is None
    assert world.told() == []


def test_the_decision_is_recorded_with_its_mode(world: World) -> None:
    outcome = world.process(job_event("j1"))

    (decision,) = world.history("churn")
    assert (decision["mode"], decision["outcome"], decision["version"]) == ("observe", "register", None)
    assert decision["candidate"]["work"] == outcome.work
    assert history.read(world.ledger, "churn").is_whole


def test_a_bad_candidate_would_be_rejected(world: World) -> None:
    world.job("j1", accuracy=0.5)

    assert world.process(job_event("j1")).reasons == ("would be rejected: accuracy 0.5 is below the minimum 0.8",)


def test_a_model_that_nobody_adopted_would_be_held(world: World) -> None:
    world.registry.register_by_hand("churn", 1)

    outcome = world.process(job_event("j1"))

    assert outcome.reasons[0].startswith("would be held: churn has versions that Registrar did not make")


def test_a_drop_gets_no_receipt(world: World) -> None:
    world.drop("vendor-a/d1")
    blobs = set(world.store.blobs)

    outcome = world.process(drop_event("vendor-a/d1"))

    assert outcome.outcome == "observed"
    assert set(world.store.blobs) == blobs


def test_a_refused_drop_would_be_rejected_and_gets_no_receipt(world: World) -> None:
    world.drop("vendor-a/d1", model="payroll")
    blobs = set(world.store.blobs)

    outcome = world.process(drop_event("vendor-a/d1"))

    assert outcome.outcome == "observed"
    assert outcome.reasons[0].startswith("would be rejected: ")
    assert (set(world.store.blobs), world.told()) == (blobs, [])


def test_the_same_event_again_is_a_duplicate(world: World) -> None:
    world.process(job_event("j1"))
    before = world.everything()

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.reasons) == ("duplicate", ("settled before as observed",))
    assert world.everything() == before


def test_an_app_that_acts_does_the_real_thing_with_what_was_observed(world: World) -> None:
    world.process(job_event("j1"))
    world.observes = False

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.version, world.champion("churn")) == ("registered", 1, 1)
    assert [decision.get("mode") for decision in world.history("churn")] == ["observe", None]


def test_the_champion_of_an_app_that_acted_stays_when_it_only_observes(world: World) -> None:
    acting = replace(world.registrar, observes=False)
    acting.process(job_event("j1"))
    world.job("j2", accuracy=0.95)
    versions = dict(world.registry.versions)

    outcome = world.process(job_event("j2"))

    assert outcome.reasons[0].startswith("would be registered")
    assert (world.champion("churn"), world.registry.versions) == (1, versions)


def test_every_write_of_an_observation_is_a_crash_point(world: World) -> None:
    world.process(job_event("j1"))

    assert len(world.faults.writes) == WRITES


@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_crash_at_any_write_leads_to_the_same_single_decision(world: World, number: int) -> None:
    world.faults.fail_write(number, dead=True)

    outcome = world.settle(job_event("j1"))

    assert outcome.outcome in {"observed", "duplicate"}
    assert [decision["outcome"] for decision in world.history("churn")] == ["register"]
    assert not world.registry.versions


def test_an_app_acts_unless_it_is_told_to_observe() -> None:
    modes = [settings.from_environment(LEAST | said).observes for said in ({}, {"REGISTRAR_MODE": "observe"})]

    assert modes == [False, True]


def test_another_mode_is_refused() -> None:
    with pytest.raises(SettingsError, match="REGISTRAR_MODE: must be 'act' or 'observe'"):
        settings.from_environment(LEAST | {"REGISTRAR_MODE": "watch"})


def test_a_work_record_of_an_observation_can_be_stored(world: World) -> None:
    world.process(job_event("j1"))

    (work,) = world.works()
    assert json.loads(json.dumps(work))["result"]["outcome"] == "observed"
    assert work["outbox"] == []
