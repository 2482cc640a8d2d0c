"""One contract for every registry: the one in memory, which unit tests trust, does what the sandbox's does."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from registration.azure.registry import AzureRegistry
from registration.azure.rest import Rest
from registration.links import unlinked
from registration.registry import ModelRegistry, Registration, VersionTakenError, compare
from registration.settings import WorkspaceId
from sandbox import names
from tests.fakes import MemoryRegistry

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

STORE = "azureml://datastores/workspaceblobstore/paths"


@pytest.fixture(params=["memory", pytest.param("workspace", marks=pytest.mark.sandbox)])
def registry(request: pytest.FixtureRequest) -> ModelRegistry:
    """Memory, or the workspace of the running sandbox, which only that half starts."""
    if request.param == "memory":
        return MemoryRegistry()
    credential: DefaultAzureCredential = request.getfixturevalue("credential")
    here = WorkspaceId(names.WORKSPACE_ID, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    return AzureRegistry(credential, Rest(credential), here)


@pytest.fixture
def wanted() -> Registration:
    """Version 1 of a model that only this test uses."""
    return Registration(
        model=f"contract-{uuid.uuid4().hex[:12]}",
        version=1,
        type="custom_model",
        uri=f"{STORE}/registrar/c0ffee",
        description="Who will leave.",
        tags={"team": "risk"},
        properties={"registrar.work": "w1", "registrar.artifact_sha256": "5a"},
    )


def stages(registry: ModelRegistry, wanted: Registration, *versions: int) -> list[str | None]:
    found = (registry.find(wanted.model, version) for version in versions)
    return [version.stage if version else None for version in found]


def test_a_version_comes_back_as_it_was_written(registry: ModelRegistry, wanted: Registration) -> None:
    registry.create(wanted)

    found = registry.find(wanted.model, 1)

    compare(wanted, found)
    assert found is not None
    assert (found.work, found.stage) == ("w1", "Development")


def test_a_version_that_is_not_there_is_none(registry: ModelRegistry, wanted: Registration) -> None:
    assert registry.find(wanted.model, 1) is None


def test_the_next_number_is_one_above_the_highest_whatever_became_of_it(
    registry: ModelRegistry, wanted: Registration
) -> None:
    numbers = [registry.next_version(wanted.model)]
    for version in (1, 5):
        registry.create(replace(wanted, version=version))
        numbers.append(registry.next_version(wanted.model))
    registry.archive(wanted.model, 5, tags={})

    assert [*numbers, registry.next_version(wanted.model)] == [1, 2, 6, 6]


def test_a_number_with_another_path_is_taken_and_stays_what_it_is(
    registry: ModelRegistry, wanted: Registration
) -> None:
    registry.create(wanted)

    with pytest.raises(VersionTakenError):
        registry.create(replace(wanted, uri=f"{STORE}/elsewhere", properties={"registrar.work": "w2"}))

    found = registry.find(wanted.model, 1)
    assert found is not None
    assert found.work == "w1"


def test_writing_a_version_again_takes_its_stage_and_tags(registry: ModelRegistry, wanted: Registration) -> None:
    registry.create(wanted)
    registry.project(wanted.model, 1, tags={"registrar.champion": "true"}, stage="Production")

    registry.create(wanted)

    found = registry.find(wanted.model, 1)
    assert found is not None
    assert (found.stage, "registrar.champion" in found.tags) == ("Development", False)


def test_a_projection_leaves_the_rest_as_it_is(registry: ModelRegistry, wanted: Registration) -> None:
    registry.create(wanted)

    registry.project(wanted.model, 1, tags={"registrar.champion": "true"}, stage="Production")

    found = registry.find(wanted.model, 1)
    compare(wanted, found)
    assert found is not None
    assert (found.stage, found.tags["registrar.champion"]) == ("Production", "true")


def test_a_version_can_be_told_its_job_and_data_and_keeps_them(registry: ModelRegistry, wanted: Registration) -> None:
    told = replace(wanted, job="j1", datasets=(f"{names.WORKSPACE_ID}/data/rows/versions/3",))
    registry.create(wanted)

    registry.link(told)
    registry.project(wanted.model, 1, tags={"registrar.champion": "true"}, stage="Production")

    found = registry.find(wanted.model, 1)
    compare(wanted, found)
    assert found is not None
    assert (found.job, found.datasets, unlinked(told, found)) == (told.job, told.datasets, ())


def test_what_is_not_there_is_not_told_anything(registry: ModelRegistry, wanted: Registration) -> None:
    registry.link(replace(wanted, job="j1"))

    assert registry.find(wanted.model, 1) is None


def test_an_archived_version_says_so_and_why_and_a_projection_brings_it_back(
    registry: ModelRegistry, wanted: Registration
) -> None:
    registry.create(wanted)
    registry.archive(wanted.model, 1, tags={"registrar.status": "superseded"})
    archived = registry.find(wanted.model, 1)

    registry.project(wanted.model, 1, tags={"registrar.status": "champion"}, stage="Production")

    assert archived is not None
    assert (archived.stage, archived.tags["registrar.status"]) == ("Archived", "superseded")
    assert stages(registry, wanted, 1) == ["Production"]


def test_what_is_not_there_is_neither_shown_nor_archived(registry: ModelRegistry, wanted: Registration) -> None:
    registry.project(wanted.model, 1, tags={"a": "b"}, stage="Production")
    registry.archive(wanted.model, 1, tags={"a": "b"})

    assert registry.find(wanted.model, 1) is None


def test_only_an_active_version_without_our_work_is_foreign(registry: ModelRegistry, wanted: Registration) -> None:
    registry.create(wanted)
    ours = registry.foreign_versions(wanted.model)
    registry.create(replace(wanted, version=2, properties={}))
    theirs = registry.foreign_versions(wanted.model)

    registry.archive(wanted.model, 2, tags={})

    assert (ours, theirs, registry.foreign_versions(wanted.model)) == (False, True, False)
