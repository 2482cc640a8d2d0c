"""The sweep: what no event told of is found once, what a worker left comes back, and nothing else is touched."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_sweep, synthetic
from registration.artifacts.store import Location
from registration.coverage import Coverage
from registration.deployments import Deployment
from registration.errors import InputError, LedgerFormatError, PolicyError, UnavailableError
from registration.ledger import HELD_FOR
from registration.listing import DropPlace, ListedBlob, ListedJob
from registration.names import WATERMARK
from registration.retention import Retention
from registration.showing import Showing
from registration.sources.jobs import Job
from registration.sweep import LONGEST_TRIED, MOST_CLAIMS, Sweep
from registration.troubles import MOST_IN_A_ROW
from registration.upkeep import Upkeep
from registration.watermark import LONGEST_RUN, OVERLAP, Watermark, Watermarks
from tests.answering import adopted, adopting, asked, held
from tests.fakes import OUTPUTS, MemoryWorkspace, TextPolicies
from tests.turning import revoke
from tests.world import CHURN, INCOMING, World, blob_event, drop_event, job_event

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.fixture
def azure() -> Azure:
    return Azure()


def test_a_job_whose_event_never_came_is_enqueued_and_registered(azure: Azure) -> None:
    azure.job("j1")

    coverage = azure.sweep.run()

    assert coverage == Coverage(eligible=1, enqueued=1)
    assert azure.work_off() == ["registered"]


def test_a_job_that_is_decided_is_not_enqueued_again(azure: Azure) -> None:
    azure.job("j1")
    azure.sweep.run()
    azure.work_off()

    coverage = azure.sweep.run()

    assert coverage == Coverage(eligible=1, decided=1)
    assert azure.queue == []


def test_a_job_whose_event_came_is_decided(azure: Azure) -> None:
    azure.job("j1")
    azure.world.process(job_event("j1"))

    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


@pytest.mark.parametrize("dropped", [False, True])
def test_an_app_that_observes_decides_what_no_event_told_of(dropped: bool) -> None:
    azure = Azure(World(observes=True))
    if dropped:
        azure.drop("vendor-a/1")
    else:
        azure.job("j1")

    assert azure.sweep.run() == Coverage(eligible=1, enqueued=1)
    azure.work_off()
    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


def test_an_app_that_observes_shows_no_champion() -> None:
    azure = Azure()
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    azure.world.registry.versions["churn", 1] = replace(azure.world.registry.versions["churn", 1], stage="Staging")
    azure.world.observes = True

    assert azure.sweep.run() == Coverage()
    assert azure.world.registry.versions["churn", 1].stage == "Staging"


def test_a_request_that_a_dead_worker_left_is_not_the_sweeps_to_repeat(azure: Azure) -> None:
    azure.world.ledger.claim("w1", subject={"source": ["request", "r1"]})

    azure.later(HELD_FOR)

    assert azure.sweep.run() == Coverage()


def test_a_rejected_job_is_decided_too(azure: Azure) -> None:
    azure.job("j1")
    azure.world.job("j1", accuracy=0.1)
    azure.world.process(job_event("j1"))

    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


def test_a_refused_job_is_decided_too(azure: Azure) -> None:
    azure.job("j1")
    azure.world.workspace.elsewhere.add("model")
    azure.world.process(job_event("j1"))

    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


def test_jobs_from_before_the_watermark_are_left(azure: Azure) -> None:
    azure.job("old", created=azure.now - OVERLAP * 2, ended=azure.now - QUARTER - OVERLAP - timedelta(seconds=1))

    assert azure.sweep.run() == Coverage()


def test_a_job_inside_the_overlap_is_looked_at(azure: Azure) -> None:
    azure.job("late", ended=azure.now - QUARTER - OVERLAP + timedelta(seconds=1))

    assert azure.sweep.run().enqueued == 1


def test_the_first_sweep_leaves_what_ended_before_it(azure: Azure) -> None:
    azure.world.state.kept.clear()
    azure.job("before", ended=azure.now - timedelta(seconds=1))

    assert azure.sweep.run() == Coverage()


def test_the_time_from_which_jobs_count_stays(azure: Azure) -> None:
    before = azure.mark()

    azure.sweep.run()

    after = azure.mark()
    assert before is not None
    assert after is not None
    assert (after.first, after.until) == (before.first, azure.now)


def test_the_time_from_which_jobs_count_goes_back_to_what_was_asked_for(azure: Azure) -> None:
    asked_for = azure.now - timedelta(days=7)

    azure.sweep.run(since=asked_for)

    after = azure.mark()
    assert after is not None
    assert after.first == asked_for


def test_the_overlap_does_not_reach_back_beyond_the_first_sweep(azure: Azure) -> None:
    azure.world.state.kept.clear()
    azure.job("before", ended=azure.now - timedelta(seconds=1))
    azure.sweep.run()
    azure.later(QUARTER)

    assert azure.sweep.run() == Coverage()


def test_a_job_that_ends_in_the_second_of_the_first_sweep_is_not_missed(azure: Azure) -> None:
    azure.world.state.kept.clear()
    azure.later(timedelta(milliseconds=300))
    azure.sweep.run()
    azure.job("j1", created=azure.now, ended=azure.now.replace(microsecond=0))

    assert azure.sweep.run().enqueued == 1


def test_a_pass_that_takes_longer_than_the_overlap_is_dated_when_it_began(azure: Azure) -> None:
    azure.job("j1")
    began = azure.now
    slow = replace(azure.sweep, send=lambda _: azure.later(OVERLAP * 3))

    slow.run()
    azure.job("meanwhile", created=began + OVERLAP, ended=began + OVERLAP)

    assert azure.sweep.run().enqueued == 2


def test_a_pass_that_began_before_another_one_that_ended_does_not_set_the_watermark_back(azure: Azure) -> None:
    azure.sweep.run()
    before = azure.mark()

    replace(azure.sweep, now=lambda: azure.now - QUARTER).run()

    after = azure.mark()
    assert before is not None
    assert after is not None
    assert after.until == before.until


def test_of_two_sweeps_at_once_the_watermark_of_the_one_that_ended_first_stays(azure: Azure) -> None:
    def meanwhile(_text: str) -> None:
        azure.later(QUARTER)
        azure.sweep.run()

    azure.job("j1")
    replace(azure.sweep, send=meanwhile).run()

    mark = azure.mark()
    assert mark is not None
    assert mark.until == azure.now


def test_a_first_sweep_that_fails_does_not_move_the_beginning(azure: Azure) -> None:
    azure.world.state.kept.clear()
    azure.running("j1", created=azure.now)
    azure.fails_at_page = azure.pages + 1
    with pytest.raises(UnavailableError):
        azure.sweep.run()

    azure.completes("j1", ended=azure.now + QUARTER / 2)
    azure.later(QUARTER)

    assert azure.sweep.run().enqueued == 1


def test_older_jobs_are_looked_at_when_asked_for(azure: Azure) -> None:
    week = timedelta(days=7)
    azure.job("old", created=azure.now - week, ended=azure.now - week)

    assert azure.sweep.run(since=azure.now - week * 2).enqueued == 1


def test_a_job_that_ended_after_the_time_asked_for_is_found_though_it_began_before(azure: Azure) -> None:
    azure.job("long", created=azure.now - timedelta(days=9), ended=azure.now - timedelta(days=5))

    assert azure.sweep.run(since=azure.now - timedelta(days=7)).enqueued == 1


def test_a_later_beginning_than_the_watermark_leaves_nothing_out(azure: Azure) -> None:
    azure.job("j1", ended=azure.now - QUARTER / 2)

    assert azure.sweep.run(since=azure.now).enqueued == 1


def test_a_job_that_ran_for_days_is_found_when_it_completes(azure: Azure) -> None:
    azure.running("long", created=azure.now)
    azure.sweep.run()
    azure.later(timedelta(days=3))
    azure.sweep.run()
    azure.later(timedelta(days=3))
    azure.completes("long", ended=azure.now)

    assert azure.sweep.run().enqueued == 1


def test_a_job_that_ran_when_the_app_was_deployed_is_found(azure: Azure) -> None:
    azure.world.state.kept.clear()
    azure.running("long", created=azure.now - timedelta(days=5))
    azure.sweep.run()
    azure.later(timedelta(days=1))
    azure.completes("long", ended=azure.now)

    assert azure.sweep.run().enqueued == 1


def test_a_pipeline_that_does_not_say_when_it_ended_is_found(azure: Azure) -> None:
    azure.running("pipeline", created=azure.now)
    azure.sweep.run()
    azure.later(OVERLAP * 3)
    azure.completes("pipeline", ended=None)

    assert azure.sweep.run().enqueued == 1


def test_a_pipeline_that_was_awaited_is_found_while_looking_further_back(azure: Azure) -> None:
    azure.running("pipeline", created=azure.now)
    azure.sweep.run()
    azure.later(timedelta(days=5))
    azure.sweep.run()
    azure.completes("pipeline", ended=None)

    assert azure.sweep.run(since=azure.now - timedelta(days=1)).enqueued == 1


def test_a_job_that_never_ends_is_forgotten_in_the_end(azure: Azure) -> None:
    azure.running("zombie", created=azure.now)
    azure.sweep.run()
    azure.later(LONGEST_RUN + QUARTER)
    azure.sweep.run()
    assert azure.awaited() == {"zombie"}

    azure.sweep.run()

    assert azure.awaited() == set()


@pytest.mark.parametrize("status", ["Failed", "Canceled"])
def test_a_job_that_fails_after_all_is_not_awaited_any_more(azure: Azure, status: str) -> None:
    azure.running("j1", created=azure.now)
    azure.sweep.run()
    azure.later(OVERLAP * 2)
    azure.sweep.run()
    azure.world.job("j1", status=status)

    azure.sweep.run()

    assert (azure.queue, azure.awaited()) == ([], set())


def test_jobs_that_no_policy_wants_are_not_counted(azure: Azure) -> None:
    azure.job("j1", experiment="fraud")

    assert azure.sweep.run() == Coverage()


@pytest.mark.parametrize("status", ["Running", "Failed", "Canceled", None])
def test_only_completed_jobs_count(azure: Azure, status: str | None) -> None:
    azure.job("j1", status=status)

    assert azure.sweep.run() == Coverage()


def test_a_job_whose_files_do_not_show_yet_is_left_to_a_worker(azure: Azure) -> None:
    azure.job("j1")
    azure.world.store.blobs.clear()

    assert azure.sweep.run() == Coverage(eligible=1, enqueued=1)


def test_a_job_that_the_list_knows_before_the_workspace_is_left_to_a_worker(azure: Azure) -> None:
    azure.job("j1")
    azure.world.workspace.jobs["j1"] = Job("j1", "Finalizing", experiment="churn-nightly")

    assert azure.sweep.run() == Coverage(eligible=1, enqueued=1)


def test_one_job_that_breaks_does_not_keep_the_others_waiting(azure: Azure) -> None:
    azure.job("good")
    azure.job("bad")
    azure.world.workspace.jobs["bad"] = replace(azure.world.workspace.jobs["bad"], outputs=None)  # type: ignore[arg-type]  # what no service should answer

    coverage = azure.sweep.run()

    assert coverage == Coverage(eligible=2, enqueued=2)


class Partly(MemoryWorkspace):
    """A workspace that says of some jobs, and nothing else, that it does not answer."""

    silent: frozenset[str] = frozenset()

    def job(self, name: str) -> Job | None:
        if name in self.silent:
            raise UnavailableError(f"the workspace does not show the datastore of {name}")
        return super().job(name)


def test_a_job_that_cannot_be_looked_at_keeps_nothing_but_the_watermark_waiting(azure: Azure) -> None:
    azure.running("ran", created=azure.now)
    azure.running("lost", created=azure.now + timedelta(seconds=1))
    azure.sweep.run()
    azure.later(OVERLAP * 2)
    azure.sweep.run()
    for name in ("old", "lost", "new"):
        azure.job(name)
    azure.completes("ran", ended=None)
    azure.world.workspace = Partly(jobs=azure.world.workspace.jobs)
    azure.world.workspace.silent = frozenset({"lost"})
    before = azure.mark()

    with pytest.raises(UnavailableError, match="datastore of lost"):
        azure.sweep.run()

    assert (len(azure.queue), azure.mark()) == (3, before)


def test_stuck_work_that_cannot_be_followed_keeps_no_other_waiting_and_is_given_up_in_the_end(azure: Azure) -> None:
    for name in ("j1", "j2", "j3", "j4"):
        azure.world.job(name)
        azure.dies(job_event(name), after="state work/")
    azure.world.workspace = Partly(jobs=azure.world.workspace.jobs)
    azure.world.workspace.silent = frozenset({"j2"})

    with pytest.raises(UnavailableError, match="datastore of j2"):
        azure.sweep.run()

    assert len(azure.queue) == 3
    azure.work_off()
    azure.later(LONGEST_TRIED)
    assert azure.sweep.run() == Coverage(given_up=1)


def test_a_service_that_answers_about_nothing_ends_its_part_of_the_pass(azure: Azure) -> None:
    names = [f"j{number}" for number in range(MOST_IN_A_ROW + 5)]
    for name in names:
        azure.job(name)
    azure.world.workspace = Partly(jobs=azure.world.workspace.jobs)
    azure.world.workspace.silent = frozenset(names)
    azure.drop("vendor-a/1")

    with pytest.raises(UnavailableError):
        azure.sweep.run()

    assert azure.work_off() == ["registered"]


def refuses(azure: Azure, refused: str) -> None:
    """Let one of two places with a drop in it not be listed."""
    text = azure.world.policies.kept["digits.yaml"]
    azure.world.policies.kept["other.yaml"] = text.replace("digits", "other").replace("incoming", "second")
    azure.drop("vendor-a/1")
    sign = INCOMING / "vendor-a/1/model.manifest.json"
    twin = replace(sign, container="second")
    for name in ("model.onnx", "model.manifest.json"):
        found = azure.world.store.blobs[replace(sign, name=f"vendor-a/1/{name}")][0]
        azure.world.store.put(replace(twin, name=f"vendor-a/1/{name}"), found.replace(b"digits", b"other"))
    azure.modified[twin] = azure.now
    azure.refused = refused


@pytest.mark.parametrize("refused", ["incoming", "second"])
def test_a_place_that_refuses_to_be_listed_keeps_no_other_waiting(azure: Azure, refused: str) -> None:
    refuses(azure, refused)

    with pytest.raises(UnavailableError, match="403"):
        azure.sweep.run()

    assert len(azure.queue) == 1


@pytest.mark.parametrize("refused", ["incoming", "second"])
def test_nor_does_it_after_a_part_of_the_pass_that_was_ended(azure: Azure, refused: str) -> None:
    names = [f"j{number}" for number in range(MOST_IN_A_ROW)]
    for name in names:
        azure.job(name)
    azure.world.workspace = Partly(jobs=azure.world.workspace.jobs)
    azure.world.workspace.silent = frozenset(names)
    refuses(azure, refused)

    with pytest.raises(UnavailableError):
        azure.sweep.run()

    assert len(azure.queue) == 1


def test_a_manifest_whose_event_never_came_is_enqueued_and_registered(azure: Azure) -> None:
    azure.drop("vendor-a/é %#?1")

    coverage = azure.sweep.run()

    assert coverage == Coverage(eligible=1, enqueued=1)
    assert azure.work_off() == ["registered"]
    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


def test_manifests_from_before_the_watermark_are_left(azure: Azure) -> None:
    azure.drop("vendor-a/1")
    azure.later(OVERLAP + timedelta(seconds=1))
    azure.sweep.run()
    azure.queue.clear()

    assert azure.sweep.run() == Coverage()
    assert azure.queue == []


def test_a_manifest_that_cannot_be_used_is_enqueued_once(azure: Azure) -> None:
    azure.drop("vendor-a/1")
    azure.world.manifest("vendor-a/1", model="not-granted")

    assert azure.sweep.run().enqueued == 1
    assert azure.work_off() == ["rejected"]
    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


def test_a_place_within_a_place_is_looked_at_once(azure: Azure) -> None:
    inner = azure.world.policies.kept["digits.yaml"].replace("vendor-a/", "vendor-a/team/").replace("digits", "other")
    azure.world.policies.kept["other.yaml"] = inner
    azure.drop("vendor-a/team/1")

    assert azure.sweep.run() == Coverage(eligible=1, enqueued=1)


def test_drops_of_an_account_that_is_not_heard_are_left(azure: Azure) -> None:
    text = azure.world.policies.kept["digits.yaml"].replace("dropsprod", "strangers")
    azure.world.policies.kept["digits.yaml"] = text
    azure.drop("vendor-a/1")

    assert azure.sweep.run() == Coverage()


@pytest.mark.parametrize("write", ["state work/", "decisions churn/", "registry create", "topic "])
def test_work_of_a_worker_that_died_comes_again(azure: Azure, write: str) -> None:
    azure.job("j1", created=azure.now - OVERLAP * 9, ended=azure.now - OVERLAP * 8)
    azure.dies(job_event("j1"), after=write)

    assert azure.sweep.run() == Coverage(enqueued=1, stuck=1)
    azure.work_off()
    assert [work["state"] for work in azure.world.works()] == ["finished"]
    assert azure.sweep.run().stuck == 0


def test_a_champion_that_a_dead_worker_did_not_show_is_shown_before_its_work_is_done(azure: Azure) -> None:
    azure.world.job("j1")
    azure.dies(job_event("j1"), after="state heads/")

    assert azure.sweep.run() == Coverage(enqueued=1, stuck=1, repaired=1)
    assert azure.world.shown("churn") == [1]


def test_a_drop_that_a_dead_worker_left_comes_again(azure: Azure) -> None:
    azure.world.drop("vendor-a/1")
    azure.dies(drop_event("vendor-a/1"), after="state work/")

    assert azure.sweep.run() == Coverage(enqueued=1, stuck=1)
    assert azure.work_off() == ["registered"]


def test_work_that_somebody_is_at_is_left_alone(azure: Azure) -> None:
    azure.job("j1")
    azure.world.dies(job_event("j1"), after="state work/")

    assert azure.sweep.run() == Coverage(eligible=1)


def test_stuck_work_of_a_job_that_is_found_as_well_is_enqueued_once(azure: Azure) -> None:
    azure.job("j1")
    azure.world.dies(job_event("j1"), after="state work/")
    azure.world.workspace.jobs["j1"] = Job("j1", "Finalizing", experiment="churn-nightly")

    azure.later(HELD_FOR)

    assert azure.sweep.run() == Coverage(eligible=1, enqueued=1, stuck=1)


def brought_back(azure: Azure, message: str) -> str:
    """The outcome of a request that the sweep put back on the queue, once; the next sweep finds nothing stuck."""
    azure.sweep.run()
    assert [json.loads(text) for text in azure.queue] == [json.loads(message)]
    outcome = azure.world.process(azure.queue[0]).outcome
    assert azure.sweep.run().stuck == 0
    return outcome


@pytest.mark.parametrize("what", ["state questions/", "registry create", "state work/", "topic"])
def test_an_approval_whose_message_is_lost_is_brought_back(azure: Azure, what: str) -> None:
    adopted(azure.world)
    azure.world.job("j1")
    message = asked(azure.world, "approve", held(azure.world))
    azure.dies(message, after=what)

    assert brought_back(azure, message) == "registered"


def test_an_adoption_that_was_given_up_after_the_head_moved_is_brought_back(azure: Azure) -> None:
    azure.world.registry.register_by_hand("churn", 3)
    message = adopting("churn", 3)
    azure.dies(message, before="registry project")

    assert brought_back(azure, message) == "adopted"
    assert (azure.world.shown("churn"), azure.world.told()) == ([3], ["Registrar.ChampionChanged"])


def test_stuck_work_whose_manifest_was_replaced_is_settled(azure: Azure) -> None:
    azure.world.drop("vendor-a/1")
    azure.dies(drop_event("vendor-a/1"), after="state work/")
    azure.world.drop("vendor-a/1")

    assert azure.sweep.run() == Coverage(stuck=1)
    assert azure.sweep.run() == Coverage()


def test_a_version_whose_files_changed_before_a_retry_is_not_left_visible(azure: Azure) -> None:
    azure.world.job("j1")
    azure.dies(job_event("j1"), after="registry create")
    azure.world.store.put(OUTPUTS / "azureml/j1/model/model.onnx", b"changed")
    azure.world.process(job_event("j1"))

    azure.sweep.run()

    assert azure.world.registry.visible("churn") == [azure.world.champion("churn")] == [2]
    assert {work["state"] for work in azure.world.works()} == {"finished"}


def test_a_leftover_that_cannot_be_settled_does_not_end_the_sweep(azure: Azure) -> None:
    azure.world.job("j1")
    azure.dies(job_event("j1"), after="state heads/churn.json")
    azure.world.store.put(OUTPUTS / "azureml/j1/model/model.onnx", b"changed")
    azure.world.registry.versions.clear()
    before = azure.mark()

    assert azure.sweep.run() == Coverage()
    assert azure.mark() != before


@pytest.mark.parametrize("observes", [True, False])
def test_a_sweep_that_may_change_nothing_settles_nothing(azure: Azure, *, observes: bool) -> None:
    azure.world.drop("vendor-a/1")
    azure.dies(drop_event("vendor-a/1"), after="state work/")
    azure.world.drop("vendor-a/1")
    azure.world.observes = observes
    before = azure.world.works()

    azure.sweep.run(dry_run=not observes)

    assert azure.world.works() == before


def test_stuck_work_that_somebody_took_up_again_is_left_to_them(azure: Azure) -> None:
    azure.world.drop("vendor-a/1")
    azure.dies(drop_event("vendor-a/1"), after="state work/")
    azure.world.drop("vendor-a/1")
    azure.world.ledger.claim(azure.world.works()[0]["work"], subject={})
    sweep = replace(azure.sweep, quiet_for=lambda _: HELD_FOR)

    sweep.run()

    assert azure.world.works()[0]["state"] == "claimed"


@pytest.mark.parametrize("write", ["state work/", "state heads/"])
def test_work_that_was_only_observed_is_not_replaced_for_an_app_that_acts(azure: Azure, write: str) -> None:
    azure.world.observes = True
    azure.world.job("j1")
    azure.dies(job_event("j1"), after=write)
    azure.world.observes = False
    before = azure.world.works()

    assert (azure.sweep.run(), azure.world.works(), azure.world.told()) == (Coverage(), before, [])


def test_a_decision_of_people_is_not_replaced_by_what_the_event_offers(azure: Azure) -> None:
    adopted(azure.world)
    azure.world.job("j1")
    message = asked(azure.world, "approve", held(azure.world))
    azure.dies(message, after="registry create")

    azure.sweep.run()

    assert azure.world.registry.visible("churn") == [3, 4]
    assert "rejected" not in {(work["result"] or {}).get("outcome") for work in azure.world.works()}


def test_work_that_no_policy_wants_any_more_is_left_as_it_is(azure: Azure) -> None:
    azure.world.job("j1")
    azure.dies(job_event("j1"), after="state work/")
    del azure.world.policies.kept["churn.yaml"]
    before = azure.world.works()

    assert (azure.sweep.run(), azure.world.works()) == (Coverage(), before)


def test_what_was_decided_is_told_though_no_policy_wants_it_any_more(azure: Azure) -> None:
    azure.world.job("j1")
    azure.dies(job_event("j1"), after="state heads/")
    del azure.world.policies.kept["churn.yaml"]

    assert azure.sweep.run() == Coverage(stuck=1)
    assert {work["state"] for work in azure.world.works()} == {"finished"}
    assert azure.world.shown("churn") == [1]
    assert azure.world.told() == ["Registrar.ModelRegistered", "Registrar.ChampionChanged"]


def test_work_whose_job_is_gone_is_given_up_after_a_week(azure: Azure) -> None:
    azure.world.job("j1")
    azure.dies(job_event("j1"), after="state work/")
    del azure.world.workspace.jobs["j1"]

    assert azure.sweep.run() == Coverage(stuck=1, enqueued=1)
    azure.later(LONGEST_TRIED)
    assert azure.sweep.run() == Coverage(given_up=1)
    assert len(azure.queue) == 1


@pytest.mark.parametrize("model", ["churn", None])
def test_work_that_is_paused_gets_no_message_at_each_pass(azure: Azure, model: str | None) -> None:
    azure.world.job("j1")
    azure.dies(job_event("j1"), after="state work/")
    azure.world.pauses.pause(model, actor="Ann", reason="audit", at="now")

    assert azure.sweep.run() == Coverage()
    azure.world.pauses.resume(model)
    assert azure.sweep.run() == Coverage(stuck=1, enqueued=1)


def test_work_that_the_workers_die_of_is_not_brought_back_for_ever(azure: Azure) -> None:
    azure.world.job("j1")
    azure.dies(job_event("j1"), after="state work/")
    key = azure.world.works()[0]["work"]
    for _ in range(MOST_CLAIMS):
        azure.world.ledger.claim(key, subject={})
        azure.later(HELD_FOR)

    assert azure.sweep.run() == Coverage(given_up=1)
    assert azure.queue == []


@pytest.mark.parametrize("name", ["work", "heads/churn.json"])
def test_a_damaged_document_keeps_nothing_but_the_watermark_waiting(azure: Azure, name: str) -> None:
    azure.job("j1")
    azure.sweep.run()
    azure.work_off()
    name = next(found for found in azure.world.state.kept if found.startswith(name))
    azure.world.state.kept[name] = ("{", '"by hand"', azure.now)
    azure.job("j2")
    azure.drop("vendor-a/1")
    before = azure.mark()

    with pytest.raises(LedgerFormatError, match=name):
        azure.sweep.run()

    assert (len(azure.queue), azure.mark()) == (2, before)


def test_a_record_that_is_finished_and_listed_as_unfinished_is_left_alone(azure: Azure) -> None:
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    azure.later(HELD_FOR)
    azure.world.ledger.unfinished = lambda: [work["work"] for work in azure.world.works()]  # type: ignore[method-assign]

    assert azure.sweep.run() == Coverage()


def test_a_work_record_without_a_source_is_passed_over(azure: Azure) -> None:
    azure.world.ledger.claim("w1", subject={})

    azure.later(HELD_FOR)

    assert azure.sweep.run() == Coverage()


@pytest.mark.parametrize(
    "wrong", [{"tags": {}}, {"stage": "Development"}, {"tags": {"registrar.champion": "false"}}], ids=str
)
def test_a_champion_that_shows_something_else_is_repaired(azure: Azure, wrong: dict[str, object]) -> None:
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    registry = azure.world.registry
    right = registry.versions["churn", 1]
    registry.versions["churn", 1] = replace(right, **wrong)  # type: ignore[arg-type]  # the parameters name fields of their type

    assert azure.sweep.run() == Coverage(repaired=1)

    repaired = registry.versions["churn", 1]
    assert (repaired.stage, repaired.tags["registrar.champion"]) == ("Production", "true")
    assert azure.sweep.run() == Coverage()


@pytest.mark.parametrize("observes", [False, True])
def test_a_champion_whose_files_were_written_again_is_counted_at_every_pass(azure: Azure, observes: bool) -> None:
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    azure.world.observes = observes
    azure.world.store.put(OUTPUTS / "azureml/j1/model/model.onnx", b"written again")

    found = Coverage(changed=int(not observes))

    assert (azure.sweep.run(), azure.sweep.run()) == (found, found)
    assert azure.queue == []


def test_files_that_cannot_be_looked_at_keep_the_watermark_from_nothing(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    before = azure.sweep.watermarks.read()
    monkeypatch.delitem(azure.world.workspace.jobs, "j1")

    assert azure.sweep.run() == Coverage()
    assert azure.sweep.watermarks.read() != before


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_head_that_lags_behind_its_group_is_copied_again(azure: Azure, dry_run: bool) -> None:
    heads = azure.world.ledger.together(["churn", "digits"], group="churn/pair")
    lagging = azure.world.state.kept["heads/churn.json"]
    azure.world.ledger.append(heads[0], "d1", promote=None)
    azure.world.state.kept["heads/churn.json"] = lagging

    assert azure.sweep.run(dry_run=dry_run) == Coverage(repaired=1)

    assert (azure.world.state.kept["heads/churn.json"] == lagging) is dry_run
    assert azure.sweep.run() == Coverage(repaired=int(dry_run))


def test_a_champion_that_a_person_archived_stays_archived(azure: Azure) -> None:
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    azure.world.registry.archived.add(("churn", 1))
    before = azure.world.registry.versions.copy()

    assert azure.sweep.run() == Coverage()
    assert (azure.world.registry.versions, azure.world.registry.visible("churn")) == (before, [])


@pytest.mark.parametrize("status", ["superseded", "artifact_changed"])
def test_a_champion_that_a_worker_of_ours_archived_too_late_is_shown_again(azure: Azure, status: str) -> None:
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    azure.world.registry.archive("churn", 1, tags={"registrar.status": status})

    assert azure.sweep.run() == Coverage(repaired=1)
    assert (azure.world.shown("churn"), azure.world.registry.visible("churn")) == ([1], [1])


def test_a_champion_whose_files_were_revoked_is_told_of(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    azure.world.process(revoke(azure.world, "churn", 1))

    azure.sweep.run()

    assert "churn:1 is the champion, though its files were revoked" in caplog.text


def test_a_champion_that_cannot_be_shown_does_not_end_the_sweep(azure: Azure) -> None:
    azure.world.promote("churn", 1)
    azure.world.registry.register_by_hand("churn", 1)
    azure.world.registry.stores = lambda version: replace(version, stage="Staging")
    before = azure.mark()

    assert azure.sweep.run() == Coverage()
    assert azure.mark() != before


def test_a_page_that_fails_leaves_the_watermark_where_it_was(azure: Azure) -> None:
    for number in range(PAGE + 1):
        azure.job(f"j{number}", created=azure.now - timedelta(seconds=number))
    before = azure.world.state.kept[WATERMARK]
    azure.fails_at_page = azure.pages + 2

    with pytest.raises(UnavailableError, match="429"):
        azure.sweep.run()

    assert azure.world.state.kept[WATERMARK] == before
    assert len(azure.queue) == PAGE
    assert azure.sweep.run().enqueued == PAGE + 1


def test_a_failing_part_does_not_keep_the_others_waiting(azure: Azure) -> None:
    azure.drop("vendor-a/1")
    azure.listed["any"] = ListedJob("any", "Completed", azure.now)
    azure.fails_at_page = azure.pages + 1

    with pytest.raises(UnavailableError):
        azure.sweep.run()

    assert azure.work_off() == ["registered"]


def test_a_queue_that_does_not_answer_leaves_the_watermark(azure: Azure) -> None:
    def silent(_text: str) -> None:
        raise UnavailableError("the work queue did not answer")

    azure.job("j1")
    before = azure.mark()

    with pytest.raises(UnavailableError):
        replace(azure.sweep, send=silent).run()

    assert azure.mark() == before


def test_a_workspace_that_does_not_answer_enqueues_nothing(azure: Azure) -> None:
    class Silent(MemoryWorkspace):
        def job(self, name: str) -> Job | None:
            raise UnavailableError(f"Azure ML did not answer about {name}")

    azure.job("j1")
    before = azure.mark()
    azure.world.workspace = Silent()

    with pytest.raises(UnavailableError):
        azure.sweep.run()

    assert (azure.queue, azure.mark()) == ([], before)


def test_the_policies_of_the_beginning_hold_for_the_whole_pass(azure: Azure) -> None:
    class Fading(TextPolicies):
        def texts(self) -> Iterator[tuple[str, str]]:
            yield from super().texts()
            self.kept.clear()

    azure.job("j1")
    azure.job("j2")
    azure.world.policies = Fading(azure.world.policies.kept)

    assert azure.sweep.run().enqueued == 2


def test_a_broken_policy_ends_the_sweep_before_it_begins(azure: Azure) -> None:
    azure.job("j1")
    azure.world.policies.kept["churn.yaml"] = "broken"
    before = azure.world.everything()

    with pytest.raises(PolicyError):
        azure.sweep.run()

    assert (azure.queue, azure.world.everything()) == ([], before)


def test_the_watermark_of_a_sweep_that_ended_meanwhile_stays(azure: Azure) -> None:
    mark = azure.mark()
    assert mark is not None
    later = replace(mark, until=azure.now + QUARTER)
    azure.world.faults.meanwhile(f"state {WATERMARK}", lambda: Watermarks(azure.world.state).advance(later))

    azure.sweep.run()

    assert azure.mark() == later


def test_a_watermark_of_another_version_is_not_read(azure: Azure) -> None:
    azure.world.state.kept[WATERMARK] = ('{"format": "registrar/watermark/v9"}', '"1"', azure.now)

    with pytest.raises(LedgerFormatError, match="v9"):
        azure.sweep.run()


def test_a_dry_run_changes_nothing_and_says_what_it_would_do(azure: Azure) -> None:
    azure.world.job("j0")
    azure.world.process(job_event("j0"))
    azure.world.registry.versions["churn", 1] = replace(azure.world.registry.versions["churn", 1], stage="Development")
    azure.job("j1")
    azure.drop("vendor-a/1")
    before = azure.world.everything()

    coverage = azure.sweep.run(dry_run=True)

    assert coverage == Coverage(eligible=2, enqueued=2, repaired=1)
    assert (azure.queue, azure.world.everything()) == ([], before)


def test_a_first_dry_run_keeps_no_watermark(azure: Azure) -> None:
    azure.world.state.kept.clear()

    azure.sweep.run(dry_run=True)

    assert azure.mark() is None


def test_the_same_omission_gives_the_same_message(azure: Azure) -> None:
    azure.job("j1")
    azure.drop("vendor-a/1")

    azure.sweep.run()
    azure.sweep.run()

    first, second, *again = azure.queue
    assert again == [first, second]
    assert json.loads(first)["id"] == "registrar-sweep-j1"


def test_an_id_is_short_however_long_the_path() -> None:
    assert len(synthetic.blob_created("topic", INCOMING / ("x" * 1000)).id) < 100


@pytest.mark.parametrize(("decided", "eligible", "share"), [(0, 0, 1.0), (0, 2, 0.0), (1, 3, 0.3333), (2, 2, 1.0)])
def test_coverage_is_decided_out_of_eligible(decided: int, eligible: int, share: float) -> None:
    assert Coverage(eligible, decided).to_dict()["coverage"] == share


def test_ten_thousand_jobs_are_looked_at_in_one_sweep(azure: Azure) -> None:
    azure.job("j0")
    wanted = azure.listed["j0"]
    for number in range(1, 10_000):
        experiment = wanted.experiment if number % 100 == 0 else "another"
        name = f"j{number}"
        azure.listed[name] = replace(wanted, name=name, experiment=experiment)
    azure.world.workspace.jobs |= dict.fromkeys(azure.listed, azure.world.workspace.jobs["j0"])
    began = azure.pages

    coverage = azure.sweep.run()

    assert coverage == Coverage(eligible=100, enqueued=100)
    assert azure.pages - began == 10_000 // PAGE


def test_two_thousand_jobs_are_paged_only_as_far_as_needed(azure: Azure) -> None:
    azure.world.job("template")
    known = azure.world.workspace.jobs["template"]
    for number in range(2000):
        name = f"j{number:04}"
        azure.world.workspace.jobs[name] = replace(known, name=name)
        azure.world.store.put(OUTPUTS / f"azureml/{name}/model/model.onnx", name.encode())
        azure.show(name, created=azure.now - timedelta(minutes=number), ended=azure.now - timedelta(minutes=number))
    before = azure.pages

    coverage = azure.sweep.run()

    assert coverage == Coverage(eligible=76, enqueued=76)
    assert azure.pages - before == 4


def test_the_watermark_in_the_documents_reads_back_as_it_was_written() -> None:
    page = (Path(__file__).parents[2] / "docs/formats/watermark.md").read_text(encoding="utf-8")
    shown = json.loads(page.partition("```json")[2].partition("```")[0])

    assert Watermark.from_dict(shown, etag="").to_dict() == shown


def command(azure: Azure) -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_sweep.add_to(app, made=lambda: azure.sweep)
    return app


def test_the_command_says_what_it_found_in_eighty_columns(azure: Azure) -> None:
    azure.job("j1")

    result = CliRunner(env={"COLUMNS": "80"}).invoke(command(azure), ["sweep"])

    assert (result.exit_code, len(azure.queue)) == (0, 1)
    assert "enqueued job j1" in result.stderr
    assert "coverage 0.0%" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_the_first_sweep_says_that_it_leaves_what_ended_before_it(azure: Azure) -> None:
    azure.world.state.kept.clear()

    first = CliRunner(env={"COLUMNS": "200"}).invoke(command(azure), ["sweep"])
    second = CliRunner(env={"COLUMNS": "200"}).invoke(command(azure), ["sweep"])

    assert "the first sweep leaves what ended before" in first.stderr
    assert second.stderr == ""


def test_the_command_prints_one_object_for_machines(azure: Azure) -> None:
    azure.job("j1")

    result = CliRunner().invoke(command(azure), ["sweep", "--json", "--dry-run"])

    found = {"eligible": 1, "decided": 0, "enqueued": 1, "stuck": 0, "repaired": 0, "archived": 0}
    found |= {"given_up": 0, "changed": 0, "coverage": 0, "dry_run": True}
    assert (json.loads(result.stdout), result.stderr, azure.queue) == (found, "", [])


@pytest.mark.parametrize("since", ["2026-02-20", "2026-02-20T12:00+01:00", "2026-02-20T11:00Z"])
def test_the_command_looks_back_as_far_as_it_is_told(azure: Azure, since: str) -> None:
    then = datetime.fromisoformat("2026-02-21T00:00Z")
    azure.job("old", created=then, ended=then)

    result = CliRunner().invoke(command(azure), ["sweep", "--since", since, "--json"])

    assert json.loads(result.stdout)["enqueued"] == 1


@pytest.mark.parametrize("since", ["yesterday", "0001-01-01T00:00+01:00"])
def test_the_command_refuses_a_time_it_cannot_read(azure: Azure, since: str) -> None:
    result = CliRunner().invoke(command(azure), ["sweep", "--since", since])

    assert isinstance(result.exception, InputError)
    assert f"--since '{since}' is not a time; write it in" in str(result.exception)


def test_the_command_looks_back_to_the_beginning_of_time(azure: Azure) -> None:
    azure.job("old", created=azure.now - timedelta(days=4000), ended=azure.now - timedelta(days=4000))

    result = CliRunner().invoke(command(azure), ["sweep", "--since", "0001-01-01", "--json"])

    assert json.loads(result.stdout)["enqueued"] == 1


DROP_WORDS = "prefix: vendor-a/"


@pytest.mark.parametrize(
    ("taken", "name"),
    [("completeness: marker", "1/_SUCCESS"), ('completeness: single_file, files: "*.onnx"', "digits.onnx")],
)
def test_a_drop_without_a_manifest_whose_event_never_came_is_registered(azure: Azure, taken: str, name: str) -> None:
    text = azure.world.policies.kept["digits.yaml"]
    azure.world.policies.kept["digits.yaml"] = text.replace(DROP_WORDS, f"{DROP_WORDS}, {taken}")
    said = {"registrar_metric_accuracy": "0.9"}
    for path in ("1/model.txt", "digits.onnx", name):
        azure.world.store.put(INCOMING / f"vendor-a/{path}", b"x", metadata=said)
        azure.modified[INCOMING / f"vendor-a/{path}"] = azure.now

    coverage = azure.sweep.run()

    assert coverage == Coverage(eligible=1, enqueued=1)
    assert azure.work_off() == ["registered"]
    assert azure.sweep.run() == Coverage(eligible=1, decided=1)


def test_a_marked_drop_that_a_dead_worker_left_comes_again(azure: Azure) -> None:
    text = azure.world.policies.kept["digits.yaml"]
    azure.world.policies.kept["digits.yaml"] = text.replace(DROP_WORDS, f"{DROP_WORDS}, completeness: marker")
    azure.world.store.put(INCOMING / "vendor-a/1/model.txt", b"x")
    marker = INCOMING / "vendor-a/1/_SUCCESS"
    azure.world.store.put(marker, b"", metadata={"registrar_metric_accuracy": "0.9"})
    azure.dies(blob_event(marker), after="state work/")

    assert azure.sweep.run() == Coverage(enqueued=1, stuck=1)
    assert azure.work_off() == ["registered"]


TAKING = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: taking
match: {any: [{shared: {registry: contoso, name: churn}}]}
models:
  - {name: taken, metrics: {accuracy: {min: 0.5}}}
"""


