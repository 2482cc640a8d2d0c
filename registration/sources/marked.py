"""Drops without a manifest: a folder that a marker completes, or a single file. The policy names the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.artifacts.store import Location
from registration.artifacts.validation import Promise
from registration.candidate import Candidate, DropSource, FileSource, Refusal
from registration.errors import ManifestError
from registration.events import BLOB_CREATED, BlobCreated, NotOfInterest
from registration.finding import Finding
from registration.sources import metadata
from registration.sources.claims import lineage_of

if TYPE_CHECKING:
    from registration.artifacts.store import ArtifactStore, Described
    from registration.policy.catalog import Feed
    from registration.sources.metadata import Metadata


@dataclass(frozen=True)
class _Sign:
    """The blob that completes the drop, as found: its ETag stands for what the drop says."""

    source: DropSource | FileSource
    found: Described
    event: str

    @property
    def name(self) -> str:
        return self.source.sign.name.rpartition("/")[2]

    def refused(self, model: str | None, *findings: Finding) -> Refusal:
        return Refusal(self.source, model, self.found.etag, findings, self.event)


def offers(blob: BlobCreated, feeds: list[Feed], *, store: ArtifactStore) -> list[Candidate | Refusal] | NotOfInterest:
    """What `blob`, a marker or a single file for the policies of `feeds`, offers."""
    here = Location(blob.account, blob.container, blob.path)
    found = store.described(here)
    if found is None:
        return NotOfInterest(blob.id, BLOB_CREATED, f"{here} is gone")
    markers = [feed for feed in feeds if feed.drop is not None and feed.drop.completeness == "marker"]
    source: DropSource | FileSource = FileSource(here)
    if markers:  # a marker is no model, whatever else takes it for one
        folder, _, name = blob.path.rpartition("/")
        source = DropSource(Location(blob.account, blob.container, folder), marker=name)
    return [_offer(_Sign(source, found, event=blob.id), markers or feeds)]


def _offer(sign: _Sign, feeds: list[Feed]) -> Candidate | Refusal:
    if len(feeds) != 1:
        models = ", ".join(sorted(feed.model.name for feed in feeds))
        message = f"the policies give this place to several models ({models}), and only a manifest can say which"
        action = "drop it with a model.manifest.json, or ask the platform team for a place of its own"
        return sign.refused(None, Finding("drop.several_models", sign.name, message, action=action))
    feed = feeds[0]
    try:
        said = metadata.parse(sign.found.metadata, metrics=feed.model.metrics)
    except ManifestError as wrong:
        return sign.refused(feed.model.name, *(_invalid(sign, each.path, each.message) for each in wrong.problems))
    if said.sha256 is not None and isinstance(sign.source, DropSource):
        key = f"{metadata.PREFIX}sha256"
        return sign.refused(feed.model.name, _invalid(sign, key, "is for a single file, not for a marker; remove it"))
    return _candidate(sign, said, feed)


def _invalid(sign: _Sign, key: str, message: str) -> Finding:
    action = f"write the metadata of {sign.name} anew by uploading it again"
    return Finding("metadata.invalid", sign.name, f"metadata {key}: {message}", action=action)


def _candidate(sign: _Sign, said: Metadata, feed: Feed) -> Candidate:
    return Candidate(
        source=sign.source,
        model=feed.model,
        policy=feed.policy,
        location=sign.source.location,
        lineage=lineage_of(said.lineage, event=sign.event, attested_by="metadata", drop=sign.source.location),
        event=sign.event,
        promises=_promises(sign, said),
        listing_etag=sign.found.etag,
        metrics=said.metrics,
        drop=feed.drop,
        shadows=feed.shadows,
    )


def _promises(sign: _Sign, said: Metadata) -> tuple[Promise, ...]:
    if said.sha256 is None:
        return ()
    repair = f"upload it again with its true {metadata.PREFIX}sha256"
    return (Promise(sign.name, sign.found.size, said.sha256, by="its metadata say", repair=repair),)
