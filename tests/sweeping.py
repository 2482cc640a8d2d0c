"""Azure as a sweep sees it: a world with listings that say what was never told, and a queue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from registration.deployments import Deployment
from registration.errors import UnavailableError
from registration.ledger import HELD_FOR
from registration.listing import DropPlace, ListedBlob, ListedJob
from registration.retention import Retention
from registration.showing import Showing
from registration.sweep import Sweep
from registration.upkeep import Upkeep
from registration.watermark import OVERLAP, Watermark, Watermarks
from tests.world import INCOMING, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.store import Location

QUARTER = timedelta(minutes=15)
PAGE = 20


@dataclass
class Endpoints:
    """What is deployed; a fault if it cannot be told."""

    served: list[str] = field(default_factory=list)
    fault: Exception | None = None

    def all(self) -> Iterator[Deployment]:
        if self.fault is not None:
            raise self.fault
        for number, model in enumerate(self.served):
            yield Deployment("online", "scores", f"d{number}", model, 0)


@dataclass
class Azure:
    """The world with its listings, and a sweep that has run once, when nothing was there."""

    world: World = field(default_factory=World)
    listed: dict[str, ListedJob] = field(default_factory=dict)
    modified: dict[Location, datetime] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    deployed: Endpoints = field(default_factory=Endpoints)
    pages: int = 0
    refused: str = ""
    fails_at_page: int = 0

    def __post_init__(self) -> None:
        self.sweep.run()
        self.later(OVERLAP * 2)
        self.sweep.run()
        self.later(QUARTER)

    @property
    def now(self) -> datetime:
        return self.world.clock.now

    @property
    def sweep(self) -> Sweep:
        return Sweep(
            jobs=self,
            drops=self,
            resolver=self.world.resolver,
            ledger=self.world.ledger,
            quiet_for=self.world.ledger.quiet_for,
            pauses=self.world.pauses,
            upkeep=self.upkeep,
            leftovers=self.world.leftovers,
            send=self.queue.append,
            watermarks=Watermarks(self.world.state),
            now=lambda: self.now,
            observes=self.world.observes,
        )

    @property
    def upkeep(self) -> Upkeep:
        world = self.world
        return Upkeep(
            ledger=world.ledger,
            showing=Showing(world.ledger, world.versioning),
            inspector=world.inspector,
            retention=Retention(world.ledger, world.versioning, self.deployed, world.clock.iso),
            pauses=world.pauses,
            observes=world.observes,
        )

    def newest_first(self) -> Iterator[ListedJob]:
        jobs = sorted(self.listed.values(), key=lambda job: job.created, reverse=True)
        for number, job in enumerate(jobs):
            if number % PAGE == 0:
                self.turn()
            yield job

    def turn(self) -> None:
        self.pages += 1
        if self.pages == self.fails_at_page:
            raise UnavailableError("Azure ML answered 429: slow down")

    def blobs(self, place: DropPlace) -> Iterator[ListedBlob]:
        if place.container == self.refused:
            raise UnavailableError(f"blob storage answered 403 about {self.refused}")
        for location, modified in self.modified.items():
            if location.container == place.container and location.name.startswith(place.prefix):
                yield ListedBlob(location, self.world.store.blobs[location][1], modified)

    def later(self, step: timedelta) -> None:
        self.world.clock.forward(step)

    def dies(self, message: str, *, before: str = "", after: str = "") -> None:
        """A worker dies as in the world; then its claim grows old."""
        self.world.dies(message, before=before, after=after)
        self.later(HELD_FOR)

    def job(self, name: str, *, took: timedelta = QUARTER, **changes: object) -> None:
        """A job that completed just now and whose event never came."""
        self.world.job(name)
        self.show(name, **({"created": self.now - took} | changes))

    def show(self, name: str, **changes: object) -> None:
        known = self.world.workspace.jobs[name]
        plain = ListedJob(name, known.status, self.now, self.now, known.experiment, known.tags)
        self.listed[name] = replace(plain, **changes)  # type: ignore[arg-type]  # the caller names fields of their type

    def running(self, name: str, *, created: datetime) -> None:
        self.world.job(name, status="Running")
        self.show(name, created=created, ended=None)

    def completes(self, name: str, **changes: object) -> None:
        self.world.job(name)
        self.show(name, **({"created": self.listed[name].created} | changes))

    def drop(self, folder: str) -> None:
        """A drop that arrived just now and whose event never came."""
        self.world.drop(folder)
        self.modified[INCOMING / f"{folder}/model.manifest.json"] = self.now

    def work_off(self) -> list[str]:
        """Let the registrar work on everything that was enqueued; the outcomes."""
        outcomes = [self.world.settle(message).outcome for message in self.queue]
        self.queue.clear()
        return outcomes

    def mark(self) -> Watermark | None:
        return Watermarks(self.world.state).read()

    def awaited(self) -> set[str]:
        mark = self.mark()
        assert mark is not None
        return set(mark.open or ())
