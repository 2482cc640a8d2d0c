"""A ledger beside a simple model of it: two workers do what workers do, in any order, and both must agree.

A rule does one call and says beforehand, from the model, how it must end. Each worker keeps the claim it was last
given, however old, and the draft it last wrote; so claims and heads that others moved past are used all the time.
Subclasses give the shelves, and time if it can be moved there.
"""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from registration.errors import ClaimHeldError, LedgerConflictError
from registration.ledger import HELD_FOR, Ledger
from registration.work import Claim, Intent, Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.head import Head
    from registration.shelf import Shelf

WORKERS = st.sampled_from(["ann", "ben"])
WORKS = st.sampled_from(["w1", "w2", "w3"])


@dataclass
class Piece:
    """What the model knows of one piece of work."""

    work: Work
    etag: str
    written: datetime


@dataclass
class Hand:
    """What a worker has of one piece of work: its claim, and its draft with the head it was written for."""

    claim: Claim
    draft: tuple[Head, str] | None = None


@dataclass
class Simple:
    """The model: works, decisions in order with the version they promoted, and the frozen records."""

    works: dict[str, Piece] = field(default_factory=dict)
    log: list[tuple[str, str, int | None]] = field(default_factory=list)
    finished: dict[str, Work] = field(default_factory=dict)
    pulses: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    def is_held(self, work: str, *, now: datetime) -> bool:
        """Whether a worker holds the claim and wrote, or beat, less than HELD_FOR ago."""
        known, (beating, beat) = self.works[work], self.pulses.get(work, ("", datetime.min.replace(tzinfo=UTC)))
        last = max(known.written, beat) if beating == known.work.owner else known.written
        return known.work.state == "claimed" and bool(known.work.owner) and now < last + HELD_FOR

    @property
    def promoted(self) -> list[tuple[str, str, int]]:
        """The decisions that moved the champion."""
        return [(digest, work, version) for digest, work, version in self.log if version is not None]


