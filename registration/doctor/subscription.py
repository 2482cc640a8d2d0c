"""An event subscription, held against what the app needs of it: where it leads, what it lets through, what it keeps.

Of Event Grid's answer only what is looked at is read. Reference:
https://learn.microsoft.com/rest/api/eventgrid/controlplane/system-topic-event-subscriptions/list-by-system-topic
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from registration.events import COMMITS, DROP_TYPES, RUN_COMPLETED, RUN_STATUS_CHANGED
from registration.names import DEAD_LETTERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.policy.drop import DropMatch

READABLE: Final = frozenset({None, "EventGridSchema", "CloudEventSchemaV1_0"})
ATTEMPTS, MINUTES = 30, 1440  # the most that Event Grid does
_STATUS: Final = "data.runStatus"
_API: Final = "data.api"
_BLOBS: Final = "/blobServices/default/containers"


@dataclass(frozen=True)
class Target:
    """Where subscriptions have to lead: a function of the app, or the work queue. `app` is None if it is not known."""

    function: str
    queue: str
    account: str
    app: str | None = None


@dataclass(frozen=True)
class Subscription:
    """One event subscription as Event Grid answers it."""

    name: str
    said: Mapping[str, Any]

    @property
    def destination(self) -> Mapping[str, Any]:
        """Where it leads, with or without an identity."""
        with_identity = self.said.get("deliveryWithResourceIdentity") or {}
        return self.said.get("destination") or with_identity.get("destination") or {}

    @property
    def app(self) -> str | None:
        """The Function app that it leads to."""
        id_ = str(_of(self.destination).get("resourceId", ""))
        return id_.rpartition("/functions/")[0] or None

    @property
    def filter(self) -> Mapping[str, Any]:
        """What it lets through."""
        return self.said.get("filter") or {}

    def leads_to(self, target: Target) -> bool:
        """Whether it reaches the app."""
        id_, queue = str(_of(self.destination).get("resourceId", "")).lower(), _of(self.destination).get("queueName")
        match self.destination.get("endpointType"):
            case "AzureFunction":
                app, _, function = id_.rpartition("/functions/")
                return function == target.function.lower() and (target.app is None or app == target.app.lower())
            case "StorageQueue":
                return queue == target.queue and id_.endswith(f"/storageaccounts/{target.account.lower()}")
            case _:
                return False

    def lets_through(self, kind: str) -> bool:
        """Whether events of a type may pass, as far as their type goes."""
        return kind in (self.filter.get("includedEventTypes") or (kind,))

    def hears(self, place: DropMatch) -> bool:
        """Whether it lets the event through that completes a drop in `place`."""
        begin, end = str(self.filter.get("subjectBeginsWith") or ""), str(self.filter.get("subjectEndsWith") or "")
        subject = f"{_BLOBS}/{place.container}/blobs/{place.prefix or ''}"
        last = f"/{place.sign}" if place.sign else str(place.files)
        if not self.filter.get("isSubjectCaseSensitive"):
            begin, end, subject, last = begin.lower(), end.lower(), subject.lower(), last.lower()
        return subject.startswith(begin) and last.endswith(end)

    def faults(self) -> Iterator[str]:
        """What is wrong with it: events are lost, or come in a form that cannot be read."""
        state = self.said.get("provisioningState")
        if state != "Succeeded":
            yield f"its provisioning state is {state}"
        if not self.said.get("deadLetterDestination") and not self.said.get("deadLetterWithResourceIdentity"):
            yield "it has no dead-letter destination, so what cannot be delivered is dropped"
        if self.said.get("eventDeliverySchema") not in READABLE:
            yield f"its schema {self.said['eventDeliverySchema']} cannot be read"
        yield from self._deaf_to_jobs()
        yield from self._deaf_to_blobs()

    def _deaf_to_jobs(self) -> Iterator[str]:
        statuses = self._values(_STATUS)
        if statuses is None:
            return
        if self.lets_through(RUN_COMPLETED):
            yield f"its filter on {_STATUS} drops every RunCompleted, which has no such member"
        if self.lets_through(RUN_STATUS_CHANGED) and "Completed" not in statuses:
            yield f"its filter on {_STATUS} lets no job through that completed"

    def _deaf_to_blobs(self) -> Iterator[str]:
        operations = self._values(_API)
        lost = set(COMMITS) - operations if operations is not None else set()
        if lost and any(map(self.lets_through, DROP_TYPES)):
            yield f"its filter on {_API} drops blobs written by {', '.join(sorted(lost))}"

    def doubts(self, target: Target) -> Iterator[str]:
        """What works, and hardly was meant."""
        yield from self._unread(target)
        retry = self.said.get("retryPolicy") or {}
        attempts, minutes = retry.get("maxDeliveryAttempts", ATTEMPTS), retry.get("eventTimeToLiveInMinutes", MINUTES)
        if attempts < ATTEMPTS or minutes < MINUTES:
            yield f"it gives up after {attempts} attempts or {minutes} minutes, not {ATTEMPTS} and {MINUTES}"
        if self.said.get("expirationTimeUtc"):
            yield f"it ends by itself at {self.said['expirationTimeUtc']}"
        begin = str(self.filter.get("subjectBeginsWith") or "")
        if begin.startswith(_BLOBS) and not begin.endswith("/"):
            yield f"subjects that go on behind {begin} without a slash pass too"

    def _unread(self, target: Target) -> Iterator[str]:
        with_identity = self.said.get("deadLetterWithResourceIdentity") or {}
        letters = _of(self.said.get("deadLetterDestination") or with_identity.get("deadLetterDestination") or {})
        account, container = str(letters.get("resourceId")).rpartition("/")[2], letters.get("blobContainerName")
        is_ours = target.app is not None or self.destination.get("endpointType") == "StorageQueue"
        if letters and is_ours and (account.lower(), container) != (target.account.lower(), DEAD_LETTERS):
            yield f"its dead letters go to {container} of {account}, where no command of registrar looks for them"

    def _values(self, key: str) -> frozenset[str] | None:
        """The values that an advanced filter lets through; None if there is none for that member."""
        for one in self.filter.get("advancedFilters") or ():
            if one.get("key") == key and one.get("operatorType") == "StringIn":
                return frozenset(one.get("values") or ())
        return None


def _of(destination: Mapping[str, Any]) -> Mapping[str, Any]:
    return destination.get("properties") or {}
