"""Points in time as Azure ML writes them: seven digits of a second, trailing zeros cut, then an offset or a Z."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

_TICKS_A_SECOND = 10_000_000


class _Clock:
    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def now(self) -> int:
        with self._lock:
            self._last = max(time.time_ns() // 100, self._last + 1)
            return self._last


_CLOCK = _Clock()


def now() -> int:
    """The time in ticks: tenths of a microsecond since 1970, UTC. Never the same twice, so it also orders."""
    return _CLOCK.now()


def ticks(moment: datetime) -> int:
    """A moment with a time zone, in ticks."""
    return round(moment.timestamp() * 1_000_000) * 10


def offset_time(moment: int) -> str:
    """Ticks as jobs, assets and run history write them: `2026-03-26T19:14:50.5505339+00:00`."""
    return f"{_written(moment)}+00:00"


def zulu_time(moment: int) -> str:
    """Ticks as workspaces write them: `2026-02-25T23:13:13.3878914Z`."""
    return f"{_written(moment)}Z"


def plain_time(moment: int) -> str:
    """Ticks as a job's StartTimeUtc property writes them: `2026-02-25 23:13:13`."""
    return datetime.fromtimestamp(moment // _TICKS_A_SECOND, UTC).strftime("%Y-%m-%d %H:%M:%S")


def milliseconds(moment: int) -> str:
    """Ticks as MLflow writes them: milliseconds since 1970, as text."""
    return str(moment // 10_000)


def _written(moment: int) -> str:
    fraction = f"{moment % _TICKS_A_SECOND:07d}".rstrip("0")
    whole = datetime.fromtimestamp(moment // _TICKS_A_SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{fraction}" if fraction else whole