@pytest.fixture
def development(azure: Azure) -> World:
    """Another environment, which has shared its champions 1 and 2 where this one takes them."""
    before = World()
    sharing = CHURN.replace("metrics:", "then: {pass: [promote, share: contoso]}\n    metrics:")
    before.policies.kept["churn.yaml"] = sharing
    for number, accuracy in enumerate((0.9, 0.95), start=1):
        before.job(f"dev-{number}", accuracy=accuracy)
        before.process(job_event(f"dev-{number}"))
        copy = Location("registrystore", "contoso", f"copies/churn/{number}/model.onnx")
        azure.world.store.put(copy, f"dev-{number}".encode())
    azure.world.shared = before.shared
    azure.world.policies.kept["taking.yaml"] = TAKING
    return before


@pytest.mark.usefixtures("development")
def test_the_last_champion_that_another_environment_shared_is_enqueued_and_registered(azure: Azure) -> None:
    azure.later(timedelta(days=400))

    assert azure.sweep.run() == Coverage(eligible=1, enqueued=1)
    assert azure.work_off() == ["registered"]

    assert azure.sweep.run() == Coverage(eligible=1, decided=1)
    (decision,) = azure.world.history("taken")
    assert decision["candidate"]["source"] == ["shared", "contoso", "churn", "2"]


