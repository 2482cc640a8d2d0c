"""The sweep: finds what no event told of, and brings back what a dead worker left.

    jobs        completed since the watermark, and not in the ledger: a synthetic event
    drops       completed since the watermark, and not in the ledger: a synthetic event
    shared      promoted last by another environment, and not in the ledger: a synthetic event
    stuck work  unfinished, and nobody is at it: an event that leads back to its source; settled if none does,
                because its files were replaced
    champions   not shown in the registry, or to people, as the head says: shown again
    their files not what was judged: recorded, counted and logged
    superseded  versions that a policy does not keep: archived

It judges nothing: the worker that gets the event does. What it cannot tell, it enqueues. A job that is offered twice
costs one answer `duplicate`; a job that is never offered is a model that nobody gets.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from registration import baselines, leads
from registration.coverage import Coverage
from registration.errors import ClaimHeldError, InputError, PausedError, TransientError
from registration.ledger import HELD_FOR
from registration.listing import ListedJob
from registration.registrar import ACTED, OBSERVED
from registration.reoffer import epoch_of
from registration.troubles import Troubles
from registration.upkeep import STAYS
from registration.watermark import LONGEST_RUN, Watermark, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from registration.artifacts.store import Location
    from registration.ledger import Ledger
    from registration.leftovers import Leftovers
    from registration.listing import DropListing, JobListing
    from registration.pauses import Pauses
    from registration.policy.catalog import Catalog
    from registration.sources.resolve import Resolver
    from registration.synthetic import Synthetic
    from registration.upkeep import Task, Upkeep
    from registration.watermark import Watermarks
    from registration.work import Work

log = logging.getLogger(__name__)
MOST_CLAIMS = 60  # three times what one message is tried
LONGEST_TRIED = timedelta(days=7)

type Tell = Callable[[Coverage, str], None]  # the coverage so far, and what was just done; empty when nothing was


def _tell_nobody(_coverage: Coverage, _news: str) -> None:
    return


@dataclass(frozen=True)
class Sweep:
    """Makes passes. `quiet_for` says for how long nobody has written to a piece of work, by its key.

    `now` is the storage server's time, because this machine's may be an hour off. While the app only `observes`, no
    champion is shown and nothing is archived.
    """

    jobs: JobListing
    drops: DropListing
    resolver: Resolver
    ledger: Ledger
    quiet_for: Callable[[str], timedelta]
    pauses: Pauses
    upkeep: Upkeep
    leftovers: Leftovers
    send: Callable[[str], None]
    watermarks: Watermarks
    now: Callable[[], datetime]
    observes: bool = False

    def run(self, *, since: datetime | None = None, dry_run: bool = False, tell: Tell = _tell_nobody) -> Coverage:
        """Make one pass from the watermark on, or from `since` if that is earlier; a dry run changes nothing.

        The first pass begins now. Raises the first failure after everything else was tried; the watermark stays then.
        """
        # Ends of jobs and writes of blobs are told in whole seconds; what ends in this second must not be missed.
        began = self.now().replace(microsecond=0)
        mark = self._mark(began, since, dry_run=dry_run, tell=tell)
        window = Window.after(mark, since=since)
        one = _Pass(self, window, began, tell=tell, dry_run=dry_run)
        coverage = one.run()
        if not dry_run:
            moved = Watermark(max(mark.until, began), min(mark.first, window.start), one.open, mark.etag)
            self.watermarks.advance(moved)
        _report(coverage)
        return coverage

    def _mark(self, began: datetime, since: datetime | None, *, dry_run: bool, tell: Tell) -> Watermark:
        first = min(began, since) if since else began
        fresh = Watermark(until=began, first=first)
        known = self.watermarks.read()
        if known is None and since is None:
            tell(Coverage(), f"the first sweep leaves what ended before {began:%Y-%m-%d %H:%M} UTC; --since looks back")
        # Kept at once: a first pass that fails must not move the time from which jobs count.
        return known or (fresh if dry_run else self.watermarks.begin(fresh))


class _Pass:
    """One pass. `open` are the jobs that were running."""

    def __init__(self, sweep: Sweep, window: Window, began: datetime, *, tell: Tell, dry_run: bool) -> None:
        catalog = sweep.resolver.catalog()
        self._sweep, self._window, self._began = sweep, window, began
        self._tell, self._dry_run = tell, dry_run
        self._catalog: Catalog = catalog
        resolver = replace(sweep.resolver, catalog=lambda: catalog)
        self._leads = leads.Leads(resolver, OBSERVED if sweep.observes else ACTED)
        self._troubles = Troubles()
        self._coverage = Coverage()
        self._sent: set[str] = set()
        self.open: dict[str, datetime] = {}

    def run(self) -> Coverage:
        tasks = self._sweep.upkeep.tasks(self._catalog, dry_run=self._dry_run)
        kept_up = [partial(self._keep_up, task) for task in tasks]
        steps: list[Callable[[], None]] = [self._jobs, self._drops, self._shared, self._stuck, *kept_up, self._warn]
        for step in steps:
            with self._troubles.part():
                step()
        if (trouble := self._troubles.first) is not None:
            raise trouble
        return self._coverage

    def _jobs(self) -> None:
        for job in self._completed():
            if self._catalog.fed_by_job(experiment=job.experiment, tags=job.tags):
                self._look(self._leads.to_job(job.name))

    def _completed(self) -> Iterator[ListedJob]:
        """The jobs to look at; those still running are noted for the next pass."""
        awaited = dict(self._window.open)
        for job in takewhile(lambda job: job.created >= self._window.horizon, self._sweep.jobs.newest_first()):
            was_open = awaited.pop(job.name, None) is not None
            if job.is_open:
                self.open[job.name] = job.created
            elif job.is_completed and (was_open or job.time >= self._window.start):
                yield job
        yield from self._completed_at_last(awaited)

    def _completed_at_last(self, awaited: dict[str, datetime]) -> Iterator[ListedJob]:
        """Of the jobs that were running at the last pass and are too old for the list, those that completed."""
        for name, created in awaited.items():
            job: ListedJob | None = None
            with self._troubles.passing_over(f"job {name}"):
                found = self._sweep.resolver.workspace.job(name)
                job = ListedJob(name, found.status, created, None, found.experiment, found.tags) if found else None
            if job is not None and job.is_completed:
                yield job
            elif job is not None and job.is_open and created >= self._began - LONGEST_RUN:
                self.open[name] = created

    def _is_sign(self, blob: Location) -> bool:
        return bool(self._catalog.fed_by_drop(account=blob.account, container=blob.container, path=blob.name))

    def _drops(self) -> None:
        for place in leads.places(self._catalog):
            if not self._leads.hears(place.account):
                log.warning(
                    "drops in account %s are not heard: REGISTRAR_DROP_ACCOUNTS does not name it", place.account
                )
                continue
            with self._troubles.passing_over(f"drops in {place.account}/{place.container}"):
                for found in self._sweep.drops.blobs(place):
                    if found.modified >= self._window.start and self._is_sign(found.location):
                        self._look(self._leads.to_blob(found.location))

    def _shared(self) -> None:
        """What other environments promoted last, whenever that was: no event of Azure's tells of it."""
        for registry, model in self._catalog.shared:
            with self._troubles.passing_over(f"{model} in registry {registry}"):
                self._shared_as(registry, model)

    def _shared_as(self, registry: str, model: str) -> None:
        registries = self._sweep.resolver.shared
        found = list(registries.versions(registry, model)) if registries.knows(registry) else []
        try:
            champion = baselines.champion_of(found) if found else None
        except InputError as why:
            log.warning("what was shared as %s in registry %s cannot be told: %s", model, registry, why)
            return
        if champion is not None:
            self._look(self._leads.to_shared(champion))

    def _look(self, event: Synthetic) -> None:
        with self._troubles.passing_over(event.about):
            keys = self._leads.works(event)
            if keys is not None and not keys:
                return
            works = [self._sweep.ledger.work(key) for key in keys or ()]
            is_decided = bool(works) and all(work is not None and work.state != "claimed" for work in works)
            self._count(eligible=1, decided=int(is_decided))
            if not works or None in works:
                self._send(event)

    def _stuck(self) -> None:
        for key in self._sweep.ledger.unfinished():
            with self._troubles.passing_over(f"work {key}"):
                work, quiet = self._sweep.ledger.work(key), self._sweep.quiet_for(key)
                if work is not None and work.state != "finished" and quiet >= HELD_FOR and not self._is_paused(work):
                    self._bring_back(work, is_old=quiet >= LONGEST_TRIED)

    def _is_paused(self, work: Work) -> bool:
        # Its messages come again for as long as the pause stands; one more at each pass would never end.
        try:
            self._sweep.pauses.check(work.subject.get("model"))
        except PausedError:
            return True
        return False

    def _bring_back(self, work: Work, *, is_old: bool) -> None:
        source, answer = work.subject.get("source"), leads.answer(work)
        event = answer or self._leads.back_to(source)
        works = {work.work: None} if answer else self._works(event, is_old=is_old) if event else {}
        if event and (works is None or work.work in works):
            self._try_again(work, event, is_old=is_old)
        elif epoch_of(work) > ACTED:
            log.info("work %s is unfinished; the request that it follows from brings it back", work.work)
        elif source and self._is_replaced(work, works or {}):
            self._settle(work)
        else:
            log.info("work %s stays unfinished: no event leads back to it any more", work.work)

    def _works(self, event: Synthetic, *, is_old: bool) -> Mapping[str, str | None] | None:
        try:
            return self._leads.works(event)
        except TransientError:
            if is_old:  # what does not answer for a week is given up, as what no worker can tell
                return None
            raise

    def _is_replaced(self, work: Work, works: Mapping[str, str | None]) -> bool:
        """Whether what is left of this work can be settled: it was decided, or its place offers other files."""
        if work.state == "decided" or epoch_of(work) != self._leads.epoch:
            return work.state == "decided"
        return work.subject.get("model") in works.values() or self._sweep.leftovers.was_decided(work)

    def _try_again(self, work: Work, event: Synthetic, *, is_old: bool) -> None:
        if work.attempt < MOST_CLAIMS and not is_old:
            self._count(stuck=1)
            self._send(event)
            return
        # Perhaps it is what the workers die of, or its job was deleted.
        log.warning("work %s was claimed %s times and is given up: %s", work.work, work.attempt, event.about)
        self._count(given_up=1)

    def _settle(self, work: Work) -> None:
        if self._sweep.observes:
            return
        try:
            if not self._dry_run:
                self._sweep.leftovers.settle(work)
        except (ClaimHeldError, *STAYS) as refused:
            log.warning("could not settle work %s: %s", work.work, refused)
            return
        self._count(f"settled work {work.work}, to which nothing leads back", stuck=1)

    def _keep_up(self, task: Task) -> None:
        for model in task.models:
            with self._troubles.passing_over(model):
                for news, number in task.look(model):
                    self._count(news, **{task.counter: number})

    def _warn(self) -> None:
        with self._troubles.passing_over("revoked files"):
            self._sweep.upkeep.warn()

    def _send(self, event: Synthetic) -> None:
        if event.id in self._sent:
            return
        if not self._dry_run:
            self._sweep.send(event.text)
        self._sent.add(event.id)
        self._count(f"enqueued {event.about}", enqueued=1)

    def _count(self, news: str = "", **more: int) -> None:
        counted: dict[str, Any] = {name: getattr(self._coverage, name) + by for name, by in more.items()}
        self._coverage = replace(self._coverage, **counted)
        self._tell(self._coverage, news)


def _report(coverage: Coverage) -> None:
    said = {f"registrar_{name}": value for name, value in coverage.to_dict().items()}
    log.info("swept: %s of %s eligible decided", coverage.decided, coverage.eligible, extra=said)
