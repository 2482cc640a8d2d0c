"""Resolving: from an event to what it offers. It checks first that the event comes from a configured source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from registration import manifest, synthetic
from registration.artifacts.store import Location
from registration.candidate import Candidate, JobSource, Refusal, SharedSource, source_from
from registration.errors import InputError
from registration.events import (
    BLOB_CREATED,
    RUN_COMPLETED,
    BlobCreated,
    JobFinished,
    NotOfInterest,
    VersionShared,
)
from registration.sources import drops, jobs, shared
from registration.sources.jobs import Announcement, PartlyOfferedError
from registration.uris import job_of_blob

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.artifacts.store import ArtifactStore
    from registration.events import Event
    from registration.policy.catalog import Catalog
    from registration.shared import SharedRegistries
    from registration.sources.job import Workspace
    from registration.synthetic import Synthetic
    from registration.uris import JobOutputUri

type Offer = Candidate | Refusal
OUTPUT_STORES = ("workspaceblobstore", "workspaceartifactstore")


class UnknownSourceError(InputError):
    """An event comes from a workspace or account that is not configured."""


class TrustedSources(Protocol):
    """The configured sources, lower-case ARM ids."""

    @property
    def workspace_id(self) -> str:
        """The workspace whose jobs are heard."""
        ...

    @property
    def account_ids(self) -> frozenset[str]:
        """The storage accounts whose blobs are heard."""
        ...


@dataclass(frozen=True)
class Resolver:
    """Finds what an event offers. `catalog` reads the policies in force each time it is called."""

    trusted: TrustedSources
    workspace: Workspace
    store: ArtifactStore
    shared: SharedRegistries
    catalog: Callable[[], Catalog]

    def offers(self, event: Event) -> list[Offer] | NotOfInterest:
        """What `event` offers, or why it offers nothing.

        Raises `UnknownSourceError` for a source that is not configured, `PolicyError` for a broken policy,
        `NotVisibleYetError` for a job the workspace does not show yet, and `PartlyOfferedError`.
        """
        if isinstance(event, NotOfInterest):
            return event
        if isinstance(event, JobFinished):
            return self._from_job(event)
        if isinstance(event, VersionShared):
            feeds = self.catalog().fed_by_shared(registry=event.registry, model=event.model)
            return shared.offers(event, feeds, registries=self.shared, workspace=self.trusted.workspace_id)
        return self._from_blob(event)

    def event_of(self, source: object) -> Synthetic | None:
        """An event that leads to the source of a work record; None for a record of another kind."""
        match source:
            case ["job", str(workspace), str(job), *_]:
                return synthetic.run_completed(workspace, job)
        found = source_from(source)
        if isinstance(found, SharedSource):
            return synthetic.model_shared(self.trusted.workspace_id, found.registry, found.model, found.version)
        if found is None or isinstance(found, JobSource):
            return None
        topic = self.topic_of(found.sign.account)
        return synthetic.blob_created(topic, found.sign) if topic else None

    def topic_of(self, account: str) -> str | None:
        """The ARM id of the storage account of this name, if its blobs are heard."""
        return next((topic for topic in self.trusted.account_ids if topic.endswith(f"/{account}")), None)

    def _from_job(self, event: JobFinished) -> list[Offer] | NotOfInterest:
        _trust(event.workspace, {self.trusted.workspace_id}, "REGISTRAR_WORKSPACE")
        announced = Announcement(event.job, event.workspace, event.id, RUN_COMPLETED)
        return self._offered(announced, self.catalog())

    def _from_blob(self, blob: BlobCreated) -> list[Offer] | NotOfInterest:
        _trust(blob.topic, self.trusted.account_ids, "REGISTRAR_DROP_ACCOUNTS")
        if manifest.is_own_write(blob.path):
            return NotOfInterest(blob.id, BLOB_CREATED, "one of our own writes")
        place = job_of_blob(blob.container, blob.path)
        if place is None or not self._holds_outputs(blob):
            return drops.offers(blob, store=self.store, catalog=self.catalog())
        catalog = self.catalog()
        if not catalog.fed_by_output(place):
            return NotOfInterest(blob.id, BLOB_CREATED, f"no model comes from a job output {place.output}")
        announced = Announcement(place.job, self.trusted.workspace_id, blob.id, BLOB_CREATED, certain=False)
        try:
            found = self._offered(announced, catalog)
        except PartlyOfferedError as partly:
            covered = [offer for offer in partly.ready if _covers(offer.source, place)]
            raise PartlyOfferedError(covered, partly.failure) from partly
        if isinstance(found, NotOfInterest):
            return found
        return [offer for offer in found if _covers(offer.source, place)] or NotOfInterest(
            blob.id, BLOB_CREATED, f"no model comes from {place}"
        )

    def _offered(self, announced: Announcement, catalog: Catalog) -> list[Offer] | NotOfInterest:
        return jobs.offers(announced, workspace=self.workspace, files=self.store, catalog=catalog)

    def _holds_outputs(self, blob: BlobCreated) -> bool:
        container = Location(blob.account, blob.container, "")
        return any(self.workspace.datastore_location(name) == container for name in OUTPUT_STORES)


def _trust(source: str, configured: set[str] | frozenset[str], setting: str) -> None:
    if source not in configured:
        raise UnknownSourceError(f"the event comes from {source}, which {setting} does not name")


def _covers(source: object, place: JobOutputUri) -> bool:
    if not isinstance(source, JobSource):
        return False
    if (source.run or source.job, source.output) != (place.job, place.reported_output):
        return False
    return not source.path or place.path == source.path or place.path.startswith(f"{source.path}/")
