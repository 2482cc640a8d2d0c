"""Blobs of dead letters, over azure-storage-blob: listed with the time they were written, and read as a stream.

Reading needs the role Storage Blob Data Reader on the container. Nothing is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import ContainerClient

from registration.azure.faults import answering
from registration.deadletters import LetterBlob
from registration.errors import ArtifactChangedError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential

    from registration.artifacts.store import Location

CHUNK_BYTES = 1024 * 1024
SERVICE = "the dead-letter container"


class BlobDeadLetters:
    """The `.json` blobs at `place`: a container, a folder in it, or one blob. No host outside `suffix` is asked."""

    def __init__(self, credential: TokenCredential, place: Location, *, suffix: str) -> None:
        self._place = place
        self._container = ContainerClient(
            f"https://{place.account}.blob.{suffix}",
            place.container,
            credential=credential,
            max_single_get_size=CHUNK_BYTES,
            max_chunk_get_size=CHUNK_BYTES,
        )

    def listed(self) -> Iterator[LetterBlob]:
        """Every blob in name order; raises `InputError` when there is no such container."""
        with answering(SERVICE):
            try:
                for blob in self._container.list_blobs(name_starts_with=self._place.name):
                    if self._holds(blob.name):
                        yield LetterBlob(self._place.container, blob.name, blob.etag, blob.last_modified)
            except ResourceNotFoundError as missing:
                raise InputError(f"there is no container {self._place.container} at {self._container.url}") from missing

    def chunks(self, blob: LetterBlob) -> Iterator[bytes]:
        """The bytes of `blob` as listed, in pieces of at most 1 MiB."""
        with answering(SERVICE):
            try:
                stream = self._container.download_blob(
                    blob.name, etag=blob.etag, match_condition=MatchConditions.IfNotModified
                )
                yield from stream.chunks()
            except (ResourceModifiedError, ResourceNotFoundError) as changed:
                raise ArtifactChangedError("the blob was changed or deleted meanwhile; replay again") from changed

    def _holds(self, name: str) -> bool:
        folder = self._place.name
        is_inside = not folder or name == folder or name.startswith(f"{folder}/")
        return is_inside and name.endswith(".json")
