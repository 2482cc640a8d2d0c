"""Pauses: candidates wait without losing anything, and go on when they are resumed."""

from __future__ import annotations

import pytest

from registration.errors import LedgerFormatError, PausedError, UnavailableError
from registration.patience import Patience
from registration.pauses import PAUSED_SECONDS
from registration.worker import Worker
from tests.fakes import MemoryQueue
from tests.world import CHURN, World, drop_event, job_event

AT = "2026-03-02T08:00:00+00:00"


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    world.drop("vendor-a/d1")
    return world


def pause(world: World, model: str | None) -> None:
    world.pauses.pause(model, actor="Ada", reason="audit", at=AT)


def test_a_paused_model_is_not_claimed(world: World) -> None:
    pause(world, "churn")
    before = world.everything()

    with pytest.raises(PausedError, match=r"churn was paused by Ada at 2026-03-02T08:00:00\+00:00: audit"):
        world.process(job_event("j1"))

    assert world.everything() == before


def test_another_model_goes_on(world: World) -> None:
    pause(world, "churn")

    assert world.process(drop_event("vendor-a/d1")).outcome == "registered"


@pytest.mark.parametrize("message", [job_event("j1"), drop_event("vendor-a/d1")])
def test_a_paused_app_claims_nothing(world: World, message: str) -> None:
    pause(world, None)

    with pytest.raises(PausedError, match="the app was paused by Ada"):
        world.process(message)

    assert world.works() == []


@pytest.mark.parametrize("model", ["churn", None])
def test_what_is_resumed_goes_on(world: World, model: str | None) -> None:
    pause(world, model)

    was_paused = world.pauses.resume(model)

    assert was_paused
    assert world.process(job_event("j1")).outcome == "registered"


def test_what_was_not_paused_is_resumed_without_a_trace(world: World) -> None:
    before = world.everything()

    assert not world.pauses.resume("churn")

    assert world.everything() == before


def test_a_model_and_the_app_are_resumed_each_by_itself(world: World) -> None:
    pause(world, "churn")
    pause(world, None)
    world.pauses.resume(None)

    with pytest.raises(PausedError, match="churn was paused"):
        world.pauses.check("churn")


def test_it_can_be_paused_again(world: World) -> None:
    pause(world, "churn")
    world.pauses.resume("churn")
    pause(world, "churn")

    with pytest.raises(PausedError):
        world.pauses.check("churn")


def test_an_offer_without_a_model_waits_for_the_app_only(world: World) -> None:
    pause(world, "churn")
    world.pauses.check(None)

    pause(world, None)

    with pytest.raises(PausedError):
        world.pauses.check(None)


def test_a_pause_of_another_version_of_the_app_is_not_read(world: World) -> None:
    world.state.create("pauses/churn.json", {"format": "registrar/pause/v9"})

    with pytest.raises(LedgerFormatError, match="registrar/pause/v9"):
        world.pauses.check("churn")


def test_a_pause_costs_no_attempt(world: World) -> None:
    pause(world, "churn")
    queue = MemoryQueue()
    worker = Worker(world.registrar, world.ledger, queue, Patience(attempts=1), world.standstills)

    (outcome,) = worker.work(job_event("j1"))

    assert outcome.outcome == "waiting"
    assert queue.sent == [(job_event("j1"), PAUSED_SECONDS)]


def test_another_fault_of_the_same_event_uses_up_no_attempt_while_a_model_is_paused(world: World) -> None:
    world.policies.kept["twin.yaml"] = CHURN.replace("name: churn\n", "name: twin\n")
    pause(world, "twin")
    world.faults.fail("registry create churn:1")

    with pytest.raises(PausedError):
        world.registrar.process(job_event("j1"))


def test_a_ledger_that_does_not_answer_is_not_taken_for_a_pause(world: World) -> None:
    world.faults.fail("state pauses/churn.json")

    with pytest.raises(UnavailableError):
        pause(world, "churn")

    world.pauses.check("churn")
