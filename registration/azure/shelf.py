"""A shelf of the ledger as a blob container: conditional writes by ETag, times by the server's Date header."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import ContentSettings

from registration.azure.faults import answering
from registration.errors import LedgerConflictError
from registration.shelf import Entry
from registration.stored import parsed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from azure.core.pipeline import PipelineResponse
    from azure.storage.blob import ContainerClient

SERVICE = "the ledger's storage"
JSON = ContentSettings(content_type="application/json")


class BlobShelf:
    """One container; blob names are the ledger's document names."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def read(self, name: str) -> Entry | None:
        """The document `name`, or None; raises `LedgerFormatError` for what is no JSON object."""
        answered: list[datetime] = []
        with answering(SERVICE):
            try:
                stream = self._container.download_blob(name, raw_response_hook=lambda it: answered.append(_date(it)))
            except ResourceNotFoundError:
                return None
            text = stream.readall()
            document = parsed(text, name=f"{self._container.container_name} {name}")
            return Entry(document, stream.properties.etag, stream.properties.last_modified, answered[0])

    def create(self, name: str, document: Mapping[str, Any]) -> Entry:
        """Write `name` if it does not exist; raises `LedgerConflictError` if it does."""
        return self._put(name, document, overwrite=False)

    def replace(self, name: str, document: Mapping[str, Any], *, etag: str) -> Entry:
        """Write `name` if it still has `etag`; raises `LedgerConflictError` if not."""
        return self._put(name, document, overwrite=True, etag=etag, match_condition=MatchConditions.IfNotModified)

    def create_text(self, name: str, text: str) -> None:
        """Write `name` as text if it does not exist; leave what is there if it does."""
        with answering(SERVICE):
            try:
                self._container.upload_blob(name, text.encode(), overwrite=False)
            except ResourceExistsError:
                return

    def names(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Every name that begins with `prefix`, with the document's `state`."""
        with answering(SERVICE):
            for blob in self._container.list_blobs(name_starts_with=prefix, include=["metadata"]):
                yield str(blob.name), (blob.metadata or {}).get("state", "")

    def _put(self, name: str, document: Mapping[str, Any], **condition: Any) -> Entry:
        body = json.dumps(document, allow_nan=False).encode()
        blob = self._container.get_blob_client(name)
        # The state is kept beside the document too, so that a listing can tell the unfinished without reading all.
        mark = {"state": str(document["state"])} if "state" in document else None
        with answering(SERVICE):
            try:
                said = blob.upload_blob(body, content_settings=JSON, metadata=mark, **condition)
            except (ResourceExistsError, ResourceModifiedError) as lost:
                raise LedgerConflictError(f"{name} was written by another worker") from lost
        return Entry(dict(document), said["etag"], said["last_modified"], said["date"])


def _date(response: PipelineResponse[Any, Any]) -> datetime:
    return parsedate_to_datetime(response.http_response.headers["Date"])
