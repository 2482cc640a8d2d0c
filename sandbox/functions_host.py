"""A stand-in of the Azure Functions host for one machine: `python -m sandbox.functions_host --app DIR`.

It loads the app in DIR through Microsoft's worker library, serves the Event Grid webhook and the admin API on
127.0.0.1, listens to the queues of the app's queue triggers and sends what output bindings are given. One JSON line on
standard output, `{"url": ..., "functions": [...]}`, says that it is ready; everything else goes to standard error.
It stops on SIGTERM or SIGINT, and lets invocations that run finish. `sandbox.host_process` starts it from Python.

Not promised: keys, HTTP triggers, timers that run by their schedule, `functionTimeout`, scaling.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, override

from sandbox.host_admin import Api
from sandbox.host_functions import QUEUE_TRIGGER, Function, HostError, resolve_settings
from sandbox.host_invoker import Counters, Invoker
from sandbox.host_listener import QueueListener, Subscription
from sandbox.host_queues import Connections
from sandbox.host_settings import QueueSettings
from sandbox.host_worker import Worker
from sandbox.http_server import HttpServer, Request, Response

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sandbox.host_values import Value

_log = logging.getLogger(__name__)

_POISON = "-poison"
_LAST_ANSWERS_SECONDS = 0.1
_LOOK_SECONDS = 0.25


class Host:
    """The app in this process, its webhook and its listeners, from construction until `stop`."""

    def __init__(self, worker: Worker, *, settings: QueueSettings, environment: Mapping[str, str]) -> None:
        self._worker = worker
        self._settings = settings
        self._environment = environment
        self._began = time.monotonic()
        self._counters = Counters()
        self._connections = Connections(environment)
        self._invoker = Invoker(
            worker, self._connections, environment, self._counters, base64=settings.base64, sent=self._wake
        )
        self._listeners = [
            self._listener(function) for function in self.functions.values() if function.trigger.type == QUEUE_TRIGGER
        ]
        self._router = Api(functions=self.functions, run=self._run, status=self._status).router()
        self._server = HttpServer(self._answer)
        for listener in self._listeners:
            listener.start()

    @property
    def functions(self) -> Mapping[str, Function]:
        """The app's functions by name."""
        return self._worker.functions

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.port}"

    def stop(self, *, grace: float) -> None:
        """Take no new work, and wait up to `grace` seconds for what runs."""
        for listener in self._listeners:
            listener.stop()
        self._server.close()
        if not self._counters.wait_until_idle(grace):
            _log.warning("stopped while functions still run: %s", self._counters.document())
        # A function that has just ended still has its answer written to whoever posted the event.
        time.sleep(_LAST_ANSWERS_SECONDS)

    def _answer(self, request: Request) -> Response:
        try:
            return self._router.answer(request) or Response(404)
        except Exception:  # noqa: BLE001 - the host answers 500 and lives on
            _log.exception("%s %s was not answered", request.method, request.path)
            return Response(500)

    def _run(self, function: Function, value: Value, metadata: Mapping[str, Value]) -> bool:
        return self._invoker.run(function, value, metadata=metadata)

    def _listener(self, function: Function) -> QueueListener:
        binding = function.trigger.document
        open_queue = partial(self._connections.queue, binding["connection"])
        name = resolve_settings(binding["queueName"], self._environment).lower()
        return QueueListener(
            Subscription(
                queue=open_queue(name),
                poison=None if name.endswith(_POISON) else open_queue(name + _POISON),
                settings=self._settings,
                run=partial(self._run, function),
                counters=self._counters,
            )
        )

    def _wake(self, name: str) -> None:
        for listener in self._listeners:
            if listener.queue.name == name:
                listener.wake()

    def _status(self) -> dict[str, Any]:
        # Counters last: work that ends between the two readings has then already left its queue.
        queues = {listener.queue.name: listener.queue.count() for listener in self._listeners}
        uptime = round((time.monotonic() - self._began) * 1000)
        return {"state": "Running", "processUptime": uptime, "queues": queues, "counters": self._counters.document()}


class _FunctionName(logging.Filter):
    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self._worker = worker

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        name = self._worker.running()
        record.function = f"Function.{name}" if name else "Host"
        return True


def _log_to_stderr(worker: Worker) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_FunctionName(worker))
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(function)s] %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("azure").setLevel(logging.WARNING)
    # The library logs failures a second time, without the function's name.
    logging.getLogger("azure.functions").setLevel(logging.CRITICAL)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.functions_host", description=__doc__.partition("\n")[0])
    parser.add_argument("--app", type=Path, required=True, help="the folder of function_app.py and host.json")
    parser.add_argument("--grace", type=float, default=10.0, help="seconds that running functions get at the end")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop also when standard input ends")
    override_help = "seconds or count, instead of host.json's value"
    parser.add_argument("--visibility-timeout", type=float, help=override_help)
    parser.add_argument("--max-dequeue-count", type=int, help=override_help)
    parser.add_argument("--polling", type=float, help=override_help)
    parser.add_argument("--lock", type=float, help="seconds that a message is hidden while its function runs")
    return parser.parse_args(given)


def _start(options: argparse.Namespace, worker: Worker) -> Host:
    app = options.app.resolve()
    settings = QueueSettings.read(app).overridden(
        visibility_timeout=options.visibility_timeout,
        max_dequeue_count=options.max_dequeue_count,
        max_polling_interval=options.polling,
        lock=options.lock,
    )
    worker.load(app)
    return Host(worker, settings=settings, environment=dict(os.environ))


def _wait_for_the_end(options: argparse.Namespace) -> None:
    ends: queue.SimpleQueue[None] = queue.SimpleQueue()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ends.put(None))
    if options.until_stdin_closes:
        threading.Thread(target=_put_at_end_of_input, args=(ends,), daemon=True).start()
    # A signal that arrives just before the main thread sleeps does not wake it, so it must not sleep for ever.
    while True:
        with suppress(queue.Empty):
            return ends.get(timeout=_LOOK_SECONDS)


def _put_at_end_of_input(ends: queue.SimpleQueue[None]) -> None:
    sys.stdin.read()
    ends.put(None)


def main(given: Sequence[str] | None = None) -> int:
    """Run the host until it is told to stop; 1 when the app cannot be loaded."""
    options = _arguments(given)
    # Functions may print; standard output is for the line that says ready.
    announce, sys.stdout = sys.stdout, sys.stderr
    worker = Worker()
    _log_to_stderr(worker)
    try:
        host = _start(options, worker)
    except HostError as error:
        _log.error("the app in %s cannot be hosted: %s", options.app, error)
        return 1
    with suppress(BrokenPipeError):
        announce.write(json.dumps({"url": host.url, "functions": list(host.functions)}) + "\n")
        announce.flush()
    _wait_for_the_end(options)
    host.stop(grace=options.grace)
    return 0


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # Functions that outlive their grace must not hold the process.
    os._exit(code)
