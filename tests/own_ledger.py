"""A ledger that begins empty with each module of tests, for all of them share one sandbox.

A sweep reads every work there is, and whoever says that nothing else was written lists every blob: without this, what
a module takes would grow with all that ran before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient

from sandbox import names

if TYPE_CHECKING:
    from sandbox.sandbox import Sandbox


def begin(request: pytest.FixtureRequest) -> None:
    """Empty the ledger if a test of the module that asks needs the sandbox; else none is started."""
    if any("sandbox" in getattr(item, "fixturenames", ()) for item in _items(request)):
        running: Sandbox = request.getfixturevalue("sandbox")
        _empty(running.environment()["REGISTRAR_STORAGE__blobServiceUri"])


def _items(request: pytest.FixtureRequest) -> list[pytest.Item]:
    return [item for item in request.session.items if item.getparent(pytest.Module) is request.node]


def _empty(account: str) -> None:
    """Take the containers away and make them anew, which is one call for thousands of blobs."""
    with DefaultAzureCredential() as credential, BlobServiceClient(account, credential) as service:
        for name in names.STATE_CONTAINERS:
            service.delete_container(name)
            service.create_container(name)
