"""Shared versions: what another environment promoted and shared becomes a candidate here.

Its metrics are those that it was promoted with, as its evidence tells; its files are read and judged like anybody's,
and have to be the ones that the evidence is about. What a model promoted itself does not come back to it, however many
environments took it on the way: two that take from each other would go on for ever.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from registration import baselines, shared_evidence
from registration.artifacts.inventory import digest
from registration.candidate import Candidate, Refusal, SharedSource
from registration.errors import InputError
from registration.events import MODEL_SHARED, NotOfInterest
from registration.finding import Finding
from registration.lineage import Lineage
from registration.registry import STATUS_TAG
from registration.shared_evidence import DECISION_PROPERTY, EVIDENCE_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registration.events import VersionShared
    from registration.policy.catalog import Feed
    from registration.shared import SharedRegistries, SharedVersion

REGISTRY: Final = "registry"  # `attested_by` of a lineage: who may write to the shared registry said it


def offers(
    event: VersionShared, feeds: Sequence[Feed], *, registries: SharedRegistries, workspace: str
) -> list[Candidate | Refusal] | NotOfInterest:
    """What a version that was shared offers to the models that it feeds, or why it is none of our business.

    `workspace` is the ARM id of the workspace that has these models, in lower case.
    Raises `UnavailableError` when the registry does not answer.
    """
    if not feeds:
        return NotOfInterest(event.id, MODEL_SHARED, f"no policy takes {event.model} from registry {event.registry}")
    listed = registries.versions(event.registry.lower(), event.model)
    found = next((one for one in listed if one.version == event.version), None)
    if found is None:
        place = f"registry {event.registry} has no {event.model}:{event.version}"
        return NotOfInterest(event.id, MODEL_SHARED, f"{place} any more, or it is archived")
    before = _promoted_by(found)
    fed = [feed for feed in feeds if f"{workspace}/models/{feed.model.name}".lower() not in before]
    if not fed:
        return NotOfInterest(event.id, MODEL_SHARED, f"{found.id} was promoted here before it was shared there")
    return [_offer(found, feed, event=event.id, registries=registries) for feed in fed]


def _promoted_by(found: SharedVersion) -> tuple[str, ...]:
    """The models that promoted and shared it so far, the one that it comes from last."""
    said = Lineage.of_properties(found.properties).shared_by
    last = shared_evidence.sharer_in(found.properties)
    return (*said, last) if last else said


def _offer(found: SharedVersion, feed: Feed, *, event: str, registries: SharedRegistries) -> Candidate | Refusal:
    source = SharedSource(found.registry, found.model, found.version)
    told = digest([found.properties.get(DECISION_PROPERTY), found.properties.get(EVIDENCE_PROPERTY), found.uri])
    try:
        known = baselines.evidence_of(found)
    except InputError as why:
        finding = Finding("shared.evidence", "", str(why), action="share the version again from its own environment")
        return Refusal(source, feed.model.name, told, (finding,), event)
    said = Lineage.of_properties(found.properties)
    return Candidate(
        source=source,
        model=feed.model,
        policy=feed.policy,
        location=registries.place(found),
        lineage=replace(
            said,
            shared_version=found.id,
            shared_by=_promoted_by(found),
            source_event=event,
            attested_by=REGISTRY,
            claimed=(),
        ),
        event=event,
        listing_etag=told,
        metrics=known.metrics,
        tags={name: value for name, value in found.tags.items() if name != STATUS_TAG},
        stated=replace(known, metrics={}, artifact_sha256=None, version=None),
        shadows=feed.shadows,
        expects=known.artifact_sha256,
    )
