"""The clients that the contracts are about: real SDKs, made as production code makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.identity import DefaultAzureCredential

from sandbox import names
from tests.contracts.plain_client import PlainClient

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from sandbox.sandbox import Sandbox


@pytest.fixture(scope="session")
def credential(sandbox: Sandbox) -> DefaultAzureCredential:
    """The sandbox's managed identity, found by the chain that production code uses."""
    assert sandbox.environment()["IDENTITY_ENDPOINT"]
    return DefaultAzureCredential()


@pytest.fixture(scope="session")
def ml(credential: DefaultAzureCredential) -> MLClient:
    """The Python SDK's client of the workspace."""
    from azure.ai.ml import MLClient  # noqa: PLC0415 - costs seconds, which a run of other tests should not pay

    return MLClient(credential, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)


@pytest.fixture(scope="session")
def plain(credential: DefaultAzureCredential) -> PlainClient:
    """A client that sends what it is told and raises nothing, for bodies the SDK would hide."""
    return PlainClient(credential)
