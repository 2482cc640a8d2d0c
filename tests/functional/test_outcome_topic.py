"""Outcome events reach the topic as CloudEvents, under the id they were given."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from registration.azure.topic import OutcomeTopic
from registration.errors import UnavailableError
from sandbox import names

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

    from sandbox.sandbox import Sandbox

TRIES = 4


@pytest.fixture(scope="module")
def topic(credential: DefaultAzureCredential) -> OutcomeTopic:
    return OutcomeTopic(credential, names.TOPIC_ENDPOINT)


@pytest.fixture
def event() -> dict[str, Any]:
    return {
        "id": uuid.uuid4().hex,
        "type": "Registrar.ModelRegistered",
        "source": names.WORKSPACE_ID,
        "subject": "models/churn/versions/3",
        "time": "2026-11-20T10:00:00+00:00",
        "data": {"model": "churn", "version": 3, "reasons": ["größer"]},
    }


def arrived(sandbox: Sandbox, event: dict[str, Any]) -> list[dict[str, Any]]:
    return [found for found in sandbox.topic.events if found["id"] == event["id"]]


def test_an_event_arrives_as_it_was_said(sandbox: Sandbox, topic: OutcomeTopic, event: dict[str, Any]) -> None:
    topic.publish(event)

    [found] = arrived(sandbox, event)
    assert found.pop("specversion") == "1.0"
    assert found.pop("time").startswith("2026-11-20T10:00:00")
    assert found == {name: value for name, value in event.items() if name != "time"}


def test_sending_an_event_leaves_no_noise_in_the_log(
    topic: OutcomeTopic, event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    topic.publish(event)

    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_an_event_sent_again_has_the_same_id(sandbox: Sandbox, topic: OutcomeTopic, event: dict[str, Any]) -> None:
    topic.publish(event)
    topic.publish(event)

    first, second = arrived(sandbox, event)
    assert first == second


@pytest.mark.parametrize("status", [401, 403])
def test_a_topic_that_refuses_us_may_let_us_in_later(
    sandbox: Sandbox, topic: OutcomeTopic, event: dict[str, Any], status: int
) -> None:
    sandbox.workspace.fail_next("POST", "/api/events$", status)

    with pytest.raises(UnavailableError, match=f"the outcome topic answered {status}"):
        topic.publish(event)

    assert arrived(sandbox, event) == []
