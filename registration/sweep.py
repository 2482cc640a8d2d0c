"""The sweep: finds what no event told of, and brings back what a dead worker left.

    jobs        completed since the watermark, and not in the ledger: a synthetic event
    drops       completed since the watermark, and not in the ledger: a synthetic event
    stuck work  unfinished, and nobody is at it: an event that leads back to its source
    champions   not shown in the registry as the head says: shown again

It judges nothing: the worker that gets the event does. What it cannot tell, it enqueues. A job that is offered twice
costs one answer `duplicate`; a job that is never offered is a model that nobody gets.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from registration import events, synthetic
from registration.candidate import DropSource, JobSource, Refusal, work_key
from registration.errors import MalformedEventError, NotVisibleYetError, RegistrarError, RegistryMismatchError
from registration.events import NotOfInterest
from registration.listing import DropPlace, ListedJob
from registration.registrar import ACTED, OBSERVED
from registration.registry import CHAMPION_TAG, STATUS_TAG
from registration.reoffer import epoch_of
from registration.request import KEY as REQUEST
from registration.sources import folder
from registration.sources.resolve import UnknownSourceError
from registration.synthetic import Synthetic
from registration.versioning import ARCHIVED
from registration.watermark import LONGEST_RUN, Watermark, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from registration.artifacts.store import Location
    from registration.ledger import Ledger
    from registration.listing import DropListing, JobListing
    from registration.policy.catalog import Catalog
    from registration.sources.resolve import Offer, Resolver
    from registration.versioning import Versioning
    from registration.watermark import Watermarks
    from registration.work import Work

log = logging.getLogger(__name__)
SHOWN = {CHAMPION_TAG: "true", STATUS_TAG: "champion"}


@dataclass(frozen=True)
class Coverage:
    """What a sweep found, and did.

    `eligible` are the jobs and drops looked at that some policy wants, `decided` those of them whose every model
    has its decision. `enqueued` are events sent, `stuck` pieces of work that a worker left, and `repaired` champions
    that the registry did not show.
    """

    eligible: int = 0
    decided: int = 0
    enqueued: int = 0
    stuck: int = 0
    repaired: int = 0

    @property
    def share(self) -> float:
        """Decided out of eligible, from 0 to 1; 1 when nothing was eligible."""
        return self.decided / self.eligible if self.eligible else 1.0

    def to_dict(self) -> dict[str, float]:
        """As shown to machines."""
        return {**asdict(self), "coverage": round(self.share, 4)}


type Tell = Callable[[Coverage, str], None]  # the coverage so far, and what was just done; empty when nothing was


def _tell_nobody(_coverage: Coverage, _news: str) -> None:
    return


@dataclass(frozen=True)
class Sweep:
    """Makes passes. `quiet` says whether nobody wrote to a piece of work, by its key, for as long as a claim holds.

    While the app only `observes`, no champion is shown.
    """

    jobs: JobListing
    drops: DropListing
    resolver: Resolver
    ledger: Ledger
    quiet: Callable[[str], bool]
    versioning: Versioning
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
        mark = self._mark(began, since, dry_run=dry_run)
        window = Window.after(mark, since=since)
        one = _Pass(self, window, began, tell=tell, dry_run=dry_run)
        coverage = one.run()
        if not dry_run:
            moved = Watermark(max(mark.until, began), min(mark.first, window.start), one.open, mark.etag)
            self.watermarks.advance(moved)
        _report(coverage)
        return coverage

    def _mark(self, began: datetime, since: datetime | None, *, dry_run: bool) -> Watermark:
        first = min(began, since) if since else began
        fresh = Watermark(until=began, first=first)
        known = self.watermarks.read()
        # Kept at once: a first pass that fails must not move the time from which jobs count.
        return known or (fresh if dry_run else self.watermarks.begin(fresh))


class _Pass:
    """One pass. `open` are the jobs that were running."""

    def __init__(self, sweep: Sweep, window: Window, began: datetime, *, tell: Tell, dry_run: bool) -> None:
        catalog = sweep.resolver.catalog()
        self._sweep, self._window, self._began = sweep, window, began
        self._tell, self._dry_run = tell, dry_run
        self._catalog: Catalog = catalog
        self._resolver = replace(sweep.resolver, catalog=lambda: catalog)
        self._coverage = Coverage()
        self._sent: set[str] = set()
        self.open: dict[str, datetime] = {}

    def run(self) -> Coverage:
        failures: list[Exception] = []
        for step in (self._jobs, self._drops, self._stuck, self._champions):
            try:
                step()
            except Exception as failure:  # noqa: BLE001 - raised below, when the other steps had their turn
                log.warning("a part of the sweep failed, so the watermark stays where it is: %s", failure)
                failures.append(failure)
        if failures:
            raise failures[0]
        return self._coverage

    def _jobs(self) -> None:
        for job in self._completed():
            if self._catalog.fed_by_job(experiment=job.experiment, tags=job.tags):
                self._look(synthetic.run_completed(self._resolver.trusted.workspace_id, job.name))

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
            found = self._resolver.workspace.job(name)
            job = ListedJob(name, found.status, created, None, found.experiment, found.tags) if found else None
            if job is not None and job.is_completed:
                yield job
            elif job is not None and job.is_open and created >= self._began - LONGEST_RUN:
                self.open[name] = created

    def _is_sign(self, blob: Location) -> bool:
        return bool(self._catalog.fed_by_drop(account=blob.account, container=blob.container, path=blob.name))

    def _drops(self) -> None:
        topics = {topic.rpartition("/")[2]: topic for topic in self._resolver.trusted.account_ids}
        for place in _places(self._catalog):
            if place.account not in topics:
                log.warning(
                    "drops in account %s are not heard: REGISTRAR_DROP_ACCOUNTS does not name it", place.account
                )
                continue
            for found in self._sweep.drops.blobs(place):
                if found.modified >= self._window.start and self._is_sign(found.location):
                    self._look(synthetic.blob_created(topics[place.account], found.location))

    def _look(self, event: Synthetic) -> None:
        keys = self._keys(event)
        if keys == []:
            return
        works = [self._sweep.ledger.work(key) for key in keys or ()]
        is_decided = bool(works) and all(work is not None and work.state != "claimed" for work in works)
        self._count(eligible=1, decided=int(is_decided))
        if not works or None in works:
            self._send(event)

    def _stuck(self) -> None:
        for work in self._sweep.ledger.unfinished():
            if self._sweep.quiet(work.work):
                self._bring_back(work)

    def _bring_back(self, work: Work) -> None:
        answer = _answer(work)
        event = answer or self._resolver.event_of(work.subject.get("source"))
        keys = [work.work] if answer else self._keys(event) if event else []
        if event and (keys is None or work.work in keys):
            self._count(stuck=1)
            self._send(event)
        elif epoch_of(work) > ACTED:
            log.info("work %s is unfinished; the request that it follows from brings it back", work.work)
        else:
            log.info("work %s stays unfinished: no event leads back to it any more", work.work)

    def _champions(self) -> None:
        for model in () if self._sweep.observes else self._sweep.ledger.models():
            champion = self._sweep.ledger.head(model).champion
            if champion is not None and not self._is_shown(model, champion.version):
                self._repair(model, champion.version)

    def _is_shown(self, model: str, version: int) -> bool:
        found = self._sweep.versioning.registry.find(model, version)
        if found is None or found.stage == ARCHIVED:
            # Only a person does that, and not by mistake; the head moves by a rollback, never by a sweep.
            log.warning("%s:%s is the champion, but was archived or deleted: roll back or restore it", model, version)
            return True
        return found.stage == self._sweep.versioning.champion_stage and found.tags.items() >= SHOWN.items()

    def _repair(self, model: str, version: int) -> None:
        try:
            if not self._dry_run:
                self._sweep.versioning.project(model, version=version, former=None)
        except RegistryMismatchError as refused:
            log.warning("could not show the champion: %s", refused)
            return
        self._count(f"showed {model}:{version} as the champion again", repaired=1)

    def _keys(self, event: Synthetic) -> list[str] | None:
        """The keys of the work that an event leads to, none if it offers nothing; None if only a worker can tell."""
        try:
            offered = self._resolver.offers(events.parse(json.loads(event.text)))
            return [] if isinstance(offered, NotOfInterest) else [self._key(offer) for offer in offered]
        except NotVisibleYetError:
            return None
        except (MalformedEventError, UnknownSourceError) as unusable:
            log.warning("%s can not be offered: %s", event.about, unusable)
            return []
        except RegistrarError:
            raise
        except Exception as surprise:  # noqa: BLE001 - one job must not end the sweep; its worker will meet the same
            log.warning("%s could not be looked at and is left to a worker: %s", event.about, surprise)
            return None

    def _key(self, offer: Offer) -> str:
        """The key of the work that `Registrar.settle` claims for `offer`."""
        epoch = OBSERVED if self._sweep.observes else ACTED
        if isinstance(offer, Refusal):
            return work_key(offer.source, model=offer.model, fingerprint=offer.fingerprint, epoch=epoch)
        fingerprint = offer.listing_etag
        if isinstance(offer.source, JobSource) or (isinstance(offer.source, DropSource) and offer.source.marker):
            fingerprint = offer.fingerprint(folder.inventory(self._resolver.store, offer))
        return work_key(offer.source, model=offer.model.name, fingerprint=fingerprint, epoch=epoch)

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


def _answer(work: Work) -> Synthetic | None:
    """The message of the request that this work is about, if that answers a held work: it may safely come again."""
    said = work.subject.get("request")
    if not isinstance(said, dict):
        return None
    return Synthetic(str(said.get("id")), json.dumps({REQUEST: said}), f"request {said.get('id')}")


def _places(catalog: Catalog) -> list[DropPlace]:
    """Every place that some policy expects drops in, without those that lie in another."""
    said = {
        DropPlace(match.account, match.container, match.prefix or "")
        for one in catalog.policies
        for match in one.policy.match.drops
    }
    return [one for one in said if not any(other != one and other.covers(one) for other in said)]


def _report(coverage: Coverage) -> None:
    said = {f"registrar_{name}": value for name, value in coverage.to_dict().items()}
    log.info("swept: %s of %s eligible decided", coverage.decided, coverage.eligible, extra=said)
