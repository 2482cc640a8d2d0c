"""A listing: the jobs and dropped files that exist, whether or not an event told of them.

Adapters make one for the sweep, page by page; nothing of it is kept. A listed job is what the workspace's list says of
it, which is less than the job itself: where its outputs lie is not looked up.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from registration.artifacts.store import Location

ENDED = frozenset({"completed", "failed", "canceled"})  # NotResponding may still come back


@dataclass(frozen=True)
class ListedJob:
    """A job of the list. `status` is None for a pipeline step, `ended` when the list does not say when it ended."""

    name: str
    status: str | None
    created: datetime
    ended: datetime | None = None
    experiment: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_completed(self) -> bool:
        """Whether it ended well."""
        return (self.status or "").lower() == "completed"

    @property
    def is_open(self) -> bool:
        """Whether it may still complete."""
        return self.status is not None and self.status.lower() not in ENDED

    @property
    def time(self) -> datetime:
        """When it ended; when it was created if the list does not say, as for pipelines."""
        return self.ended or self.created


@dataclass(frozen=True)
class DropPlace:
    """Where a policy expects drops: every path of a container that begins with `prefix`."""

    account: str
    container: str
    prefix: str = ""

    def covers(self, other: DropPlace) -> bool:
        """Whether everything in `other` is in here too."""
        same = (self.account, self.container) == (other.account, other.container)
        return same and other.prefix.startswith(self.prefix)


@dataclass(frozen=True)
class ListedBlob:
    """A blob as listed; `etag` without quotes."""

    location: Location
    etag: str
    modified: datetime


class JobListing(Protocol):
    """The jobs of the workspace."""

    def newest_first(self) -> Iterator[ListedJob]:
        """Every job, the last created first; raises `UnavailableError` when the workspace does not answer."""
        ...


class DropListing(Protocol):
    """The blobs in drop containers."""

    def blobs(self, place: DropPlace) -> Iterator[ListedBlob]:
        """Every blob in `place`, none if it does not exist; raises `UnavailableError`."""
        ...
