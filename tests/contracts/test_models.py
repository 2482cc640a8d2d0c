"""The Python SDK registers, reads, lists, archives and restores model versions in the sandbox's workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from sandbox import names
from sandbox.runs import JobOutput

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import Model

    from sandbox.sandbox import Sandbox

_STORE = (
    f"azureml://subscriptions/{names.SUBSCRIPTION}/resourceGroups/{names.RESOURCE_GROUP}"
    f"/workspaces/{names.WORKSPACE}/datastores"
)


def model(name: str, *, path: str = "azureml://datastores/workspaceblobstore/paths/m", **more: str) -> Model:
    from azure.ai.ml.entities import Model  # noqa: PLC0415 - costs seconds, which collecting tests should not pay

    return Model(name=name, path=path, type="custom_model", **more)


def test_a_named_output_is_resolved_to_its_folder_and_the_job_is_kept(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_job("named-job", outputs={"model": JobOutput("custom_model")})

    made = ml.models.create_or_update(model("named", version="1", path="azureml://jobs/named-job/outputs/model"))

    assert made.path == f"{_STORE}/workspaceblobstore/paths/azureml/named-job/model"
    assert made.job_name == "named-job"


def test_a_file_below_an_output_keeps_its_path(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_job("file-job", outputs={"model": JobOutput("custom_model")})

    made = ml.models.create_or_update(
        model("file", version="1", path="azureml://jobs/file-job/outputs/model/paths/best/m.onnx")
    )

    assert made.path == f"{_STORE}/workspaceblobstore/paths/azureml/file-job/model/best/m.onnx"


@pytest.mark.parametrize("form", ["azureml://jobs/{job}/outputs/artifacts/paths/model", "runs:/{job}/model"])
def test_artifacts_of_a_run_are_resolved_to_the_artifact_store(sandbox: Sandbox, ml: MLClient, form: str) -> None:
    sandbox.workspace.add_job("logging-job")
    name = f"logged-{form[:4]}"

    made = ml.models.create_or_update(model(name, version="1", path=form.format(job="logging-job")))

    assert made.path == f"{_STORE}/workspaceartifactstore/paths/ExperimentRun/dcid.logging-job/model"
    assert made.job_name == "logging-job"


def test_an_output_at_a_place_of_its_own_is_resolved_there(sandbox: Sandbox, ml: MLClient) -> None:
    chosen = JobOutput("custom_model", uri="azureml://datastores/workspaceblobstore/paths/chosen/place")
    sandbox.workspace.add_job("choosing-job", outputs={"model": chosen})

    made = ml.models.create_or_update(
        model("chosen", version="1", path="azureml://jobs/choosing-job/outputs/model/paths/m.pkl")
    )

    assert made.path == f"{_STORE}/workspaceblobstore/paths/chosen/place/m.pkl"


def test_a_datastore_path_names_no_job_and_gets_the_services_spelling(ml: MLClient) -> None:
    made = ml.models.create_or_update(model("stored", version="1"))

    assert made.path == f"{_STORE}/workspaceblobstore/paths/m"
    assert made.job_name is None


def test_a_version_starts_in_development(ml: MLClient) -> None:
    made = ml.models.create_or_update(model("staged", version="1"))

    assert made.stage == "Development"


def test_a_version_left_out_is_the_last_integer_plus_one(ml: MLClient) -> None:
    ml.models.create_or_update(model("numbered", version="4"))

    made = ml.models.create_or_update(model("numbered"))

    assert made.version == "5"


def test_the_latest_label_is_the_last_created_not_the_highest(ml: MLClient) -> None:
    ml.models.create_or_update(model("latest", version="9"))
    ml.models.create_or_update(model("latest", version="2"))

    found = ml.models.get("latest", label="latest")

    assert found.version == "2"


def test_versions_are_listed_newest_first_over_several_pages(ml: MLClient) -> None:
    for number in range(1, 46):
        ml.models.create_or_update(model("many", version=str(number)))

    listed = [each.version for each in ml.models.list("many")]

    assert listed == [str(number) for number in range(45, 0, -1)]


def test_an_archived_version_is_shown_as_archived_and_not_listed(ml: MLClient) -> None:
    ml.models.create_or_update(model("retired", version="1"))
    ml.models.create_or_update(model("retired", version="2"))

    ml.models.archive("retired", version="1")

    assert ml.models.get("retired", version="1").stage == "Archived"
    assert [each.version for each in ml.models.list("retired")] == ["2"]


def test_a_restored_version_is_back_in_development(ml: MLClient) -> None:
    ml.models.create_or_update(model("restored", version="1", stage="Production"))
    ml.models.archive("restored", version="1")

    ml.models.restore("restored", version="1")

    assert ml.models.get("restored", version="1").stage == "Development"


def test_archiving_keeps_the_job(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_job("kept-job", outputs={"model": JobOutput("custom_model")})
    ml.models.create_or_update(model("kept", version="1", path="azureml://jobs/kept-job/outputs/model"))

    ml.models.archive("kept", version="1")

    assert ml.models.get("kept", version="1").job_name == "kept-job"


def test_writing_a_version_again_replaces_what_was_said_about_it(ml: MLClient) -> None:
    first = model("rewritten", version="1", stage="Production", description="first")
    first.tags = {"accuracy": "0.9"}
    ml.models.create_or_update(first)

    ml.models.create_or_update(model("rewritten", version="1"))

    again = ml.models.get("rewritten", version="1")
    assert (again.tags, again.description, again.stage) == ({}, None, "Development")


def test_the_path_of_a_version_cannot_change(ml: MLClient) -> None:
    ml.models.create_or_update(model("fixed", version="1"))

    with pytest.raises(HttpResponseError, match=r"Asset paths cannot be updated\."):
        ml.models.create_or_update(
            model("fixed", version="1", path="azureml://datastores/workspaceblobstore/paths/other")
        )

    assert ml.models.get("fixed", version="1").path == f"{_STORE}/workspaceblobstore/paths/m"


@pytest.mark.parametrize("version", ["1.0.0", "0", "-1", "01", "v1", "latest"])
def test_a_version_must_be_a_positive_integer(sandbox: Sandbox, ml: MLClient, version: str) -> None:
    with pytest.raises(HttpResponseError) as refusal:
        ml.models.create_or_update(model("worded", version=version))

    assert refusal.value.status_code == 400
    assert sandbox.workspace.versions("worded") == []


def test_a_missing_version_and_a_missing_model_are_told_apart(ml: MLClient) -> None:
    ml.models.create_or_update(model("known", version="1"))

    with pytest.raises(ResourceNotFoundError, match="NoSuchModelRegistered"):
        ml.models.get("known", version="2")
    with pytest.raises(ResourceNotFoundError, match="ModelNotFound"):
        ml.models.get("unknown", version="1")


def test_an_unknown_job_is_refused_and_nothing_is_registered(sandbox: Sandbox, ml: MLClient) -> None:
    with pytest.raises(ResourceNotFoundError, match="Job no-such-job not found"):
        ml.models.create_or_update(model("orphan", version="1", path="azureml://jobs/no-such-job/outputs/model"))

    assert sandbox.workspace.versions("orphan") == []


def test_an_unknown_output_is_refused_and_nothing_is_registered(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_job("silent-job")

    with pytest.raises(HttpResponseError, match="Output model of job silent-job not found"):
        ml.models.create_or_update(model("silent", version="1", path="azureml://jobs/silent-job/outputs/model"))

    assert sandbox.workspace.versions("silent") == []


def test_versions_can_be_listed_by_stage(ml: MLClient) -> None:
    ml.models.create_or_update(model("stages", version="1", stage="Production"))
    ml.models.create_or_update(model("stages", version="2"))

    assert [each.version for each in ml.models.list("stages", stage="Production")] == ["1"]
