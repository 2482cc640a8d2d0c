"""Drops: what another team left becomes a candidate when the file arrives that completes it, usually its manifest."""

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
from registration.policy.evidence import Evidence, Point
from registration.sources import marked
from registration.sources.claims import lineage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    feeds = catalog.fed_by_drop(account=blob.account, container=blob.container, path=blob.path)
    is_manifest = posixpath.basename(blob.path) == manifest.MANIFEST_NAME
    if not feeds:
        said = (
            "no policy matches a drop at" if is_manifest else "no policy takes it for a drop, nor for the end of one:"
        )
        return NotOfInterest(blob.id, BLOB_CREATED, f"{said} {blob.container}/{blob.path}")
    if not is_manifest:
        return marked.offers(blob, feeds, store=store)
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
        return drop.refused(None, *invalid(wrong))
    feed = next((feed for feed in feeds if feed.model.name == parsed.model), None)
    if feed is None:
        granted = ", ".join(sorted(feed.model.name for feed in feeds))
        message = f"{parsed.model!r} is not granted to this location; granted: {granted}"
        action = "name one of these, or ask the platform team for a policy"
        return drop.refused(None, Finding("manifest.model_not_granted", "model", message, action=action))
    return _candidate(drop, parsed, feed)


def invalid(wrong: ManifestError) -> Iterator[Finding]:
    """What is wrong with a manifest, each at its place."""
    for problem in wrong.problems:
        yield Finding("manifest.invalid", problem.path or manifest.MANIFEST_NAME, problem.message)


def promises_of(parsed: Manifest) -> tuple[Promise, ...]:
    """What the manifest says of each file."""
    return tuple(Promise(file.path, file.size, file.sha256) for file in parsed.files)


def _candidate(drop: _Drop, parsed: Manifest, feed: Feed) -> Candidate:
    return Candidate(
        source=drop.source,
        model=feed.model,
        policy=feed.policy,
        location=drop.source.folder,
        lineage=lineage_of(
            parsed.lineage,
            event=drop.event,
            attested_by="manifest",
            drop=drop.source.folder,
            producer=parsed.producer,
        ),
        event=drop.event,
        promises=promises_of(parsed),
        listing_etag=drop.etag,
        manifest=drop.document,
        metrics=parsed.metrics,
        tags=parsed.tags,
        description=parsed.description,
        stated=_stated(parsed),
        drop=feed.drop,
        shadows=feed.shadows,
    )


def _stated(parsed: Manifest) -> Evidence:
    history = {
        name: tuple(Point(point.step, point.value) for point in points) for name, points in parsed.history.items()
    }
    return Evidence(tags=parsed.tags, slices=parsed.slices, history=history, comparable=parsed.comparable)
