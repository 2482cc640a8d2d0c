"""Invocations as the host sees them: run, then send what the function set, then count and log the end.

An output leaves only after its function succeeded; an output that cannot be sent fails the invocation, as it does in
Azure. Output bindings other than storage queues are refused.
"""

from __future__ import annotations

import base64
import logging
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sandbox.host_functions import QUEUE_OUTPUT, Function, HostError, resolve_settings
from sandbox.host_values import Value, queue_messages
from sandbox.host_worker import Outcome, Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sandbox.host_queues import Connections, Queue

_log = logging.getLogger(__name__)


@dataclass
class _Counts:
    running: int = 0
    processed: int = 0
    failed: int = 0
    poisoned: int = 0


class Counters:
    """What the host has done since it started: invocations running, succeeded and failed; messages given up on."""

    def __init__(self) -> None:
        self._counts = _Counts()
        self._changing = threading.Condition()

    def change(self, *, running: int = 0, processed: int = 0, failed: int = 0, poisoned: int = 0) -> None:
        """Add to the counters."""
        with self._changing:
            self._counts.running += running
            self._counts.processed += processed
            self._counts.failed += failed
            self._counts.poisoned += poisoned
            self._changing.notify_all()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Count one unit of work as running while the block runs."""
        self.change(running=1)
        try:
            yield
        finally:
            self.change(running=-1)

    def wait_until_idle(self, timeout: float) -> bool:
        """Wait until nothing runs; False when something still does after `timeout` seconds."""
        with self._changing:
            return self._changing.wait_for(lambda: self._counts.running == 0, timeout)

    def document(self) -> dict[str, int]:
        """All counters by name."""
        with self._changing:
            return asdict(self._counts)


@dataclass(frozen=True)
class Invoker:
    """Runs functions for the triggers; `sent` is told the name of every queue that got a message."""

    worker: Worker
    connections: Connections
    environment: Mapping[str, str]
    counters: Counters
    base64: bool
    sent: Callable[[str], None]

    def run(self, function: Function, value: Value, *, metadata: Mapping[str, Value]) -> bool:
        """Invoke the function once; True when it and its outputs succeeded. The log has the reason otherwise."""
        began = time.monotonic()
        with self.counters.busy():
            outcome = self.worker.invoke(function, value, metadata=metadata)
            if outcome.error is None:
                outcome = self._delivered(function, outcome)
            self._count(function, outcome, seconds=time.monotonic() - began)
        return outcome.error is None

    def _delivered(self, function: Function, outcome: Outcome) -> Outcome:
        try:
            for name, value in outcome.outputs.items():
                self._send(function, name, value)
        except Exception as error:  # noqa: BLE001 - whatever stops an output fails the invocation
            return Outcome(error=repr(error), traceback=traceback.format_exc())
        return outcome

    def _send(self, function: Function, name: str, value: Value) -> None:
        queue = self._target(function, name)
        for content in queue_messages(value):
            queue.send(base64.b64encode(content).decode() if self.base64 else content.decode())
        self.sent(queue.name)

    def _target(self, function: Function, name: str) -> Queue:
        binding = function.output(name)
        if binding.type != QUEUE_OUTPUT:
            raise HostError(f"function {function.name}: the sandbox sends to queues only, not to {binding.type!r}")
        queue = resolve_settings(binding.document["queueName"], self.environment)
        return self.connections.queue(binding.document["connection"], queue)

    def _count(self, function: Function, outcome: Outcome, *, seconds: float) -> None:
        if outcome.error is None:
            self.counters.change(processed=1)
            _log.info("Executed Functions.%s (succeeded, %.0f ms)", function.name, seconds * 1000)
            return
        self.counters.change(failed=1)
        _log.error("Executed Functions.%s (failed): %s\n%s", function.name, outcome.error, outcome.traceback)
