"""The ledger: one worker at a time holds a piece of work, and a model's history only ever grows."""

from __future__ import annotations

import hashlib
import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from registration.errors import ClaimHeldError, LedgerConflictError
from registration.ledger import HELD_FOR, Claim, Head, Intent, Ledger
from tests.fakes import Clock, MemoryShelf
from tests.faults import Faults

SUBJECT = {"source": ["job", "j1"], "model": "churn"}


class Desk:
    """A ledger with its shelves and its clock."""

    def __init__(self) -> None:
        self.clock, self.faults = Clock(), Faults()
        owners = (f"worker-{number}" for number in itertools.count(1))
        self.state, self.decisions, self.quarantine = (
            MemoryShelf(name, self.clock, self.faults) for name in ("state", "decisions", "quarantine")
        )
        self.ledger = Ledger(
            state=self.state, decisions=self.decisions, quarantine=self.quarantine, new_owner=lambda: next(owners)
        )

    def claim(self, work: str = "w1") -> Claim:
        return self.ledger.claim(work, subject=SUBJECT)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def decided(desk: Desk, claim: Claim) -> Claim:
    return desk.ledger.decide(claim, result={"outcome": "held"}, outbox=({"sink": "topic"},))


def test_the_first_claim_records_who_offered_what(desk: Desk) -> None:
    claim = desk.claim()

    (record,) = desk.state.documents("work/")
    assert not claim.is_settled
    assert (record["state"], record["attempt"], record["subject"]) == ("claimed", 1, SUBJECT)


def test_a_held_claim_says_for_how_long(desk: Desk) -> None:
    desk.claim()
    before = dict(desk.state.kept)
    desk.clock.forward(timedelta(seconds=30))

    with pytest.raises(ClaimHeldError) as held:
        desk.claim()

    assert held.value.retry_after_seconds == (HELD_FOR - timedelta(seconds=30)).total_seconds()
    assert desk.state.kept == before


def test_of_two_first_claims_one_is_told_that_the_work_is_held(desk: Desk) -> None:
    desk.faults.meanwhile("state work/", desk.claim)

    with pytest.raises(ClaimHeldError):
        desk.claim()

    assert len(desk.state.documents("work/")) == 1


def test_a_claim_that_nobody_wrote_to_is_taken_over_with_its_intent(desk: Desk) -> None:
    desk.ledger.intend(desk.claim(), Intent(3, "azureml://jobs/j1/outputs/model"))
    desk.clock.forward(HELD_FOR)

    taken = desk.claim()

    assert (taken.work.owner, taken.work.attempt) == ("worker-2", 2)
    assert taken.work.intent == Intent(3, "azureml://jobs/j1/outputs/model")


def test_every_write_holds_the_claim_for_longer(desk: Desk) -> None:
    claim = desk.claim()
    desk.clock.forward(HELD_FOR - timedelta(seconds=1))
    desk.ledger.intend(claim, Intent(1, "u"))
    desk.clock.forward(HELD_FOR - timedelta(seconds=1))

    with pytest.raises(ClaimHeldError):
        desk.claim()


def test_only_one_worker_takes_over(desk: Desk) -> None:
    desk.claim()
    desk.clock.forward(HELD_FOR)
    desk.faults.meanwhile("state work/", desk.claim)

    with pytest.raises(LedgerConflictError):
        desk.claim()

    assert desk.state.documents("work/")[0]["attempt"] == 2


def test_a_worker_that_lost_its_claim_cannot_write(desk: Desk) -> None:
    lost = desk.claim()
    desk.clock.forward(HELD_FOR)
    desk.claim()
    before = dict(desk.state.kept)

    for write in (lambda: desk.ledger.intend(lost, Intent(1, "u")), lambda: decided(desk, lost)):
        with pytest.raises(LedgerConflictError):
            write()

    assert desk.state.kept == before


def test_work_that_was_given_back_is_claimed_at_once_with_its_intent(desk: Desk) -> None:
    claim = desk.claim()
    desk.ledger.intend(claim, Intent(1, "u"))

    desk.ledger.give_back(claim)

    assert desk.claim().work.intent == Intent(1, "u")


def test_a_lost_claim_cannot_be_given_back(desk: Desk) -> None:
    lost = desk.claim()
    desk.clock.forward(HELD_FOR)
    desk.claim()

    desk.ledger.give_back(lost)

    with pytest.raises(ClaimHeldError):
        desk.claim()


def test_settled_work_cannot_be_given_back(desk: Desk) -> None:
    claim = desk.claim()
    decided(desk, claim)
    before = dict(desk.state.kept)

    desk.ledger.give_back(claim)

    assert desk.state.kept == before


