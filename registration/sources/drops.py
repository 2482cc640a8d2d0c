"""Drops: another team's folder becomes a candidate when its manifest, written last, arrives."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration import manifest
from registration.artifacts.store import Location
from registration.artifacts.validation import Promise
from registration.candidate import Candidate, DropSource, Refusal
from registration.errors import ManifestError
from registration.events import BLOB_CREATED, BlobCreated, NotOfInterest
from registration.finding import Finding
from registration.lineage import Lineage
from registration.policy.evidence import Evidence, Point

if TYPE_CHECKING:
    from registration.artifacts.store import ArtifactStore
    from registration.manifest import Manifest
    from registration.policy.catalog import Catalog, Feed


@dataclass(frozen=True)
class _Drop:
    """A manifest as found: `etag` stands for the whole drop, because the manifest is written last."""

    source: DropSource
    document: bytes
    etag: str
    event: str

    def refused(self, model: str | None, *findings: Finding) -> Refusal:
        return Refusal(self.source, model, self.etag, findings, self.event)


def offers(blob: BlobCreated, *, store: ArtifactStore, catalog: Catalog) -> list[Candidate | Refusal] | NotOfInterest:
    """The candidate a drop offers, why it is refused, or why the blob is none of our business."""
    if posixpath.basename(blob.path) != manifest.MANIFEST_NAME:
        return NotOfInterest(blob.id, BLOB_CREATED, "a drop is complete when its manifest arrives")
    feeds = catalog.fed_by_drop(account=blob.account, container=blob.container, path=blob.path)
    if not feeds:
        return NotOfInterest(blob.id, BLOB_CREATED, f"no policy matches a drop at {blob.container}/{blob.path}")
    here = Location(blob.account, blob.container, blob.path)
    found = store.read(here, limit_bytes=manifest.MAX_BYTES)
    if found is None:
        return NotOfInterest(blob.id, BLOB_CREATED, f"the manifest {here} is gone")
    folder = Location(blob.account, blob.container, posixpath.dirname(blob.path))
    return [_offer(_Drop(DropSource(folder), *found, event=blob.id), feeds)]


def _offer(drop: _Drop, feeds: list[Feed]) -> Candidate | Refusal:
    try:
        parsed = manifest.parse(drop.document, source=manifest.MANIFEST_NAME)
    except ManifestError as wrong:
        return drop.refused(None, *(Finding("manifest.invalid", item.path, item.message) for item in wrong.problems))
    feed = next((feed for feed in feeds if feed.model.name == parsed.model), None)
    if feed is None:
        granted = ", ".join(sorted(feed.model.name for feed in feeds))
        message = f"model {parsed.model!r} is not granted to this location; granted: {granted}"
        return drop.refused(None, Finding("manifest.model_not_granted", "model", message))
    return _candidate(drop, parsed, feed)


def _candidate(drop: _Drop, parsed: Manifest, feed: Feed) -> Candidate:
    return Candidate(
        source=drop.source,
        model=feed.model,
        policy=feed.policy,
        location=drop.source.folder,
        lineage=_lineage(parsed, drop.event),
        event=drop.event,
        promises=tuple(Promise(file.path, file.size, file.sha256) for file in parsed.files),
        listing_etag=drop.etag,
        metrics=parsed.metrics,
        tags=parsed.tags,
        description=parsed.description,
        stated=_stated(parsed),
        shadows=feed.shadows,
    )


def _stated(parsed: Manifest) -> Evidence:
    history = {
        name: tuple(Point(point.step, point.value) for point in points) for name, points in parsed.history.items()
    }
    return Evidence(tags=parsed.tags, slices=parsed.slices, history=history, comparable=parsed.comparable)


def _lineage(parsed: Manifest, event: str) -> Lineage:
    said = parsed.lineage
    return Lineage(
        job=said.job,
        job_output_uri=said.run_uri,
        experiment=None,
        git_commit=said.git_commit,
        datasets=tuple(said.datasets),
        environment=said.environment,
        source_event=event,
        attested_by="manifest",
    )
