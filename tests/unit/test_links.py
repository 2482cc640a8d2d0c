"""Links: a version says in Azure ML's own fields where it comes from; what those do not take fails nothing."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.world import World, drop_event, job_event

if TYPE_CHECKING:
    from registration.registry import ModelVersion

ARM = "/subscriptions/1b0d2c3e/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"
ROWS = f"{ARM}/data/churn-2026/versions/3"
ANONYMOUS = "azureml://locations/westeurope/workspaces/1b0d2c3e/data/azureml_j1_input_data_rows/versions/1"


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    reads = (ROWS, "azureml:labels:1", "azureml://datastores/workspaceblobstore/paths/extra/", ANONYMOUS)
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], datasets=reads)
    return world


def version(world: World) -> ModelVersion:
    return world.registry.versions["churn", 1]


def test_a_version_names_its_job_and_the_data_assets_that_the_job_read(world: World) -> None:
    world.process(job_event("j1"))

    assert (version(world).job, version(world).datasets) == ("j1", (ROWS, "azureml:labels:1"))


def test_a_version_that_says_it_all_is_not_written_again(world: World) -> None:
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], datasets=())

    world.process(job_event("j1"))

    assert [write for write in world.faults.writes if write.startswith("registry")] == [
        "registry create churn:1",
        "registry project churn:1",
    ]


def test_what_the_service_refuses_fails_nothing_and_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.registry.refuses_links = True

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, version(world).datasets) == ("registered", ())
    assert ROWS in version(world).properties["lineage.datasets"]
    assert "Azure ML does not take the origin of churn:1" in caplog.text
    assert "churn:1 does not say its origin in datasets; its properties do" in caplog.text


def test_what_the_service_silently_leaves_out_is_noticed(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.registry.stores = lambda version: replace(version, job=None, datasets=())

    assert world.process(job_event("j1")).outcome == "registered"

    (told,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert told.message == "churn:1 does not say its origin in jobName and datasets; its properties do"
    assert told.__dict__["registrar_unlinked"] == ("jobName", "datasets")
    (work,) = world.works()
    assert work["intent"]["unlinked"] == ["jobName", "datasets"]


def test_a_version_that_a_dead_worker_made_is_linked_by_the_next(world: World) -> None:
    world.faults.fail("registry link", dead=True)

    outcome = world.settle(job_event("j1"))

    assert (outcome.outcome, outcome.version) == ("registered", 1)
    assert version(world).datasets == (ROWS, "azureml:labels:1")


def test_what_a_drop_merely_claims_is_not_said_in_the_services_own_fields(world: World) -> None:
    world.drop("vendor-a/1", lineage={"job": "j9", "datasets": [ROWS]})

    world.process(drop_event("vendor-a/1"))

    made = world.registry.versions["digits", 1]
    assert (made.job, made.datasets, made.properties["lineage.job"]) == (None, (), "j9")
