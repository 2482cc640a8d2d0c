"""Edges of the adapters: what a stranger may write into metadata, names and uris never changes what is judged."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from registration.artifacts.store import Location
from registration.azure.blobs import BlobStore
from registration.azure.workspace import AzureWorkspace
from sandbox import names, runs

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from registration.azure.rest import Rest
    from registration.sources.job import Job
    from sandbox.sandbox import Sandbox

FOLDER_MARK = {"hdi_isfolder": "true"}
BLOBSTORE = Location(names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER, "")
SAS = "sv=2026-01-01&sig=c2VjcmV0"


@pytest.fixture
def store(credential: DefaultAzureCredential) -> BlobStore:
    return BlobStore(credential, suffix="core.windows.net")


@pytest.fixture
def workspace(rest: Rest) -> AzureWorkspace:
    return AzureWorkspace(rest, names.WORKSPACE_ID)


@pytest.fixture
def name() -> str:
    """A job that only this test uses."""
    return f"job-{uuid.uuid4().hex[:12]}"


def shown(workspace: AzureWorkspace, name: str) -> Job:
    found = workspace.job(name)
    assert found is not None
    return found


@pytest.mark.parametrize("said", ["true", "True"])
def test_a_file_with_bytes_is_listed_even_if_it_says_it_is_a_folder(
    store: BlobStore, incoming: ContainerClient, folder: Location, said: str
) -> None:
    incoming.upload_blob((folder / "setup.py").name, b"import os", metadata={"hdi_isfolder": said})

    assert [(file.path, file.size) for file in store.files(folder)] == [("setup.py", 9)]
    assert [file.path for file in store.files(folder / "setup.py")] == ["setup.py"]


def test_a_marker_without_bytes_is_a_folder(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    incoming.upload_blob((folder / "sub").name, b"", metadata=FOLDER_MARK)

    assert list(store.files(folder)) == []


def test_a_manifest_cannot_hide_as_a_folder(store: BlobStore, incoming: ContainerClient, folder: Location) -> None:
    incoming.upload_blob((folder / "model.manifest.json").name, b"{}", metadata=FOLDER_MARK)

    found = store.read(folder / "model.manifest.json", limit_bytes=9)

    assert found is not None
    assert found[0] == b"{}"


@pytest.mark.parametrize("limit", [0, 9])
def test_an_empty_document_is_read_as_no_bytes_with_its_etag(
    store: BlobStore, incoming: ContainerClient, folder: Location, limit: int
) -> None:
    said = incoming.upload_blob((folder / "model.manifest.json").name, b"").get_blob_properties()

    assert store.read(folder / "model.manifest.json", limit_bytes=limit) == (b"", said.etag.strip('"'))


@pytest.mark.parametrize("limit", [0, 9])
def test_the_etag_of_a_document_does_not_depend_on_how_much_of_it_is_read(
    store: BlobStore, incoming: ContainerClient, folder: Location, limit: int
) -> None:
    said = incoming.upload_blob((folder / "model.manifest.json").name, b"{}").get_blob_properties()

    found = store.read(folder / "model.manifest.json", limit_bytes=limit)

    assert found == (b"{}"[: limit + 1], said.etag.strip('"'))


def test_a_document_that_is_not_there_is_none(store: BlobStore, folder: Location) -> None:
    assert store.read(folder / "model.manifest.json", limit_bytes=9) is None


@pytest.mark.parametrize("end", ["?$filter=x", "#x", "/versions/1", "/../other", "%2e%2e", " x", "ü"])
def test_a_job_name_is_one_segment_of_the_address(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, end: str
) -> None:
    sandbox.workspace.add_job(name)

    assert workspace.job(f"{name}{end}") is None


def test_a_job_that_answers_to_another_spelling_of_its_name_is_not_the_one_that_was_named(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str
) -> None:
    answered = {"name": name, "properties": {"status": "Completed"}}
    sandbox.workspace.fail_next("GET", f"(?i)/jobs/{name}$", 200, answered)

    assert workspace.job(name.upper()) is None


def located(sandbox: Sandbox, workspace: AzureWorkspace, name: str, *, scope: str) -> Location | None:
    """Where an output lies that the job declares in a datastore of `scope`."""
    uri = f"azureml://{scope}/datastores/workspaceblobstore/paths/chosen"
    sandbox.workspace.add_job(name, outputs={"model": runs.JobOutput("custom_model", uri=uri)})
    return workspace.output_location(shown(workspace, name), "model")


def scope(*, subscription: str = names.SUBSCRIPTION, group: str = names.RESOURCE_GROUP, of: str) -> str:
    return f"subscriptions/{subscription}/resourcegroups/{group}/workspaces/{of}"


@pytest.mark.parametrize("spelt", [names.WORKSPACE, names.WORKSPACE.upper()])
def test_a_datastore_of_this_workspace_is_followed_however_it_is_spelt(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, spelt: str
) -> None:
    found = located(sandbox, workspace, name, scope=scope(of=spelt))

    assert found == BLOBSTORE / "chosen"


@pytest.mark.parametrize(
    "elsewhere",
    [
        scope(of="ws-elsewhere"),
        scope(group="rg-elsewhere", of=names.WORKSPACE),
        scope(subscription="22222222-2222-3333-4444-555555555555", of=names.WORKSPACE),
    ],
)
def test_a_datastore_of_another_workspace_is_no_place_of_ours(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, elsewhere: str
) -> None:
    assert located(sandbox, workspace, name, scope=elsewhere) is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"https://a.blob.core.windows.net/rows/x.csv?{SAS}", "https://a.blob.core.windows.net/rows/x.csv"),
        ("https://user:c2VjcmV0@host/x.csv", "https://host/x.csv"),
        (f"wasbs://a.blob.core.windows.net/x?{SAS}", "wasbs://a.blob.core.windows.net/x"),
        (f"azureml://datastores/d/paths/x?{SAS}", "azureml://datastores/d/paths/x"),
        ("azureml:rows:3", "azureml:rows:3"),
    ],
)
def test_an_input_is_known_without_its_key(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, given: str, kept: str
) -> None:
    sandbox.workspace.add_job(name, inputs={"rows": runs.JobInput(uri=given)})

    assert shown(workspace, name).datasets == (kept,)


@pytest.mark.parametrize("scheme", ["abfss", "wasbs"])
def test_an_input_in_a_container_is_known_with_its_container(
    sandbox: Sandbox, workspace: AzureWorkspace, name: str, scheme: str
) -> None:
    place = f"{scheme}://rows@a.dfs.core.windows.net/x.csv"
    sandbox.workspace.add_job(name, inputs={"rows": runs.JobInput(uri=f"{place}?{SAS}")})

    assert shown(workspace, name).datasets == (place,)


def test_an_input_that_is_no_uri_does_not_stop_the_job(sandbox: Sandbox, workspace: AzureWorkspace, name: str) -> None:
    sandbox.workspace.add_job(name, inputs={"rows": runs.JobInput(uri="https://[x/rows.csv")})

    assert shown(workspace, name).status == "Completed"
