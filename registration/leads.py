"""A lead: the event that leads to a source, and from there to the work that is offered there now. The sweep follows it.

Nothing is judged and nothing is written. What only a worker can tell is None here, and left to a worker.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration import events, names, synthetic
from registration.candidate import DropSource, JobSource, Refusal, work_key
from registration.errors import MalformedEventError, NotVisibleYetError, TransientError
from registration.events import NotOfInterest
from registration.listing import DropPlace
from registration.offers import model_of
from registration.sources import folder
from registration.sources.resolve import UnknownSourceError
from registration.synthetic import Synthetic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.artifacts.store import Location
    from registration.candidate import Candidate
    from registration.policy.catalog import Catalog
    from registration.shared import SharedVersion
    from registration.sources.resolve import Offer, Resolver
    from registration.work import Work

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Leads:
    """`resolver` knows the policies to go by; `epoch` is that of the work that this app does."""

    resolver: Resolver
    epoch: int

    def to_job(self, job: str) -> Synthetic:
        """The event that the job completed."""
        return synthetic.run_completed(self.resolver.trusted.workspace_id, job)

    def to_blob(self, blob: Location) -> Synthetic:
        """The event that a blob was written, in an account that is heard."""
        return synthetic.blob_created(str(self.resolver.topic_of(blob.account)), blob)

    def to_shared(self, found: SharedVersion) -> Synthetic:
        """The event that a version was shared."""
        workspace = self.resolver.trusted.workspace_id
        return synthetic.model_shared(workspace, found.registry, found.model, found.version)

    def back_to(self, source: object) -> Synthetic | None:
        """The event that leads to the source of a work record; None for a record of another kind."""
        return self.resolver.event_of(source)

    def hears(self, account: str) -> bool:
        """Whether drops in a storage account of this name are heard."""
        return self.resolver.topic_of(account) is not None

    def works(self, event: Synthetic) -> Mapping[str, str | None] | None:
        """The keys of the work that an event leads to now, each with its model; None if only a worker can tell.

        Raises `TransientError` when the world does not answer.
        """
        try:
            offered = self.resolver.offers(events.parse(json.loads(event.text)))
            return (
                {} if isinstance(offered, NotOfInterest) else {self._key(offer): model_of(offer) for offer in offered}
            )
        except NotVisibleYetError:
            return None
        except (MalformedEventError, UnknownSourceError) as unusable:
            log.warning("%s can not be offered: %s", event.about, unusable)
            return {}
        except TransientError:
            raise
        except Exception as surprise:  # noqa: BLE001 - one job must not end the sweep; its worker will meet the same
            log.warning("%s could not be looked at and is left to a worker: %s", event.about, surprise)
            return None

    def _key(self, offer: Offer) -> str:
        """The key of the work that the registrar claims for `offer`."""
        fingerprint = offer.fingerprint if isinstance(offer, Refusal) else offer.listing_etag
        if not isinstance(offer, Refusal) and _is_told_by_its_listing(offer):
            fingerprint = offer.fingerprint(folder.inventory(self.resolver.store, offer))
        return work_key(offer.source, model=model_of(offer), fingerprint=fingerprint, epoch=self.epoch)


def _is_told_by_its_listing(offer: Candidate) -> bool:
    source = offer.source
    return isinstance(source, JobSource) or (isinstance(source, DropSource) and bool(source.marker))


def answer(work: Work) -> Synthetic | None:
    """The message of the request that this work is about, if that may safely come again."""
    said = work.subject.get("request")
    if not isinstance(said, dict):
        return None
    return Synthetic(str(said.get("id")), json.dumps({names.REQUEST: said}), f"request {said.get('id')}")


def places(catalog: Catalog) -> list[DropPlace]:
    """Every place that some policy expects drops in, without those that lie in another."""
    said = {
        DropPlace(match.account, match.container, match.prefix or "")
        for one in catalog.policies
        for match in one.policy.match.drops
    }
    return [one for one in said if not any(other != one and other.covers(one) for other in said)]
