"""The sweep: one thing that breaks keeps nothing but the watermark waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from registration.coverage import Coverage
from registration.errors import LedgerFormatError, UnavailableError
from registration.listing import ListedJob
from registration.names import WATERMARK
from registration.sweep import LONGEST_TRIED
from registration.troubles import MOST_IN_A_ROW
from registration.watermark import OVERLAP
from tests.fakes import MemoryWorkspace
from tests.sweeping import PAGE, Azure
from tests.world import INCOMING, job_event

if TYPE_CHECKING:
    from registration.sources.job import Job


@pytest.fixture
def azure() -> Azure:
    return Azure()


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