def test_what_was_archived_in_a_registry_is_not_looked_at(azure: Azure, development: World) -> None:
    development.shared.archived |= {("contoso", "churn", 1), ("contoso", "churn", 2)}

    assert azure.sweep.run() == Coverage()


def test_a_registry_that_is_not_there_yet_has_nothing_to_look_at(azure: Azure, development: World) -> None:
    development.shared.registries.clear()

    assert azure.sweep.run() == Coverage()


def test_a_last_champion_that_cannot_be_told_is_a_warning(
    azure: Azure, development: World, caplog: pytest.LogCaptureFixture
) -> None:
    for key, found in development.shared.versions_.items():
        development.shared.versions_[key] = replace(found, properties={})

    assert azure.sweep.run() == Coverage()
    assert "as churn in registry contoso cannot be told: none of its 2 versions says" in caplog.text


def test_a_registry_that_is_down_keeps_nothing_else_from_being_looked_at(azure: Azure, development: World) -> None:
    development.shared.versions_ = Down()  # type: ignore[assignment]  # a fault where they are read
    azure.drop("vendor-a/1")

    with pytest.raises(UnavailableError):
        azure.sweep.run()

    assert len(azure.queue) == 1


def test_a_registry_that_answers_403_keeps_no_other_registry_waiting(azure: Azure, development: World) -> None:
    """For as long as its role is missing."""
    azure.world.policies.kept["a.yaml"] = TAKING.replace("contoso", "barred").replace("taken", "another")
    azure.world.policies.kept["a.yaml"] = azure.world.policies.kept["a.yaml"].replace("name: taking", "name: a")
    development.shared.barred.add("barred")

    with pytest.raises(UnavailableError, match="403"):
        azure.sweep.run()

    assert azure.work_off() == ["registered"]
    assert azure.world.champion("taken") == 1


class Down:
    """Versions that cannot be read."""

    def items(self) -> Iterator[object]:
        raise UnavailableError("the registry answered 503")
