"""A service that asks for a long wait is not slept on: the worker hears of it at once and the message waits instead."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from registration.azure.faults import LONGEST_SLEEP_SECONDS
from registration.azure.registry import AzureRegistry
from registration.azure.topic import OutcomeTopic
from registration.errors import UnavailableError
from registration.registry import Registration
from registration.settings import WorkspaceId
from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.identity import DefaultAzureCredential

    from registration.azure.rest import Rest
    from sandbox.sandbox import Sandbox

type Call = Callable[[], object]

LONG = int(LONGEST_SLEEP_SECONDS) + 590
HERE = WorkspaceId(names.WORKSPACE_ID, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
URI = "azureml://datastores/workspaceblobstore/paths/registrar/c0ffee"


@pytest.fixture
def model() -> str:
    """A model that only this test uses."""
    return f"model-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def calls(credential: DefaultAzureCredential, rest: Rest, model: str) -> dict[str, tuple[str, str, Call]]:
    """By client: the method and path of a request, and a call that makes it."""
    registry = AzureRegistry(credential, rest, HERE)
    topic = OutcomeTopic(credential, names.TOPIC_ENDPOINT)
    wanted = Registration(model, 1, "custom_model", URI, None, tags={}, properties={})
    event = {"id": model, "type": "T", "source": "s", "subject": "s", "time": "2026-11-20T10:00:00+00:00", "data": {}}
    return {
        "rest": ("GET", f"/models/{model}/versions/1$", lambda: registry.find(model, 1)),
        "sdk": ("PUT", f"/models/{model}/versions/1$", lambda: registry.create(wanted)),
        "topic": ("POST", "/api/events$", lambda: topic.publish(event)),
    }


@pytest.mark.parametrize("client", ["rest", "sdk", "topic"])
@pytest.mark.parametrize("status", [429, 503])
def test_a_long_wait_is_told_at_once(
    sandbox: Sandbox, calls: dict[str, tuple[str, str, Call]], client: str, status: int
) -> None:
    method, path, call = calls[client]
    sandbox.workspace.fail_next(method, path, status, headers={"Retry-After": str(LONG)})

    with pytest.raises(UnavailableError, match=f"answered {status} and asks for {LONG} seconds") as told:
        call()

    assert told.value.retry_after_seconds == LONG


@pytest.mark.parametrize("client", ["rest", "sdk", "topic"])
def test_a_short_wait_is_the_clients_own_affair(
    sandbox: Sandbox, calls: dict[str, tuple[str, str, Call]], client: str
) -> None:
    method, path, call = calls[client]
    sandbox.workspace.fail_next(method, path, 429, headers={"Retry-After": "1"})
    before = len(sandbox.workspace.requests)

    call()

    sent = [(verb, route) for verb, _, route in sandbox.workspace.requests[before:] if verb == method]
    assert len(sent) == 2
