"""The Python SDK shares a model version to a registry of the sandbox, reads it there and adds to it."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    from sandbox.registries import Registry
    from sandbox.sandbox import Sandbox

_URI = "azureml://datastores/workspaceblobstore/paths/shared/model.onnx"


@pytest.fixture
def model(sandbox: Sandbox) -> str:
    """A model of the workspace with version 3, that no other test uses."""
    name = f"shared-{uuid.uuid4().hex[:12]}"
    tags, properties = {"team": "risk"}, {"registrar.work": "w1"}
    sandbox.workspace.add_version(name, 3, uri=_URI, tags=tags, properties=properties, description="Who will leave.")
    return name


@pytest.fixture
def registry(sandbox: Sandbox) -> Iterator[Registry]:
    """The sandbox's registry; how it behaves is put back."""
    found = sandbox.workspace.registries.get(names.REGISTRY)
    yield found
    found.hides_unknown = found.copies_slowly = False
    found.finish_copies()


@pytest.fixture(scope="module")
def there(credential: DefaultAzureCredential) -> MLClient:
    """The SDK's client of the registry."""
    from azure.ai.ml import MLClient  # noqa: PLC0415 - costs seconds, which a run of other tests should not pay

    return MLClient(credential, registry_name=names.REGISTRY)


def share(ml: MLClient, model: str, *, version: str = "3") -> None:
    ml.models.share(model, version, share_with_name=model, share_with_version=version, registry_name=names.REGISTRY)


def test_a_shared_version_has_what_its_original_has(
    ml: MLClient, there: MLClient, model: str, registry: Registry
) -> None:
    share(ml, model)

    found = there.models.get(model, "3")
    assert (found.version, found.description, found.tags) == ("3", "Who will leave.", {"team": "risk"})
    assert found.path.startswith(f"https://{names.blob_host(names.REGISTRY_ACCOUNT)}/")
    assert registry.version(model, 3).origin == (
        f"azureml://locations/{names.REGION}/workspaces/{names.WORKSPACE_GUID}/models/{model}/versions/3"
    )


def test_the_sdk_takes_a_registry_without_the_model_for_a_fault_if_it_answers_404(
    ml: MLClient, model: str, registry: Registry
) -> None:
    registry.hides_unknown = True

    with pytest.raises(HttpResponseError) as caught:
        share(ml, model)

    assert caught.value.status_code == 404
    assert not isinstance(caught.value, ResourceNotFoundError)
    assert registry.versions(model) == []


def test_a_copy_that_fails_says_why(ml: MLClient, model: str, registry: Registry) -> None:
    registry.fail_next_copy("The storage account of the workspace cannot be reached.")

    with pytest.raises(HttpResponseError, match="cannot be reached"):
        share(ml, model)

    assert registry.versions(model) == []


def test_a_registry_that_is_not_there_is_not_found(ml: MLClient, model: str) -> None:
    with pytest.raises(HttpResponseError, match="Registry no-such-registry not found"):
        ml.models.share(model, "3", share_with_name=model, share_with_version="3", registry_name="no-such-registry")


def test_properties_are_added_and_tags_replaced(ml: MLClient, there: MLClient, model: str, registry: Registry) -> None:
    share(ml, model)
    shared = there.models.get(model, "3")

    shared.properties["registrar.decision"] = "d1"
    shared.tags = {"registrar.status": "shared"}
    there.models.create_or_update(shared)

    kept = registry.version(model, 3).content
    assert kept.properties == {"registrar.work": "w1", "registrar.decision": "d1"}
    assert kept.tags == {"registrar.status": "shared"}


def test_a_property_keeps_its_value(ml: MLClient, there: MLClient, model: str, registry: Registry) -> None:
    share(ml, model)
    shared = there.models.get(model, "3")

    shared.properties["registrar.work"] = "w2"
    with pytest.raises(HttpResponseError, match="cannot be updated"):
        there.models.create_or_update(shared)

    assert registry.version(model, 3).content.properties == {"registrar.work": "w1"}


def test_the_next_number_and_the_list_are_those_of_the_registry(
    ml: MLClient, there: MLClient, model: str, sandbox: Sandbox
) -> None:
    sandbox.workspace.add_version(model, 7, uri=_URI)
    share(ml, model)
    share(ml, model, version="7")

    assert [found.version for found in there.models.list(model)] == ["7", "3"]
    assert json.dumps(there.models.get(model, label="latest").version) == '"7"'
