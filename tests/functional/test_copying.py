"""Copying against real storage: which way a copy goes is read from the requests that were sent."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, BlobClient

from registration.azure.copying import BLOCK_BYTES, ONE_CALL_BYTES, Access, Source, copy
from sandbox import names

if TYPE_CHECKING:
    from azure.core.pipeline import PipelineRequest
    from azure.identity import DefaultAzureCredential

ONE_BLOCK, FOUR_BLOCKS = 1000, 3 * BLOCK_BYTES + 1


class BrokenOffError(Exception):
    """The connection broke in the middle."""


class Storage:
    """Clients of blobs in both accounts, and the writes they were used for; `most` is how many get through.

    `pins` are the ETags that storage was told to insist on when it read a source by itself.
    """

    def __init__(self, credential: DefaultAzureCredential) -> None:
        self.writes: list[str] = []
        self.pins: list[str] = []
        self.most: int | None = None
        self._credential = credential
        self._folder = uuid.uuid4().hex

    def near(self, name: str) -> BlobClient:
        """A blob in the drops' own account."""
        return self._blob(names.DROP_ACCOUNT, names.DROP_CONTAINER, name)

    def far(self, name: str) -> BlobClient:
        """A blob in the workspace's account."""
        return self._blob(names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER, name)

    def source(self, content: bytes, *, etag: str | None = None) -> Source:
        """A blob with `content`, as a listing shows it."""
        blob = self.near("source.bin")
        written = str(blob.upload_blob(content)["etag"]).strip('"')
        self.writes.clear()
        return Source(blob, etag or written, len(content), Access(self._token))

    def large_source(self, blocks: int) -> Source:
        """A blob of that many blocks, for which only one block travels."""
        blob = self.near("large.bin")
        blob.stage_block("0001", pattern(BLOCK_BYTES))
        said = blob.commit_block_list([BlobBlock("0001")] * blocks)
        self.writes.clear()
        return Source(blob, str(said["etag"]).strip('"'), blocks * BLOCK_BYTES, Access(self._token))

    def _token(self) -> str:
        return self._credential.get_token("https://storage.azure.com/.default").token

    def _blob(self, account: str, container: str, name: str) -> BlobClient:
        return BlobClient(
            f"https://{names.blob_host(account)}",
            container,
            f"copying/{self._folder}/{name}",
            credential=self._credential,
            raw_request_hook=self._note,
        )

    def _note(self, sent: PipelineRequest[Any]) -> None:
        request = sent.http_request
        if request.method == "PUT":
            if len(self.writes) == self.most:
                raise BrokenOffError
            self.pins += filter(None, [request.headers.get("x-ms-source-if-match")])
            self.writes.append(_operation(request.url, from_url="x-ms-copy-source" in request.headers))


def _operation(url: str, *, from_url: bool) -> str:
    kind = "block list" if "comp=blocklist" in url else "block" if "comp=block" in url else "blob"
    return f"{kind} from url" if from_url else kind


@pytest.fixture
def storage(credential: DefaultAzureCredential) -> Storage:
    return Storage(credential)


def content_of(blob: BlobClient) -> bytes:
    return blob.download_blob().readall()


def pattern(size: int) -> bytes:
    """Bytes in which no two blocks are alike."""
    return (b"0123456789abcde" * (size // 15 + 1))[:size]


def test_within_an_account_storage_copies_by_itself_in_one_call(storage: Storage) -> None:
    target = storage.near("copy.bin")

    source = storage.source(pattern(FOUR_BLOCKS))

    copy(source, target)

    assert (storage.writes, storage.pins) == (["blob from url"], [source.etag])
    assert content_of(target) == pattern(FOUR_BLOCKS)


def test_where_storage_declines_the_bytes_go_through_us(storage: Storage) -> None:
    target = storage.far("copy.bin")

    copy(storage.source(b"12345"), target)

    assert storage.writes == ["blob from url", "block", "block list"]
    assert content_of(target) == b"12345"


def test_a_large_file_goes_through_us_block_by_block(storage: Storage) -> None:
    target = storage.far("copy.bin")

    copy(storage.source(pattern(FOUR_BLOCKS)), target)

    assert storage.writes == ["blob from url", *["block"] * 4, "block list"]
    assert content_of(target) == pattern(FOUR_BLOCKS)


def test_blocks_that_an_earlier_try_staged_are_not_sent_again(storage: Storage) -> None:
    target = storage.far("copy.bin")
    source = storage.source(pattern(FOUR_BLOCKS))
    storage.most = len(["blob from url", "block", "block"])
    with pytest.raises(BrokenOffError):
        copy(source, target)
    storage.writes.clear()

    storage.most = None
    copy(source, target)

    assert storage.writes == ["blob from url", "block", "block", "block list"]
    assert content_of(target) == pattern(FOUR_BLOCKS)


@pytest.mark.parametrize("size", [0, ONE_BLOCK, BLOCK_BYTES, BLOCK_BYTES + 1])
def test_every_size_arrives_whole(storage: Storage, size: int) -> None:
    target = storage.far("copy.bin")

    copy(storage.source(pattern(size)), target)

    assert content_of(target) == pattern(size)


def test_an_empty_file_is_copied_within_an_account(storage: Storage) -> None:
    target = storage.near("copy.bin")

    copy(storage.source(b""), target)

    assert content_of(target) == b""


@pytest.mark.parametrize("where", ["near", "far"])
def test_a_source_with_another_etag_is_not_copied(storage: Storage, where: str) -> None:
    target: BlobClient = getattr(storage, where)("copy.bin")

    with pytest.raises(ResourceModifiedError):
        copy(storage.source(b"12345", etag="0x8DBADC0FFEE0000"), target)

    assert not target.exists()


@pytest.mark.parametrize("where", ["near", "far"])
def test_a_source_that_is_gone_is_not_copied(storage: Storage, where: str) -> None:
    target: BlobClient = getattr(storage, where)("copy.bin")
    source = storage.source(b"12345")
    source.blob.delete_blob()

    with pytest.raises((ResourceNotFoundError, ResourceModifiedError)):
        copy(source, target)

    assert not target.exists()


@pytest.mark.parametrize("where", ["near", "far"])
def test_what_somebody_else_put_there_first_stays(storage: Storage, where: str) -> None:
    target: BlobClient = getattr(storage, where)("copy.bin")
    target.upload_blob(b"theirs")

    copy(storage.source(b"ours"), target)

    assert content_of(target) == b"theirs"


def test_azurite_does_not_implement_blocks_from_a_url(storage: Storage) -> None:
    source, target = storage.source(b"12345"), storage.near("copy.bin")

    with pytest.raises(HttpResponseError) as refusal:
        target.stage_block_from_url("0001", source.blob.url, source_offset=0, source_length=5)

    assert refusal.value.status_code == 501
    assert not target.exists()


def test_a_file_too_large_for_one_call_is_asked_for_in_blocks(storage: Storage) -> None:
    source, target = storage.large_source(ONE_CALL_BYTES // BLOCK_BYTES + 1), storage.near("copy.bin")

    copy(source, target)

    assert storage.writes == ["block from url", *["block"] * 17, "block list"]
    assert storage.pins == [source.etag]
    assert target.get_blob_properties().size == source.size
