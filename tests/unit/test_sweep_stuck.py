"""The sweep: what a dead worker left comes back, or is settled, or is given up in the end."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from registration.coverage import Coverage
from registration.ledger import HELD_FOR
from registration.sources.job import Job
from registration.sweep import LONGEST_TRIED, MOST_CLAIMS
from registration.watermark import OVERLAP
from tests.answering import adopted, adopting, asked, held
from tests.fakes import OUTPUTS
from tests.sweeping import Azure
from tests.world import drop_event, job_event


@pytest.fixture
def azure() -> Azure:
    return Azure()


def test_a_request_that_a_dead_worker_left_is_not_the_sweeps_to_repeat(azure: Azure) -> None:
    azure.world.ledger.claim("w1", subject={"source": ["request", "r1"]})

    azure.later(HELD_FOR)

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
