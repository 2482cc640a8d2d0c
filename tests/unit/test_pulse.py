"""The pulse: it beats beside the work, and misses without harm."""

from __future__ import annotations

import threading
import time

import pytest

from registration.errors import LedgerConflictError
from registration.ledger import HELD_FOR
from registration.pulse import beating
from tests.world import World, job_event


def beats(world: World) -> int:
    return sum(name == "state pulses/w.json" for name in world.faults.writes)


def until(world: World, count: int) -> None:
    deadline = time.monotonic() + 5
    while beats(world) < count and time.monotonic() < deadline:
        time.sleep(0.001)


def test_a_long_work_is_known_to_be_alive() -> None:
    world = World()
    claim = world.ledger.claim("w", subject={})

    with beating(world.ledger, claim, every_seconds=0.001):
        until(world, 3)

    assert beats(world) >= 3


def test_a_short_work_writes_no_pulse() -> None:
    world = World()

    with beating(world.ledger, world.ledger.claim("w", subject={})):
        pass

    assert beats(world) == 0


def test_a_missed_beat_is_made_up_for() -> None:
    world = World()
    claim = world.ledger.claim("w", subject={})
    world.faults.fail("state pulses/w.json")

    with beating(world.ledger, claim, every_seconds=0.001):
        until(world, 3)

    assert beats(world) >= 3


def test_a_worker_that_lost_its_claim_does_not_beat_over_the_one_that_has_it() -> None:
    world = World()
    lost = world.ledger.claim("w", subject={})
    world.clock.forward(HELD_FOR)
    world.ledger.beat(world.ledger.claim("w", subject={}))
    before = world.everything()

    with pytest.raises(LedgerConflictError, match="another worker's"):
        world.ledger.beat(lost)

    assert world.everything() == before


def test_a_worker_that_took_over_beats_over_the_former_one() -> None:
    world = World()
    world.ledger.beat(world.ledger.claim("w", subject={}))
    world.clock.forward(HELD_FOR)
    taken = world.ledger.claim("w", subject={})

    world.ledger.beat(taken)

    assert world.state.documents("pulses/") == [{"owner": taken.work.owner}]


def test_whoever_works_on_a_candidate_has_a_pulse() -> None:
    world, beating_by_name = World(), list[str]()
    world.job("j1")
    world.faults.meanwhile(
        "registry create", lambda: beating_by_name.extend(each.name for each in threading.enumerate())
    )

    world.process(job_event("j1"))

    assert "pulse" in beating_by_name
    assert "pulse" not in {each.name for each in threading.enumerate()}


def test_the_heart_stops_with_the_work() -> None:
    world = World()

    with beating(world.ledger, world.ledger.claim("w", subject={}), every_seconds=0.001):
        until(world, 1)
    after = beats(world)
    time.sleep(0.02)

    assert beats(world) == after
