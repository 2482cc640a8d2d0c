"""The app's storage roles against a whole run: every request is allowed by a grant, and every grant is needed."""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, override
from urllib.parse import unquote, urlsplit

import pytest
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient

from registration import access, bootstrap_sweep, settings
from registration import names as places
from registration.access import GRANTS, Grant, Where, Who
from registration.bootstrap import Parts
from sandbox import names, raised
from tests.functional import one_model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.identity import DefaultAzureCredential

    from sandbox.sandbox import Sandbox

KINDS = {"GET": "read", "HEAD": "read", "PUT": "write", "POST": "send", "DELETE": "delete"}
ALLOWS = {access.BLOB_READER: {"read"}, access.WRITER: {"write"}, access.QUEUE_CONTRIBUTOR: {"send", "read", "delete"}}
CONTAINERS = {
    (names.STATE_ACCOUNT, places.STATE): {Where.SHELVES},
    (names.STATE_ACCOUNT, places.DECISIONS): {Where.SHELVES},
    (names.STATE_ACCOUNT, places.QUARANTINE): {Where.SHELVES},
    (names.STATE_ACCOUNT, places.POLICIES): {Where.POLICIES},
    (names.STATE_ACCOUNT, places.WORK_QUEUE): {Where.WORK},
    (names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER): {Where.OUTPUTS, Where.COPIES},
    (names.WORKSPACE_ACCOUNT, names.ARTIFACT_CONTAINER): {Where.OUTPUTS},
    (names.DROP_ACCOUNT, names.DROP_CONTAINER): {Where.DROPS},
}


@dataclass(frozen=True)
class Asked:
    """One request to storage."""

    account: str
    container: str
    path: str
    kind: str

    def grants(self) -> list[Grant]:
        """The grants of the app that allow it."""
        here = CONTAINERS.get((self.account, self.container), set())
        found = (grant for grant in GRANTS if grant.who == Who.APP and grant.where in here)
        return [g for g in found if self.kind in ALLOWS[g.role] and fnmatchcase(self.path, g.only or "*")]


class Listener(logging.Handler):
    """Hears every request that urllib3 sends to a storage account."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.heard: set[Asked] = set()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        if not isinstance(record.args, tuple) or len(record.args) < 5 or ".core.windows.net" not in str(record.args[1]):
            return
        account = str(record.args[1]).partition(".")[0]
        container, _, path = unquote(urlsplit(str(record.args[4])).path).strip("/").partition("/")
        self.heard.add(Asked(account, container, path, KINDS[str(record.args[3])]))


@contextmanager
def listening() -> Iterator[set[Asked]]:
    connections, listener = logging.getLogger("urllib3.connectionpool"), Listener()
    before = connections.level
    connections.addHandler(listener)
    connections.setLevel(logging.DEBUG)
    try:
        yield listener.heard
    finally:
        connections.removeHandler(listener)
        connections.setLevel(before)


def policy(name: str) -> str:
    drop = {"account": names.DROP_ACCOUNT, "container": names.DROP_CONTAINER, "prefix": f"{name}/"}
    return json.dumps(one_model.policy(name, {"drop": drop}))


def dropped(incoming: ContainerClient, folder: str, model: str) -> dict[str, Any]:
    data = folder.encode()
    incoming.upload_blob(f"{folder}/model.bin", data)
    file = {"path": "model.bin", "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    said = {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": model, "files": [file]}
    manifest = json.dumps({**said, "metrics": {"accuracy": 0.95}}).encode()
    found = incoming.upload_blob(f"{folder}/model.manifest.json", manifest)
    etag = str(found.get_blob_properties().etag)
    place = (names.DROP_ACCOUNT, names.DROP_CONTAINER, f"{folder}/model.manifest.json")
    return raised.blob_created(*place, etag=etag, size=len(manifest))


@pytest.fixture(scope="module")
def asked(
    sandbox: Sandbox, credential: DefaultAzureCredential, incoming: ContainerClient, outputs: ContainerClient
) -> set[Asked]:
    """What was asked of storage while a job and a drop were registered, a message was given up, and a sweep went by."""
    name = f"roles-{uuid.uuid4().hex[:10]}"
    url = f"https://{names.blob_host(names.STATE_ACCOUNT)}/{places.POLICIES}/{name}"
    found = settings.from_environment({**sandbox.environment(), "REGISTRAR_POLICY": url})
    parts = Parts(found, credential)
    _published(credential, name)
    one_model.train(sandbox, outputs, name, name)
    events = [raised.run_completed(name, experiment=name), dropped(incoming, f"{name}/first", name), {"id": "nothing"}]
    with listening() as heard:
        outcomes = [one.outcome for event in events for one in parts.worker.work(json.dumps(event))]
        parts.queue.send(name)
        bootstrap_sweep.sweep(parts).run(dry_run=True)
    _emptied(credential)
    assert outcomes == ["registered", "registered", "quarantined"]
    return heard


def _published(credential: DefaultAzureCredential, name: str) -> None:
    url = f"https://{names.blob_host(names.STATE_ACCOUNT)}/{places.POLICIES}"
    with ContainerClient.from_container_url(url, credential=credential) as container:
        container.upload_blob(f"{name}/{name}.yaml", policy(name))


def _emptied(credential: DefaultAzureCredential) -> None:
    """Take away what was sent: a host of another test would work on it."""
    url = f"https://{names.queue_host(names.STATE_ACCOUNT)}"
    with QueueClient(url, places.WORK_QUEUE, credential=credential) as queue:
        queue.clear_messages()


def test_every_request_to_storage_is_allowed_by_a_grant(asked: set[Asked]) -> None:
    assert sorted(str(one) for one in asked if not one.grants()) == []


def test_every_grant_of_the_app_on_storage_is_needed(asked: set[Asked]) -> None:
    used = {grant.name for one in asked for grant in one.grants()}
    where = set().union(*CONTAINERS.values())

    assert used == {grant.name for grant in GRANTS if grant.who == Who.APP and grant.where in where}


def test_nothing_is_ever_deleted(asked: set[Asked]) -> None:
    assert not [one for one in asked if one.kind == "delete"]
