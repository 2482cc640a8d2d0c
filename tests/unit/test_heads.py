"""Heads: wherever one lies, every move of it is kept, and several of one group move together or not at all."""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.errors import LedgerConflictError, LedgerFormatError, UnavailableError
from registration.head import Move
from registration.heads import Heads
from tests.fakes import MemoryShelf

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registration.shelf import Entry

PAIR = "churn/pair"


def heads_on(shelf: MemoryShelf) -> Heads:
    return Heads(shelf, lambda _: iter(()))


def document(shelf: MemoryShelf, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shelf.kept[name][0])
    return found


@pytest.fixture
def shelf() -> MemoryShelf:
    return MemoryShelf()


def put_in_production(shelf: MemoryShelf, model: str, version: int, digest: str) -> None:
    heads = heads_on(shelf)
    heads.move(Move(heads.read(model), digest, (version, f"work of {version}")).done)


def test_a_head_by_itself_is_stored_as_it_always_was(shelf: MemoryShelf) -> None:
    put_in_production(shelf, "left", 1, "d1")

    assert document(shelf, "heads/left.json") == {
        "format": "registrar/head/v1",
        "model": "left",
        "log_seq": 1,
        "log_digest": "d1",
        "champion_seq": 1,
        "champion": {"version": 1, "decision": "d1", "work": "work of 1"},
    }


def test_heads_that_join_a_group_keep_their_history_and_their_champion(shelf: MemoryShelf) -> None:
    put_in_production(shelf, "left", 1, "d1")

    left, right = heads_on(shelf).together(["left", "right"], group=PAIR)

    assert (left.log_digest, left.champion and left.champion.version, left.group) == ("d1", 1, PAIR)
    assert (right.log_seq, right.champion) == (0, None)
    assert heads_on(shelf).read("left") == left


def test_the_heads_of_a_group_move_by_one_write(shelf: MemoryShelf) -> None:
    heads = heads_on(shelf)
    left, right = heads.together(["left", "right"], group=PAIR)
    before = len(shelf.faults.writes)

    heads.move(Move(left, "l1", (1, "wl")).done, Move(right, "r1", (4, "wr")).done)

    assert shelf.faults.writes[before:] == [
        "shelf groups/churn/pair.json",
        "shelf heads/left.json",
        "shelf heads/right.json",
    ]
    assert [heads.read(model).champion_seq for model in ("left", "right")] == [1, 1]


@pytest.mark.parametrize("moved", ["left", "right"])
def test_heads_of_a_group_move_together_or_not_at_all(shelf: MemoryShelf, moved: str) -> None:
    heads = heads_on(shelf)
    left, right = heads.together(["left", "right"], group=PAIR)
    put_in_production(shelf, moved, 1, "d1")
    before = dict(shelf.kept)

    with pytest.raises(LedgerConflictError):
        heads.move(Move(left, "l1").done, Move(right, "r1").done)

    assert shelf.kept == before


def test_a_head_in_a_group_can_move_by_itself(shelf: MemoryShelf) -> None:
    heads = heads_on(shelf)
    heads.together(["left", "right"], group=PAIR)

    put_in_production(shelf, "left", 1, "d1")

    assert (heads.read("left").log_digest, heads.read("right").log_digest) == ("d1", None)


def test_the_copy_for_people_names_the_group_and_has_a_format_that_older_apps_do_not_read(shelf: MemoryShelf) -> None:
    heads_on(shelf).together(["left", "right"], group=PAIR)
    put_in_production(shelf, "left", 7, "d1")

    copy = document(shelf, "heads/left.json")

    assert (copy["format"], copy["group"]) == ("registrar/grouped-head/v1", PAIR)
    assert (copy["log_seq"], copy["champion"]["version"]) == (1, 7)


def test_a_copy_that_could_not_be_written_is_mended_and_counts_for_nothing_until_then(shelf: MemoryShelf) -> None:
    heads = heads_on(shelf)
    heads.together(["left", "right"], group=PAIR)
    shelf.faults.fail("shelf heads/left")
    with pytest.raises(UnavailableError):
        put_in_production(shelf, "left", 7, "d1")

    left = heads.read("left")
    assert (left.log_digest, heads.is_mirrored(left)) == ("d1", False)

    heads.mirror(left)

    assert heads.is_mirrored(left)


