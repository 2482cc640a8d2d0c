"""The storage SDKs reach Azurite by Azure's host names, with an identity, and find the conditions the ledger needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from sandbox import names

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential


@pytest.fixture(scope="module", params=list(names.CONTAINERS))
def account(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def blobs(account: str, credential: DefaultAzureCredential) -> BlobServiceClient:
    return BlobServiceClient(f"https://{names.blob_host(account)}/", credential=credential)


def test_every_account_has_its_containers(account: str, credential: DefaultAzureCredential) -> None:
    found = {container.name for container in blobs(account, credential).list_containers()}

    assert found >= set(names.CONTAINERS[account])


def test_the_queues_are_there(credential: DefaultAzureCredential) -> None:
    service = QueueServiceClient(f"https://{names.queue_host(names.STATE_ACCOUNT)}/", credential=credential)

    assert {queue.name for queue in service.list_queues()} >= {names.WORK_QUEUE, names.POISON_QUEUE}


def test_a_blob_is_created_once(credential: DefaultAzureCredential) -> None:
    blob = blobs(names.STATE_ACCOUNT, credential).get_blob_client("registrar-state", "once.json")
    blob.upload_blob(b"first", match_condition=MatchConditions.IfMissing)

    with pytest.raises(ResourceExistsError):
        blob.upload_blob(b"second", match_condition=MatchConditions.IfMissing)

    assert blob.download_blob().readall() == b"first"


def test_a_stale_etag_writes_nothing(credential: DefaultAzureCredential) -> None:
    blob = blobs(names.STATE_ACCOUNT, credential).get_blob_client("registrar-state", "fenced.json")
    stale = blob.upload_blob(b"first")["etag"]
    blob.upload_blob(b"second", overwrite=True)

    with pytest.raises(ResourceModifiedError):
        blob.upload_blob(b"third", overwrite=True, etag=stale, match_condition=MatchConditions.IfNotModified)

    assert blob.download_blob().readall() == b"second"


def test_a_pinned_range_of_a_changed_blob_is_refused(credential: DefaultAzureCredential) -> None:
    blob = blobs(names.DROP_ACCOUNT, credential).get_blob_client(names.DROP_CONTAINER, "pinned/model.bin")
    seen = blob.upload_blob(b"0123456789")["etag"]
    blob.upload_blob(b"9876543210", overwrite=True)

    with pytest.raises(ResourceModifiedError):
        blob.download_blob(offset=2, length=3, etag=seen, match_condition=MatchConditions.IfNotModified)


def test_a_message_is_hidden_until_its_time_has_come(credential: DefaultAzureCredential) -> None:
    service = QueueServiceClient(f"https://{names.queue_host(names.STATE_ACCOUNT)}/", credential=credential)
    queue = service.create_queue("hidden-messages")

    queue.send_message("later", visibility_timeout=60)

    assert queue.receive_message() is None
    assert queue.get_queue_properties().approximate_message_count == 1
