"""The sweep: champions that people do not see as the head says, or whose files are others."""

from __future__ import annotations

from dataclasses import replace
from typing import override

import pytest

from registration.coverage import Coverage
from tests.fakes import OUTPUTS
from tests.faults import Faults
from tests.sweeping import Azure
from tests.turning import revoke
from tests.world import World, drop_event, job_event


@pytest.fixture
def azure() -> Azure:
    return Azure()


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


class Counting(Faults):
    """Faults that count listings."""

    listings = 0

    @override
    def listing(self) -> None:
        self.listings += 1
        super().listing()


def listings_of_a_pass(azure: Azure, counting: Counting) -> int:
    before = counting.listings
    azure.sweep.run()
    return counting.listings - before


def test_a_second_model_costs_a_pass_no_listing_of_the_ledger_more() -> None:
    counting = Counting()
    azure = Azure(World(faults=counting))
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    alone = listings_of_a_pass(azure, counting)

    azure.world.drop("vendor-a/1")
    azure.world.process(drop_event("vendor-a/1"))

    assert listings_of_a_pass(azure, counting) == alone
    assert azure.world.ledger.models() == ["churn", "digits"]


def test_a_champion_that_a_person_archived_stays_archived(azure: Azure) -> None:
    azure.world.job("j1")
    azure.world.process(job_event("j1"))
    azure.world.registry.archived.add(("churn", 1))
    before = azure.world.registry.versions.copy()

    assert azure.sweep.run() == Coverage()
    assert (azure.world.registry.versions, azure.world.registry.visible("churn")) == (before, [])


def a_champion_with_revoked_files_was_beaten(azure: Azure) -> None:
    for job, accuracy in {"j1": 0.9, "j2": 0.95}.items():
        azure.world.job(job, accuracy=accuracy)
    azure.world.process(job_event("j1"))
    azure.world.process(revoke(azure.world, version=1))
    azure.world.process(job_event("j2"))


def test_a_champion_with_revoked_files_is_archived_when_it_is_champion_no_more(azure: Azure) -> None:
    a_champion_with_revoked_files_was_beaten(azure)

    assert azure.sweep.run(dry_run=True) == Coverage(repaired=1)
    assert azure.world.registry.visible("churn") == [1, 2]
    assert azure.sweep.run() == Coverage(repaired=1)

    tags = azure.world.registry.versions["churn", 1].tags
    assert (azure.world.registry.visible("churn"), tags["registrar.status"]) == ([2], "revoked")
    assert azure.sweep.run() == Coverage()


def test_a_revoked_version_that_a_person_restored_stays(azure: Azure) -> None:
    a_champion_with_revoked_files_was_beaten(azure)
    azure.sweep.run()
    azure.world.registry.archived.clear()

    assert azure.sweep.run() == Coverage()
    assert azure.world.registry.visible("churn") == [1, 2]


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
