"""Places: a URI leads to where the files lie, or to nothing; never to what it does not name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from registration.places import Places
from registration.sources.job import JobOutput
from registration.target import BlobUrl, LocalPath, parse_target
from tests.fakes import ARTIFACTS, OUTPUTS
from tests.world import World, job_event

if TYPE_CHECKING:
    from registration.artifacts.store import Location


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    world.process(job_event("j1"))
    return world


def place(world: World, text: str) -> Location | None:
    named = parse_target(text)
    assert not isinstance(named, LocalPath | BlobUrl)
    return Places(world.workspace, world.registry).of(named)


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("azureml://jobs/j1/outputs/model", OUTPUTS / "azureml/j1/model"),
        ("azureml://jobs/j1/outputs/model/paths/model.onnx", OUTPUTS / "azureml/j1/model/model.onnx"),
        ("runs:/j1/model", ARTIFACTS / "ExperimentRun/dcid.j1/model"),
        ("azureml://datastores/workspaceblobstore/paths/registrar/c0ffee", OUTPUTS / "registrar/c0ffee"),
        ("azureml:churn:1", OUTPUTS / "azureml/j1/model"),
    ],
)
def test_a_uri_leads_to_where_the_files_lie(world: World, text: str, location: Location) -> None:
    assert place(world, text) == location


@pytest.mark.parametrize(
    "text",
    [
        "azureml://jobs/gone/outputs/model",
        "azureml://jobs/j1/outputs/weights",
        "azureml:churn:2",
        "azureml:churn:first",
        "azureml://registries/shared/models/churn/versions/1",
        "azureml://data/churn/versions/1",
    ],
)
def test_what_the_workspace_does_not_keep_leads_nowhere(world: World, text: str) -> None:
    assert place(world, text) is None


def test_an_output_of_a_step_is_found_through_run_history(world: World) -> None:
    world.workspace.inner["s1"] = replace(world.workspace.jobs["j1"], name="s1")
    world.workspace.jobs["s1"] = replace(world.workspace.jobs["j1"], name="s1", status=None, outputs={})

    assert place(world, "azureml://jobs/s1/outputs/model") == OUTPUTS / "azureml/s1/model"


def test_a_version_whose_path_nobody_can_read_leads_nowhere(world: World) -> None:
    world.registry.register_by_hand("theirs", 1)

    assert place(world, "azureml:theirs:1") is None


def test_an_output_that_only_run_history_knows_is_found(world: World) -> None:
    world.workspace.history_only["j1"] = {"best_model": JobOutput("mlflow_model", None)}

    assert place(world, "azureml://jobs/j1/outputs/best_model") == OUTPUTS / "azureml/j1/best_model"


def test_a_slash_at_the_end_names_the_same_folder(world: World) -> None:
    assert place(world, "azureml://jobs/j1/outputs/model/paths/data/") == OUTPUTS / "azureml/j1/model/data"
