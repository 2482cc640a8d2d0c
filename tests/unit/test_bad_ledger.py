"""Documents of the ledger that people, broken copies or other versions left: each is named, and nothing is written."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration import history
from registration.errors import LedgerFormatError, PausedError
from registration.head import Head
from registration.ledger import HELD_FOR, Ledger
from registration.names import WATERMARK
from registration.outcome import Outcome
from registration.watermark import Watermark, Watermarks
from registration.work import Work
from tests.fakes import MemoryShelf
from tests.world import World, drop_event, job_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = "heads/churn.json"
DAMAGED = ["", "{", '{"format": "registrar/wo', "\x00", "{'work': 1}", "[" * 100_000, "[]", "null", "7", '"text"']
RECORD: dict[str, Any] = {
    "format": "registrar/work-record/v1",
    "work": "w",
    "subject": {},
    "state": "claimed",
    "owner": "",
    "attempt": 1,
    "intent": {"version": 1, "uri": "u"},
    "draft": {"digest": "d", "seq": 1},
    "result": None,
    "outbox": [],
}
TOP: dict[str, Any] = {
    "format": "registrar/head/v1",
    "model": "churn",
    "log_seq": 1,
    "log_digest": "d",
    "champion_seq": 1,
    "champion": {"version": 1, "decision": "d", "work": "w"},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture
def world() -> World:
    """One candidate was promoted, so that there is a record, a head and a decision; a better one is on offer."""
    world = World()
    world.job("j1")
    assert world.process(job_event("j1")).outcome == "registered"
    world.job("j2", accuracy=0.95)
    return world


def work_name(world: World) -> str:
    (name,) = (name for name, _ in world.state.names("work/"))
    return name


def decision_name(world: World) -> str:
    return f"churn/{world.ledger.head('churn').log_digest}.json"


def write(shelf: MemoryShelf, name: str, text: str) -> None:
    """What somebody wrote over a document, or where none was."""
    shelf.kept[name] = (text, '"by hand"', shelf.clock.now)


def edit(shelf: MemoryShelf, name: str, **members: object) -> None:
    """Members replaced by hand; `...` takes one out."""
    document = json.loads(shelf.kept[name][0]) | members
    write(shelf, name, json.dumps({key: value for key, value in document.items() if value is not ...}))


def shown(world: World, *, before: frozenset[str]) -> object:
    """All that is kept, but for records, reservations and policies that were not there before."""
    state = {name: kept for name, kept in world.state.kept.items() if name in before}
    return state, dict(world.decisions.kept), dict(world.registry.versions), dict(world.store.blobs), world.told()


def refused(world: World, job: str) -> str:
    """What is said of the offer of `job`; whatever was there is as before, and nobody holds a claim."""
    names = frozenset(world.state.kept)
    before = shown(world, before=names)

    with pytest.raises(LedgerFormatError) as refusal:
        world.process(job_event(job))

    assert shown(world, before=names) == before
    assert all(json.loads(world.state.kept[name][0])["owner"] == "" for name in claims(world) - names)
    return str(refusal.value)


def claims(world: World) -> set[str]:
    return {name for name, _ in world.state.names("work/")}


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_work_record_is_named_and_left(world: World, text: str) -> None:
    write(world.state, work_name(world), text)

    said = refused(world, "j1")

    assert said.startswith(f"state {work_name(world)} is ")
    assert said.endswith("restore an earlier version of the blob")


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_head_stops_its_model_and_names_itself(world: World, text: str) -> None:
    write(world.state, HEAD, text)

    assert refused(world, "j2").startswith(f"state {HEAD} is ")


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_decision_of_the_champion_is_named(world: World, text: str) -> None:
    name = decision_name(world)
    write(world.decisions, name, text)

    assert refused(world, "j2").startswith(f"decisions {name} is ")


@pytest.mark.parametrize(
    ("member", "value", "complaint"),
    [
        ("work", ..., "has no work"),
        ("work", "another", "is about the work 'another'"),
        ("subject", "j1", "has 'j1' as subject"),
        ("state", ..., "has no state"),
        ("state", "done", "has 'done' as state"),
        ("state", ["claimed"], r"has \['claimed'\] as state"),
        ("owner", None, "has None as owner"),
        ("attempt", "1", "has '1' as attempt"),
        ("attempt", True, "has True as attempt"),
        ("intent", 7, "has 7 as intent"),
        ("intent", {"version": 1}, "has no intent.uri"),
        ("intent", {"version": "1", "uri": "u"}, "has '1' as intent.version"),
        ("draft", {"digest": "d"}, "has no draft.seq"),
        ("result", "registered", "has 'registered' as result"),
        ("outbox", {"sink": "topic"}, "as outbox"),
        ("outbox", ["topic"], "as outbox"),
    ],
)
def test_a_work_record_edited_wrongly_says_where(world: World, member: str, value: object, complaint: str) -> None:
    name = work_name(world)
    edit(world.state, name, **{member: value})

    said = refused(world, "j1")

    assert said.startswith(name)
    with pytest.raises(LedgerFormatError, match=complaint):
        raise LedgerFormatError(said)


@pytest.mark.parametrize(
    ("member", "value", "complaint"),
    [
        ("model", ..., "has no model"),
        ("model", "digits", "is about the model 'digits'"),
        ("log_seq", "1", "has '1' as log_seq"),
        ("log_seq", None, "has None as log_seq"),
        ("log_digest", 7, "has 7 as log_digest"),
        ("champion_seq", 1.5, "has 1.5 as champion_seq"),
        ("champion", 1, "has 1 as champion"),
        ("champion", {"version": 1, "work": "w"}, "has no champion.decision"),
        ("champion", {"version": "1", "decision": "d", "work": "w"}, "has '1' as champion.version"),
    ],
)
def test_a_head_edited_wrongly_says_where(world: World, member: str, value: object, complaint: str) -> None:
    edit(world.state, HEAD, **{member: value})

    assert refused(world, "j2") == f"{HEAD} {complaint}: restore an earlier version of the blob"


@pytest.mark.parametrize("job", ["j1", "j2"])
def test_a_newer_format_asks_for_the_newer_app(world: World, job: str) -> None:
    edit(world.state, work_name(world) if job == "j1" else HEAD, format="registrar/newer/v2")

    assert refused(world, job).endswith("deploy the version of the app that wrote it")


def test_a_decision_of_the_champion_that_was_edited_decides_nothing(world: World) -> None:
    name = decision_name(world)
    candidate = json.loads(world.decisions.kept[name][0])["candidate"]
    edit(world.decisions, name, candidate=candidate | {"metrics": {"accuracy": 0.1}})

    assert refused(world, "j2") == f"{name} was changed after it was written: restore an earlier version of the blob"


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (None, "has None as result.reasons"),
        ({"reasons": []}, "has no result.event"),
        ({"reasons": [], "event": "e", "outcome": 7}, "has 7 as result.outcome"),
        ({"reasons": "r", "event": "e", "outcome": "held"}, "has 'r' as result.reasons"),
    ],
)
def test_a_result_edited_wrongly_says_where(world: World, result: object, complaint: str) -> None:
    edit(world.state, work_name(world), result=result)

    assert f" {complaint}: restore" in refused(world, "j1")


@pytest.mark.parametrize("owed", [{}, {"sink": "topic"}, {"sink": "receipt", "folder": "f", "receipt": {}}])
def test_an_outbox_edited_wrongly_is_not_sent(world: World, owed: dict[str, object]) -> None:
    edit(world.state, work_name(world), state="decided", outbox=[owed])

    assert "owes a notice that cannot be sent" in refused(world, "j1")


@pytest.mark.parametrize("paused", [..., "yes", 1])
def test_a_pause_edited_wrongly_lets_nothing_pass(world: World, paused: object) -> None:
    world.pauses.pause("churn", actor="Ann", reason="audit", at="now")
    edit(world.state, "pauses/churn.json", paused=paused)

    assert refused(world, "j2").startswith("pauses/churn.json has ")


def test_a_pause_written_by_hand_is_one_whoever_wrote_it(world: World) -> None:
    write(world.state, "pauses/churn.json", '{"format": "registrar/pause/v1", "paused": true}')

    with pytest.raises(PausedError, match="churn was paused by unknown"):
        world.process(job_event("j2"))


@pytest.mark.parametrize(
    ("member", "value", "complaint"),
    [
        ("until", ..., "has None as until, which is no time"),
        ("until", "yesterday", "has 'yesterday' as until, which is no time"),
        ("first", "2026-03-02T08:00:00", "has '2026-03-02T08:00:00' as first, which is no time"),
        ("open", ["j1"], r"has \['j1'\] as open"),
        ("open", {"j1": 7}, "has 7 as j1, which is no time"),
    ],
)
def test_a_watermark_edited_wrongly_says_where(world: World, member: str, value: object, complaint: str) -> None:
    marks = Watermarks(world.state)
    marks.begin(Watermark(until=world.clock.now, first=world.clock.now))
    edit(world.state, WATERMARK, **{member: value})

    with pytest.raises(LedgerFormatError, match=f"{WATERMARK} {complaint}: restore"):
        marks.read()


def test_a_damaged_message_in_quarantine_is_told_among_the_others(world: World) -> None:
    world.ledger.quarantine("one", reason="unusable", attempts=1)
    write(world.quarantine, "two.json", "{")

    told = [kept["reason"] for kept in world.ledger.quarantined()]

    assert sorted(reason.partition(" (")[0] for reason in told) == ["quarantine two.json is not JSON", "unusable"]


def test_a_head_that_names_a_decision_that_is_gone_asks_for_the_blob(world: World) -> None:
    name = decision_name(world)
    del world.decisions.kept[name]

    assert refused(world, "j2").endswith(f"is not in the ledger: restore the blob {name}")


@pytest.mark.parametrize("decisions", [1, 2])
def test_a_head_that_is_gone_is_not_taken_for_a_model_without_a_history(world: World, decisions: int) -> None:
    if decisions > 1:
        world.settle(job_event("j2"))
    world.job("worse", accuracy=0.85)
    del world.state.kept[HEAD]

    said = refused(world, "worse")

    assert said.startswith(f"{HEAD} is gone, though churn/")
    assert said.endswith("restore an earlier version of the blob")
    assert "is gone" in str(history.read(world.ledger, "churn").breaks[0])


def test_the_draft_of_a_first_decision_is_no_history(world: World) -> None:
    claim = world.ledger.claim("w", subject={})
    world.ledger.draft(claim, Head("other"), {"candidate": {"work": "w"}})

    assert world.ledger.head("other") == Head("other")


def test_a_head_that_appears_while_drafts_are_looked_at_is_the_head(world: World) -> None:
    name, hidden = decision_name(world), world.state.kept.pop(HEAD)
    world.decisions = LateShelf(kept=world.decisions.kept, appears=lambda: world.state.kept.update({HEAD: hidden}))
    ledger = Ledger(state=world.state, decisions=world.decisions, quarantine=world.quarantine, new_owner=str)

    assert f"churn/{ledger.head('churn').log_digest}.json" == name


@dataclass
class LateShelf(MemoryShelf):
    """A shelf that takes long to list, so that something appears elsewhere meanwhile."""

    appears: Callable[[], object] = print

    def names(self, prefix: str) -> Iterator[tuple[str, str]]:
        self.appears()
        return super().names(prefix)


def test_what_was_refused_goes_on_once_the_blob_is_restored(world: World) -> None:
    whole = world.state.kept[HEAD]
    write(world.state, HEAD, "{")
    refused(world, "j2")
    world.state.kept[HEAD] = whole

    assert world.settle(job_event("j2")).outcome == "registered"
    assert history.read(world.ledger, "churn").is_whole


def test_damage_to_one_model_leaves_the_others_alone(world: World) -> None:
    write(world.state, HEAD, "{")
    world.drop("vendor-a/d1")

    outcome = world.settle(drop_event("vendor-a/d1"))

    assert (outcome.outcome, world.champion("digits")) == ("registered", 1)
    assert world.state.kept[HEAD][0] == "{"


def take_away(world: World, version: int, *, is_archived: bool) -> None:
    """What somebody did to a version in the registry."""
    if is_archived:
        world.registry.archived.add(("churn", version))
    else:
        world.registry.versions.pop(("churn", version))


@pytest.mark.parametrize("is_archived", [True, False])
def test_a_champion_archived_or_deleted_by_hand_is_still_the_one_to_beat(world: World, *, is_archived: bool) -> None:
    world.job("worse", accuracy=0.85)
    take_away(world, 1, is_archived=is_archived)

    assert world.settle(job_event("worse")).outcome == "rejected"
    assert world.champion("churn") == 1


@pytest.mark.parametrize("is_archived", [True, False])
def test_a_champion_archived_or_deleted_by_hand_can_be_succeeded(world: World, *, is_archived: bool) -> None:
    take_away(world, 1, is_archived=is_archived)

    outcome = world.settle(job_event("j2"))

    assert (outcome.outcome, outcome.version, world.champion("churn")) == ("registered", 2, 2)
    assert world.registry.visible("churn") == [2]


def test_a_decision_that_no_head_names_is_void(world: World) -> None:
    head = world.ledger.head("churn")
    world.ledger.draft(world.ledger.claim("another", subject={}), head, {"candidate": {"work": "another"}})

    assert world.settle(job_event("j2")).outcome == "registered"
    assert [step.work for step in history.read(world.ledger, "churn").steps].count("another") == 0
    assert history.read(world.ledger, "churn").is_whole


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_an_hour_off_on_this_machine_changes_no_order(world: World, hours: int) -> None:
    wrong = (world.clock.now + timedelta(hours=hours)).isoformat()

    (outcome,) = replace(world.registrar, now=lambda: wrong).process(job_event("j2"))

    told = history.read(world.ledger, "churn")
    assert (outcome.outcome, told.is_whole, told.champion) == ("registered", True, 2)
    assert [step.version for step in told.steps] == [1, 2]


def test_a_pulse_of_a_worker_that_lost_the_claim_holds_nothing(world: World) -> None:
    lost = world.ledger.claim("w", subject={})
    world.clock.forward(HELD_FOR)
    world.ledger.claim("w", subject={})
    world.clock.forward(HELD_FOR)

    world.ledger.beat(lost)

    assert world.ledger.claim("w", subject={}).work.attempt == 3


@given(st.sampled_from(sorted(RECORD)), JSON)
def test_whatever_a_member_of_a_record_is_there_is_one_error(member: str, value: object) -> None:
    with contextlib.suppress(LedgerFormatError):
        assert Work.from_dict(RECORD | {member: value}).format == RECORD["format"]


@given(st.dictionaries(st.sampled_from(["event", "outcome", "reasons", "version", "model", "work", "later"]), JSON))
def test_whatever_a_result_holds_there_is_one_error(result: dict[str, object]) -> None:
    with contextlib.suppress(LedgerFormatError):
        assert Outcome.from_dict(result).to_dict()["outcome"] == result["outcome"]


@given(st.sampled_from(sorted(TOP)), JSON)
def test_whatever_a_member_of_a_head_is_there_is_one_error(member: str, value: object) -> None:
    with contextlib.suppress(LedgerFormatError):
        assert Head.from_dict(TOP | {member: value}, etag="e").etag == "e"
