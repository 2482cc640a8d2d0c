"""Notices: an outcome owes a receipt to whoever dropped files and an event to whoever listens, the same each time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from registration import notices
from registration.artifacts.store import Location
from registration.candidate import DropSource, JobSource, Source
from registration.errors import UnavailableError
from registration.notices import Notifier
from registration.outcome import Outcome
from tests.fakes import MemoryStore, MemoryTopic
from tests.faults import Faults

JOB = JobSource("/ws", "j1", "model", "")
DROP = DropSource(Location("acc", "incoming", "vendor-a/1"))
REGISTERED = Outcome(
    "e1", "registered", ("größer",), source="job j1", model="churn", version=3, promoted=True, work="w1", decision="d1"
)
MANIFEST = DROP.folder / "model.manifest.json"
RECEIPT = DROP.folder / "model.receipt.json"
REJECTED = replace(REGISTERED, outcome="rejected", version=None, promoted=False)


def owed(outcome: Outcome, source: Source = JOB, *, at: str = "2026-03-02T08:00:00+00:00") -> list[str]:
    """Every notice as text, as an outbox keeps it."""
    return [json.dumps(notice, sort_keys=True) for notice in notices.of(outcome, source=source, workspace="/ws", at=at)]


def outbox(outcome: Outcome) -> tuple[dict[str, Any], ...]:
    """What the outcome of a drop owes."""
    return notices.of(outcome, source=DROP, workspace="/ws", at="now")


def event_types(outcome: Outcome) -> list[str]:
    return [json.loads(notice)["event"]["type"] for notice in owed(outcome)]


@pytest.mark.parametrize(
    ("outcome", "types"),
    [
        (REGISTERED, ["Registrar.ModelRegistered", "Registrar.ChampionChanged"]),
        (replace(REGISTERED, promoted=False), ["Registrar.ModelRegistered"]),
        (REJECTED, ["Registrar.ModelRejected"]),
        (replace(REJECTED, outcome="held"), ["Registrar.ModelHeld"]),
        (replace(REJECTED, outcome="duplicate"), []),
    ],
)
def test_each_outcome_owes_its_events(outcome: Outcome, types: list[str]) -> None:
    assert event_types(outcome) == types


@pytest.mark.parametrize("outcome", ["registered", "rejected", "held", "duplicate"])
def test_a_drop_is_always_owed_a_receipt_and_a_job_never(outcome: str) -> None:
    of_drop, of_job = owed(replace(REJECTED, outcome=outcome), DROP), owed(replace(REJECTED, outcome=outcome), JOB)

    assert ["receipt" in notice for notice in of_drop].count(True) == 1
    assert not any('"receipt"' in notice for notice in of_job)


def test_an_event_is_a_cloud_event_about_the_version() -> None:
    event = json.loads(owed(REGISTERED)[0])["event"]

    assert (event["source"], event["subject"]) == ("/ws", "models/churn/versions/3")
    assert event["data"] == REGISTERED.to_dict()


def test_an_event_without_a_version_is_about_the_model() -> None:
    assert json.loads(owed(REJECTED)[0])["event"]["subject"] == "models/churn"


def test_an_event_without_a_model_is_about_its_source() -> None:
    assert json.loads(owed(replace(REJECTED, model=None))[0])["event"]["subject"] == "job j1"


def test_the_id_of_an_event_does_not_depend_on_when_it_was_made() -> None:
    early, late = ([json.loads(text)["event"] for text in owed(REGISTERED, at=at)] for at in ("early", "late"))

    assert [event["id"] for event in early] == [event["id"] for event in late]
    assert len({event["id"] for event in early}) == 2


def test_events_of_other_work_have_other_ids() -> None:
    ids = {json.loads(owed(replace(REJECTED, work=work))[0])["event"]["id"] for work in ("w1", "w2")}

    assert len(ids) == 2


def test_a_receipt_lies_beside_the_manifest_and_says_what_the_team_needs() -> None:
    store = MemoryStore()
    store.put(MANIFEST, b"{}")
    etag = store.blobs[MANIFEST][1]

    Notifier(store, None).deliver_all(outbox(replace(REGISTERED, manifest_etag=etag)))

    data, _ = store.blobs[RECEIPT]
    assert json.loads(data) == {
        "apiVersion": "registrar/v1",
        "kind": "DropReceipt",
        "outcome": "registered",
        "model": "churn",
        "version": 3,
        "promoted": True,
        "reasons": ["größer"],
        "work": "w1",
        "decision": "d1",
        "manifest_etag": etag,
        "next": "nothing",
    }


def test_a_receipt_is_not_written_beside_a_manifest_that_it_is_not_about() -> None:
    store = MemoryStore()
    store.put(MANIFEST, b"{}")
    owed_earlier = outbox(replace(REGISTERED, manifest_etag=store.blobs[MANIFEST][1]))
    store.put(MANIFEST, b"{}")
    before = dict(store.blobs)

    Notifier(store, None).deliver_all(owed_earlier)

    assert store.blobs == before


def test_a_receipt_is_written_where_the_manifest_is_gone() -> None:
    store = MemoryStore()

    Notifier(store, None).deliver_all(outbox(REGISTERED))

    assert RECEIPT in store.blobs


@pytest.mark.parametrize("failing", ["store write", "topic Registrar.ModelRegistered"])
def test_a_notice_that_cannot_be_delivered_does_not_keep_the_others_waiting(failing: str) -> None:
    faults = Faults()
    store, topic = MemoryStore(faults), MemoryTopic(faults)
    faults.fail(failing)

    with pytest.raises(UnavailableError, match=failing):
        Notifier(store, topic).deliver_all(outbox(REGISTERED))

    assert [event["type"] for event in topic.events][-1] == "Registrar.ChampionChanged"
    assert len(topic.events) + len(store.blobs) == 2


def test_a_receipt_delivered_twice_is_the_same_bytes_and_can_be_read_by_people() -> None:
    store = MemoryStore()
    written = []
    for _ in range(2):
        Notifier(store, None).deliver_all(outbox(REGISTERED))
        written.append(store.blobs[RECEIPT][0])

    assert written[0] == written[1]
    assert '\n  "outcome": "registered",\n' in written[0].decode()
    assert "größer" in written[0].decode()


def test_events_go_to_the_topic() -> None:
    topic = MemoryTopic()
    (event,) = notices.of(REJECTED, source=JOB, workspace="/ws", at="now")

    Notifier(MemoryStore(), topic).deliver_all([event])

    assert topic.events == [event["event"]]


def test_without_a_topic_events_are_left_out() -> None:
    store = MemoryStore()
    (event,) = notices.of(REJECTED, source=JOB, workspace="/ws", at="now")

    Notifier(store, None).deliver_all([event])

    assert not store.blobs
