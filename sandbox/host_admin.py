"""The host's HTTP surface: the Event Grid webhook and the part of the admin API that tests and people use.

`GET /admin/functions`, `GET /admin/functions/NAME`, `POST /admin/functions/NAME` with `{"input": TEXT}` (202 at once,
the function runs on; the only way a timer runs here) and `GET /admin/host/status`, which adds counters and queue
lengths to what Azure says. HTTP triggers are not served.
"""

from __future__ import annotations

import json
import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.host_functions import EVENT_GRID_TRIGGER, TIMER_TRIGGER, Function
from sandbox.host_values import Value
from sandbox.host_webhook import Webhook, event_input
from sandbox.http_server import Request, Response, Router

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.host_webhook import Run

_log = logging.getLogger(__name__)

_NOT_DUE = '{"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":false}'


@dataclass(frozen=True)
class Api:
    """Answers every request to the host; `status` makes the status document."""

    functions: Mapping[str, Function]
    run: Run
    status: Callable[[], dict[str, Any]]

    def router(self) -> Router:
        """The routes of this surface; a path that is none of them is not found."""
        router = Router()
        webhook = Webhook(functions=self.functions, run=self.run)
        for method in ("GET", "POST", "DELETE", "OPTIONS"):
            router.add(method, "/runtime/webhooks/eventgrid(?:/.*)?", lambda request, _: webhook.answer(request))
        router.add("GET", "/admin/functions", self._list)
        router.add("GET", "/admin/functions/(?P<name>[^/]+)", self._show)
        router.add("POST", "/admin/functions/(?P<name>[^/]+)", self._start)
        router.add("GET", "/admin/host/status", lambda _, __: Response(200, self.status()))
        return router

    def _list(self, _request: Request, _path: Mapping[str, str]) -> Response:
        return Response(200, [function.document() for function in self.functions.values()])

    def _show(self, _request: Request, path: Mapping[str, str]) -> Response:
        function = self.functions.get(path["name"])
        return Response(404) if function is None else Response(200, function.document())

    def _start(self, request: Request, path: Mapping[str, str]) -> Response:
        function = self.functions.get(path["name"])
        if function is None:
            return Response(404)
        try:
            given = manual_input(function, request.json())
        except (ValueError, TypeError):
            _log.warning("Functions.%s was not started: the request is not {'input': TEXT}", function.name)
            return Response(400)
        threading.Thread(target=self.run, args=(function, *given), daemon=True).start()
        return Response(202)


def manual_input(function: Function, document: Any) -> tuple[Value, dict[str, Value]]:
    """What a function started by hand is given. Raises ValueError or TypeError when the request is unusable."""
    if not isinstance(document, dict):
        raise TypeError("the body must be a JSON object")
    given = document.get("input") or ""
    if function.trigger.type == TIMER_TRIGGER:
        return Value(_NOT_DUE, "json"), {}
    if function.trigger.type == EVENT_GRID_TRIGGER:
        return event_input(json.loads(given))
    return Value(given, "string"), {}
