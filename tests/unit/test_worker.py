"""The worker: what becomes of a delivery when the world does not hold."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from registration import envelope
from registration.errors import ClaimHeldError, PermanentError, UnavailableError
from registration.ledger import HELD_FOR
from registration.patience import LONGEST_ASKED_SECONDS, LONGEST_PAUSE_SECONDS, Patience
from registration.tracing import Untraced
from registration.work import Claim, Work
from registration.worker import Worker
from tests.fakes import MemoryQueue
from tests.world import World, job_event

if TYPE_CHECKING:
    from registration.outcome import Outcome


@dataclass
class Counting(Untraced):
    """Remembers what was counted."""

    counted: list[str]

    def count(self, outcome: str) -> None:
        self.counted.append(outcome)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def queue() -> MemoryQueue:
    return MemoryQueue()


def worker(world: World, queue: MemoryQueue, *, attempts: int = 3) -> Worker:
    return Worker(
        world.registrar, world.ledger, queue, Patience(attempts=attempts, first_pause_seconds=10), world.standstills
    )


def test_a_settled_message_is_not_sent_again(world: World, queue: MemoryQueue) -> None:
    world.job("j1", accuracy=0.9)

    (outcome,) = worker(world, queue).work(job_event("j1"))

    assert (outcome.outcome, queue.sent) == ("registered", [])


def test_a_broken_policy_holds_every_message_as_it_is_until_it_is_mended(world: World, queue: MemoryQueue) -> None:
    world.job("j1", accuracy=0.9)
    good = world.policies.kept["churn.yaml"]
    world.policies.kept["churn.yaml"] = good.replace("min: 0.8", "mim: 0.8")
    impatient = worker(world, queue, attempts=1)

    held = [impatient.work(job_event("j1"))[0] for _ in range(3)]
    world.policies.kept["churn.yaml"] = good
    (outcome,) = impatient.work(queue.sent[-1][0])

    assert [(one.outcome, one.reasons[0][:36]) for one in held] == [
        ("waiting", "churn.yaml: models[0].metrics.accura")
    ] * 3
    assert queue.sent == [(job_event("j1"), 40)] * 3
    assert outcome.outcome == "registered"


def test_a_broken_policy_is_an_error_in_the_log_and_is_counted(
    world: World, queue: MemoryQueue, caplog: pytest.LogCaptureFixture
) -> None:
    world.policies.kept["churn.yaml"] = "nothing"
    counted: list[str] = []
    counting = replace(worker(world, queue), tracing=Counting(counted))

    counting.work(job_event("j1"))

    assert counted == ["policy_broken", "waiting"]
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert world.ledger.failure(job_event("j1")) == "churn.yaml: must be a mapping of keys to values"


def test_a_fault_brings_the_message_back_with_its_attempt_counted(world: World, queue: MemoryQueue) -> None:
    (outcome,) = worker(world, queue).work(job_event("unknown"))

    (message, pause) = queue.sent[0]
    assert (outcome.outcome, pause) == ("waiting", 10)
    assert envelope.open_(message).attempt == 2
    assert envelope.open_(message).event == json.loads(job_event("unknown"))


def test_each_pause_is_twice_the_one_before_up_to_the_longest() -> None:
    patience = Patience(first_pause_seconds=10)

    pauses = [patience.pause(attempt, asked_seconds=None) for attempt in range(1, 12)]

    assert pauses[:4] == [10, 20, 40, 80]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_what_the_service_asks_for_is_waited_for() -> None:
    assert Patience(first_pause_seconds=10).pause(1, asked_seconds=1200) == 1200


def test_a_service_that_asks_for_little_does_not_use_up_the_attempts() -> None:
    patience = Patience()

    waits = [patience.pause(attempt, asked_seconds=1) for attempt in range(1, patience.attempts)]

    assert sum(waits) > 3 * 3600


def test_no_service_can_ask_for_more_than_a_queue_can_wait() -> None:
    assert Patience().pause(1, asked_seconds=1e9) == LONGEST_ASKED_SECONDS


@pytest.mark.parametrize("asked", [LONGEST_ASKED_SECONDS + 1, float("inf")])
def test_no_service_can_put_a_message_off_for_more_than_an_hour(asked: float) -> None:
    assert Patience().pause(1, asked_seconds=asked) == 3600


def test_after_the_last_attempt_the_message_is_kept_with_the_reason(world: World, queue: MemoryQueue) -> None:
    at_work, message = worker(world, queue), job_event("unknown")
    for _ in range(2):
        at_work.work(message)
        message = queue.sent[-1][0]

    (outcome,) = at_work.work(message)

    (kept,) = world.ledger.quarantined()
    assert outcome.outcome == "quarantined"
    assert (kept["attempts"], kept["message"], len(queue.sent)) == (3, message, 2)
    assert "does not show job unknown" in kept["reason"]


def test_waiting_for_another_worker_costs_no_attempt(world: World, queue: MemoryQueue) -> None:
    world.job("j1", accuracy=0.9)
    world.dies(job_event("j1"), before="registry create churn:1")

    (outcome,) = worker(world, queue).work(job_event("j1"))

    assert outcome.outcome == "waiting"
    assert queue.sent == [(job_event("j1"), 10)]


def test_ten_minutes_of_hashing_use_up_no_attempt_of_the_other_event(world: World, queue: MemoryQueue) -> None:
    world.job("j1", accuracy=0.9)
    world.dies(job_event("j1"), before="state versions/")
    claim = Claim(Work.from_dict(world.works()[0], name="w"), "")
    waiting = worker(world, queue)
    message = job_event("j1", kind="RunStatusChanged", status="Completed")

    for _ in range(40):
        world.clock.forward(timedelta(seconds=15))
        world.ledger.beat(claim)
        waiting.work(message)
        message, _ = queue.sent[-1]

    assert envelope.open_(message).attempt == 1
    assert not list(world.ledger.quarantined())


def test_a_worker_that_is_alive_keeps_its_work_however_long_it_takes(world: World) -> None:
    claim = world.ledger.claim("w", subject={})
    for _ in range(10):
        world.clock.forward(HELD_FOR - timedelta(seconds=1))
        world.ledger.beat(claim)

    with pytest.raises(ClaimHeldError, match="held by another worker"):
        world.ledger.claim("w", subject={})


def test_a_worker_whose_pulse_stopped_loses_its_work(world: World) -> None:
    claim = world.ledger.claim("w", subject={})
    world.ledger.beat(claim)
    world.clock.forward(HELD_FOR)

    assert world.ledger.claim("w", subject={}).work.attempt == 2


@dataclass(frozen=True)
class Failing:
    """A registrar that fails every time."""

    fault: Exception

    def process(self, _message: str) -> tuple[Outcome, ...]:
        raise self.fault


def test_what_a_service_will_never_do_is_given_up_at_once(world: World, queue: MemoryQueue) -> None:
    refused = Failing(PermanentError("the model registry answered 400: too many tags"))

    (outcome,) = Worker(refused, world.ledger, queue, Patience(), world.standstills).work(job_event("j1"))

    (kept,) = world.ledger.quarantined()
    assert (outcome.outcome, queue.sent) == ("quarantined", [])
    assert (kept["attempts"], kept["message"]) == (1, job_event("j1"))
    assert kept["reason"] == "the model registry answered 400: too many tags"


def test_a_message_that_cannot_even_be_kept_stays_with_the_host(world: World, queue: MemoryQueue) -> None:
    world.faults.fail("quarantine")
    refused = Failing(PermanentError("the model registry answered 400: too many tags"))

    with pytest.raises(UnavailableError, match="quarantine"):
        Worker(refused, world.ledger, queue, Patience(), world.standstills).work(job_event("j1"))

    assert queue.sent == []


def test_why_a_delivery_failed_is_remembered_for_the_host_that_gives_it_up(world: World, queue: MemoryQueue) -> None:
    at_work = Worker(Failing(ValueError("nobody foresaw this")), world.ledger, queue, Patience(), world.standstills)

    with pytest.raises(ValueError, match="nobody foresaw this"):
        at_work.work(job_event("j1"))

    assert world.ledger.failure(job_event("j1")) == "ValueError: nobody foresaw this"
    assert queue.sent == []
