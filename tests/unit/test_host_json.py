"""host.json agrees with the ledger and with the functions: what one promises, the other keeps."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from registration import bootstrap, ledger

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def queues() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["extensions"]["queues"]
    return found


def test_a_dead_workers_claim_runs_out_before_the_last_delivery(queues: dict[str, Any]) -> None:
    hours, minutes, seconds = (int(part) for part in queues["visibilityTimeout"].split(":"))
    pause = timedelta(hours=hours, minutes=minutes, seconds=seconds)

    assert pause * (queues["maxDequeueCount"] - 1) > ledger.HELD_FOR


def test_a_file_that_takes_ten_minutes_to_hash_is_not_cut_off() -> None:
    whole = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))

    assert whole["functionTimeout"] == "00:30:00"  # Flex Consumption's own; Consumption allows ten minutes


def test_messages_are_encoded_as_event_grid_writes_them(queues: dict[str, Any]) -> None:
    assert queues["messageEncoding"] == "base64"


def test_the_poison_queue_is_told_the_true_number_of_deliveries(queues: dict[str, Any]) -> None:
    assert queues["maxDequeueCount"] == bootstrap.MAX_DELIVERIES
