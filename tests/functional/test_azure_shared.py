"""The adapter of shared registries against the sandbox's, beside the real MLClient."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from registration.artifacts.store import Location
from registration.azure import shared as adapter
from registration.azure.blobs import BlobStore
from registration.azure.rest import Rest
from registration.azure.shared import AzureSharedRegistries
from registration.errors import PermanentError, UnavailableError
from registration.registry import VersionTakenError
from sandbox import names, refusals
from sandbox.model_store import ModelDraft

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from sandbox.registries import Registry
    from sandbox.sandbox import Sandbox

URI = "azureml://datastores/workspaceblobstore/paths/m.onnx"


@pytest.fixture
def store(credential: DefaultAzureCredential) -> BlobStore:
    """The artifact store that is lent what lies in registries."""
    return BlobStore(credential, suffix="core.windows.net")


@pytest.fixture
def shared(
    credential: DefaultAzureCredential, store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> AzureSharedRegistries:
    """The adapter, which looks at once again."""
    monkeypatch.setattr(adapter, "LOOKS_AFTER_SECONDS", (0.0, 0.0))
    rest = Rest(credential, service="a shared registry")
    return AzureSharedRegistries(rest, names.WORKSPACE_ID, lend=store.lend)


@pytest.fixture
def registry(sandbox: Sandbox) -> Iterator[Registry]:
    """The sandbox's registry; how it behaves is put back."""
    found = sandbox.workspace.registries.get(names.REGISTRY)
    yield found
    found.hides_unknown = False
    found.finish_copies()


@pytest.fixture
def model(sandbox: Sandbox) -> str:
    """A model of the workspace with version 3, that no other test uses."""
    name = f"shared-{uuid.uuid4().hex[:12]}"
    sandbox.workspace.add_version(name, 3, uri=URI, tags={"team": "risk"}, description="Who will leave.")
    return name


def copy(shared: AzureSharedRegistries, model: str) -> str:
    operation = shared.copy(names.REGISTRY, model, 3, origin=shared.origin_of(model, 3))
    assert operation is not None
    return operation


def posted(sandbox: Sandbox) -> int:
    return sum(method == "POST" and path.endswith("/import") for method, _, path in sandbox.workspace.requests)