def test_a_late_copy_does_not_hide_a_newer_one(shelf: MemoryShelf) -> None:
    heads = heads_on(shelf)
    late, _ = heads.together(["left", "right"], group=PAIR)
    put_in_production(shelf, "left", 7, "d1")
    before = dict(shelf.kept)

    heads.mirror(late)

    assert shelf.kept == before


def test_a_head_goes_to_the_group_that_its_policy_names_by_then(shelf: MemoryShelf) -> None:
    heads = heads_on(shelf)
    heads.together(["left", "right"], group=PAIR)
    put_in_production(shelf, "left", 7, "d1")

    left, third = heads.together(["left", "third"], group="churn/others")

    assert (left.group, left.log_digest, third.group) == ("churn/others", "d1", "churn/others")
    assert heads.read("right").group == PAIR
    assert heads.together(["right", "left"], group=PAIR)[1].log_digest == "d1"


def test_a_head_that_a_dead_worker_left_on_its_way_out_can_be_read_and_goes_on(shelf: MemoryShelf) -> None:
    heads = heads_on(shelf)
    heads.together(["left", "right"], group=PAIR)
    put_in_production(shelf, "left", 7, "d1")
    shelf.faults.meanwhile("shelf heads/left", lambda: shelf.faults.fail("shelf heads/left"))
    with pytest.raises(UnavailableError):
        heads.together(["left", "third"], group="churn/others")
    assert document(shelf, "groups/churn/pair.json")["leaving"].keys() == {"left"}
    assert heads.read("left").log_digest == "d1"

    with pytest.raises(LedgerConflictError):
        put_in_production(shelf, "left", 8, "d2")
    put_in_production(shelf, "left", 8, "d2")

    assert (heads.read("left").group, heads.read("left").log_seq) == (None, 2)


def test_an_outdated_copy_of_a_head_never_becomes_the_head(shelf: MemoryShelf) -> None:
    """Another worker moves the head after it was copied into the group, and before it joined."""
    put_in_production(shelf, "left", 1, "d1")
    shelf.faults.meanwhile("shelf heads/left", lambda: put_in_production(shelf, "left", 2, "d2"))

    left, _ = heads_on(shelf).together(["left", "right"], group=PAIR)

    assert (left.log_seq, left.log_digest) == (2, "d2")


