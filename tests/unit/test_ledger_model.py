"""The ledger agrees with a simple model of it, whatever two workers do, and however much time passes between."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from registration.ledger import HELD_FOR
from tests.fakes import Clock, MemoryShelf
from tests.ledger_machine import WORKS, LedgerMachine

if TYPE_CHECKING:
    from registration.shelf import Shelf

SECOND = timedelta(seconds=1)


class InMemory(LedgerMachine):
    """On fakes, where time can be moved."""

    def shelves(self) -> tuple[Shelf, Shelf, Shelf]:
        self.clock = Clock()
        self.clock.now = self.now
        return MemoryShelf("state", self.clock), MemoryShelf("decisions", self.clock), MemoryShelf("quarantine")

    @rule(step=st.sampled_from([SECOND, HELD_FOR - SECOND, HELD_FOR, 30 * HELD_FOR]))
    def forward(self, step: timedelta) -> None:
        self.clock.forward(step)
        self.now += step

    @rule(late=WORKS, work=WORKS, promotes=st.booleans())
    def append_to_a_head_that_moved(self, late: str, work: str, *, promotes: bool) -> None:
        """Between the draft of one worker and its move, another moves the head, as chance hardly brings about."""
        self.claim("ann", late)
        self.judge("ann", late)
        self.go_on_until_the_head_moved("ben", work, promotes=promotes)
        self.append("ann", late, promotes=promotes)

    @rule(work=WORKS)
    def beat_beside_the_one_that_took_over(self, work: str) -> None:
        self.claim("ann", work)
        self.forward(HELD_FOR)
        self.claim("ben", work)
        self.beat("ben", work)
        self.beat("ann", work)

    @invariant()
    def only_what_is_not_finished_is_listed(self) -> None:
        listed = {key for key in self.ledger.unfinished() if key.startswith(self.prefix)}
        assert listed == {self.prefix + work for work in self.simple.works if work not in self.simple.finished}


def test_the_ledger_is_the_model() -> None:
    run_state_machine_as_test(InMemory, settings=settings(max_examples=200, stateful_step_count=40, deadline=None))
