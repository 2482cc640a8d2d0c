"""The ledger: one worker at a time holds a piece of work, and a model's history only ever grows."""

from __future__ import annotations

import hashlib
import itertools
import json
from datetime import timedelta
from typing import Any

import pytest

from registration.errors import ClaimHeldError, LedgerConflictError, LedgerFormatError
from registration.head import Head
from registration.ledger import HELD_FOR, Ledger
from registration.work import Claim, Draft, Intent
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

    def append(
        self, head: Head, decision: dict[str, Any], *, work: str = "", promote: tuple[int, str] | None = None
    ) -> tuple[Head, str]:
        """A decision drafted by a worker of its own, and the head moved to it."""
        claim = self.ledger.draft(self.claim(work or f"work-{len(self.state.kept)}"), head, decision)
        assert claim.work.draft is not None
        return self.ledger.append(head, claim.work.draft.digest, promote=promote), claim.work.draft.digest


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

    with pytest.raises(LedgerConflictError):
        desk.ledger.intend(lost, Intent(1, "u"))
    with pytest.raises(LedgerConflictError):
        decided(desk, lost)

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
    moved, digest = desk.append(desk.ledger.head("churn"), {"outcome": "register"}, promote=(4, "w1"))

    assert desk.ledger.head("churn") == moved
    assert (moved.log_seq, moved.log_digest, moved.champion_seq) == (1, digest, 1)
    assert moved.champion is not None
    assert (moved.champion.version, moved.champion.decision, moved.champion.work) == (4, digest, "w1")


def test_a_decision_without_promotion_leaves_the_champion(desk: Desk) -> None:
    first, _ = desk.append(desk.ledger.head("churn"), {"outcome": "register"}, promote=(4, "w1"))

    second, digest = desk.append(first, {"outcome": "reject"})

    assert (second.champion, second.champion_seq) == (first.champion, 1)
    assert (second.log_seq, second.log_digest) == (2, digest)


def test_each_decision_names_the_one_before(desk: Desk) -> None:
    first, before = desk.append(desk.ledger.head("churn"), {"outcome": "hold"})

    _, digest = desk.append(first, {"outcome": "hold"})

    place = {"seq": 2, "previous": before, "champion_seq": 0, "last_promotion": None}
    assert desk.ledger.decision("churn", digest) == {"outcome": "hold", **place}


def test_a_decision_is_kept_under_the_digest_of_its_text(desk: Desk) -> None:
    _, digest = desk.append(desk.ledger.head("churn"), {"reasons": ["größer"]})

    text, *_ = desk.decisions.kept[f"churn/{digest}.json"]
    assert hashlib.sha256(text.encode()).hexdigest() == digest


@pytest.mark.parametrize("decisions_before", [0, 1])
def test_a_head_that_moved_meanwhile_is_not_overwritten(desk: Desk, decisions_before: int) -> None:
    for _ in range(decisions_before):
        desk.append(desk.ledger.head("churn"), {"outcome": "hold"})
    stale = desk.ledger.head("churn")
    winner, _ = desk.append(stale, {"outcome": "register"}, promote=(1, "w1"))

    with pytest.raises(LedgerConflictError):
        desk.append(stale, {"outcome": "register"}, promote=(2, "w2"))

    assert desk.ledger.head("churn") == winner


def test_a_decision_with_a_number_that_json_has_not_is_refused(desk: Desk) -> None:
    claim = desk.claim()
    before = dict(desk.state.kept)

    with pytest.raises(ValueError, match="Out of range float"):
        desk.ledger.draft(claim, desk.ledger.head("churn"), {"metric": float("nan")})

    assert desk.state.kept == before
    assert not desk.decisions.kept


def test_a_draft_is_kept_and_is_no_history_yet(desk: Desk) -> None:
    head = desk.ledger.head("churn")

    claim = desk.ledger.draft(desk.claim(), head, {"outcome": "hold"})

    assert claim.work.draft is not None
    place = {"seq": 1, "previous": None, "champion_seq": 0, "last_promotion": None}
    assert desk.ledger.decision("churn", claim.work.draft.digest) == {"outcome": "hold", **place}
    assert desk.ledger.head("churn") == head


def test_a_worker_that_lost_its_claim_cannot_draft(desk: Desk) -> None:
    lost = desk.claim()
    desk.clock.forward(HELD_FOR)
    taken = desk.claim()

    with pytest.raises(LedgerConflictError):
        desk.ledger.draft(lost, desk.ledger.head("churn"), {"outcome": "hold"})

    assert desk.ledger.renew(taken).work.draft is None


def judgement(work: str) -> dict[str, Any]:
    return {"outcome": "hold", "candidate": {"work": work}}


def test_a_decision_that_reached_the_history_is_found_again_however_many_followed(desk: Desk) -> None:
    head, digest = desk.append(desk.ledger.head("churn"), judgement("w1"), work="w1")
    for work in ("w2", "w3"):
        head, _ = desk.append(head, judgement(work), work=work)
    desk.clock.forward(HELD_FOR)

    found = desk.ledger.decided(desk.claim("w1"), head)

    place = {"seq": 1, "previous": None, "champion_seq": 0, "last_promotion": None}
    assert found == (digest, judgement("w1") | place)


