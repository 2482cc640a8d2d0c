"""A client of the sandbox's Functions host: it sends events as Event Grid does, and waits until the app is at rest."""

from __future__ import annotations

import http
import http.client
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_WEBHOOK = "/runtime/webhooks/EventGrid"


class HostProcessError(Exception):
    """The host did not start, or did not become idle; the message ends with what it logged."""


@dataclass(frozen=True)
class Answer:
    """An answer of the host: the status and the text of the body."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


class HostClient:
    """Talks to a host at `url`, whichever process started it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def said(self) -> str:
        """The end of the host's log, if this client can read it."""
        return ""

    def post_events(
        self, function: str, events: object, *, headers: Mapping[str, str] | None = None, method: str = "POST"
    ) -> Answer:
        """Post events to a function's webhook as Event Grid does; text and bytes are sent as they are."""
        body = events if isinstance(events, str | bytes) else json.dumps(events)
        sent = {"Content-Type": "application/json", "aeg-event-type": "Notification", **(headers or {})}
        return self.request(method, f"{_WEBHOOK}?{urlencode({'functionName': function})}", body=body, headers=sent)

    def invoke(self, function: str, text: str = "") -> Answer:
        """Start a function by hand, with a text as its trigger's input; a timer needs none. Does not wait for it."""
        return self.request("POST", f"/admin/functions/{function}", body=json.dumps({"input": text}))

    def request(
        self, method: str, path: str, *, body: str | bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Any request to the host."""
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=120)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(), dict(response.headers))
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        """The host's status: `counters` (running, processed, failed, poisoned) and `queues` (lengths by name).

        Raises HostProcessError when the host cannot read its queues.
        """
        answer = self.request("GET", "/admin/host/status")
        if answer.status != http.HTTPStatus.OK:
            raise HostProcessError(f"the host cannot tell its status:\n{self.said()}")
        document: dict[str, Any] = json.loads(answer.body)
        return document

    def idle(self, timeout: float) -> dict[str, Any]:
        """Wait until no function runs and the queues that the app listens to are empty; the last status.

        Hidden messages count: one that waits for its retry keeps the host from being idle. Raises HostProcessError
        after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        before: dict[str, Any] = {}
        while time.monotonic() < deadline:
            now = self.status()
            if _at_rest(now) and _at_rest(before) and now["counters"] == before["counters"]:
                return now
            before = now
            time.sleep(0.05)
        raise HostProcessError(f"the host is not idle after {timeout} s: {before}\n{self.said()}")

    def settled(self, timeout: float, *, quiet: float) -> bool:
        """Wait as `idle` does, but no longer than `quiet` seconds for messages that wait; whether the host is idle.

        Seconds in which a function runs are not quiet. Raises as `idle` does.
        """
        deadline = time.monotonic() + timeout
        before, since = self.status(), time.monotonic()
        while time.monotonic() < min(deadline, since + quiet):
            time.sleep(0.05)
            now = self.status()
            if now["counters"] != before["counters"] or now["counters"]["running"]:
                before, since = now, time.monotonic()
            elif _at_rest(now):
                return True
        if time.monotonic() < deadline:
            return False
        raise HostProcessError(f"a function runs for longer than {timeout:g} s\n{self.said()}".rstrip())


def _at_rest(status: Mapping[str, Any]) -> bool:
    return bool(status) and status["counters"]["running"] == 0 and not any(status["queues"].values())
