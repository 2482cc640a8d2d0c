"""The part of `host.json` that the sandbox's host obeys: how queues are polled, retried and given up on.

Defaults are the Storage Queues extension's (learn.microsoft.com, "host.json settings" of the queue trigger). How long
a message stays hidden while its function runs is no setting in Azure: the listener takes ten minutes and renews them.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sandbox.host_functions import HostError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)")


@dataclass(frozen=True)
class QueueSettings:
    """How queue triggers behave; durations are seconds.

    `visibility_timeout` is the wait after a failure, `lock` the hold on a message while its function runs.
    """

    visibility_timeout: float = 0.0
    max_dequeue_count: int = 5
    batch_size: int = 16
    new_batch_threshold: int = 8
    max_polling_interval: float = 60.0
    base64: bool = True
    lock: float = 600.0

    @classmethod
    def read(cls, app: Path) -> Self:
        """The settings of an app's `host.json`, or the defaults without one. Raises HostError when it is unusable."""
        path = app / "host.json"
        if not path.is_file():
            return cls()
        try:
            return cls._parse(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, AttributeError) as error:
            raise HostError(f"{path.name} is unusable: {error}") from error

    @classmethod
    def _parse(cls, document: Mapping[str, Any]) -> Self:
        queues = document.get("extensions", {}).get("queues", {})
        batch_size = int(queues.get("batchSize", cls.batch_size))
        return cls(
            visibility_timeout=seconds(queues.get("visibilityTimeout", "00:00:00")),
            max_dequeue_count=int(queues.get("maxDequeueCount", cls.max_dequeue_count)),
            batch_size=batch_size,
            new_batch_threshold=int(queues.get("newBatchThreshold", batch_size // 2)),
            max_polling_interval=seconds(queues.get("maxPollingInterval", "00:01:00")),
            base64=queues.get("messageEncoding", "base64").lower() == "base64",
        )

    def overridden(self, **changes: float | None) -> Self:
        """These settings with every change that is not None."""
        return dataclasses.replace(self, **{name: value for name, value in changes.items() if value is not None})  # type: ignore[arg-type]  # the caller names fields of their type


def seconds(span: str) -> float:
    """A .NET time span (`hh:mm:ss`, `d.hh:mm:ss`) in seconds. Raises ValueError when it is none."""
    match = _TIME_SPAN.fullmatch(span)
    if match is None:
        raise ValueError(f"{span!r} is no time span: write hh:mm:ss")
    days, hours, minutes, rest = match.groups()
    return ((int(days or 0) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(rest)
