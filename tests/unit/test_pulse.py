"""The pulse: it beats beside the work, and misses without harm."""

from __future__ import annotations

import time

from registration.pulse import beating
from tests.world import World


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


def test_the_heart_stops_with_the_work() -> None:
    world = World()

    with beating(world.ledger, world.ledger.claim("w", subject={}), every_seconds=0.001):
        until(world, 1)
    after = beats(world)
    time.sleep(0.02)

    assert beats(world) == after
