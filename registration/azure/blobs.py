"""Blobs: the artifact store over azure-storage-blob. One client an account, made when it is first needed.

A file is always read under the ETag it was listed with; storage answers 412 when it is another file by now. Its bytes
are those that lie there: a blob may say of itself that it is packed (Content-Encoding), and the client would unpack it.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from azure.core import MatchConditions
from azure.core.credentials import AzureSasCredential
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from registration.artifacts.store import Described, Location, StoredFile
from registration.azure import copying
from registration.azure.faults import answering
from registration.errors import ArtifactChangedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import AzureNamedKeyCredential, TokenCredential
    from azure.storage.blob import BlobClient, BlobProperties

CHUNK_BYTES = 8 * 1024 * 1024
NO_SUCH_RANGE = 416  # what storage answers to a range that begins at the end, so to any range of an empty blob
SERVICE = "blob storage"


class BlobStore:
    """`suffix` is the cloud's storage suffix, such as `core.windows.net`; no other host is ever contacted.

    What is lent is read by a SAS, everything else by the identity. A SAS is kept in memory and shown to nobody.
    """

    def __init__(self, credential: TokenCredential, *, suffix: str) -> None:
        self._credential = credential
        self._suffix = suffix
        self._services: dict[str, BlobServiceClient] = {}
        self._lent: dict[Location, tuple[str, BlobServiceClient]] = {}
        self._lock = threading.Lock()
        self._last: tuple[Location, BlobServiceClient, BlobClient] | None = None

    def lend(self, container: Location, sas: str) -> None:
        """Read what lies in `container` by `sas` from now on, by the identity if it is empty."""
        client = service(self._url(container.account), AzureSasCredential(sas)) if sas else None
        with self._lock:
            self._last = None
            self._lent.pop(container, None)
            if client is not None:
                self._lent[container] = (sas, client)

    def files(self, location: Location) -> Iterator[StoredFile]:
        """The blob at `location`, else every blob below it; folder markers are not files."""
        with answering(SERVICE):
            single = self._properties(location)
            if single is not None:
                yield _file(location.name.rpartition("/")[2], single, location)
                return
            container = self._service(location).get_container_client(location.container)
            prefix = f"{location.name}/" if location.name else ""
            with contextlib.suppress(ResourceNotFoundError):
                for found in container.list_blobs(name_starts_with=prefix, include=["metadata"]):
                    if not _is_folder(found):
                        yield _file(found.name.removeprefix(prefix), found, location)

    def chunks(self, file: StoredFile) -> Iterator[bytes]:
        """The bytes of `file` as listed, in pieces of at most 8 MiB."""
        with answering(SERVICE), _unchanged(file):
            stream = self._blob(file.location).download_blob(
                etag=file.etag, match_condition=MatchConditions.IfNotModified, decompress=False
            )
            yield from stream.chunks()

    def range(self, file: StoredFile, *, offset: int, length: int) -> bytes:
        """`length` bytes of `file` as listed, fewer only where it ends; one request up to 8 MiB."""
        # Storage refuses a range that begins at the end.
        wanted = min(length, file.size - offset)
        if wanted <= 0:
            return b""
        with answering(SERVICE), _unchanged(file):
            stream = self._blob(file.location).download_blob(
                offset=offset,
                length=wanted,
                etag=file.etag,
                match_condition=MatchConditions.IfNotModified,
                decompress=False,
            )
            # `readall` copies all of it; the one chunk that there is comes as it was received.
            return b"".join(stream.chunks())

    def read(self, location: Location, *, limit_bytes: int) -> tuple[bytes, str] | None:
        """At most `limit_bytes` + 1 bytes of a blob and its ETag, or None."""
        with answering(SERVICE):
            try:
                stream = self._blob(location).download_blob(offset=0, length=limit_bytes + 1, decompress=False)
            except ResourceNotFoundError:
                return None
            except HttpResponseError as refused:
                if refused.status_code != NO_SUCH_RANGE:
                    raise
                return self._read_empty(location)
            return stream.readall(), _etag(stream.properties)

    def described(self, location: Location) -> Described | None:
        """What is said of the blob at `location`; None when there is none, or only a folder marker."""
        with answering(SERVICE):
            found = self._properties(location)
        return Described(found.size or 0, _etag(found), dict(found.metadata or {})) if found else None

    def copy(self, file: StoredFile, destination: Location) -> StoredFile:
        """Copy `file` as listed to `destination` unless something is there already; the file now there is returned."""
        target = self._blob(destination)
        with answering(SERVICE), _unchanged(file):
            if self._properties(destination) is None:
                source = copying.Source(self._blob(file.location), file.etag, file.size, self._access(file.location))
                copying.copy(source, target)
            found = target.get_blob_properties()
        return _file(file.path, found, destination)

    def write(self, location: Location, document: bytes) -> None:
        """Put a small document, replacing what was there."""
        with answering(SERVICE):
            self._blob(location).upload_blob(document, overwrite=True)

    def _read_empty(self, location: Location) -> tuple[bytes, str] | None:
        """The same of a blob that has no first byte; raises `ArtifactChangedError` if it has one by now."""
        found = self._properties(location)
        if found is not None and found.size:
            raise ArtifactChangedError(f"{location} was written while it was read")
        return None if found is None else (b"", _etag(found))

    def _access(self, location: Location) -> copying.Access:
        """What lets storage itself read there."""
        lent = self._lent.get(_container(location))
        if lent is not None:
            return copying.Access(sas=lent[0])
        return copying.Access(token=lambda: self._credential.get_token("https://storage.azure.com/.default").token)

    def _properties(self, location: Location) -> BlobProperties | None:
        if not location.name:
            return None
        with contextlib.suppress(ResourceNotFoundError):
            found = self._blob(location).get_blob_properties()
            return None if _is_folder(found) else found
        return None

    def _blob(self, location: Location) -> BlobClient:
        """A client of one blob: the last one, if it is the same, for it costs a tenth of a short read to make."""
        service_, last = self._service(location), self._last
        if last is None or last[:2] != (location, service_):
            last = location, service_, service_.get_blob_client(location.container, location.name)
            self._last = last
        return last[2]

    def _service(self, location: Location) -> BlobServiceClient:
        account = location.account
        with self._lock:
            if (lent := self._lent.get(_container(location))) is not None:
                return lent[1]
            if account not in self._services:
                self._services[account] = service(self._url(account), self._credential)
            return self._services[account]

    def _url(self, account: str) -> str:
        return f"https://{account}.blob.{self._suffix}"


def _container(location: Location) -> Location:
    return Location(location.account, location.container, "")


def service(url: str, credential: TokenCredential | AzureNamedKeyCredential | AzureSasCredential) -> BlobServiceClient:
    """A client that takes each range in one piece: pieces of 256 KiB, its default, cost it five times the CPU time."""
    return BlobServiceClient(
        url,
        credential=credential,
        max_single_get_size=CHUNK_BYTES,
        max_chunk_get_size=CHUNK_BYTES,
        connection_data_block_size=CHUNK_BYTES,
    )


@contextlib.contextmanager
def _unchanged(file: StoredFile) -> Iterator[None]:
    try:
        yield
    except (ResourceModifiedError, ResourceNotFoundError) as changed:
        raise ArtifactChangedError(f"{file.location} is not the file that was listed any more") from changed


def _is_folder(blob: BlobProperties) -> bool:
    # A writer sets metadata freely; only what has no bytes can be a mere folder. Names of metadata keep the case they
    # were written in and are compared without it.
    said = {name.lower(): value for name, value in (blob.metadata or {}).items()}
    is_marked = str(blob.name).endswith("/") or said.get("hdi_isfolder", "").lower() == "true"
    return not blob.size and is_marked


def _etag(blob: BlobProperties) -> str:
    return (blob.etag or "").strip('"')


def _file(path: str, blob: BlobProperties, location: Location) -> StoredFile:
    place = (location.account, location.container, str(blob.name))
    return StoredFile(path, blob.size or 0, _etag(blob), *place, modified=blob.last_modified)
