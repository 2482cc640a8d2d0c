"""The Event Grid extension's webhook, `/runtime/webhooks/EventGrid?functionName=F`: what it answers to what.

The answers are those of `Microsoft.Azure.WebJobs.Extensions.EventGrid` 3.x (azure-sdk-for-net). Each event of a batch
is one invocation; all start together and all are waited for; one failure answers 500 and Event Grid sends the whole
batch again. Keys are not asked for, as with `func start`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from sandbox.host_functions import EVENT_GRID_TRIGGER, Function
from sandbox.host_values import Value
from sandbox.http_server import Request, Response

_log = logging.getLogger(__name__)

_ORIGINS = frozenset(
    {
        "eventgrid.azure.net",
        "eventgrid.azure.us",
        "eventgrid.azure.cn",
        "eventgrid.azure.eaglex.ic.gov",
        "eventgrid.azure.microsoft.scloud",
    }
)
_MOST_AT_ONCE = 32

type Run = Callable[[Function, Value, Mapping[str, Value]], bool]


@dataclass(frozen=True)
class Webhook:
    """The webhook of an app's Event Grid functions."""

    functions: Mapping[str, Function]
    run: Run

    def answer(self, request: Request) -> Response:
        """The extension's answer; 500 without text for a request it cannot read."""
        name = request.query.get("functionName", "")
        function = self.functions.get(name)
        if function is None or function.trigger.type != EVENT_GRID_TRIGGER:
            return Response(404, f"cannot find function: '{name}'")
        if request.method == "OPTIONS":
            return _handshake(request)
        try:
            return self._event(function, request)
        except (ValueError, LookupError, TypeError):
            _log.exception("a request to Functions.%s cannot be read", name)
            return Response(500)

    def _event(self, function: Function, request: Request) -> Response:
        match request.headers.get("aeg-event-type", "").lower():
            case "subscriptionvalidation":
                return _validation(request.json())
            case "notification":
                return self._notify(function, request.json())
            case "unsubscribe":
                return Response(202)
            case _:
                return Response(400)

    def _notify(self, function: Function, document: Any) -> Response:
        events = document if isinstance(document, list) else [document]
        inputs = [event_input(event) for event in events]
        with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
            succeeded = list(pool.map(lambda given: self.run(function, *given), inputs))
        if all(succeeded):
            return Response(202)
        return Response(500, f"Exception while executing function: Functions.{function.name}")


def event_input(event: Any) -> tuple[Value, dict[str, Value]]:
    """An event as the host hands it to a worker, and the trigger metadata. Raises TypeError when it is no object."""
    if not isinstance(event, dict):
        raise TypeError("an event must be a JSON object")
    data = event.get("data")
    return _json(event), {} if data is None else {"data": _json(data)}


def _json(document: Any) -> Value:
    return Value(json.dumps(document, separators=(",", ":"), ensure_ascii=False), "json")


def _handshake(request: Request) -> Response:
    origin = request.headers.get("webhook-request-origin", "")
    allowed = origin if origin in _ORIGINS else "eventgrid.azure.net"
    return Response(200, headers={"Webhook-Allowed-Origin": allowed})


def _validation(document: Any) -> Response:
    # In the CloudEvents form, `data` is JSON inside a string.
    data = document[0]["data"] if isinstance(document, list) else json.loads(document["data"])
    return Response(200, {"validationResponse": data["validationCode"]})