def test_decided_work_owes_its_notices_until_it_is_finished(desk: Desk) -> None:
    decided(desk, desk.claim())

    again = desk.claim()

    assert again.is_settled
    assert again.work.outbox == ({"sink": "topic"},)
    assert desk.ledger.finish(again).work.outbox == ()


def test_finished_work_never_expires(desk: Desk) -> None:
    desk.ledger.finish(decided(desk, desk.claim()))
    before = dict(desk.state.kept)
    desk.clock.forward(timedelta(days=3650))

    again = desk.claim()

    assert (again.work.state, again.work.result) == ("finished", {"outcome": "held"})
    assert desk.state.kept == before


def test_a_model_without_history_has_an_empty_head(desk: Desk) -> None:
    assert desk.ledger.head("churn") == Head("churn")


def test_a_promotion_moves_history_and_champion_together(desk: Desk) -> None:
    moved, digest = desk.ledger.append(desk.ledger.head("churn"), {"outcome": "register"}, promote=(4, "w1"))

    assert desk.ledger.head("churn") == moved
    assert (moved.log_seq, moved.log_digest, moved.champion_seq) == (1, digest, 1)
    assert moved.champion is not None
    assert (moved.champion.version, moved.champion.decision, moved.champion.work) == (4, digest, "w1")


def test_a_decision_without_promotion_leaves_the_champion(desk: Desk) -> None:
    first, _ = desk.ledger.append(desk.ledger.head("churn"), {"outcome": "register"}, promote=(4, "w1"))

    second, digest = desk.ledger.append(first, {"outcome": "reject"}, promote=None)

    assert (second.champion, second.champion_seq) == (first.champion, 1)
    assert (second.log_seq, second.log_digest) == (2, digest)


def test_each_decision_names_the_one_before(desk: Desk) -> None:
    first, before = desk.ledger.append(desk.ledger.head("churn"), {"outcome": "hold"}, promote=None)

    _, digest = desk.ledger.append(first, {"outcome": "hold"}, promote=None)

    assert desk.ledger.decision("churn", digest) == {"outcome": "hold", "seq": 2, "previous": before}


def test_a_decision_is_kept_under_the_digest_of_its_text(desk: Desk) -> None:
    _, digest = desk.ledger.append(desk.ledger.head("churn"), {"reasons": ["größer"]}, promote=None)

    text, *_ = desk.decisions.kept[f"churn/{digest}.json"]
    assert hashlib.sha256(text.encode()).hexdigest() == digest


@pytest.mark.parametrize("decisions_before", [0, 1])
def test_a_head_that_moved_meanwhile_is_not_overwritten(desk: Desk, decisions_before: int) -> None:
    for _ in range(decisions_before):
        desk.ledger.append(desk.ledger.head("churn"), {"outcome": "hold"}, promote=None)
    stale = desk.ledger.head("churn")
    winner, _ = desk.ledger.append(stale, {"outcome": "register"}, promote=(1, "w1"))

    with pytest.raises(LedgerConflictError):
        desk.ledger.append(stale, {"outcome": "register"}, promote=(2, "w2"))

    assert desk.ledger.head("churn") == winner


def test_a_decision_with_a_number_that_json_has_not_is_refused(desk: Desk) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        desk.ledger.append(desk.ledger.head("churn"), {"metric": float("nan")}, promote=None)

    assert not desk.state.kept
    assert not desk.decisions.kept


def test_an_unknown_decision_is_named(desk: Desk) -> None:
    with pytest.raises(LookupError, match="no decision abc of model churn"):
        desk.ledger.decision("churn", "abc")


def test_a_policy_text_is_kept_once_as_it_was(desk: Desk) -> None:
    for text in ("first: 1", "second: 2"):
        desk.ledger.keep_policy(sha256="abc", text=text)

    assert [text for text, *_ in desk.decisions.kept.values()] == ["first: 1"]


def test_a_number_is_reserved_for_one_work_only(desk: Desk) -> None:
    numbers = [desk.ledger.reserve("churn", work=work, at_least=4) for work in ("w1", "w2", "w3")]

    assert numbers == [4, 5, 6]
    assert [found["work"] for found in desk.state.documents("versions/churn/")] == ["w1", "w2", "w3"]


def test_models_do_not_share_numbers(desk: Desk) -> None:
    assert desk.ledger.reserve("churn", work="w1", at_least=1) == 1
    assert desk.ledger.reserve("digits", work="w2", at_least=1) == 1


def test_a_message_is_quarantined_once_and_exactly_as_it_came(desk: Desk) -> None:
    names: list[str] = [
        desk.ledger.quarantine('{ "id" :1}\n', reason=reason, attempts=1) for reason in ("first", "second")
    ]

    kept: dict[str, Any] = json.loads(desk.quarantine.kept[names[0]][0])
    assert names[0] == names[1]
    assert (kept["message"], kept["reason"], kept["attempts"]) == ('{ "id" :1}\n', "first", 1)
