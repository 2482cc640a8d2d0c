"""A reoffer: the candidate of an earlier piece of work, found at its source again under the policies of now.

It is the same offer only if source, model and listing still make the key of that work; anything else is new work, and
comes by an event of its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from registration import events
from registration.candidate import Candidate, work_key
from registration.errors import NotVisibleYetError
from registration.events import NotOfInterest
from registration.offers import model_of
from registration.sources.jobs import PartlyOfferedError
from registration.sources.resolve import UnknownSourceError

if TYPE_CHECKING:
    from registration.registrar import Registrar
    from registration.sources.resolve import Offer
    from registration.work import Work

CHANGED = "its files were written again since it was decided: they are other work, which an event or a sweep brings"


@dataclass(frozen=True)
class Reoffer:
    """The candidate, and what else of its group comes from the same source."""

    candidate: Candidate
    fellows: tuple[Offer, ...] = ()


def reoffered(registrar: Registrar, work: Work) -> Reoffer | str:
    """What `work` decided about, as its source offers it now; or why it cannot be offered again.

    Raises `PolicyError` while a policy in force is broken, and `UnavailableError`.
    """
    try:
        found = _found(registrar, work)
        if isinstance(found, str):
            return found
        offer = found.candidate
        named = {"model": offer.model.name, "fingerprint": registrar.examination.fingerprint(offer)}
    except (NotVisibleYetError, UnknownSourceError) as gone:
        return str(gone)
    if work_key(offer.source, **named, epoch=epoch_of(work)) != work.work:
        return CHANGED
    event = str(work.subject.get("event"))
    return replace(found, candidate=replace(offer, event=event, lineage=replace(offer.lineage, source_event=event)))


def epoch_of(work: Work) -> int:
    """Which of the works about the same offer this one is; records of older versions are about the first."""
    epoch = work.subject.get("epoch", 0)
    return epoch if isinstance(epoch, int) else 0


def _found(registrar: Registrar, work: Work) -> Reoffer | str:
    source = work.subject.get("source")
    event = registrar.resolver.event_of(source)
    if event is None:
        return "no event leads back to its source"
    try:
        offered = registrar.resolver.offers(events.parse(json.loads(event.text)))
    except PartlyOfferedError as partly:
        offered = partly.ready
        if not any(_place_of(offer) == _place(work) for offer in offered):
            raise partly.failure from partly  # it may be one that comes again
    if isinstance(offered, NotOfInterest):
        return offered.reason
    for offer in offered:
        if isinstance(offer, Candidate) and _place_of(offer) == _place(work):
            return Reoffer(
                offer, tuple(other for other in offered if other is not offer and _are_fellows(other, offer))
            )
    return f"its source does not offer it to {work.subject.get('model')} any more"


def _are_fellows(one: Offer, other: Offer) -> bool:
    return one.group is not None and one.group == other.group


def _place_of(offer: Offer) -> tuple[list[str], object]:
    return list(offer.source.identity), model_of(offer)


def _place(work: Work) -> tuple[list[str], object]:
    return list(work.subject.get("source") or ()), work.subject.get("model")
