"""A standstill: that everything waits for a broken policy is seen by people, for as long as it is so and no longer."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from rich.console import Console

from registration import names, pending_page
from registration.errors import LedgerFormatError, PolicyError, Problem, UnavailableError
from registration.patience import Patience
from registration.pending import Pending, Waiting
from registration.standstill import SLACK, Standstills
from registration.worker import Worker
from tests.fakes import MemoryQueue
from tests.world import CHURN, World, job_event

PAUSE = timedelta(seconds=40)
PLACE = "https://acc.blob.core.windows.net/policies/live"


@pytest.fixture
def world() -> World:
    """A world with a job whose policy is broken in two places."""
    world = World()
    world.job("j1", accuracy=0.9)
    world.policies.kept["churn.yaml"] = CHURN.replace("min: 0.8", "mim: 0.8").replace("match:", "mach:", 1)
    return world


def deliver(world: World, queue: MemoryQueue | None = None) -> str:
    """What becomes of the job's event."""
    patience = Patience(first_pause_seconds=PAUSE.seconds / 4)
    worker = Worker(world.registrar, world.ledger, queue or MemoryQueue(), patience, world.standstills)
    return worker.work(job_event("j1"))[0].outcome


def waiting(world: World) -> list[Waiting]:
    return list(Pending(world.ledger, world.questions, world.pauses, world.standstills, world.clock.now))


def test_a_policy_that_everything_waits_for_is_pending_with_each_of_its_problems(world: World) -> None:
    deliver(world, MemoryQueue([("another", 0), ("and another", 0)]))

    (found,) = waiting(world)

    assert (found.kind, found.model, found.work, found.messages) == ("policy_broken", None, None, 2)
    assert found.reasons[0] == "about 2 messages are on the work queue"
    assert [reason.partition(" (")[0] for reason in found.reasons[1:]] == [
        "churn.yaml: match: is required",
        "churn.yaml: models[0].metrics.accuracy.mim: unknown key; did you mean 'min'?",
        "churn.yaml: mach: unknown key; did you mean 'match'?",
    ]
    assert found.commands == ("registrar policy check policies",)


def test_it_counts_from_the_first_message_that_waited(world: World) -> None:
    began = world.clock.iso()
    for _ in range(20):
        deliver(world)
        world.clock.forward(PAUSE)

    (found,) = waiting(world)

    assert found.since == began
    assert found.to_dict(now=world.clock.now)["age_seconds"] == 20 * PAUSE.seconds


def test_when_the_policy_is_mended_it_is_over_within_minutes(world: World) -> None:
    deliver(world)
    world.policies.kept["churn.yaml"] = CHURN
    world.clock.forward(PAUSE)
    assert deliver(world) == "registered"

    world.clock.forward(SLACK)
    before = waiting(world)
    world.clock.forward(timedelta(seconds=1))

    assert [each.kind for each in before] == ["policy_broken"]
    assert waiting(world) == []


def test_another_time_counts_anew(world: World) -> None:
    deliver(world)
    world.clock.forward(timedelta(days=3))
    again = world.clock.iso()

    deliver(world)

    assert [each.since for each in waiting(world)] == [again]


def test_many_that_wait_do_not_each_write(world: World) -> None:
    for _ in range(20):
        deliver(world)

    assert sum(names.STANDSTILL in write for write in world.faults.writes) == 1


def test_a_queue_that_does_not_say_how_many_wait_keeps_none_from_waiting(world: World) -> None:
    class Silent(MemoryQueue):
        def count(self) -> int:
            raise UnavailableError("the work queue answered 403")

    outcome = deliver(world, Silent())

    (found,) = waiting(world)
    assert (outcome, found.messages) == ("waiting", None)
    assert found.reasons[0].startswith("churn.yaml: ")


@pytest.mark.parametrize("text", ["{", '{"format": "registrar/standstill/v1"}'])
def test_a_damaged_note_keeps_no_message_from_waiting(world: World, text: str) -> None:
    world.state.kept[names.STANDSTILL] = (text, '"by hand"', world.clock.now)

    with pytest.raises(LedgerFormatError, match=r"standstill\.json"):
        waiting(world)

    assert deliver(world) == "waiting"


def test_of_published_policies_the_commands_say_where(world: World) -> None:
    standstills = Standstills(world.state, PLACE)
    broken = PolicyError("live/churn.yaml", [Problem("", "must be a mapping")])

    standstills.note(broken, again_seconds=60, messages=None)

    (found,) = waiting(world)
    assert found.source == f"policies at {PLACE}"
    assert found.commands == ("registrar policy check FOLDER", f"registrar policy publish FOLDER --to {PLACE}")


def test_it_is_told_on_a_terminal(world: World) -> None:
    deliver(world)
    page = io.StringIO()

    pending_page.show(waiting(world), now=world.clock.now, console=Console(file=page, width=80))

    text = page.getvalue()
    assert "the whole app  policy" in text
    assert "   registrar policy check policies\n" in text
