"""Delivery: whether a topic's identity may write where its subscriptions lead: dead letters, and the work queue.

Nobody can sign in as a topic, so these roles are read off the assignments instead of tried. Not promised: that a role
of other people's making, which may be enough, is known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from registration.access import BLOB_OWNER, QUEUE_CONTRIBUTOR
from registration.doctor import remedy
from registration.doctor.check import failed, ok, skipped
from registration.doctor.identity import Identity
from registration.doctor.patient import ARM, grant
from registration.doctor.probe import LATER
from registration.doctor.remedy import Need
from registration.doctor.wire import Ask

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from registration.access import Grant
    from registration.doctor.check import Check
    from registration.doctor.patient import Patient
    from registration.doctor.subscription import Subscription

API: Final = "2022-04-01"
_OK: Final = 200
_STRONGER: Final = {"deadLetters": BLOB_OWNER, "topicQueue": QUEUE_CONTRIBUTOR}  # that a place may have instead


@dataclass(frozen=True)
class Place:
    """Where events are written with the topic's identity: a container or a queue by its resource id."""

    id: str
    grant: Grant

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.id.rpartition("/")[2]

    @property
    def roles(self) -> frozenset[str | None]:
        """The ids of roles that are enough."""
        return frozenset({self.grant.role.id, _STRONGER[self.grant.name].id})


def checks(patient: Patient, name: str, topic: Mapping[str, Any], heard: Iterable[Subscription]) -> Iterator[Check]:
    """A check for each place; `name` is what they begin with."""
    principal = (topic.get("identity") or {}).get("principalId")
    for place in sorted({place for one in heard for place in places(one)}, key=lambda place: place.id):
        if principal is None:
            said = f"system topic {topic['name']} has no identity of its own, and is to write to {place.name} with it"
            yield failed(f"{name}.{place.name}", said, then="Deploy the template, which gives it one.")
        else:
            yield _may_write(patient, f"{name}.{place.name}", place, str(principal), str(topic["name"]))


def places(one: Subscription) -> Iterator[Place]:
    """Where a subscription writes with the topic's identity."""
    letters = (one.said.get("deadLetterWithResourceIdentity") or {}).get("deadLetterDestination") or {}
    said = letters.get("properties") or {}
    if said:
        container = f"blobServices/default/containers/{said['blobContainerName']}"
        yield Place(f"{said['resourceId']}/{container}", grant("deadLetters"))
    delivery = (one.said.get("deliveryWithResourceIdentity") or {}).get("destination") or {}
    said = delivery.get("properties") or {}
    if delivery.get("endpointType") == "StorageQueue":
        yield Place(f"{said['resourceId']}/queueServices/default/queues/{said['queueName']}", grant("topicQueue"))


def _may_write(patient: Patient, name: str, place: Place, principal: str, topic: str) -> Check:
    only = quote(f"assignedTo('{principal}')")
    url = f"{ARM}{place.id}/providers/Microsoft.Authorization/roleAssignments?api-version={API}&$filter={only}"
    answer = patient.wire.ask(Ask("GET", url))
    if answer.status != _OK:
        said = f"role assignments cannot be looked at: {answer.status or 'no answer'} {answer.code or answer.said}"
        then = "Run the doctor as somebody with Reader on the ledger's account." if answer.refuses else LATER
        return skipped(name, said.rstrip(), then=then)
    found, _ = patient.rest_of(answer)
    given = {str(one["properties"]["roleDefinitionId"]).rpartition("/")[2] for one in found}
    if given & place.roles:
        return ok(name, f"system topic {topic} may write to {place.name}")
    need = Need(place.grant, remedy.resource(place.id))
    who = Identity(principal, patient.identity.tenant, topic, is_person=False)
    then = f"Give it {need}. {remedy.MINUTES}"
    said = f"system topic {topic} may not write to {place.name}, so events are lost"
    return failed(name, said, then=then, commands=[remedy.grant(need, who)])