class LedgerMachine(RuleBasedStateMachine):
    """Two workers, three pieces of work, one model."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.simple, self.numbers = datetime(2026, 3, 2, tzinfo=UTC), Simple(), itertools.count(1)
        self.hands: dict[tuple[str, str], Hand] = {}
        self.prefix = uuid.uuid4().hex
        state, decisions, quarantine = self.shelves()
        self.ledger = Ledger(
            state=state, decisions=decisions, quarantine=quarantine, new_owner=lambda: f"owner-{next(self.numbers)}"
        )

    def shelves(self) -> tuple[Shelf, Shelf, Shelf]:
        """State, decisions and quarantine."""
        raise NotImplementedError

    @rule(worker=WORKERS, work=WORKS)
    def claim(self, worker: str, work: str) -> None:
        key, known = self.prefix + work, self.simple.works.get(work)
        if known is not None and self.simple.is_held(work, now=self.now):
            with pytest.raises(ClaimHeldError):
                self.ledger.claim(key, subject={})
            return
        claim = self.ledger.claim(key, subject={})
        self.hands[worker, work] = Hand(claim)
        if known is None:
            assert (claim.work.state, claim.work.attempt, claim.work.intent) == ("claimed", 1, None)
        elif known.work.state != "claimed":
            assert (claim.work, claim.etag) == (known.work, known.etag)
            return
        else:
            assert (claim.work.attempt, claim.work.intent) == (known.work.attempt + 1, known.work.intent)
            assert (claim.work.draft, claim.work.owner != known.work.owner) == (known.work.draft, True)
        self.keep(work, claim)

    @rule(worker=WORKERS, work=WORKS, version=st.integers(1, 9))
    def intend(self, worker: str, work: str, version: int) -> None:
        self.write(worker, work, lambda claim: self.ledger.intend(claim, Intent(version, "u")))

    @rule(worker=WORKERS, work=WORKS)
    def renew(self, worker: str, work: str) -> None:
        self.write(worker, work, self.ledger.renew)

    @rule(worker=WORKERS, work=WORKS)
    def judge(self, worker: str, work: str) -> None:
        """Look whether the work was decided already, and draft a decision if not."""
        head, made = self.ledger.head(self.prefix), [digest for digest, of, _ in self.simple.log if of == work]
        hand = self.hands.get((worker, work))
        if hand is None or not self.is_live(work, hand):
            return
        known = self.ledger.decided(hand.claim, head)
        assert [known[0]] == made if known else not made
        if known is None:
            decision = {"candidate": {"work": self.prefix + work}, "salt": next(self.numbers)}
            claim = self.write(worker, work, lambda claim: self.ledger.draft(claim, head, decision))
            assert claim is not None
            assert claim.work.draft is not None
            self.hands[worker, work].draft = head, claim.work.draft.digest

    @rule(worker=WORKERS, work=WORKS)
    def draft_with_a_lost_claim(self, worker: str, work: str) -> None:
        hand = self.hands.get((worker, work))
        if hand is not None and not self.is_live(work, hand) and not hand.claim.is_settled:
            head = self.ledger.head(self.prefix)
            self.write(worker, work, lambda claim: self.ledger.draft(claim, head, {"salt": next(self.numbers)}))

    @rule(worker=WORKERS, work=WORKS, promotes=st.booleans())
    def append(self, worker: str, work: str, *, promotes: bool) -> None:
        """Move the head to a draft, of a worker that may have lost its claim since: then the next one finds it."""
        hand = self.hands.get((worker, work))
        if hand is None or hand.draft is None:
            return
        (head, digest), hand.draft = hand.draft, None
        version = next(self.numbers) if promotes else None
        promote = None if version is None else (version, work)
        if head.log_seq != len(self.simple.log):
            with pytest.raises(LedgerConflictError):
                self.ledger.append(head, digest, promote=promote)
            return
        moved = self.ledger.append(head, digest, promote=promote)
        self.simple.log.append((digest, work, version))
        assert moved == self.ledger.head(self.prefix)

    @rule(worker=WORKERS, work=WORKS, promotes=st.booleans())
    def go_on_until_the_head_moved(self, worker: str, work: str, *, promotes: bool) -> None:
        """What a worker does that nobody disturbs, so that histories get long."""
        self.claim(worker, work)
        self.judge(worker, work)
        self.append(worker, work, promotes=promotes)

    @rule(worker=WORKERS, work=WORKS)
    def decide(self, worker: str, work: str) -> None:
        result = {"outcome": "held", "salt": next(self.numbers)}
        self.write(worker, work, lambda claim: self.ledger.decide(claim, result=result, outbox=({"sink": "topic"},)))

    @rule(worker=WORKERS, work=WORKS)
    def finish(self, worker: str, work: str) -> None:
        done = self.write(worker, work, self.ledger.finish, state="decided")
        if done is not None:
            self.simple.finished[work] = done.work

    @rule(worker=WORKERS, work=WORKS)
    def give_back(self, worker: str, work: str) -> None:
        hand, known = self.hands.get((worker, work)), self.simple.works.get(work)
        if hand is None or known is None:
            return
        gives = (known.work.state, known.work.owner) == ("claimed", hand.claim.work.owner)
        self.ledger.give_back(hand.claim)
        if gives:
            self.keep(work, self.stored(work))
            assert self.simple.works[work].work.owner == ""

    @rule(worker=WORKERS, work=WORKS)
    def beat(self, worker: str, work: str) -> None:
        """A worker that lost its claim may not know it yet: its pulse must hold nothing, and hide no other."""
        if (hand := self.hands.get((worker, work))) is None:
            return
        owner, (beating, _) = hand.claim.work.owner, self.simple.pulses.get(work, (None, None))
        if beating not in {None, owner} and self.simple.works[work].work.owner != owner:
            with pytest.raises(LedgerConflictError):
                self.ledger.beat(hand.claim)
            return
        self.ledger.beat(hand.claim)
        self.simple.pulses[work] = owner, self.now

    @invariant()
    def the_history_is_the_models(self) -> None:
        head, promoted = self.ledger.head(self.prefix), self.simple.promoted
        assert head.log_seq == len(self.simple.log)
        assert head.champion_seq == len(promoted)
        now = head.champion and (head.champion.decision, head.champion.work, head.champion.version)
        assert now == (promoted[-1] if promoted else None)

    @invariant()
    def the_chain_is_whole(self) -> None:
        digest = self.ledger.head(self.prefix).log_digest
        for seq, (expected, work, _) in reversed(list(enumerate(self.simple.log, 1))):
            assert digest == expected
            written = self.ledger.decision(self.prefix, expected)
            assert (written["seq"], written["candidate"]["work"]) == (seq, self.prefix + work)
            digest = written["previous"]
        assert digest is None

    @invariant()
    def no_work_is_decided_twice(self) -> None:
        works = [work for _, work, _ in self.simple.log]
        assert len(works) == len(set(works))

    @invariant()
    def every_record_is_the_models(self) -> None:
        for work, known in self.simple.works.items():
            assert self.ledger.work(self.prefix + work) == known.work

    @invariant()
    def what_is_finished_never_changes(self) -> None:
        for work, record in self.simple.finished.items():
            assert self.simple.works[work].work == record
            assert self.ledger.claim(self.prefix + work, subject={}).work == record

    def is_live(self, work: str, hand: Hand) -> bool:
        """Whether the claim of a hand is still the stored one and not settled."""
        return hand.claim.etag == self.simple.works[work].etag and not hand.claim.is_settled

    def write(self, worker: str, work: str, act: Callable[[Claim], Claim], *, state: str = "claimed") -> Claim | None:
        """Write with the worker's claim if it last saw `state`; the claim that came of it, or None if it was lost."""
        hand = self.hands.get((worker, work))
        if hand is None or hand.claim.work.state != state:
            return None
        if hand.claim.etag != self.simple.works[work].etag:
            with pytest.raises(LedgerConflictError):
                act(hand.claim)
            return None
        hand.claim = act(hand.claim)
        self.keep(work, hand.claim)
        return hand.claim

    def keep(self, work: str, claim: Claim) -> None:
        """Let the model know what was written."""
        self.simple.works[work] = Piece(claim.work, claim.etag, self.now)

    def stored(self, work: str) -> Claim:
        """The record as it is now, with its ETag."""
        found = self.ledger._state.read(f"work/{self.prefix}{work}.json")
        assert found is not None
        return Claim(Work.from_dict(found.document), found.etag)
