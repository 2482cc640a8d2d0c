"""Topics: whether each source of events has its system topic, and that its subscriptions lead here with all it takes.

Event Grid is asked through the resource manager, which takes Reader on what is looked at. The app has no such role: it
hears events and cannot see why. This part is for the people who deploy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from registration.doctor import delivery
from registration.doctor.check import failed, ok, skipped, warning
from registration.doctor.patient import ARM
from registration.doctor.probe import FORBIDDEN, LATER
from registration.doctor.storage import account_of
from registration.doctor.subscription import Subscription, Target
from registration.doctor.wire import Ask
from registration.events import DROP_TYPES, JOB_TYPES
from registration.names import WORK_QUEUE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registration.doctor.check import Check
    from registration.doctor.patient import Patient
    from registration.doctor.wire import Answer

API: Final = "2025-02-15"
ON_JOB, ON_DROP = "on_job_event", "on_drop_event"
_OK: Final = 200
_DEPLOY: Final = "Deploy the event subscriptions again."
_SUBSCRIBE: Final = "azd hooks run postdeploy"
_TYPES: Final = {
    ON_JOB: "Microsoft.MachineLearningServices.Workspaces",
    ON_DROP: "Microsoft.Storage.StorageAccounts",
}


@dataclass(frozen=True)
class Source:
    """What raises events: the workspace or a drop account, by its resource id."""

    id: str
    function: str

    @property
    def name(self) -> str:
        """What its checks are named by."""
        return f"events.{self.id.rpartition('/')[2]}"

    @property
    def kinds(self) -> frozenset[str]:
        """The types of events that have to be heard."""
        return JOB_TYPES if self.function == ON_JOB else DROP_TYPES


@dataclass(frozen=True)
class Heard:
    """A source with its topic and the subscriptions that lead to the app."""

    source: Source
    topic: str
    subscriptions: tuple[Subscription, ...]


def sources(patient: Patient) -> tuple[Source, ...]:
    """Every source that the settings name."""
    drops = (Source(account, ON_DROP) for account in dict.fromkeys(patient.settings.drop_accounts))
    return (Source(patient.settings.workspace, ON_JOB), *drops)


def checks(patient: Patient, source: Source) -> Iterator[Check]:
    """Every check about one source."""
    topics, answer = _listed(patient, f"/subscriptions/{source.id.split('/')[2]}", "systemTopics")
    if answer.status == FORBIDDEN:
        # Who may not read the subscription may still read the group: a topic usually lies where its source does.
        topics, answer = _listed(patient, source.id.partition("/providers/")[0], "systemTopics")
    if answer.status != _OK:
        yield _unseen(source, answer)
        return
    mine = [topic for topic in topics if str(topic["properties"].get("source")).lower() == source.id.lower()]
    if not mine:
        yield _no_topic(source)
        return
    yield from _topic(patient, source, mine[0])


def _topic(patient: Patient, source: Source, topic: Any) -> Iterator[Check]:
    name, state = f"{source.name}.topic", topic["properties"].get("provisioningState")
    if state == "Succeeded":
        yield ok(name, f"system topic {topic['name']} is provisioned")
    else:
        then = "Wait, or look at the topic in the portal."
        yield failed(name, f"system topic {topic['name']} is not provisioned: {state}", then=then)
    found, answer = _listed(patient, topic["id"], "eventSubscriptions", inside=True)
    if answer.status != _OK:
        yield _unseen(source, answer)
        return
    target = _target(patient, source)
    every = (Subscription(one["name"], one.get("properties") or {}) for one in found)
    heard = Heard(source, topic["id"], tuple(one for one in every if one.leads_to(target)))
    yield from _judged(patient, heard)
    yield from delivery.checks(patient, source.name, topic, heard.subscriptions)


def _judged(patient: Patient, heard: Heard) -> Iterator[Check]:
    if not heard.subscriptions:
        said = "no event subscription leads to this app"
        yield failed(
            f"{heard.source.name}.subscriptions", said, then=_DEPLOY, commands=[_SUBSCRIBE, _list(heard.topic)]
        )
        return
    for one in heard.subscriptions:
        yield _subscription(heard, one, _target(patient, heard.source))
    for kind in sorted(heard.source.kinds):
        if not any(one.lets_through(kind) for one in heard.subscriptions):
            said = f"no subscription lets {kind} through"
            yield failed(f"{heard.source.name}.types", said, then=_DEPLOY, commands=[_SUBSCRIBE, _list(heard.topic)])
    yield from _places(patient, heard)


def _subscription(heard: Heard, one: Subscription, target: Target) -> Check:
    name, show = (
        f"{heard.source.name}.{one.name}",
        f"az resource show --ids {heard.topic}/eventSubscriptions/{one.name}",
    )
    faults, doubts = list(one.faults()), list(one.doubts(target))
    if faults:
        return failed(name, "; ".join([*faults, *doubts]), then=_DEPLOY, commands=[_SUBSCRIBE, show])
    if doubts:
        return warning(
            name,
            "; ".join(doubts),
            then="Deploy the event subscriptions again if nobody meant that.",
            commands=[_SUBSCRIBE, show],
        )
    return ok(name, "provisioned, with dead-letter destination and the longest retry")


def _places(patient: Patient, heard: Heard) -> Iterator[Check]:
    """Whether each place that a policy expects drops in is heard."""
    account = heard.source.id.rpartition("/")[2]
    for place in patient.drops:
        if heard.source.function == ON_DROP and place.account == account:
            where = f"{place.container}/{place.prefix or ''}{place.sign or place.files}"
            name = f"{heard.source.name}.{where}"
            if any(one.hears(place) for one in heard.subscriptions):
                yield ok(name, f"{where} is heard")
            else:
                then = "Add the place to dropAccounts, folder and suffix too, and deploy again; or correct the policy."
                yield failed(name, f"a policy expects {where}, and no subscription hears it", then=then)


def _listed(patient: Patient, scope: str, kind: str, *, inside: bool = False) -> tuple[Sequence[Any], Answer]:
    path = kind if inside else f"providers/Microsoft.EventGrid/{kind}"
    first = patient.wire.ask(Ask("GET", f"{ARM}{scope}/{path}?api-version={API}"))
    return patient.rest_of(first) if first.status == _OK else ((), first)


def _target(patient: Patient, source: Source) -> Target:
    return Target(source.function, WORK_QUEUE, account_of(patient.settings.queue_endpoint), patient.app)


def _unseen(source: Source, answer: Answer) -> Check:
    said = f"Event Grid cannot be looked at: {answer.status or 'no answer'} {answer.code or answer.said}".rstrip()
    then = "Run the doctor as somebody with Reader on the resource group of the topic." if answer.refuses else LATER
    return skipped(f"{source.name}.topic", said, then=then)


def _no_topic(source: Source) -> Check:
    group = source.id.split("/")[4]
    make = (
        f"az eventgrid system-topic create --name evgs-{source.id.rpartition('/')[2]} --resource-group {group}"
        f" --source {source.id} --topic-type {_TYPES[source.function]} --identity systemassigned --location LOCATION"
    )
    said = "no system topic has it as its source, so it raises no events"
    then = "Deploy the template, or make the topic in the region of its source."
    return failed(f"{source.name}.topic", said, then=then, commands=["azd provision", make])


def _list(topic: str) -> str:
    group, name = topic.split("/")[4], topic.rpartition("/")[2]
    return f"az eventgrid system-topic event-subscription list --resource-group {group} --system-topic-name {name}"
