"""A shelf of the ledger as a blob container: conditional writes by ETag, times by the server's Date header."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import ContentSettings

from registration.azure.faults import answering
from registration.errors import LedgerConflictError, UnavailableError
from registration.shelf import Entry
from registration.stored import parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

    from azure.core.pipeline import PipelineResponse
    from azure.storage.blob import ContainerClient

SERVICE = "the ledger's storage"
TRIES = 3
# The second is for a container with an immutability policy, which refuses no new blob. The client calls every 409 by
# one name: a container that is being deleted has no such blob.
THERE = frozenset({"BlobAlreadyExists", "BlobImmutableDueToPolicy"})
JSON = ContentSettings(content_type="application/json")


class BlobShelf:
    """One container; blob names are the ledger's document names."""

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def read(self, name: str) -> Entry | None:
        """The document `name`, or None; raises `LedgerFormatError` for what is no JSON object."""
        with answering(SERVICE):
            try:
                stream, now = _timed(lambda hook: self._container.download_blob(name, raw_response_hook=hook))
            except ResourceNotFoundError:
                return None
            text = stream.readall()
            document = parsed(text, name=f"{self._container.container_name} {name}")
            return Entry(document, stream.properties.etag, stream.properties.last_modified, now)

    def text(self, name: str) -> str | None:
        """What `name` holds, whatever it is, or None; bytes that are no UTF-8 are shown as replaced."""
        with answering(SERVICE):
            try:
                return self._container.download_blob(name).readall().decode(errors="replace")
            except ResourceNotFoundError:
                return None

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
            except ResourceExistsError as refused:
                if not _is_there(refused):
                    raise

    def now(self) -> datetime:
        """The server's time."""
        with answering(SERVICE):
            _, now = _timed(lambda hook: self._container.get_container_properties(raw_response_hook=hook))
            return now

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
                if isinstance(lost, ResourceExistsError) and not _is_there(lost):
                    raise
                raise LedgerConflictError(f"{name} was written by another worker") from lost
        return Entry(dict(document), said["etag"], said["last_modified"], said["date"])


def _is_there(refused: ResourceExistsError) -> bool:
    return getattr(refused, "error_code", None) in THERE


type _Hook = Callable[[PipelineResponse[Any, Any]], None]


def _timed[T](ask: Callable[[_Hook], T]) -> tuple[T, datetime]:
    """What is answered, and the server's time then; `ask` is given the hook for the SDK's `raw_response_hook`."""
    for _ in range(TRIES):
        said, now = _heard(ask)
        if now is not None:
            return said, now
        # The SDK forgets the hook when it sends a request again after its connection broke.
    raise UnavailableError(f"{SERVICE} did not tell its time")


def _heard[T](ask: Callable[[_Hook], T]) -> tuple[T, datetime | None]:
    told: list[datetime] = []
    said = ask(lambda response: told.extend(_date(response)))
    return said, told[-1] if told else None


def _date(response: PipelineResponse[Any, Any]) -> Iterator[datetime]:
    """What the header says; nothing where there is none, as in what a proxy answers in the place of storage."""
    if said := response.http_response.headers.get("Date"):
        yield parsedate_to_datetime(said)
