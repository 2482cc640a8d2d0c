"""Copying one blob, pinned to its ETag: by the storage service where it can, else read and written by us.

Copy Blob From URL takes a source of up to 256 MiB in one call; a larger one goes block by block with Put Block From
URL. Both read the source with our own token. Where the service answers that it cannot (an account behind a firewall,
an emulator), the same blocks are read and written here. Blocks staged by an earlier try are not sent again.

References: https://learn.microsoft.com/rest/api/storageservices/copy-blob-from-url and .../put-block-from-url
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobBlock

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.storage.blob import BlobClient

ONE_CALL_BYTES = 256 * 1024 * 1024
BLOCK_BYTES = 16 * 1024 * 1024
NOT_IMPLEMENTED = 501
CANNOT_READ_SOURCE = frozenset({"CannotVerifyCopySource", "CopySourceNotAllowed", "AuthenticationFailed"})


@dataclass(frozen=True)
class Access:
    """What lets storage read a source: a token, or a SAS for what belongs to others."""

    token: Callable[[], str] | None = None
    sas: str = field(default="", repr=False)

    @property
    def header(self) -> str | None:
        """What a copy says beside the address; a SAS is part of that."""
        return None if self.token is None else f"Bearer {self.token()}"


@dataclass(frozen=True)
class Source:
    """A blob as listed, and how storage may read it."""

    blob: BlobClient
    etag: str
    size: int
    access: Access

    @property
    def url(self) -> str:
        """Where storage finds it."""
        bare = self.blob.url.partition("?")[0]
        return f"{bare}?{self.access.sas}" if self.access.sas else bare


@dataclass(frozen=True)
class _Block:
    id: str
    offset: int
    length: int


def copy(source: Source, target: BlobClient) -> None:
    """Copy `source` to `target` if nothing is there; what somebody else put there first stays.

    Raises azure-core's `ResourceModifiedError` when the source no longer has its ETag.
    """
    try:
        _by_service(source, target)
    except ResourceExistsError:
        return
    except HttpResponseError as answer:
        if not _declined(answer):
            raise
        _by_blocks(source, target, put=_through_us)


def _by_service(source: Source, target: BlobClient) -> None:
    if source.size > ONE_CALL_BYTES:
        _by_blocks(source, target, put=_from_url)
        return
    target.start_copy_from_url(
        source.url,
        requires_sync=True,
        source_authorization=source.access.header,
        source_etag=source.etag,
        source_match_condition=MatchConditions.IfNotModified,
        match_condition=MatchConditions.IfMissing,
    )


def _by_blocks(source: Source, target: BlobClient, *, put: Callable[[Source, BlobClient, _Block], None]) -> None:
    blocks = [
        _Block(base64.b64encode(f"{offset:020}".encode()).decode(), offset, min(BLOCK_BYTES, source.size - offset))
        for offset in range(0, source.size, BLOCK_BYTES)
    ]
    staged = _staged(target)
    for block in blocks:
        if staged.get(block.id) != block.length:
            put(source, target, block)
    try:
        target.commit_block_list([BlobBlock(block.id) for block in blocks], match_condition=MatchConditions.IfMissing)
    except ResourceExistsError:
        return


def _staged(target: BlobClient) -> dict[str, int]:
    try:
        _, uncommitted = target.get_block_list("uncommitted")
    except ResourceNotFoundError:
        return {}
    return {block.id: block.size for block in uncommitted}


def _from_url(source: Source, target: BlobClient, block: _Block) -> None:
    target.stage_block_from_url(
        block.id,
        source.url,
        source_offset=block.offset,
        source_length=block.length,
        source_authorization=source.access.header,
        # The SDK has no parameter for this condition here, unlike in `start_copy_from_url`.
        headers={"x-ms-source-if-match": source.etag},
    )


def _through_us(source: Source, target: BlobClient, block: _Block) -> None:
    stream = source.blob.download_blob(
        offset=block.offset,
        length=block.length,
        etag=source.etag,
        match_condition=MatchConditions.IfNotModified,
        decompress=False,
    )
    target.stage_block(block.id, stream.readall(), length=block.length)


def _declined(answer: HttpResponseError) -> bool:
    """Whether the service says that it cannot copy this source, rather than that something is wrong with the copy."""
    return answer.status_code == NOT_IMPLEMENTED or getattr(answer, "error_code", None) in CANNOT_READ_SOURCE
