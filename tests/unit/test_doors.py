"""The doors: what is wanted goes on byte for byte, what is not is counted, and what cannot be read is left to judge."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registration import doors, envelope

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.logging import LogCaptureFixture

FIXTURES = Path(__file__).parents[1] / "events"
JOB = sorted(path.name for path in FIXTURES.glob("run-*.json"))
DROP = sorted(path.name for path in FIXTURES.glob("blob-created-*.json"))
OTHER = sorted(path.name for path in FIXTURES.glob("*.json") if path.name not in {*JOB, *DROP})


@pytest.fixture(autouse=True)
def counts(caplog: LogCaptureFixture) -> LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="registration.counts")
    return caplog


def sent(door: Callable[[str, Callable[[bytes], None]], None], text: str) -> list[bytes]:
    """What `door` hands on."""
    messages: list[bytes] = []
    door(text, messages.append)
    return messages


def counted(log: LogCaptureFixture) -> list[str]:
    return [vars(entry)["registrar_outcome"] for entry in log.records]


@pytest.mark.parametrize("name", JOB)
def test_an_event_about_a_job_goes_on_byte_for_byte(name: str, counts: LogCaptureFixture) -> None:
    text = (FIXTURES / name).read_text()

    assert sent(doors.hand_on_job, text) == [text.encode()]
    assert counted(counts) == []


@pytest.mark.parametrize("name", DROP)
def test_an_event_about_a_blob_goes_on_byte_for_byte(name: str, counts: LogCaptureFixture) -> None:
    text = (FIXTURES / name).read_text()

    assert sent(doors.hand_on_drop, text) == [text.encode()]
    assert counted(counts) == []


@pytest.mark.parametrize("name", [*DROP, *OTHER])
def test_any_other_event_at_the_door_for_jobs_is_counted_and_not_sent(name: str, counts: LogCaptureFixture) -> None:
    assert sent(doors.hand_on_job, (FIXTURES / name).read_text()) == []
    assert counted(counts) == ["ignored"]


@pytest.mark.parametrize("name", [*JOB, *OTHER])
def test_any_other_event_at_the_door_for_drops_is_counted_and_not_sent(name: str, counts: LogCaptureFixture) -> None:
    assert sent(doors.hand_on_drop, (FIXTURES / name).read_text()) == []
    assert counted(counts) == ["ignored"]


@pytest.mark.parametrize("text", ["{", "", "[]", "null", '{"id": 1}', '{"eventType": []}', "größer"])
def test_what_has_no_type_is_left_to_the_worker(text: str, counts: LogCaptureFixture) -> None:
    assert sent(doors.hand_on_job, text) == sent(doors.hand_on_drop, text) == [text.encode()]
    assert counted(counts) == []


def test_an_event_too_large_for_the_queue_goes_on_without_its_extras() -> None:
    event = json.loads((FIXTURES / "run-completed-cloudevent.json").read_text())
    event["data"]["runTags"] = {"note": "x" * envelope.LARGEST_EVENT}

    (message,) = sent(doors.hand_on_job, json.dumps(event))

    opened = envelope.open_(message.decode())
    assert opened.trimmed
    assert len(message) < envelope.LARGEST_EVENT
