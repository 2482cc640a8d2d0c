"""The worker library with real protobufs accepts what the host sends: both event schemas as JSON, a message as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.functional.apps.records import recorded
from tests.functional.protobuf_worker import answers

ROOT = Path(__file__).resolve().parents[2]
QUEUES = Path(__file__).parent / "apps" / "queues"
EVENTS = ROOT / "tests" / "events"

EVENT_GRID = {
    "id": "1",
    "topic": "/subscriptions/s",
    "subject": "models/a",
    "eventType": "T",
    "eventTime": "2026-11-20T11:00:00.1234567+01:00",
    "data": {"a": 1, "runType": None},
    "dataVersion": "2",
    "metadataVersion": "1",
}
CLOUD_EVENT = {
    "specversion": "1.0",
    "id": "2",
    "source": "/subscriptions/s",
    "subject": "models/a",
    "type": "T",
    "time": "2026-11-20T10:00:00Z",
    "data": {"a": 1},
    "traceparent": "00-1-2-01",
}

WANTED = [
    ("on_job_event", "run-completed-eventgrid"),
    ("on_job_event", "run-completed-cloudevent"),
    ("on_job_event", "run-status-changed-failed-cloudevent"),
    ("on_drop_event", "blob-created-putblob-cloudevent"),
    ("on_drop_event", "blob-created-flushwithclose-eventgrid"),
]
UNWANTED = [
    ("on_job_event", "blob-created-putblob-cloudevent"),
    ("on_drop_event", "run-completed-eventgrid"),
]


def sample(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return document


def compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


def event_call(function: str, event: dict[str, Any]) -> dict[str, Any]:
    metadata = {"data": compact(event["data"])}
    return {"function": function, "kind": "json", "text": compact(event), "metadata": metadata}


def message_call(function: str, text: str) -> dict[str, Any]:
    metadata = {
        "DequeueCount": "1",
        "Id": '"8f0b"',
        "PopReceipt": '"r"',
        "InsertionTime": '"2026-11-20T10:00:00+00:00"',
        "ExpirationTime": '"2026-11-27T10:00:00+00:00"',
        "NextVisibleTime": '"2026-11-20T10:10:00+00:00"',
    }
    return {"function": function, "kind": "string", "text": text, "metadata": metadata}


@pytest.mark.parametrize("event", [EVENT_GRID, CLOUD_EVENT], ids=["event_grid", "cloud_event"])
def test_an_event_annotated_str_is_passed_on_byte_for_byte(event: dict[str, Any]) -> None:
    document = answers(QUEUES, [event_call("on_bytes", event)])

    (answer,) = document["answers"]
    assert answer == {"succeeded": True, "outputs": {"work": compact(event)}, "error": ""}


def test_bindings_are_indexed_under_the_names_the_host_knows() -> None:
    functions = answers(QUEUES, [])["functions"]

    assert functions["on_text"] == {"event": "eventGridTrigger", "work": "queue"}
    assert functions["work"] == {"item": "queueTrigger"}


def test_a_queue_message_arrives_as_text_or_as_a_message(tmp_path: Path) -> None:
    calls = [message_call("work", '{"n":1}'), message_call("poisoned", '{"n":2}')]

    document = answers(QUEUES, calls, environment={"RECORD_DIR": str(tmp_path)})

    assert [answer["succeeded"] for answer in document["answers"]] == [True, True]
    assert recorded(tmp_path, "work") == ['{"n":1}']
    assert recorded(tmp_path, "poisoned") == ['{"n":2}']


def test_a_function_that_raises_has_no_outputs(tmp_path: Path) -> None:
    calls = [
        event_call("on_text", {**EVENT_GRID, "subject": "fail"}),
        message_call("work", '{"fail": true}'),
    ]

    document = answers(QUEUES, calls, environment={"RECORD_DIR": str(tmp_path)})

    errors = [answer["error"] for answer in document["answers"]]
    assert errors == ["ValueError: told to fail", "RuntimeError: told to fail"]
    assert not any(answer["outputs"] for answer in document["answers"])


@pytest.fixture(scope="module")
def app() -> dict[str, Any]:
    calls = [event_call(door, sample(name)) for door, name in WANTED + UNWANTED]
    document = answers(ROOT, calls)
    return {**document, "answers": dict(zip(WANTED + UNWANTED, document["answers"], strict=True))}


def test_the_app_has_its_functions(app: dict[str, Any]) -> None:
    assert {name: sorted(bindings.values()) for name, bindings in app["functions"].items()} == {
        "on_job_event": ["eventGridTrigger", "queue"],
        "on_drop_event": ["eventGridTrigger", "queue"],
        "register_candidate": ["queueTrigger"],
        "quarantine_candidate": ["queueTrigger"],
        "sweep_candidates": ["timerTrigger"],
    }


@pytest.mark.parametrize(("door", "name"), WANTED)
def test_the_doors_of_the_app_pass_their_events_on(app: dict[str, Any], door: str, name: str) -> None:
    answer = app["answers"][door, name]

    assert answer == {"succeeded": True, "outputs": {"work": compact(sample(name))}, "error": ""}


@pytest.mark.parametrize(("door", "name"), UNWANTED)
def test_the_doors_of_the_app_let_other_events_go(app: dict[str, Any], door: str, name: str) -> None:
    answer = app["answers"][door, name]

    assert answer == {"succeeded": True, "outputs": {}, "error": ""}
