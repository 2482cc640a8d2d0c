"""Listings: the workspace's jobs over REST, and the blobs in drop containers.

The list of jobs can be filtered by type and tag, not by time, so it is read until the caller has enough. It is
expected newest first: https://learn.microsoft.com/rest/api/azureml/jobs/list.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerClient

from registration.artifacts.store import Location
from registration.azure.faults import answering
from registration.azure.rest import ARM, within
from registration.azure.workspace import JOBS_API
from registration.errors import UnavailableError
from registration.listing import ListedBlob, ListedJob

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azure.core.credentials import TokenCredential
    from azure.storage.blob import BlobProperties

    from registration.azure.rest import Rest
    from registration.listing import DropPlace

log = logging.getLogger(__name__)


class WorkspaceJobs:
    """The jobs of one workspace, named by its ARM id; a page is asked for when the one before it is used up."""

    def __init__(self, rest: Rest, workspace: str) -> None:
        self._rest = rest
        self._url = f"{ARM}{workspace}/jobs"

    def newest_first(self) -> Iterator[ListedJob]:
        """Every job that is not archived, in the order the service lists them."""
        query = {"api-version": JOBS_API, "listViewType": "ActiveOnly"}
        page = None
        for page in self._rest.pages(self._url, follow=within(ARM, of="jobs"), **query):
            yield from map(_job, page["value"])
        if page is None:
            raise UnavailableError("the workspace does not list its jobs: it is not there, or roles are missing")


class DropBlobs:
    """The blobs in any account the identity may read; `suffix` is the cloud's storage suffix."""

    def __init__(self, credential: TokenCredential, *, suffix: str) -> None:
        self._credential = credential
        self._suffix = suffix

    def blobs(self, place: DropPlace) -> Iterator[ListedBlob]:
        """Every blob in `place`; none, and a warning, if there is no such container."""
        url = f"https://{place.account}.blob.{self._suffix}"
        with answering("blob storage"), ContainerClient(url, place.container, credential=self._credential) as client:
            try:
                for blob in client.list_blobs(name_starts_with=place.prefix):
                    yield _listed(blob, place)
            except ResourceNotFoundError:
                log.warning("a policy expects drops in %s/%s, which is not there", place.account, place.container)


def _job(found: Mapping[str, Any]) -> ListedJob:
    said = found.get("properties") or {}
    return ListedJob(
        name=found["name"],
        status=said.get("status"),
        created=_moment(found["systemData"]["createdAt"]),
        ended=_ended((said.get("properties") or {}).get("EndTimeUtc")),
        experiment=said.get("experimentName"),
        tags=said.get("tags") or {},
    )


def _ended(text: str | None) -> datetime | None:
    try:
        return _moment(text) if text else None
    except ValueError:
        return None


def _moment(text: str) -> datetime:
    """Recorded jobs have `2024-07-24T08:48:40.8234943+00:00` and, in EndTimeUtc, `2024-07-24 08:49:55`, UTC both."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _listed(blob: BlobProperties, place: DropPlace) -> ListedBlob:
    location = Location(place.account, place.container, str(blob.name))
    return ListedBlob(location, (blob.etag or "").strip('"'), blob.last_modified)
