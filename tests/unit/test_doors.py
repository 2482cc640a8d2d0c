"""The doors: what is wanted goes on byte for byte, what is not is counted, and what cannot be read is left to judge."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registration import doors, envelope
from tests.world import WORKSPACE

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.logging import LogCaptureFixture

ROOT = Path(__file__).parents[2]
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


def test_an_event_about_a_shared_version_goes_on_byte_for_byte(counts: LogCaptureFixture) -> None:
    text = '{"specversion": "1.0", "id": "1", "type": "Registrar.ModelShared", "data": {}}'

    assert sent(doors.hand_on_drop, text) == [text.encode()]
    assert sent(doors.hand_on_job, text) == []
    assert counted(counts) == ["ignored"]


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


def loaded(script: str) -> set[str]:
    """The packages of Azure and OpenTelemetry that a fresh process has loaded after `script`, telemetry configured."""
    somewhere = {
        "REGISTRAR_WORKSPACE": WORKSPACE,
        "REGISTRAR_STORAGE__blobServiceUri": "https://state.blob.core.windows.net",
        "REGISTRAR_STORAGE__queueServiceUri": "https://state.queue.core.windows.net",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=11111111-2222-4333-8444-555555555555",
    }
    whole = f"{script}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", whole],
        cwd=ROOT,
        env={**os.environ, **somewhere},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in done.stdout.split() if name.startswith(("azure.", "opentelemetry."))}


def test_the_doors_load_no_telemetry_and_no_client() -> None:
    found = loaded("import function_app\nfrom registration import doors\ndoors.hand_on_job('{}', lambda _: None)")

    assert {name for name in found if not name.startswith("azure.functions")} == set()


def test_only_the_worker_loads_telemetry() -> None:
    sweep = "from registration import bootstrap, bootstrap_sweep\nbootstrap_sweep.deployed()\nbootstrap.parts().ledger"

    assert not [name for name in loaded(sweep) if name.startswith(("opentelemetry.sdk", "azure.monitor"))]
