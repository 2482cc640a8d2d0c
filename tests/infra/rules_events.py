"""Rules about event subscriptions: what is heard, where it goes, and what becomes of what cannot be delivered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from registration import events, manifest, names
from tests.infra import project as facts
from tests.infra.bicep import Code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.bicep import Template
    from tests.infra.project import Project

SUBSCRIPTION = "Microsoft.EventGrid/systemTopics/eventSubscriptions"
MOST_ATTEMPTS, MOST_MINUTES = 30, 1440  # what Event Grid allows
HEARS = {**dict.fromkeys(facts.JOB_TYPES, "on_job_event"), **dict.fromkeys(facts.DROP_TYPES, "on_drop_event")}


def subscriptions_keep_dead_letters(project: Project) -> Iterator[str]:
    """What cannot be delivered is written to the dead-letter container, by the identity of the topic."""
    wanted = {
        "identity": {"type": "SystemAssigned"},
        "deadLetterDestination": {
            "endpointType": "StorageBlob",
            "properties": {"resourceId": "ledgerId", "blobContainerName": names.DEAD_LETTERS},
        },
    }
    for place, said in _subscriptions(project):
        if said.get("deadLetterWithResourceIdentity") != wanted:
            yield f"{place}: no dead letters in {names.DEAD_LETTERS} by the identity of the topic"
        if "deadLetterDestination" in said:
            yield f"{place}: dead letters without an identity"


def subscriptions_retry_within_bounds(project: Project) -> Iterator[str]:
    """Delivery is tried as long as Event Grid does at most, and ends then."""
    wanted = {"maxDeliveryAttempts": MOST_ATTEMPTS, "eventTimeToLiveInMinutes": MOST_MINUTES}
    for place, said in _subscriptions(project):
        if said.get("retryPolicy") != wanted:
            yield f"{place}: retryPolicy is {said.get('retryPolicy')}, not {wanted}"


def subscriptions_go_to_a_function_or_the_queue(project: Project) -> Iterator[str]:
    """One parameter decides: an Azure function, one event at a time, or the work queue by the topic's identity."""
    for template, one in project.made(SUBSCRIPTION):
        place, said = f"{template.name}:{one.line}", one.body["properties"]
        ways = (said.get("destination"), said.get("deliveryWithResourceIdentity"))
        if ways != ("delivery == 'function' ? toFunction : null", "delivery == 'queue' ? toQueue : null"):
            yield f"{place}: goes to {ways}, not where the parameter says"
        for function in {HEARS.get(kind, "nothing") for kind in _types(said)}:
            yield from (f"{place}: {fault}" for fault in _wrong_ways(template, function))


def _wrong_ways(template: Template, name: str) -> Iterator[str]:
    function, queue = (template.all("variable")[way].body for way in ("toFunction", "toQueue"))
    wanted = f"'${{appId}}/functions/{name}'"
    if function["endpointType"] != "AzureFunction" or function["properties"]["resourceId"] != wanted:
        yield f"the function is {function['properties']['resourceId']}, not {wanted}"
    if function["properties"].get("maxEventsPerBatch") != 1:
        yield "a batch fails as a whole, so it has to be of one event"
    destination = queue["destination"]
    if queue["identity"] != {"type": "SystemAssigned"} or destination["endpointType"] != "StorageQueue":
        yield "the queue is not reached by the identity of the topic"
    if destination["properties"]["queueName"] != names.WORK_QUEUE:
        yield f"the queue is {destination['properties']['queueName']}, not {names.WORK_QUEUE}"
    if not destination["properties"].get("queueMessageTimeToLiveInSeconds", 0) > MOST_MINUTES * 60:
        yield "a message does not outlive a day in the queue"


def functions_that_hear_exist(project: Project) -> Iterator[str]:
    """The functions that subscriptions name are the Event Grid functions of the app, all of them."""
    text = "".join(template.text for template in project.templates.values())
    named = set(re.findall(r"/functions/(\w+)'", text))
    there = facts.functions_with("eventGridTrigger")
    yield from (f"a subscription names {name}, which is no Event Grid function" for name in named - there)
    yield from (f"no subscription names the function {name}" for name in there - named)
    waited = set(re.findall(r'"(on_\w+)"', project.text("tools/subscribe.py")))
    if waited != there:
        yield f"tools/subscribe.py waits for {sorted(waited)}, not for {sorted(there)}"