def test_a_draft_that_lost_the_head_is_no_decision(desk: Desk) -> None:
    claim = desk.ledger.draft(desk.claim("w1"), desk.ledger.head("churn"), judgement("w1"))
    head, _ = desk.append(desk.ledger.head("churn"), judgement("w2"), work="w2")

    assert desk.ledger.decided(claim, head) is None


def test_work_without_a_draft_was_never_decided_and_no_history_is_read(desk: Desk) -> None:
    head, _ = desk.append(desk.ledger.head("churn"), judgement("w2"), work="w2")
    desk.decisions.kept.clear()

    assert desk.ledger.decided(desk.claim("w1"), head) is None


def test_a_decision_older_than_the_draft_is_not_read(desk: Desk) -> None:
    head, first = desk.append(desk.ledger.head("churn"), judgement("w2"), work="w2")
    claim = desk.ledger.draft(desk.claim("w1"), head, judgement("w1"))
    del desk.decisions.kept[f"churn/{first}.json"]

    assert desk.ledger.decided(claim, head) is None


def test_a_renewed_claim_holds_for_longer_and_says_what_it_said(desk: Desk) -> None:
    claim = desk.ledger.intend(desk.claim(), Intent(3, "u"))
    desk.clock.forward(HELD_FOR - timedelta(seconds=1))

    renewed = desk.ledger.renew(claim)

    desk.clock.forward(HELD_FOR - timedelta(seconds=1))
    assert renewed.work == claim.work
    with pytest.raises(ClaimHeldError):
        desk.claim()


def test_a_lost_claim_cannot_be_renewed(desk: Desk) -> None:
    lost = desk.claim()
    desk.clock.forward(HELD_FOR)
    desk.claim()
    before = dict(desk.state.kept)

    with pytest.raises(LedgerConflictError):
        desk.ledger.renew(lost)

    assert desk.state.kept == before


def rewritten(desk: Desk, name: str, **changes: object) -> None:
    """A document as another version of this app left it."""
    found = desk.state.read(name)
    assert found is not None
    desk.state.replace(name, found.document | changes, etag=found.etag)


def test_a_work_record_with_more_members_than_we_know_is_read(desk: Desk) -> None:
    desk.ledger.draft(desk.ledger.intend(desk.claim(), Intent(3, "u")), Head("churn"), {"outcome": "hold"})
    rewritten(desk, "work/w1.json", added_later={"any": "thing"})
    desk.clock.forward(HELD_FOR)

    again = desk.claim()

    assert (again.work.attempt, again.work.intent) == (2, Intent(3, "u"))
    assert isinstance(again.work.draft, Draft)


def test_a_work_record_without_the_members_that_came_later_is_read(desk: Desk) -> None:
    desk.ledger.give_back(desk.claim())
    found = desk.state.read("work/w1.json")
    assert found is not None
    kept = {key: value for key, value in found.document.items() if key not in {"draft", "outbox"}}
    desk.state.replace("work/w1.json", kept, etag=found.etag)

    again = desk.claim()

    assert (again.work.draft, again.work.outbox) == (None, ())


def test_a_head_with_more_members_than_we_know_is_read(desk: Desk) -> None:
    head, _ = desk.append(desk.ledger.head("churn"), {"outcome": "register"}, promote=(4, "w1"))
    rewritten(desk, "heads/churn.json", added_later=1)

    assert desk.ledger.head("churn") == head


@pytest.mark.parametrize(
    ("name", "member"), [("work/w1.json", "intent"), ("work/w1.json", "draft"), ("heads/churn.json", "champion")]
)
def test_a_member_with_more_members_than_we_know_is_read(desk: Desk, name: str, member: str) -> None:
    desk.append(desk.ledger.head("churn"), {"outcome": "register"}, promote=(4, "w0"))
    desk.ledger.draft(desk.ledger.intend(desk.claim(), Intent(3, "u")), Head("churn"), {"outcome": "hold"})
    found = desk.state.read(name)
    assert found is not None
    rewritten(desk, name, **{member: found.document[member] | {"added_later": 1}})
    desk.clock.forward(HELD_FOR)

    assert desk.claim().work.intent == Intent(3, "u")
    assert desk.ledger.head("churn").champion is not None


@pytest.mark.parametrize("format_", ["registrar/work-record/v2", "", None])
def test_a_work_record_of_another_format_is_left_alone(desk: Desk, format_: str | None) -> None:
    desk.ledger.give_back(desk.claim())
    rewritten(desk, "work/w1.json", format=format_)
    before = dict(desk.state.kept)

    with pytest.raises(LedgerFormatError, match="where this version reads 'registrar/work-record/v1'"):
        desk.claim()

    assert desk.state.kept == before


def test_a_head_of_another_format_is_named(desk: Desk) -> None:
    desk.append(desk.ledger.head("churn"), {"outcome": "hold"})
    rewritten(desk, "heads/churn.json", format="registrar/head/v2")

    with pytest.raises(LedgerFormatError, match="holds 'registrar/head/v2' where this version reads"):
        desk.ledger.head("churn")


def test_an_unknown_decision_is_named(desk: Desk) -> None:
    with pytest.raises(LedgerFormatError, match="decision abc of model churn is not in the ledger"):
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
