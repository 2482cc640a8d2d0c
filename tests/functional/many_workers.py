"""A worker's process, started by test_many_workers: several threads work on all messages until every one is settled.

python many_workers.py <policies> <seed>   with the messages as a JSON list on standard input
"""

from __future__ import annotations

import json
import os
import queue
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING, cast, override

from azure.identity import DefaultAzureCredential

from registration import settings
from registration.bootstrap import Parts

if TYPE_CHECKING:
    from registration.azure.queues import WorkQueue

THREADS = 3
PAUSE_SECONDS = 0.2


class Waiting:
    """The work queue, for this process alone; no pause is longer than PAUSE_SECONDS."""

    def __init__(self, messages: list[str]) -> None:
        self.messages: queue.Queue[str] = queue.Queue()
        for message in messages:
            self.messages.put(message)

    def send(self, text: str, *, delay_seconds: float = 0) -> None:
        """Put a message back."""
        time.sleep(min(delay_seconds, PAUSE_SECONDS))
        self.messages.put(text)


class Apart(Parts):
    """The app's own parts, with a queue that no other process reads."""

    waiting: Waiting

    @cached_property
    @override
    def queue(self) -> WorkQueue:
        return cast("WorkQueue", self.waiting)


def work_off(parts: Apart) -> list[str]:
    """Work until no message is left; what came of each delivery."""
    outcomes: list[str] = []
    while True:
        try:
            message = parts.waiting.messages.get_nowait()
        except queue.Empty:
            return outcomes
        outcomes += [outcome.outcome for outcome in parts.worker.work(message)]


def main() -> None:
    """Work on what is on standard input; print every outcome."""
    messages: list[str] = json.load(sys.stdin)
    random.Random(sys.argv[2]).shuffle(messages)  # noqa: S311 - an order, no secret
    found = settings.from_environment({**os.environ, "REGISTRAR_POLICY": sys.argv[1]})
    parts = Apart(found, DefaultAzureCredential())
    parts.waiting = Waiting(messages)
    with ThreadPoolExecutor(THREADS) as threads:
        done = [threads.submit(work_off, parts) for _ in range(THREADS)]
    print(json.dumps([outcome for each in done for outcome in each.result()]))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
