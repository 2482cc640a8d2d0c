"""A worker to be killed: the app's own parts in a process of its own, with every port watched.

`Company.hire` forks it off a server that has imported everything and made nothing: no client, no thread. Production
code is what it is; its ports are wrapped where `registration.bootstrap.Parts` puts them together.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import threading
import traceback
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from multiprocessing import connection
from typing import TYPE_CHECKING, Any, cast, override

# Imported for the fork server's sake: what it has loaded, no worker loads again.
import azure.ai.ml.entities
import azure.core.messaging
import azure.eventgrid  # noqa: F401 - as above
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient
from crash_watch import Stop, Watch, watched

from registration import bootstrap_sweep, settings
from registration.azure.shelf import BlobShelf
from registration.bootstrap import Parts
from registration.ledger import HELD_FOR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.core.credentials import TokenCredential

    from registration.azure.blobs import BlobStore
    from registration.azure.queues import WorkQueue
    from registration.azure.rest import Rest
    from registration.azure.shared import AzureSharedRegistries
    from registration.azure.workspace import AzureWorkspace
    from registration.notices import Notifier
    from registration.outcome import Outcome
    from registration.settings import Settings
    from registration.shelf import Entry
    from registration.versioning import Versioning

PATIENCE_SECONDS = 60
LATER = HELD_FOR + timedelta(seconds=1)
PRELOADED = ["crash_worker", "crash_matrix", "rich.live", "rich.progress", "rich.table"]


@dataclass(frozen=True)
class Order:
    """What a worker does: `before` unwatched, then `messages`, each one delivery; then show the champion of `show`.

    A `late` worker reads the ledger as if HELD_FOR had passed since the last write, so no claim is alive to it.
    """

    policies: str
    messages: tuple[str, ...]
    before: tuple[str, ...] = ()
    late: bool = False
    stops: tuple[Stop, ...] = ()
    show: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What came of an order: outcomes and calls of each message, what went back to the queue, or why it broke."""

    outcomes: tuple[tuple[Outcome, ...], ...] = ()
    calls: tuple[tuple[str, ...], ...] = ()
    queued: tuple[str, ...] = ()
    broke: str | None = None


class LateShelf(BlobShelf):
    """A shelf whose clock is ahead of the claims on it."""

    def read(self, name: str) -> Entry | None:
        """The document `name`, read LATER than it was."""
        found = super().read(name)
        return replace(found, now=found.now + LATER) if found else None


@dataclass
class Returned:
    """The queue, as far as this worker writes to it: messages that shall come again."""

    messages: list[str] = field(default_factory=list)

    def send(self, text: str, *, delay_seconds: float = 0) -> None:
        """Keep the message; the pause is over when it is delivered again."""
        assert delay_seconds >= 0  # noqa: S101 - the queue would refuse it
        self.messages.append(text)


class WatchedParts(Parts):
    """The app's parts with every port watched."""

    def __init__(self, found: Settings, credential: TokenCredential, *, watch: Watch, late: bool) -> None:
        super().__init__(found, credential)
        self._watch = watch
        self._late = late
        self.returned = Returned()

    @cached_property
    @override
    def _shelves(self) -> dict[str, BlobShelf]:
        made = super()._shelves
        if self._late:
            service = BlobServiceClient(self.settings.blob_endpoint, credential=self.credential)
            made = {name: LateShelf(service.get_container_client(f"registrar-{name}")) for name in made}
        return {name: watched(shelf, name=name, watch=self._watch) for name, shelf in made.items()}

    @cached_property
    @override
    def store(self) -> BlobStore:
        """The artifact store, watched."""
        return watched(super().store, name="store", watch=self._watch)

    @cached_property
    @override
    def rest(self) -> Rest:
        """Azure ML over REST. Its writes are watched: a write through the registry reads first."""
        return watched(super().rest, name="rest", watch=self._watch, only="put")

    @cached_property
    @override
    def workspace(self) -> AzureWorkspace:
        """The workspace, watched."""
        return watched(super().workspace, name="workspace", watch=self._watch)

    @cached_property
    @override
    def shared(self) -> AzureSharedRegistries:
        """The shared registries, watched."""
        return watched(super().shared, name="shared", watch=self._watch)

    @cached_property
    @override
    def queue(self) -> WorkQueue:
        return cast("WorkQueue", self.returned)

    @property
    @override
    def _notifier(self) -> Notifier:
        made = super()._notifier
        return replace(made, topic=watched(made.topic, name="topic", watch=self._watch))

    @cached_property
    @override
    def _versioning(self) -> Versioning:
        made = super()._versioning
        return replace(made, registry=watched(made.registry, name="registry", watch=self._watch))


class Hand:
    """A worker at work; `link` tells that it stands, and lets it go on."""

    def __init__(self, process: multiprocessing.process.BaseProcess, link: connection.Connection[Any, Any]) -> None:
        self._process = process
        self._link = link

    def stands(self) -> bool:
        """Whether the worker reached the call where it is to stand; waits for it. False if it ended instead."""
        return self._hear() is not None

    def resume(self) -> None:
        """Let the worker go on."""
        self._link.send("go on")

    def go_on(self) -> Report:
        """Let the worker go on, to its end."""
        self.resume()
        return self.report()

    def report(self) -> Report:
        """What came of the order; waits for it."""
        said = self._hear()
        return said if isinstance(said, Report) else Report(broke=f"no report, exit status {self.status()}")

    def status(self) -> int | None:
        """How the process ended, -9 for one that was killed; waits for it."""
        connection.wait([self._process.sentinel], PATIENCE_SECONDS)
        with Company.hiring:
            self._process.join(0)
            if self._process.is_alive():
                self._process.kill()
        return self._process.exitcode

    def _hear(self) -> object | None:
        try:
            return self._link.recv() if self._link.poll(PATIENCE_SECONDS) else None
        except EOFError:
            return None


class Company:
    """Where workers come from: one fork server. A worker has the environment that this process has when it is hired."""

    hiring = threading.Lock()  # multiprocessing reaps children wherever it starts one

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOADED)

    def hire(self, order: Order) -> Hand:
        """A fresh process at work on `order`."""
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=work, args=(order, theirs, dict(os.environ)), daemon=True)
        with self.hiring:
            process.start()
        theirs.close()
        return Hand(process, ours)


def work(order: Order, link: connection.Connection[Any, Any], environment: Mapping[str, str]) -> None:
    """Carry out `order` and report through `link`: the whole life of a worker's process."""
    os.environ.update(environment)  # the fork server has that of when it began
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        link.send(_carried_out(order, link))
    except Exception:  # noqa: BLE001 - whoever hired this worker shall see it
        link.send(Report(broke=traceback.format_exc()))


def _carried_out(order: Order, link: connection.Connection[Any, Any]) -> Report:
    found = settings.from_environment({**os.environ, "REGISTRAR_POLICY": order.policies})
    watch = Watch(order.stops, link)
    parts = WatchedParts(found, DefaultAzureCredential(), watch=watch, late=order.late)
    for message in order.before:
        parts.worker.work(message)
    watch.begin()
    outcomes, calls = [], []
    for message in order.messages:
        made = len(watch.calls)
        outcomes.append(parts.worker.work(message))
        calls.append(tuple(watch.calls[made:]))
    for model in order.show:
        _show(parts, model)
    return Report(tuple(outcomes), tuple(calls), tuple(parts.returned.messages))


def _show(parts: Parts, model: str) -> None:
    for repair in bootstrap_sweep.upkeep(parts).showing.repairs(model, denied=parts.ledger.revoked):
        repair.do()