def test_it_asks_for_what_the_sdk_asks_for(
    shared: AzureSharedRegistries, model: str, registry: Registry, credential: DefaultAzureCredential
) -> None:
    from azure.ai.ml import MLClient  # noqa: PLC0415 - costs seconds, which a run of other tests should not pay

    ml = MLClient(credential, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    there = {"share_with_name": f"{model}-sdk", "share_with_version": "3", "registry_name": names.REGISTRY}
    ml.models.share(model, "3", **there)
    shared.copy(names.REGISTRY, model, 3, origin=shared.origin_of(model, 3))

    ours, theirs = registry.version(model, 3), registry.version(f"{model}-sdk", 3)
    assert (ours.origin, ours.content) == (theirs.origin, theirs.content)
    told = shared.find(names.REGISTRY, f"{model}-sdk", 3)
    assert told is not None
    assert (told.origin, told.tags) == (shared.origin_of(model, 3), {"team": "risk"})


def test_a_registry_that_answers_404_for_a_model_it_does_not_have_gets_its_first_version(
    shared: AzureSharedRegistries, model: str, registry: Registry
) -> None:
    registry.hides_unknown = True

    assert list(shared.versions(names.REGISTRY, model)) == []
    assert shared.is_over(copy(shared, model))
    assert registry.version(model, 3).content.description == "Who will leave."


def test_a_long_copy_is_not_over_and_not_begun_twice(
    shared: AzureSharedRegistries, model: str, registry: Registry
) -> None:
    registry.copies_slowly = True
    operation = copy(shared, model)

    assert not shared.is_over(operation)
    assert copy(shared, model) == operation
    registry.finish_copies()

    assert shared.is_over(operation)
    assert len(registry.versions(model)) == 1


def test_a_copy_that_failed_says_why(shared: AzureSharedRegistries, model: str, registry: Registry) -> None:
    registry.fail_next_copy("The storage account of the workspace cannot be reached.")
    operation = copy(shared, model)

    with pytest.raises(PermanentError, match=r"a shared registry answered 400: .*cannot be reached"):
        shared.is_over(operation)

    assert shared.find(names.REGISTRY, model, 3) is None
    assert shared.is_over(copy(shared, model))


def test_an_operation_that_nobody_knows_any_more_is_over(shared: AzureSharedRegistries) -> None:
    assert shared.is_over(f"https://{names.DATAPLANE_HOST}/assetstore/v1.0/operations/long-ago")


@pytest.mark.parametrize("address", ["http://x.api.azureml.ms/o", "https://evil.example/o", "https://azureml.ms.evil"])
def test_no_token_goes_where_no_registry_is(sandbox: Sandbox, shared: AzureSharedRegistries, address: str) -> None:
    before = len(sandbox.workspace.requests)

    with pytest.raises(UnavailableError, match="where this app does not follow"):
        shared.is_over(address)

    assert len(sandbox.workspace.requests) == before


def test_a_busy_registry_says_when_to_come_again(
    sandbox: Sandbox, shared: AzureSharedRegistries, model: str, registry: Registry
) -> None:
    sandbox.workspace.fail_next("POST", "/registries/.*/import$", 429, refusals.too_many_requests())

    with pytest.raises(UnavailableError) as caught:
        copy(shared, model)

    assert caught.value.retry_after_seconds == 20
    assert registry.versions(model) == []
    assert shared.is_over(copy(shared, model))


def test_nobody_sleeps_through_a_long_retry_after(sandbox: Sandbox, shared: AzureSharedRegistries, model: str) -> None:
    sandbox.workspace.fail_next(
        "GET", f"/models/{model}/versions/3$", 429, refusals.too_many_requests(), {"Retry-After": "600"}
    )

    with pytest.raises(UnavailableError) as caught:
        shared.find(names.REGISTRY, model, 3)

    assert caught.value.retry_after_seconds == 600


def test_a_lost_answer_leaves_one_copy_that_the_next_try_goes_on_with(
    sandbox: Sandbox, shared: AzureSharedRegistries, model: str, registry: Registry
) -> None:
    before = posted(sandbox)
    sandbox.workspace.lose_next_answer("POST", "/registries/.*/import$")

    with pytest.raises(UnavailableError):
        copy(shared, model)

    assert posted(sandbox) == before + 1
    with pytest.raises(VersionTakenError):
        copy(shared, model)
    assert len(registry.versions(model)) == 1


def test_pages_are_followed(
    sandbox: Sandbox, shared: AzureSharedRegistries, model: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2, 3):
        shared.copy(names.REGISTRY, model, number, origin=shared.origin_of(model, 3))
    monkeypatch.setattr(sandbox.workspace, "page_size", 1)

    assert [found.version for found in shared.versions(names.REGISTRY, model)] == [3, 2, 1]
    assert len(registry.versions(model)) == 3


@pytest.mark.parametrize("name", ["3-hotfix", "2026.1", "03", "latest"])
def test_a_version_that_has_no_whole_number_is_passed_over(
    shared: AzureSharedRegistries, model: str, registry: Registry, name: str
) -> None:
    """A registry lets people call a version anything."""
    copy(shared, model)
    registry.put(model, name, draft=ModelDraft(URI))

    assert [found.version for found in shared.versions(names.REGISTRY, model)] == [3]


def test_a_version_that_is_gone_is_not_described(shared: AzureSharedRegistries, model: str, registry: Registry) -> None:
    shared.is_over(copy(shared, model))
    found = shared.find(names.REGISTRY, model, 3)
    assert found is not None
    gone = type(found)(found.registry, f"{model}-gone", 3, found.type, found.uri, {}, {})

    shared.describe(gone, tags={"a": "b"}, properties={})

    assert registry.versions(f"{model}-gone") == []


def test_the_files_of_a_copy_are_read_by_what_the_registry_lends(
    shared: AzureSharedRegistries, store: BlobStore, outputs: ContainerClient, model: str, sandbox: Sandbox
) -> None:
    outputs.upload_blob(f"{model}/model.bin", b"weights")
    uri = f"azureml://datastores/workspaceblobstore/paths/{model}"
    sandbox.workspace.add_version(f"{model}-files", 3, uri=uri)
    copy(shared, f"{model}-files")
    found = shared.find(names.REGISTRY, f"{model}-files", 3)
    assert found is not None

    place = shared.place(found)

    (file,) = store.files(place)
    assert (file.path, file.location.account) == ("model.bin", names.REGISTRY_ACCOUNT)
    assert b"".join(store.chunks(file)) == b"weights"
    kept = store.copy(file, Location(names.WORKSPACE_ACCOUNT, outputs.container_name, f"{model}-kept/model.bin"))
    assert b"".join(store.chunks(kept)) == b"weights"


def test_a_version_that_lies_nowhere_is_said_to_be_unreadable(shared: AzureSharedRegistries, model: str) -> None:
    copy(shared, model)
    found = shared.find(names.REGISTRY, model, 3)
    assert found is not None

    with pytest.raises(UnavailableError, match="does not say where the files"):
        shared.place(replace(found, uri="azureml://elsewhere"))
