"""The registry adapter against the workspace of the sandbox, through the real MLClient."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from registration.azure.registry import AzureRegistry
from registration.errors import PermanentError, UnavailableError
from registration.registry import Registration, VersionTakenError, compare
from registration.settings import WorkspaceId
from sandbox import names
from sandbox.runs import JobOutput

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

    from registration.azure.rest import Rest
    from sandbox.sandbox import Sandbox

STORE = "azureml://datastores/workspaceblobstore/paths"
SOON = {"retry-after-ms": "1"}


@pytest.fixture(scope="module")
def registry(credential: DefaultAzureCredential, rest: Rest) -> AzureRegistry:
    here = WorkspaceId(names.WORKSPACE_ID, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    return AzureRegistry(credential, rest, here)


@pytest.fixture
def wanted() -> Registration:
    """Version 1 of a model that only this test uses."""
    return Registration(
        model=f"model-{uuid.uuid4().hex[:12]}",
        version=1,
        type="custom_model",
        uri=f"{STORE}/registrar/c0ffee",
        description="Größe matters: 模型",
        tags={"team": "risk", "metrics.accuracy": "0.93"},
        properties={"registrar.work": "w1", "registrar.artifact_sha256": "5a", "lineage.datasets": '["a", "b"]'},
    )


def test_a_version_comes_back_as_it_was_written(registry: AzureRegistry, wanted: Registration) -> None:
    registry.create(wanted)

    found = registry.find(wanted.model, 1)

    compare(wanted, found)
    assert found is not None
    assert (found.version, found.work, found.stage) == (1, "w1", "Development")
    assert found.uri.endswith("/datastores/workspaceblobstore/paths/registrar/c0ffee")


def test_flavors_are_registered_and_stay_when_the_version_is_marked(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    flavors = {"python_function": {"loader_module": "mlflow.sklearn"}, "sklearn": {"sklearn_version": "1.7.2"}}
    registry.create(replace(wanted, type="mlflow_model", flavors=flavors))

    registry.project(wanted.model, 1, tags={"registrar.champion": "true"}, stage="Production")

    stored = sandbox.workspace.version(wanted.model, 1).content.flavors
    assert stored == {name: {"data": said} for name, said in flavors.items()}


def test_a_version_without_description_is_no_mismatch(registry: AzureRegistry, wanted: Registration) -> None:
    plain = replace(wanted, description=None, tags={})

    registry.create(plain)

    compare(plain, registry.find(wanted.model, 1))


def test_an_empty_description_is_no_mismatch(registry: AzureRegistry, wanted: Registration) -> None:
    empty = replace(wanted, description="")

    registry.create(empty)

    compare(empty, registry.find(wanted.model, 1))


def test_a_version_that_is_not_there_is_none(registry: AzureRegistry, wanted: Registration) -> None:
    assert registry.find(wanted.model, 1) is None

    registry.create(wanted)

    assert registry.find(wanted.model, 2) is None


def test_a_job_output_is_registered_with_its_job(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    sandbox.workspace.add_job(f"job-{wanted.model}", outputs={"model": JobOutput("custom_model")})

    registry.create(replace(wanted, uri=f"azureml://jobs/job-{wanted.model}/outputs/model/paths/best/m.onnx"))

    version = sandbox.workspace.version(wanted.model, 1)
    assert version.job == f"job-{wanted.model}"
    assert version.uri.endswith(f"/workspaceblobstore/paths/azureml/job-{wanted.model}/model/best/m.onnx")


@pytest.mark.parametrize(
    "uri",
    [
        "azureml:rows:3",
        f"{names.WORKSPACE_ID}/data/rows/versions/3",
        f"azureml:{names.WORKSPACE_ID}/data/rows/versions/3",
        f"azureml://locations/{names.REGION}/workspaces/{names.WORKSPACE_GUID}/data/rows/versions/3",
    ],
)
def test_data_is_referred_to_by_arm_id_however_it_was_spelt(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration, uri: str
) -> None:
    registry.create(wanted)

    registry.link(replace(wanted, datasets=(uri, "azureml://registries/shared/data/more/versions/1")))

    (reference,) = sandbox.workspace.version(wanted.model, 1).content.datasets
    assert reference == {"name": "rows", "id": f"{names.WORKSPACE_ID}/data/rows/versions/3"}


def test_data_of_another_workspace_of_the_subscription_is_not_taken_for_ours(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    registry.create(wanted)

    registry.link(replace(wanted, datasets=("azureml://resourceGroups/r/workspaces/w/data/rows/versions/3",)))

    (reference,) = sandbox.workspace.version(wanted.model, 1).content.datasets
    there = names.WORKSPACE_ID.replace(names.RESOURCE_GROUP, "r").replace(names.WORKSPACE, "w")
    assert reference == {"name": "rows", "id": f"{there}/data/rows/versions/3"}


def test_a_service_that_knows_no_datasets_refuses_for_good(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    registry.create(wanted)
    refusal = {"error": {"code": "UserError", "message": "Request is invalid and/or missing fields."}}
    sandbox.workspace.fail_next("PUT", f"/models/{wanted.model}/versions/1$", 400, refusal)

    with pytest.raises(PermanentError, match="missing fields"):
        registry.link(replace(wanted, datasets=("azureml:rows:3",)))

    assert sandbox.workspace.version(wanted.model, 1).content.datasets == ()


@pytest.mark.parametrize("kind", ["custom_model", "mlflow_model", "triton_model"])
def test_every_type_is_kept(registry: AzureRegistry, wanted: Registration, kind: str) -> None:
    registry.create(replace(wanted, type=kind))

    found = registry.find(wanted.model, 1)

    assert found is not None
    assert found.type == kind


def test_the_first_version_of_an_unknown_model_is_one(registry: AzureRegistry, wanted: Registration) -> None:
    assert registry.next_version(wanted.model) == 1


def test_archived_versions_count_for_the_next_number(registry: AzureRegistry, wanted: Registration) -> None:
    for number in (1, 7):
        registry.create(replace(wanted, version=number))
    registry.archive(wanted.model, 7, tags={})

    assert registry.next_version(wanted.model) == 8


def test_a_number_with_another_path_is_taken(sandbox: Sandbox, registry: AzureRegistry, wanted: Registration) -> None:
    registry.create(wanted)
    before = sandbox.workspace.version(wanted.model, 1)

    with pytest.raises(VersionTakenError):
        registry.create(replace(wanted, uri=f"{STORE}/other", properties={"registrar.work": "w2"}))

    assert sandbox.workspace.version(wanted.model, 1) == before


def test_another_refusal_is_not_taken_for_a_taken_number(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    with pytest.raises(UnavailableError, match="the model registry answered 404"):
        registry.create(replace(wanted, uri="azureml://jobs/no-such-job/outputs/model"))

    assert sandbox.workspace.versions(wanted.model) == []


def test_a_projection_changes_stage_and_tags_and_nothing_else(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    sandbox.workspace.add_job(f"job-{wanted.model}", outputs={"model": JobOutput("custom_model")})
    registry.create(replace(wanted, uri=f"azureml://jobs/job-{wanted.model}/outputs/model"))
    before = sandbox.workspace.version(wanted.model, 1)

    registry.project(wanted.model, 1, tags={"registrar.champion": "true"}, stage="Production")

    after = sandbox.workspace.version(wanted.model, 1)
    assert (after.stage, after.tags) == ("Production", {**wanted.tags, "registrar.champion": "true"})
    assert (after.uri, after.job, after.properties) == (before.uri, before.job, before.properties)
    assert after.content.description == wanted.description


def test_a_projection_that_shows_already_writes_nothing(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    registry.create(wanted)
    registry.project(wanted.model, 1, tags={"registrar.champion": "true"}, stage="Production")
    before = sandbox.workspace.version(wanted.model, 1)

    registry.project(wanted.model, 1, tags={"registrar.champion": "true"}, stage="Production")

    assert sandbox.workspace.version(wanted.model, 1) == before


def test_a_projection_of_a_version_that_is_not_there_makes_none(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    registry.project(wanted.model, 1, tags={"registrar.champion": "true"}, stage="Production")

    assert sandbox.workspace.versions(wanted.model) == []


def test_an_archived_version_stays_readable_with_its_reason(registry: AzureRegistry, wanted: Registration) -> None:
    registry.create(wanted)

    registry.archive(wanted.model, 1, tags={"registrar.status": "superseded"})

    found = registry.find(wanted.model, 1)
    assert found is not None
    assert (found.stage, found.tags["registrar.status"], found.work) == ("Archived", "superseded", "w1")


def test_archiving_twice_is_archiving_once(registry: AzureRegistry, wanted: Registration) -> None:
    registry.create(wanted)
    for _ in range(2):
        registry.archive(wanted.model, 1, tags={"registrar.status": "superseded"})

    found = registry.find(wanted.model, 1)

    assert found is not None
    assert found.stage == "Archived"


def test_archiving_a_version_that_was_never_written_does_nothing(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    registry.archive(wanted.model, 1, tags={"registrar.status": "superseded"})

    assert sandbox.workspace.versions(wanted.model) == []


def test_the_sdk_takes_an_mlflow_folder_with_a_dot_for_a_file(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    sandbox.workspace.add_job(f"job-{wanted.model}", outputs={"model": JobOutput("mlflow_model")})
    dotted = f"azureml://jobs/job-{wanted.model}/outputs/model/paths/model.v2"

    with pytest.raises(PermanentError, match="Model of type mlflow_model cannot register a file"):
        registry.create(replace(wanted, type="mlflow_model", uri=dotted))

    assert sandbox.workspace.versions(wanted.model) == []


def test_an_mlflow_folder_that_lies_below_a_dot_can_become_the_champion(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    chosen = JobOutput("mlflow_model", uri=f"{STORE}/{wanted.model}/1.0.0")
    sandbox.workspace.add_job(f"job-{wanted.model}", outputs={"model": chosen})
    registry.create(replace(wanted, type="mlflow_model", uri=f"azureml://jobs/job-{wanted.model}/outputs/model"))

    registry.project(wanted.model, 1, tags={"registrar.champion": "true"}, stage="Production")

    version = sandbox.workspace.version(wanted.model, 1)
    assert (version.stage, version.content.model_type) == ("Production", "mlflow_model")


def test_several_threads_may_use_one_registry(registry: AzureRegistry, wanted: Registration) -> None:
    registry.create(wanted)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: registry.find(wanted.model, 1), range(8)))

    assert {version.work for version in found if version} == {"w1"}
    assert None not in found


def test_a_registry_that_is_busy_is_unavailable(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    path = f"/models/{wanted.model}$"
    sandbox.workspace.fail_next("GET", path, 503, headers=SOON, times=3)
    sandbox.workspace.fail_next("GET", path, 503, headers={"Retry-After": "9"})

    with pytest.raises(UnavailableError) as unavailable:
        registry.next_version(wanted.model)

    assert unavailable.value.retry_after_seconds == 9


def test_a_write_that_is_forbidden_is_unavailable_and_writes_nothing(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    sandbox.workspace.fail_next("PUT", f"/models/{wanted.model}/versions/1$", 403)

    with pytest.raises(UnavailableError, match="the model registry answered 403"):
        registry.create(wanted)

    assert sandbox.workspace.versions(wanted.model) == []


def test_a_write_whose_answer_was_lost_is_found_afterwards(
    sandbox: Sandbox, registry: AzureRegistry, wanted: Registration
) -> None:
    sandbox.workspace.lose_next_answer("PUT", f"/models/{wanted.model}/versions/1$")

    registry.create(wanted)

    compare(wanted, registry.find(wanted.model, 1))


def test_a_long_wait_is_left_to_the_queue(sandbox: Sandbox, registry: AzureRegistry, wanted: Registration) -> None:
    sandbox.workspace.fail_next("PUT", f"/models/{wanted.model}/versions/1$", 429, headers={"Retry-After": "600"})

    with pytest.raises(UnavailableError, match="asks for 600 seconds") as asked:
        registry.create(wanted)

    assert asked.value.retry_after_seconds == 600
    assert sandbox.workspace.versions(wanted.model) == []