BROKEN = {
    "heads/left.json": {"format": "registrar/grouped-head/v1", "model": "left", "group": 7},
    "groups/churn/pair.json": {"format": "registrar/group/v2"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_damaged_document_is_named_and_nothing_is_written(shelf: MemoryShelf, name: str) -> None:
    heads = heads_on(shelf)
    heads.together(["left", "right"], group=PAIR)
    shelf.kept[name] = (json.dumps(BROKEN[name]), *shelf.kept[name][1:])
    before = dict(shelf.kept)

    with pytest.raises(LedgerFormatError, match=name):
        heads.read("left")
    with pytest.raises(LedgerFormatError, match=name):
        heads.together(["left", "right"], group=PAIR)

    assert shelf.kept == before


def test_a_group_that_is_gone_is_named(shelf: MemoryShelf) -> None:
    heads = heads_on(shelf)
    heads.together(["left", "right"], group=PAIR)
    del shelf.kept["groups/churn/pair.json"]

    with pytest.raises(LedgerFormatError, match=r"groups/churn/pair\.json is gone, though a head lies in it"):
        heads.read("left")
    with pytest.raises(LedgerFormatError, match=r"groups/churn/pair\.json is gone, though a head lies in it"):
        heads.together(["left", "right"], group=PAIR)


def test_a_group_without_the_head_that_should_lie_there_is_named(shelf: MemoryShelf) -> None:
    heads = heads_on(shelf)
    heads.together(["left", "right"], group=PAIR)
    said = document(shelf, "groups/churn/pair.json")
    del said["heads"]["left"]
    shelf.kept["groups/churn/pair.json"] = (json.dumps(said), *shelf.kept["groups/churn/pair.json"][1:])

    with pytest.raises(LedgerFormatError, match=r"groups/churn/pair\.json has no head of left"):
        heads.read("left")
    with pytest.raises(LedgerFormatError, match=r"groups/churn/pair\.json has no head of left"):
        heads.together(["left", "right"], group=PAIR)


class Turns:
    """Lets one worker at a time do one thing with a shelf, in the order of `schedule`; each has a thread."""

    def __init__(self, schedule: list[int]) -> None:
        self._schedule, self._me = schedule, threading.local()
        self._arrived: queue.SimpleQueue[tuple[int, bool]] = queue.SimpleQueue()
        self._gates: list[threading.Semaphore] = []

    def wait(self) -> None:
        """Called by a worker before it reads or writes."""
        self._arrived.put((self._me.number, True))
        self._gates[self._me.number].acquire()

    def play(self, deeds: list[Callable[[], None]]) -> None:
        """Have every deed done by a worker of its own."""
        self._gates = [threading.Semaphore(0) for _ in deeds]
        threads = [threading.Thread(target=self._work, args=(number, deed)) for number, deed in enumerate(deeds)]
        for thread in threads:
            thread.start()
        waiting, running = set[int](), len(deeds)
        while running or waiting:
            for _ in range(running):
                number, stands = self._arrived.get()
                waiting |= {number} if stands else set()
            running = min(1, len(waiting))
            if waiting:
                number = sorted(waiting)[(self._schedule.pop() if self._schedule else 0) % len(waiting)]
                waiting.remove(number)
                self._gates[number].release()
        for thread in threads:
            thread.join()

    def _work(self, number: int, deed: Callable[[], None]) -> None:
        self._me.number = number
        try:
            deed()
        finally:
            self._arrived.put((number, False))


@dataclass
class Shared(MemoryShelf):
    """A shelf that several workers use at once, each in its turn. `made` are the moves that succeeded, in order."""

    turns: Turns = field(default_factory=lambda: Turns([]))
    made: dict[str, list[str]] = field(default_factory=dict)

    def read(self, name: str) -> Entry | None:
        self.turns.wait()
        return super().read(name)

    def create(self, name: str, document: Mapping[str, Any]) -> Entry:
        self.turns.wait()
        return super().create(name, document)

    def replace(self, name: str, document: Mapping[str, Any], *, etag: str) -> Entry:
        self.turns.wait()
        return super().replace(name, document, etag=etag)


@dataclass(frozen=True)
class Plan:
    """What a worker does: reads heads, alone or in a group, and moves them."""

    models: tuple[str, ...]
    group: str | None

    def carry_out(self, shelf: Shared, name: str) -> None:
        heads, models = heads_on(shelf), self.models if self.group else self.models[:1]
        try:
            found = heads.together(models, group=self.group) if self.group else (heads.read(models[0]),)
            heads.move(*(Move(head, f"{name} of {head.model}", (head.log_seq + 1, name)).done for head in found))
        except LedgerConflictError:
            return
        for model in models:
            shelf.made.setdefault(model, []).append(name)


PLANS = st.one_of(
    st.builds(lambda model: Plan((model,), None), st.sampled_from("abc")),
    st.builds(
        lambda models, group: Plan(tuple(models), group),
        st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True),
        st.sampled_from(["g", "h"]),
    ),
)


@given(st.lists(st.lists(PLANS, min_size=1, max_size=3), min_size=2, max_size=3), st.lists(st.integers(0, 2)))
def test_no_move_is_lost_or_made_twice_however_workers_meet(work: list[list[Plan]], schedule: list[int]) -> None:
    shelf = Shared(turns=Turns(schedule))

    def worker(number: int) -> None:
        for place, plan in enumerate(work[number]):
            plan.carry_out(shelf, f"{number}.{place}")

    shelf.turns.play([partial(worker, number) for number in range(len(work))])

    quiet = heads_on(MemoryShelf(kept=shelf.kept))
    for model in "abc":
        made, head = shelf.made.get(model, []), quiet.read(model)
        assert (head.log_seq, head.champion_seq) == (len(made), len(made))
        assert head.champion is None or head.champion.work in made
