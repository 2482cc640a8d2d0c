"""One contract for shared registries: those in memory, which unit tests trust, do what the sandbox's do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from registration.azure.rest import Rest
from registration.azure.shared import AzureSharedRegistries
from registration.errors import PermanentError, UnavailableError
from registration.registry import VersionTakenError
from sandbox import names
from tests.fakes import MemoryRegistry, MemoryShared

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

    from registration.shared import SharedRegistries, SharedVersion
    from sandbox.sandbox import Sandbox


@dataclass(frozen=True)
class There:
    """A registry by name, and a model whose version 3 the workspace has."""

    shared: SharedRegistries
    registry: str
    model: str

    def share(self, *, version: int = 3) -> SharedVersion:
        origin = self.shared.origin_of(self.model, 3)
        operation = self.shared.copy(self.registry, self.model, version, origin=origin)
        assert operation is None or self.shared.is_over(operation)
        found = self.shared.find(self.registry, self.model, version)
        assert found is not None
        return found


@pytest.fixture(params=["memory", pytest.param("sandbox", marks=pytest.mark.sandbox)])
def there(request: pytest.FixtureRequest) -> There:
    """Memory, or the registry of the running sandbox, which only that half starts."""
    model = f"shared-{uuid.uuid4().hex[:12]}"
    if request.param == "memory":
        workspace = MemoryRegistry()
        workspace.register_by_hand(model, 3, work="w1")
        return There(MemoryShared(workspace), "contoso", model)
    sandbox: Sandbox = request.getfixturevalue("sandbox")
    credential: DefaultAzureCredential = request.getfixturevalue("credential")
    uri = "azureml://datastores/workspaceblobstore/paths/m.onnx"
    sandbox.workspace.add_version(model, 3, uri=uri, properties={"registrar.work": "w1"})
    return There(
        AzureSharedRegistries(Rest(credential), names.WORKSPACE_ID, lend=lambda *_: None), names.REGISTRY, model
    )


def test_a_copy_knows_its_origin_and_its_original_s_work(there: There) -> None:
    found = there.share()

    assert (found.version, found.origin, found.work) == (3, there.shared.origin_of(there.model, 3), "w1")


def test_what_was_not_shared_is_not_there(there: There) -> None:
    assert there.shared.find(there.registry, there.model, 3) is None
    assert list(there.shared.versions(there.registry, there.model)) == []
    assert there.shared.next_version(there.registry, there.model) == 1


def test_the_list_has_the_last_created_first_and_the_next_number_is_above_all(there: There) -> None:
    for number in (7, 2):
        there.share(version=number)

    assert [found.version for found in there.shared.versions(there.registry, there.model)] == [2, 7]
    assert there.shared.next_version(there.registry, there.model) == 8


def test_a_number_is_taken_once(there: There) -> None:
    first = there.share()

    with pytest.raises(VersionTakenError):
        there.shared.copy(there.registry, there.model, 3, origin=there.shared.origin_of(there.model, 3))

    assert there.shared.find(there.registry, there.model, 3) == first


def test_a_description_replaces_tags_and_adds_properties(there: There) -> None:
    shared = there.share()

    there.shared.describe(shared, tags={"a": "b"}, properties={"registrar.decision": "d1"})

    found = there.shared.find(there.registry, there.model, 3)
    assert found is not None
    assert (found.tags, found.properties) == ({"a": "b"}, {"registrar.work": "w1", "registrar.decision": "d1"})
    assert (found.uri, found.origin) == (shared.uri, shared.origin)


def test_a_property_is_not_changed(there: There) -> None:
    shared = there.share()

    with pytest.raises(PermanentError):
        there.shared.describe(shared, tags={}, properties={"registrar.work": "w2"})

    assert there.shared.find(there.registry, there.model, 3) == shared


def test_a_registry_that_is_not_there_may_come(there: There) -> None:
    with pytest.raises(UnavailableError, match="there is no registry no-such-registry"):
        there.shared.find("no-such-registry", there.model, 3)
