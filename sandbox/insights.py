"""Application Insights: takes telemetry from whoever has a token for it, and keeps it.

What is kept are the items as the exporter sends them; `names` tells them apart by kind. Shape:
https://github.com/microsoft/ApplicationInsights-Home/tree/master/EndpointSpecs
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.http_server import Response
from sandbox.identity import audience_of

if TYPE_CHECKING:
    from sandbox.http_server import Request

_AUDIENCE: Final = "https://monitor.azure.com"
TRACK: Final = "/v2.1/track"


class Insights:
    """`items` are the telemetry items that it was sent, in order of arrival."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []

    def answer(self, request: Request) -> Response:
        """Take all items, or none of them."""
        if (request.method, request.path) != ("POST", TRACK):
            return Response(404)
        if audience_of(request.headers.get("authorization")) != _AUDIENCE:
            return Response(401, {"itemsReceived": 0, "itemsAccepted": 0, "errors": []})
        items = request.json()
        self.items += items
        return Response(200, {"itemsReceived": len(items), "itemsAccepted": len(items), "errors": []})
