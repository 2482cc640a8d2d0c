"""The sweep: jobs that no event told of are found once, from the watermark on, and nothing else is touched."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registration import synthetic
from registration.coverage import Coverage
from registration.errors import LedgerFormatError, PolicyError, UnavailableError
from registration.names import WATERMARK
from registration.sources.job import Job
from registration.watermark import LONGEST_RUN, OVERLAP, Watermark, Watermarks
from tests.fakes import OUTPUTS, TextPolicies
from tests.sweeping import PAGE, QUARTER, Azure
from tests.world import INCOMING, World, job_event

if TYPE_CHECKING:
    from collections.abc import Iterator


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
