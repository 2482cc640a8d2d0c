"""The Event Grid topic that Registrar publishes its outcomes to: it keeps what it is sent and delivers nothing.

Takes what the SDK's publisher sends with an identity: a batch of CloudEvents with a bearer token for Event Grid.
Reference: https://learn.microsoft.com/azure/event-grid/post-to-custom-topics
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox import names
from sandbox.http_server import Response
from sandbox.identity import audience_of

if TYPE_CHECKING:
    from sandbox.http_server import Request

_AUDIENCE: Final = "https://eventgrid.azure.net"
_REQUIRED: Final = ("id", "source", "specversion", "type")


class OutcomeTopic:
    """A topic; `events` are the CloudEvents it was sent, as JSON objects, in order of arrival."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Response:
        """Take a batch whole, or none of it."""
        if (request.method, request.path) != ("POST", names.TOPIC_PATH):
            return _no(404, "NotFound", "events are posted to " + names.TOPIC_PATH)
        if audience_of(request.headers.get("authorization")) != _AUDIENCE:
            return _no(401, "Unauthorized", f"a bearer token for {_AUDIENCE} is missing")
        try:
            batch = request.json()
        except ValueError:
            return _no(400, "BadRequest", "the body is not JSON")
        events = batch if isinstance(batch, list) else [batch]
        if not all(isinstance(event, dict) and all(event.get(name) for name in _REQUIRED) for event in events):
            return _no(400, "BadRequest", f"each event needs {', '.join(_REQUIRED)}")
        self.events.extend(events)
        return Response(200)


def _no(status: int, code: str, message: str) -> Response:
    return Response(status, {"error": {"code": code, "message": message, "details": []}})
