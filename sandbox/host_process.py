"""The sandbox's Functions host as a child process: started for an app, sent events, waited for, stopped or killed.

    with HostProcess.start(app=Path("."), environment=sandbox.environment()) as host:
        host.post_events("on_job_event", event)
        host.idle(timeout=30)

The child also ends when this process does. After `kill`, messages that were being worked on stay hidden until their
lock (`Pace.lock`) runs out.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sandbox.host_client import HostClient, HostProcessError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_LOG_TAIL = 4000


@dataclass(frozen=True)
class Pace:
    """How fast the host works its queues, in seconds; None leaves what host.json says."""

    polling: float | None = 0.25
    lock: float | None = 20.0
    visibility_timeout: float | None = 1.0
    max_dequeue_count: int | None = None

    def arguments(self) -> list[str]:
        """The host's command-line options."""
        options = {
            "--polling": self.polling,
            "--lock": self.lock,
            "--visibility-timeout": self.visibility_timeout,
            "--max-dequeue-count": self.max_dequeue_count,
        }
        return [word for name, value in options.items() if value is not None for word in (name, str(value))]


class HostProcess(HostClient):
    """A host that is ready; a context manager that stops it."""

    def __init__(self, process: subprocess.Popen[str], *, url: str, functions: list[str], log: Path) -> None:
        super().__init__(url)
        self._process = process
        self.functions = functions
        self.log = log

    @classmethod
    def start(
        cls, *, app: Path, environment: Mapping[str, str], log: Path | None = None, pace: Pace | None = None
    ) -> Self:
        """Start a host for the app in a folder and wait until it is ready.

        `environment` is laid over this process's own. The host's standard error goes to `log`, or to a temporary
        file. Raises HostProcessError with what the host said when the app cannot be loaded.
        """
        log = log or _temporary_log()
        process = _spawn(app.resolve(), environment=environment, log=log, pace=pace or Pace())
        try:
            ready = _ready_line(process, log)
        except HostProcessError:
            _end(process, signal.SIGKILL)
            raise
        return cls(process, url=ready["url"], functions=ready["functions"], log=log)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def said(self) -> str:
        """The end of the host's log."""
        return _tail(self.log)

    def stop(self) -> None:
        """Ask the host to stop and wait until it has; functions that run may finish."""
        _end(self._process, signal.SIGTERM)

    def kill(self) -> None:
        """End the host at once, as a crash would."""
        _end(self._process, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _spawn(app: Path, *, environment: Mapping[str, str], log: Path, pace: Pace) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "sandbox.functions_host", "--app", str(app), "--until-stdin-closes"]
    merged = {**os.environ, **environment}
    merged["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_ROOT), merged.get("PYTHONPATH")]))
    with log.open("ab") as errors:
        return subprocess.Popen(
            [*command, *pace.arguments()],
            cwd=app,
            env=merged,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )


def _ready_line(process: subprocess.Popen[str], log: Path) -> dict[str, Any]:
    if process.stdout is None or not select.select([process.stdout], [], [], _START_SECONDS)[0]:
        raise HostProcessError(f"the host was not ready after {_START_SECONDS} s:\n{_tail(log)}")
    line = process.stdout.readline()
    if not line:
        raise HostProcessError(f"the host did not start:\n{_tail(log)}")
    ready: dict[str, Any] = json.loads(line)
    return ready


def _end(process: subprocess.Popen[str], how: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _temporary_log() -> Path:
    handle, name = tempfile.mkstemp(prefix="functions-host-", suffix=".log")
    os.close(handle)
    return Path(name)


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:]