def subscriptions_hear_what_the_doors_take(project: Project) -> Iterator[str]:
    """Each event type that a door takes is subscribed to, and no other: ModelRegistered would be our own echo."""
    heard = [_types(said) for _, said in _subscriptions(project)]
    found = frozenset().union(*heard) if heard else frozenset()
    if found != facts.JOB_TYPES | facts.DROP_TYPES or frozenset() in heard:
        yield f"subscriptions hear {sorted(found)}, not {sorted(facts.JOB_TYPES | facts.DROP_TYPES)}"


def filters_drop_nothing_by_accident(project: Project) -> Iterator[str]:
    """A filter on the status stands alone with the type that has one: what lacks the key is dropped."""
    for place, said in _subscriptions(project):
        keys = {str(one["key"]): one for one in said["filter"].get("advancedFilters", [])}
        types = _types(said)
        wanted: dict[str, list[str]] = {}
        if types == {events.RUN_STATUS_CHANGED}:
            wanted = {"data.runStatus": ["Completed"]}
        elif types == facts.DROP_TYPES:
            wanted = {"data.api": list(events.COMMITS)}
        if {key: one.get("values") for key, one in keys.items()} != wanted:
            yield f"{place}: filters by {sorted(keys)}, and events that it should hear are dropped or others heard"


def prefixes_end_with_a_slash(project: Project) -> Iterator[str]:
    """A subject that begins with `drops/a` would let in `drops/ab` too, so every prefix ends with a slash."""
    for place, said in _subscriptions(project):
        begins = said["filter"].get("subjectBeginsWith")
        if begins is None and _types(said) == facts.DROP_TYPES:
            yield f"{place}: no prefix, so every container of the account is heard"
        if begins is not None and begins != _PREFIX:
            yield f"{place}: begins with {begins}, not {_PREFIX}"
    text = project.templates["events.bicep"].text
    folders = re.findall(r"^\s*folder: (.+)$", text, re.MULTILINE) + re.findall(r"\bfolder: ('[^']*')", text)
    for folder in folders:
        if not re.fullmatch(r"empty\(place\.folder\) \? '' : '\$\{place\.folder\}/'|'(|[^']+/)'", folder.strip()):
            yield f"events.bicep: the folder {folder} does not end with a slash"


def own_writes_are_not_heard(project: Project) -> Iterator[str]:
    """Receipts and signatures do not end as a manifest does, and copies do not lie where outputs do."""
    text = project.templates["events.bicep"].text
    outputs = re.findall(r"container: blobstore, folder: '([^']+)'", text)
    if outputs != ["azureml/"] or manifest.is_own_write(f"{outputs[0]}job/model/file"):
        yield f"events.bicep: outputs are heard in {outputs}, not in azureml/ alone"
    suffix = f"'/{manifest.MANIFEST_NAME}'"
    if f"suffix: place.?suffix ?? {suffix}" not in text:
        yield f"events.bicep: without a suffix, not {suffix} alone is heard"


_PREFIX = "'/blobServices/default/containers/${place.container}/blobs/${place.folder}'"


def _subscriptions(project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    for template, one in project.made(SUBSCRIPTION):
        yield f"{template.name}:{one.line} {one.name}", one.body["properties"]


def _types(said: dict[str, Any]) -> frozenset[str]:
    found = said.get("filter", {}).get("includedEventTypes", [])
    return frozenset(map(str, found)) if not isinstance(found, Code) else frozenset()


def subscriptions_can_be_told_apart(project: Project) -> Iterator[str]:
    """The names hold the token of the installation: two installations hear one workspace."""
    for template, one in project.made(SUBSCRIPTION):
        if "${token}" not in str(one.body["name"]):
            yield f"{template.name}:{one.line}: {one.name} would replace the subscription of another installation"
