"""The past of a model: every champion is found by the promotions that decisions name, for the price of those alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, override

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration import promotions
from registration.head import Head, Move
from registration.ledger import Ledger
from registration.promotions import promoted
from registration.revocation import Revocation
from tests.fakes import MemoryShelf
from tests.faults import Faults
from tests.world import CHURN, World, job_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MODEL = "churn"
KINDS = ("rejects", "promotes", "vacates")
BEST = CHURN.replace("    metrics:", "    compare_to: best\n    metrics:")
SCRIPTS = st.lists(st.tuples(st.sampled_from(KINDS), st.booleans()), max_size=25)


class Older(Ledger):
    """A ledger that writes decisions as before they named promotions."""

    @override
    def write(self, head: Head, decision: Mapping[str, Any]) -> str:
        place = {"seq": head.log_seq + 1, "previous": head.log_digest, "champion_seq": head.champion_seq}
        return self._decisions.record(head.model, {**decision, **place})


class Counting(Faults):
    """Faults that count what is read."""

    reads = 0

    @override
    def reading(self) -> None:
        self.reads += 1
        super().reading()


@dataclass
class Chain:
    """The history of one model, written by a ledger of now and by an older one, as each decision wants it."""

    faults: Counting = field(default_factory=Counting)
    versions: int = 0

    def __post_init__(self) -> None:
        shelves: dict[str, Any] = {
            name: MemoryShelf(name, faults=self.faults) for name in ("state", "decisions", "quarantine")
        }
        self.ledger, self.older = (kind(**shelves, new_owner=lambda: "w") for kind in (Ledger, Older))

    def decide(self, kind: str, *, old: bool = False) -> None:
        ledger, head = self.older if old else self.ledger, self.head
        self.versions += kind == "promotes"
        version = self.versions if kind == "promotes" else None
        digest = ledger.write(head, {"version": version, "promoted": version is not None, "salt": head.log_seq})
        promote = (version, "w") if version is not None else None
        ledger.append_all([Move(head, digest, promote, vacates=kind == "vacates")])

    @property
    def head(self) -> Head:
        return self.ledger.head(MODEL)

    def walked(self) -> list[str]:
        return [digest for digest, _ in promotions.walk(self.head, partial(self.ledger.decision, MODEL))]

    def by_previous(self) -> Iterator[str]:
        digest = self.head.log_digest
        while digest is not None:
            record = self.ledger.decision(MODEL, digest)
            if promoted(record):
                yield digest
            digest = record["previous"]


@given(script=SCRIPTS)
def test_both_walks_find_the_same_promotions_whichever_app_wrote_what(script: list[tuple[str, bool]]) -> None:
    chain = Chain()

    for kind, old in script:
        chain.decide(kind, old=old)

    assert chain.walked() == list(chain.by_previous())


@given(script=st.lists(st.sampled_from(KINDS), max_size=25))
def test_a_promotion_costs_one_request_whatever_was_decided_between(script: list[str]) -> None:
    chain = Chain()
    for kind in script:
        chain.decide(kind)
    head, before = chain.head, chain.faults.reads
    has_lost_its_champion = head.champion is None and head.champion_seq > 0

    found = list(promotions.walk(head, partial(chain.ledger.decision, MODEL)))

    assert len(found) == chain.versions
    assert chain.faults.reads - before == chain.versions + has_lost_its_champion


@given(script=st.lists(st.sampled_from(KINDS), max_size=25))
def test_each_record_of_a_promotion_is_read_once_in_an_older_history(script: list[str]) -> None:
    chain = Chain()
    for kind in script:
        chain.decide(kind, old=True)
    before = chain.faults.reads

    chain.walked()

    assert chain.faults.reads - before <= len(script) + 1  # the head


def offered(world: World, name: str, accuracy: float) -> str:
    """What becomes of a job."""
    world.job(name, accuracy=accuracy)
    return world.process(job_event(name)).outcome


def champions(world: World, number: int) -> None:
    """So many champions, the last one with an accuracy of 0.9."""
    for each in range(number):
        assert offered(world, f"c{each}", 0.9 - 0.01 * (number - 1 - each)) == "registered"


def last(world: World) -> dict[str, Any]:
    return world.history("churn")[-1]


def reads_after(rejected: int) -> int:
    """The requests for a decision by the best champion, after so many candidates were rejected."""
    counting = Counting()
    world = World(faults=counting)
    champions(world, 4)
    for number in range(rejected):
        assert offered(world, f"r{number}", 0.1) == "rejected"
    world.policies.kept["churn.yaml"] = BEST
    before = counting.reads
    assert offered(world, "better", 0.95) == "registered"
    after = counting.reads
    assert [one["version"] for one in last(world)["past"]] == [1, 2, 3]
    return after - before


def test_what_a_decision_costs_does_not_grow_with_the_decisions_before_it() -> None:
    assert reads_after(1) == reads_after(30)


@pytest.mark.parametrize(("pinned", "past"), [(1, [1, 2, 3]), (3, [3]), (4, []), (9, [1, 2, 3])])
def test_a_pinned_version_is_looked_for_no_further_than_it_is(pinned: int, past: list[int]) -> None:
    world = World()
    champions(world, 4)
    world.policies.kept["churn.yaml"] = BEST.replace("best", f"pinned:{pinned}")

    offered(world, "better", 0.95)

    assert [one["version"] for one in last(world)["past"]] == past


def test_one_policy_that_asks_for_the_best_has_every_champion_read() -> None:
    world = World()
    champions(world, 4)
    world.policies.kept["churn.yaml"] = BEST.replace("best", "pinned:3")
    world.policies.kept["shadow.yaml"] = BEST.replace("name: churn\n", "name: other\nmode: shadow\n", 1)

    offered(world, "better", 0.95)

    assert [one["version"] for one in last(world)["past"]] == [1, 2, 3]


def test_where_the_pinned_version_was_revoked_the_search_goes_on() -> None:
    world = World()
    champions(world, 4)
    world.policies.kept["churn.yaml"] = BEST.replace("best", "pinned:3")
    sha256 = world.history("churn")[2]["candidate"]["artifact_sha256"]
    world.ledger.revoke(Revocation(sha256, world.clock.iso(), {"actor": {"name": "ada"}, "reason": "licence"}))

    offered(world, "better", 0.95)

    assert [one["version"] for one in last(world)["past"]] == [1, 2]
