"""Drops and jobs against the sandbox's storage: what is uploaded lies where it is looked for, the manifest last."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient

from registration import events, manifest
from registration.events import BlobCreated
from sandbox import drops, jobs, names, raised
from sandbox.refusals import RefusalError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sandbox.drops import Blob
    from sandbox.sandbox import Sandbox

DROPS = f"https://{names.blob_host(names.DROP_ACCOUNT)}"
WORKSPACE = f"https://{names.blob_host(names.WORKSPACE_ACCOUNT)}"


def container(account_url: str, name: str) -> Iterator[ContainerClient]:
    with DefaultAzureCredential() as credential, ContainerClient(account_url, name, credential=credential) as client:
        yield client


@pytest.fixture
def incoming(sandbox: Sandbox) -> Iterator[ContainerClient]:
    assert sandbox.workspace
    yield from container(DROPS, names.DROP_CONTAINER)


@pytest.fixture
def blobstore(sandbox: Sandbox) -> Iterator[ContainerClient]:
    assert sandbox.workspace
    yield from container(WORKSPACE, names.BLOBSTORE_CONTAINER)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "model.onnx").write_bytes(b"not really a model")
    (tmp_path / "sub" / "vocabulary.txt").write_bytes(b"a\nb\n")
    return tmp_path


def dropped(folder: Path, prefix: str) -> list[Blob]:
    built = drops.build_manifest(folder, model="digits-recognizer", metrics={"accuracy": 0.97})
    return drops.upload(DROPS, names.DROP_CONTAINER, prefix, folder, built)


def test_an_upload_writes_the_manifest_last(incoming: ContainerClient, folder: Path) -> None:
    written = dropped(folder, "vendor-a/order/")

    assert [blob["path"].removeprefix("vendor-a/order/") for blob in written] == [
        "model.onnx",
        "sub/vocabulary.txt",
        "model.manifest.json",
    ]
    sequence = [incoming.get_blob_client(blob["path"]).get_blob_properties().last_modified for blob in written]
    assert sequence == sorted(sequence)


def test_an_upload_says_the_etag_and_size_that_storage_says(incoming: ContainerClient, folder: Path) -> None:
    written = dropped(folder, "vendor-a/etags")

    listed = incoming.list_blobs(name_starts_with="vendor-a/etags/")

    assert {blob["path"]: (blob["etag"], blob["size"]) for blob in written} == {
        found.name: (found.etag.strip('"'), found.size) for found in listed
    }


def test_the_uploaded_manifest_is_one_that_registrar_accepts(incoming: ContainerClient, folder: Path) -> None:
    last = dropped(folder, "vendor-a/accepted")[-1]

    parsed = manifest.parse(incoming.download_blob(last["path"]).readall(), source=last["path"])

    assert [file.path for file in parsed.files] == ["model.onnx", "sub/vocabulary.txt"]
    assert parsed.metrics == {"accuracy": 0.97}


def test_a_tampered_file_keeps_its_size_and_loses_its_digest(incoming: ContainerClient, folder: Path) -> None:
    first, _, last = dropped(folder, "vendor-a/tampered")

    changed = drops.tamper(DROPS, names.DROP_CONTAINER, first["path"])

    content = incoming.download_blob(first["path"]).readall()
    [said] = [
        file for file in json.loads(incoming.download_blob(last["path"]).readall())["files"] if file["size"] == 18
    ]
    assert changed["size"] == len(content) == said["size"]
    assert hashlib.sha256(content).hexdigest() != said["sha256"]
    assert changed["etag"] != first["etag"]


def test_an_empty_file_cannot_be_tampered_with(incoming: ContainerClient) -> None:
    incoming.upload_blob("vendor-a/empty/file", b"")

    with pytest.raises(ValueError, match="vendor-a/empty/file is empty"):
        drops.tamper(DROPS, names.DROP_CONTAINER, "vendor-a/empty/file")

    assert incoming.get_blob_client("vendor-a/empty/file").get_blob_properties().size == 0


def test_the_event_of_an_upload_names_the_blob_that_was_written(incoming: ContainerClient, folder: Path) -> None:
    last = dropped(folder, "vendor-a/ä event")[-1]

    event = events.parse(raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, **last))

    assert isinstance(event, BlobCreated)
    assert incoming.get_blob_client(event.path).get_blob_properties().etag.strip('"') == event.etag


def test_a_job_leaves_its_model_in_the_output_of_the_workspace(sandbox: Sandbox, blobstore: ContainerClient) -> None:
    measured = jobs.run(sandbox, "wine", job="wine-drops-1", experiment="wine-nightly", tags={"team": "cellar"})

    job = sandbox.workspace.runs.get("wine-drops-1")
    home = sandbox.workspace.runs.output_home(job, jobs.OUTPUT)
    assert (job.status, job.metrics, job.tags) == ("Completed", measured, {"team": "cellar"})
    assert job.properties["mlflow.source.git.commit"] == jobs.git_commit("wine")
    assert home == "azureml://datastores/workspaceblobstore/paths/azureml/wine-drops-1/model"
    assert blobstore.get_blob_client("azureml/wine-drops-1/model/MLmodel").exists()


def test_a_job_of_an_unknown_recipe_does_not_exist(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no recipe 'iris'"):
        jobs.run(sandbox, "iris", job="iris-1", experiment="iris")

    with pytest.raises(RefusalError):
        sandbox.workspace.runs.get("iris-1")


def test_an_upload_to_a_container_that_is_not_there_fails(sandbox: Sandbox, folder: Path) -> None:
    assert sandbox.workspace

    with pytest.raises(ResourceNotFoundError):
        drops.upload(DROPS, "nowhere", "vendor-a", folder, {})
