"""The Event Grid publisher reaches the outcome topic with an identity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridPublisherClient

from sandbox import names

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

    from sandbox.sandbox import Sandbox


def event(subject: str) -> CloudEvent[dict[str, str]]:
    return CloudEvent(source="/registrar/tests", type="Registrar.ModelHeld", subject=subject, data={"model": "m"})


def test_published_events_are_kept_in_order(sandbox: Sandbox, credential: DefaultAzureCredential) -> None:
    publisher = EventGridPublisherClient(names.TOPIC_ENDPOINT, credential)

    publisher.send([event("ordered/1"), event("ordered/2")])

    kept = [each for each in sandbox.topic.events if each["subject"].startswith("ordered/")]
    assert [each["subject"] for each in kept] == ["ordered/1", "ordered/2"]
    assert (kept[0]["type"], kept[0]["data"]) == ("Registrar.ModelHeld", {"model": "m"})


def test_a_topic_that_was_told_to_fail_keeps_nothing(sandbox: Sandbox, credential: DefaultAzureCredential) -> None:
    publisher = EventGridPublisherClient(names.TOPIC_ENDPOINT, credential)
    sandbox.workspace.fail_next("POST", "/api/events", 403)

    with pytest.raises(HttpResponseError):
        publisher.send(event("lost"))

    assert "lost" not in {each["subject"] for each in sandbox.topic.events}
