"""The Python SDK reads the workspace and its datastores; the control plane is strict about what it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ResourceNotFoundError

from sandbox import names

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from sandbox.sandbox import Sandbox
    from tests.contracts.plain_client import PlainClient

_URI = "azureml://datastores/workspaceblobstore/paths/m"


def test_the_workspace_says_where_its_other_services_are(ml: MLClient) -> None:
    workspace = ml.workspaces.get(names.WORKSPACE)

    assert workspace.discovery_url == f"https://{names.DATAPLANE_HOST}/discovery"
    assert workspace.mlflow_tracking_uri == f"azureml://{names.DATAPLANE_HOST}/mlflow/v1.0{names.WORKSPACE_ID}"
    assert workspace.storage_account == names.storage_account_id(names.WORKSPACE_ACCOUNT)


def test_another_workspace_is_not_found(ml: MLClient) -> None:
    with pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
        ml.workspaces.get("ws-elsewhere")


@pytest.mark.parametrize(
    ("name", "container"),
    [("workspaceblobstore", names.BLOBSTORE_CONTAINER), ("workspaceartifactstore", names.ARTIFACT_CONTAINER)],
)
def test_a_datastore_names_its_account_and_container(ml: MLClient, name: str, container: str) -> None:
    store = ml.datastores.get(name)

    assert (store.account_name, store.container_name) == (names.WORKSPACE_ACCOUNT, container)


def test_the_default_datastore_is_the_blob_store(ml: MLClient) -> None:
    assert ml.datastores.get_default().name == "workspaceblobstore"


def test_a_datastore_that_was_added_is_listed_first(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_datastore("drops", account=names.DROP_ACCOUNT, container=names.DROP_CONTAINER)

    assert next(store.name for store in ml.datastores.list()) == "drops"


def test_a_member_the_api_version_does_not_know_is_refused(sandbox: Sandbox, plain: PlainClient) -> None:
    body = {"properties": {"modelUri": _URI, "stage": "Production"}}

    answer = plain.arm("PUT", "/models/old-client/versions/1", body, api_version="2022-10-01")

    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["code"] == "RequestInvalid"
    assert "'stage'" in answer.json()["error"]["details"][0]["message"]
    assert sandbox.workspace.versions("old-client") == []


@pytest.mark.parametrize("body", [None, [], {}, {"properties": {}}, {"properties": {"modelUri": None}}])
def test_a_version_without_a_path_is_refused(sandbox: Sandbox, plain: PlainClient, body: object) -> None:
    answer = plain.arm("PUT", "/models/pathless/versions/1", body)

    assert answer.status_code == 400
    assert sandbox.workspace.versions("pathless") == []


def test_a_second_write_answers_200_without_a_location(plain: PlainClient) -> None:
    body = {"properties": {"modelUri": _URI}}

    first, second = (plain.arm("PUT", "/models/twice/versions/1", body) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.headers["Location"].endswith("/models/twice/versions/1?api-version=2023-08-01-preview")
    assert "Location" not in second.headers


def test_what_is_created_between_two_pages_shifts_nothing(sandbox: Sandbox, plain: PlainClient) -> None:
    for number in (1, 2, 3):
        sandbox.workspace.add_version("paged", number, uri=_URI)
    first = plain.arm("GET", "/models/paged/versions", **{"$top": "2"}).json()
    sandbox.workspace.add_version("paged", 4, uri=_URI)

    second = plain.follow(first["nextLink"]).json()

    assert [each["name"] for each in first["value"]] == ["3", "2"]
    assert [each["name"] for each in second["value"]] == ["1"]
    assert "nextLink" not in second


def test_the_next_version_follows_the_highest_number(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.add_version("counted", 5, uri=_URI)
    sandbox.workspace.add_version("counted", 3, uri=_URI)

    properties = plain.arm("GET", "/models/counted").json()["properties"]

    assert properties["nextVersion"] == "6"


def test_a_model_written_by_name_has_no_version_yet(plain: PlainClient) -> None:
    answer = plain.arm("PUT", "/models/bare", {"properties": {"description": "a model"}})

    assert answer.status_code == 201
    assert answer.json()["properties"]["latestVersion"] is None
    assert answer.json()["properties"]["nextVersion"] == "1"


def test_a_deleted_model_is_gone(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.add_version("deleted", 1, uri=_URI)

    answer = plain.arm("DELETE", "/models/deleted")

    assert (answer.status_code, answer.content) == (200, b"")
    assert plain.arm("GET", "/models/deleted").status_code == 404
