"""Offers: what candidates and refusals have in common, and which of them share their fate."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.candidate import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from registration.artifacts.inventory import Artifact
    from registration.record import Case
    from registration.sources.resolve import Offer
    from registration.work import Claim


@dataclass(frozen=True)
class Opened:
    """A claimed offer; `case` is None if it is settled or was refused."""

    offer: Offer
    claim: Claim
    case: Case | None = None


def by_group(offers: Iterable[Offer]) -> list[list[Offer]]:
    """The offers that share their fate together, in the order of the first of each group.

    A group has one offer for each of its models: a second one for the same model begins another group.
    """
    groups: dict[object, list[Offer]] = {}
    seen: Counter[object] = Counter()
    for place, offer in enumerate(offers):
        seen[offer.group, model_of(offer)] += 1
        nth = seen[offer.group, model_of(offer)]
        groups.setdefault(place if offer.group is None else (offer.group, nth), []).append(offer)
    return list(groups.values())


def model_of(offer: Offer) -> str | None:
    """The model it is offered for; None for a refusal that may name none."""
    return offer.model if isinstance(offer, Refusal) else offer.model.name


def fingerprint_of(offer: Offer, artifact: Artifact) -> str:
    """What tells its listing from every other."""
    if isinstance(offer, Refusal):
        return offer.fingerprint
    return offer.fingerprint(artifact)


def subject_of(offer: Offer) -> Mapping[str, object]:
    """Who offered what, for people who read the work record."""
    return {"source": list(offer.source.identity), "model": model_of(offer), "event": offer.event}
