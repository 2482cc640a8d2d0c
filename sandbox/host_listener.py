"""The queue trigger's listener: receives messages, runs the function for each, and settles each message.

It behaves as the Storage Queues extension does (azure-sdk-for-net, `QueueListener` and `QueueProcessor`). A message is
deleted after success; after a failure it is shown again when the visibility timeout has passed; at the last allowed
dequeue a failure moves it to `<queue>-poison`, where one that cannot be decoded goes at once. A queue that is itself a
poison queue has none: there, a failed message stays hidden until its lock runs out, and comes back for ever. While a
function runs, the lock on its message is renewed at half its time. A killed process leaves its messages locked.
"""

from __future__ import annotations

import base64
import binascii
import json
import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError

from sandbox.host_values import Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.queue import QueueMessage

    from sandbox.host_invoker import Counters
    from sandbox.host_queues import Queue
    from sandbox.host_settings import QueueSettings

_log = logging.getLogger(__name__)

_SHORTEST_POLL = 0.05

type Run = Callable[[Value, Mapping[str, Value]], bool]


@dataclass(frozen=True)
class Subscription:
    """One function's interest in one queue; `poison` is None when the queue is itself a poison queue."""

    queue: Queue
    poison: Queue | None
    settings: QueueSettings
    run: Run
    counters: Counters


class QueueListener:
    """Listens from `start` until `stop`; `wake` makes it look at once."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._settings = subscription.settings
        self._most = self._settings.batch_size + self._settings.new_batch_threshold
        self._pool = ThreadPoolExecutor(self._most, thread_name_prefix=subscription.queue.name)
        self._thread = threading.Thread(target=self._listen, name=f"listen {subscription.queue.name}", daemon=True)
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._room = threading.Condition()
        self._in_flight = 0

    @property
    def queue(self) -> Queue:
        """The queue it listens to."""
        return self._subscription.queue

    def start(self) -> None:
        """Begin to receive."""
        self._thread.start()

    def stop(self) -> None:
        """Receive nothing more; what runs, runs on."""
        self._stopping.set()
        self.wake()
        with self._room:
            self._room.notify_all()

    def wake(self) -> None:
        """Say that there may be a message."""
        self._awake.set()

    def _listen(self) -> None:
        pause = _SHORTEST_POLL
        while not self._stopping.is_set():
            self._awake.clear()
            if self._take_batch():
                pause = _SHORTEST_POLL
                self._wait_for_room()
            else:
                self._awake.wait(min(pause, self._settings.max_polling_interval))
                pause *= 2

    def _take_batch(self) -> bool:
        try:
            batch = self.queue.receive(self._settings.batch_size, lock=self._settings.lock)
        except AzureError:
            _log.warning("queue %s cannot be read; trying again", self.queue.name, exc_info=True)
            return False
        for message in batch:
            self._begin(message)
        return bool(batch)

    def _begin(self, message: QueueMessage) -> None:
        with self._room:
            self._in_flight += 1
        self._pool.submit(self._process, message)

    def _wait_for_room(self) -> None:
        with self._room:
            self._room.wait_for(
                lambda: self._in_flight <= self._settings.new_batch_threshold or self._stopping.is_set()
            )

    def _process(self, message: QueueMessage) -> None:
        try:
            with self._subscription.counters.busy():
                self._settle(message)
        except Exception:  # noqa: BLE001 - the listener outlives a message that it cannot settle
            _log.exception("message %s of %s was not settled; it comes back", message.id, self.queue.name)
        finally:
            with self._room:
                self._in_flight -= 1
                self._room.notify_all()

    def _settle(self, message: QueueMessage) -> None:
        content = self._decoded(message)
        if content is None or (message.dequeue_count or 0) > self._settings.max_dequeue_count:
            self._give_up(message)
        elif self._run(message, content):
            self.queue.delete(message)
        elif (message.dequeue_count or 0) >= self._settings.max_dequeue_count:
            self._give_up(message)
        elif self._subscription.poison is not None:
            self.queue.hide(message, seconds=self._settings.visibility_timeout)

    def _decoded(self, message: QueueMessage) -> str | None:
        if not self._settings.base64:
            return str(message.content)
        try:
            return base64.b64decode(message.content, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            _log.warning("message %s of %s is not base64 of UTF-8 text", message.id, self.queue.name)
            return None

    def _run(self, message: QueueMessage, content: str) -> bool:
        with self._locked(message):
            return self._subscription.run(Value(content, "string"), _metadata(message, content))

    @contextmanager
    def _locked(self, message: QueueMessage) -> Iterator[None]:
        done = threading.Event()
        renewing = threading.Thread(target=self._renew, args=(message, done), daemon=True)
        renewing.start()
        try:
            yield
        finally:
            done.set()
            renewing.join()

    def _renew(self, message: QueueMessage, done: threading.Event) -> None:
        while not done.wait(self._settings.lock / 2):
            try:
                self.queue.hide(message, seconds=self._settings.lock)
            except AzureError:
                _log.warning("the lock on message %s was not renewed", message.id, exc_info=True)

    def _give_up(self, message: QueueMessage) -> None:
        poison = self._subscription.poison
        if poison is None:
            return
        _log.warning("message %s moves from %s to %s", message.id, self.queue.name, poison.name)
        poison.send(message.content)
        self.queue.delete(message)
        self._subscription.counters.change(poisoned=1)


def _metadata(message: QueueMessage, content: str) -> dict[str, Value]:
    times = {
        "ExpirationTime": message.expires_on,
        "InsertionTime": message.inserted_on,
        "NextVisibleTime": message.next_visible_on,
    }
    return {
        "QueueTrigger": Value(content, "string"),
        "DequeueCount": Value(str(message.dequeue_count), "json"),
        "Id": Value(message.id, "string"),
        "PopReceipt": Value(message.pop_receipt or "", "string"),
        **{name: Value(json.dumps(time.isoformat()), "json") for name, time in times.items() if time},
    }
