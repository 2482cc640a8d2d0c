"""The artifact store: a port through which files are listed and read, pinned to what was listed.

A `StoredFile` is made by a listing and carries the ETag it had then. Every read asks for exactly that ETag, so bytes
from two versions of a file can never mix: a file that changed raises `ArtifactChangedError` and is new work.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


@dataclass(frozen=True)
class Location:
    """A blob, or the folder of blobs below it: `name` without a leading or trailing slash."""

    account: str
    container: str
    name: str

    def __truediv__(self, path: str) -> Location:
        return Location(self.account, self.container, f"{self.name}/{path}" if self.name else path)

    def __str__(self) -> str:
        return f"{self.account}/{self.container}/{self.name}"


@dataclass(frozen=True, order=True)
class StoredFile:
    """One file of a listing: `path` is relative to the listed location, `size` in bytes, `etag` without quotes.

    `modified` is when it was last written, by the storage's clock; None where nobody says.
    """

    path: str
    size: int
    etag: str
    account: str
    container: str
    name: str
    modified: datetime | None = field(default=None, compare=False)

    @property
    def location(self) -> Location:
        """Where the file itself lies."""
        return Location(self.account, self.container, self.name)


@dataclass(frozen=True)
class Described:
    """What storage says of one file: `size` in bytes, `etag` without quotes, and the metadata its writer gave it."""

    size: int
    etag: str
    metadata: Mapping[str, str]


class Files(Protocol):
    """Files that can be listed and read. Both methods raise `UnavailableError` when storage does not answer."""

    def files(self, location: Location) -> Iterator[StoredFile]:
        """The file at `location`, else every file below it, in name order; nothing when there is neither."""
        ...

    def range(self, file: StoredFile, *, offset: int, length: int) -> bytes:
        """`length` bytes of `file` as listed, fewer only where it ends; raises `ArtifactChangedError` if it changed.

        One request, if `length` is at most 8 MiB. May be called from several threads at once.
        """
        ...


class ArtifactStore(Files, Protocol):
    """Files in blob storage. Every method raises `UnavailableError` when storage does not answer."""

    def chunks(self, file: StoredFile) -> Iterator[bytes]:
        """The bytes of `file` as listed, in bounded pieces; raises `ArtifactChangedError` if it is another one now."""
        ...

    def read(self, location: Location, *, limit_bytes: int) -> tuple[bytes, str] | None:
        """A small document and its ETag, at most `limit_bytes` + 1 of it; None when there is no such blob."""
        ...

    def described(self, location: Location) -> Described | None:
        """What is said of the file at `location`; None when there is none."""
        ...

    def copy(self, file: StoredFile, destination: Location) -> StoredFile:
        """Copy `file` as listed to `destination` unless something is there already; the file now there is returned."""
        ...

    def write(self, location: Location, document: bytes) -> None:
        """Put a small document, replacing what was there."""
        ...
