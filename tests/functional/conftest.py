"""What the adapter tests share: the sandbox's identity, plain storage clients to arrange and to look with."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest
from azure.identity import DefaultAzureCredential
from azure.storage.blob import ContainerClient

from registration.artifacts.store import Location
from registration.azure.rest import Rest
from sandbox import names
from tests import own_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.sandbox import Sandbox


@pytest.fixture(scope="module", autouse=True)
def begins_with_an_empty_ledger(request: pytest.FixtureRequest) -> None:
    own_ledger.begin(request)


@pytest.fixture(scope="session")
def credential(sandbox: Sandbox) -> DefaultAzureCredential:
    """The sandbox's managed identity, found by the chain that production code uses."""
    assert sandbox.environment()["IDENTITY_ENDPOINT"]
    return DefaultAzureCredential()


@pytest.fixture(scope="session")
def rest(credential: DefaultAzureCredential) -> Rest:
    """Reads of Azure ML, as production code makes them."""
    return Rest(credential)


@pytest.fixture(scope="session")
def incoming(credential: DefaultAzureCredential) -> Iterator[ContainerClient]:
    """The container that teams drop models in."""
    url = f"https://{names.blob_host(names.DROP_ACCOUNT)}"
    with ContainerClient(url, names.DROP_CONTAINER, credential=credential) as client:
        yield client


@pytest.fixture(scope="session")
def outputs(credential: DefaultAzureCredential) -> Iterator[ContainerClient]:
    """The workspace's default blob store, in another account."""
    url = f"https://{names.blob_host(names.WORKSPACE_ACCOUNT)}"
    with ContainerClient(url, names.BLOBSTORE_CONTAINER, credential=credential) as client:
        yield client


@pytest.fixture
def folder() -> Location:
    """A folder of the drop container that only this test uses."""
    return Location(names.DROP_ACCOUNT, names.DROP_CONTAINER, f"tests/{uuid.uuid4().hex}")
