"""Answers: error codes in every form that Azure's services have for them, and their clocks."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from registration.doctor import clock
from registration.doctor.check import State
from registration.doctor.wire import answer

NOW = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)
XML = (
    "<?xml version='1.0'?><Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.\nTime:1</Message>"
)


@pytest.mark.parametrize(
    ("headers", "body", "code", "said"),
    [
        ({"x-ms-error-code": "QueueNotFound"}, "", "QueueNotFound", ""),
        ({}, XML, "BlobNotFound", "The specified blob does not exist."),
        ({}, json.dumps({"error": {"code": "UserError", "message": "No."}}), "UserError", "No."),
        (
            {},
            json.dumps({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "No run"}),
            "RESOURCE_DOES_NOT_EXIST",
            "No run",
        ),
        ({}, json.dumps({"error": "plain"}), "", ""),
        ({}, json.dumps(["a", "list"]), "", ""),
        ({}, "<html>", "", ""),
    ],
)
def test_the_code_and_the_message_are_found(headers: dict[str, str], body: str, code: str, said: str) -> None:
    found = answer(404, headers, body, received=NOW)

    assert (found.code, found.said) == (code, said)


@pytest.mark.parametrize(
    ("date", "ahead"),
    [
        ("Mon, 02 Mar 2026 08:00:40 GMT", 40),
        ("Mon, 02 Mar 2026 07:59:00 GMT", -60),
        ("soon", None),
        (None, None),
    ],
)
def test_the_clock_is_read_off_the_date(date: str | None, ahead: float | None) -> None:
    found = answer(200, {"Date": date} if date else {}, "", received=NOW)

    assert found.ahead_seconds == ahead


@pytest.mark.parametrize(
    ("ahead", "state", "said"),
    [
        ([-1, 0, 1, 5000], State.OK, "this machine is 1 s behind the services"),
        ([31], State.WARNING, "this machine is 31 s behind the services"),
        ([-400, -400, 0], State.FAILED, "this machine is 400 s ahead of the services: tokens are refused"),
        ([], State.SKIPPED, "no answer told the time"),
    ],
)
def test_a_clock_that_is_off_is_noticed(ahead: list[float], state: State, said: str) -> None:
    check = clock.check(ahead)

    assert (check.state, check.seen) == (state, said)
