"""A service that asks for a long wait is not slept on: the worker hears of it at once and the message waits instead."""

from __future__ import annotations

import gc
import socket
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from azure.core.pipeline.transport import RequestsTransport

from registration.azure.faults import LONGEST_SLEEP_SECONDS, TIMEOUTS
from registration.azure.identity import Identity
from registration.azure.registry import AzureRegistry
from registration.azure.rest import ARM, Rest
from registration.azure.topic import OutcomeTopic
from registration.errors import UnavailableError
from registration.registry import Registration
from registration.settings import WorkspaceId
from sandbox import names, stage
from sandbox.http_server import HttpServer, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from azure.identity import DefaultAzureCredential

    from sandbox.http_server import Request
    from sandbox.sandbox import Sandbox

type Call = Callable[[], object]

LONG = int(LONGEST_SLEEP_SECONDS) + 590
HERE = WorkspaceId(names.WORKSPACE_ID, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
URI = "azureml://datastores/workspaceblobstore/paths/registrar/c0ffee"

EVENT = {"type": "T", "source": "s", "subject": "s", "time": "2026-11-20T10:00:00+00:00", "data": {}}


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
    return {
        "rest": ("GET", f"/models/{model}/versions/1$", lambda: registry.find(model, 1)),
        "sdk": ("PUT", f"/models/{model}/versions/1$", lambda: registry.create(wanted)),
        "topic": ("POST", "/api/events$", lambda: topic.publish(EVENT | {"id": model})),
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
@pytest.mark.parametrize("asked", ["soon", "Fri, 99 Nov 2026 09:00:00 GMT"])
def test_a_wait_that_is_no_time_is_a_fault_of_the_service(
    sandbox: Sandbox, calls: dict[str, tuple[str, str, Call]], client: str, asked: str
) -> None:
    method, path, call = calls[client]
    sandbox.workspace.fail_next(method, path, 429, headers={"Retry-After": asked})

    with pytest.raises(UnavailableError, match="answered 429 and asks for patience in a Retry-After that is no time"):
        call()


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


def test_a_service_that_takes_a_request_and_says_nothing_is_not_waited_for(credential: DefaultAzureCredential) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place, short = f"https://127.0.0.1:{silent.getsockname()[1]}", dict.fromkeys(TIMEOUTS, 0.05)
        rest, topic = Rest(credential, timeouts=short), OutcomeTopic(credential, f"{place}/api/events", timeouts=short)
        began = time.monotonic()

        with pytest.raises(UnavailableError, match="did not answer"):
            rest.get(place)
        with pytest.raises(UnavailableError, match="did not answer"):
            topic.publish(EVENT | {"id": "1"})

    assert time.monotonic() - began < 30


def test_no_client_of_azure_ml_waits_longer_than_it_is_told(credential: DefaultAzureCredential, model: str) -> None:
    before = transports()
    registry = AzureRegistry(credential, Rest(credential), HERE)
    registry.create(Registration(model, 1, "custom_model", URI, None, tags={}, properties={}))
    assert registry.find(model, 1) is not None

    made = [made.connection_config for key, made in transports().items() if key not in before]

    assert len(made) >= 2
    assert {(found.timeout, found.read_timeout) for found in made} == {tuple(TIMEOUTS.values())}


def transports() -> dict[int, RequestsTransport]:
    """What requests were sent through; the SDK makes some that it never uses."""
    found = (one for one in gc.get_objects() if type(one) is RequestsTransport)
    return {id(one): one for one in found if one.session is not None}


@dataclass
class Throttling:
    """An endpoint of tokens for a managed identity that answers with the `waits` first, each a Retry-After."""

    waits: list[int] = field(default_factory=list)
    asked: int = 0

    def answer(self, _request: Request) -> Response:
        self.asked += 1
        if self.waits:
            return Response(429, {"message": "slower"}, {"Retry-After": str(self.waits.pop(0))})
        expires = str(int(time.time()) + 3600)
        return Response(200, {"access_token": "t", "expires_on": expires, "resource": "r", "token_type": "Bearer"})


@pytest.fixture
def endpoint() -> Iterator[Throttling]:
    throttling = Throttling()
    server = HttpServer(throttling.answer)
    place = {"IDENTITY_ENDPOINT": f"http://127.0.0.1:{server.port}/msi/token", "IDENTITY_HEADER": "h"}
    with stage.environment({**place, "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential"}):
        yield throttling
    server.close()


@pytest.mark.parametrize("scopes", [["https://storage.azure.com/.default"], ["a/.default", "b/.default"]])
def test_no_worker_sleeps_for_a_token(endpoint: Throttling, scopes: list[str]) -> None:
    """The first token goes through the whole chain of credentials, later ones straight to the one that had it."""
    identity = Identity()
    for scope in scopes[:-1]:
        identity.get_token(scope)
    endpoint.waits, before = [LONG] * 9, endpoint.asked

    for ask in (identity.get_token, identity.get_token_info):
        with pytest.raises(UnavailableError, match=f"answered 429 and asks for {LONG} seconds") as told:
            ask(scopes[-1])

        assert told.value.retry_after_seconds == LONG
    assert endpoint.asked - before == 2


def test_what_needs_a_token_hears_of_the_wait_too(endpoint: Throttling, model: str) -> None:
    endpoint.waits = [LONG] * 9

    with pytest.raises(UnavailableError) as told:
        Rest(Identity()).get(f"{ARM}{names.WORKSPACE_ID}/models/{model}")

    assert (told.value.retry_after_seconds, endpoint.asked) == (LONG, 1)


def test_a_short_wait_for_a_token_is_slept_through(endpoint: Throttling) -> None:
    endpoint.waits = [1]

    assert Identity().get_token("https://storage.azure.com/.default").token == "t"
    assert endpoint.asked == 2
