"""Event subscriptions: those of the template are sound, and each thing that loses events is named."""

from __future__ import annotations

from typing import Any

import pytest

from registration.doctor.delivery import places
from registration.doctor.subscription import Subscription, Target
from registration.policy.drop import DropMatch
from sandbox import names
from sandbox.event_grid import (
    BLOB_CONTRIBUTOR,
    DEAD_LETTERS,
    DROP_TOPIC,
    JOB_TOPIC,
    QUEUE_SENDER,
    WORK_QUEUE,
    EventGrid,
    to_queue,
)

ON_JOB = Target("on_job_event", names.WORK_QUEUE, names.STATE_ACCOUNT, names.APP_ID)
ON_DROP = Target("on_drop_event", names.WORK_QUEUE, names.STATE_ACCOUNT)
VENDOR = DropMatch(account=names.DROP_ACCOUNT, container=names.DROP_CONTAINER, prefix="vendor-a/")


def subscription(topic: str = DROP_TOPIC, name: str = "registrar-drops", **changed: Any) -> Subscription:
    """One of the template's, with members changed."""
    said = EventGrid().subscriptions[topic][name]
    return Subscription(name, {**said, **changed})


def filtered(**changed: Any) -> Subscription:
    """The template's for drops, with members of its filter changed."""
    return subscription(filter={**subscription().filter, **changed})


def completed(**changed: Any) -> Subscription:
    """The template's for completed runs, with members of its filter changed."""
    sound = subscription(JOB_TOPIC, "registrar-completed")
    return Subscription(sound.name, {**sound.said, "filter": {**sound.filter, **changed}})


def test_those_of_the_template_are_sound() -> None:
    grid = EventGrid()
    every = [Subscription(name, said) for topic in grid.subscriptions.values() for name, said in topic.items()]

    assert len(every) == 4
    assert not [fault for one in every for fault in (*one.faults(), *one.doubts(ON_JOB))]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"provisioningState": "AwaitingManualAction"}, "its provisioning state is AwaitingManualAction"),
        ({"deadLetterWithResourceIdentity": None}, "it has no dead-letter destination"),
        ({"eventDeliverySchema": "CustomInputSchema"}, "its schema CustomInputSchema cannot be read"),
    ],
)
def test_what_loses_events_is_a_fault(changed: dict[str, Any], said: str) -> None:
    [fault] = subscription(**changed).faults()

    assert fault.startswith(said)


def test_a_filter_on_the_status_drops_every_completed_run() -> None:
    only = [{"operatorType": "StringIn", "key": "data.runStatus", "values": ["Completed"]}]

    [fault] = completed(advancedFilters=only).faults()

    assert fault == "its filter on data.runStatus drops every RunCompleted, which has no such member"


def test_a_filter_that_forgets_an_operation_names_it() -> None:
    some = [{"operatorType": "StringIn", "key": "data.api", "values": ["PutBlob", "PutBlockList", "CopyBlob"]}]

    [fault] = filtered(advancedFilters=some).faults()

    assert fault == "its filter on data.api drops blobs written by FlushWithClose, SftpCommit"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"retryPolicy": {"maxDeliveryAttempts": 5, "eventTimeToLiveInMinutes": 1440}}, "it gives up after 5 attempts"),
        ({"expirationTimeUtc": "2030-01-01T00:00:00Z"}, "it ends by itself at 2030-01-01T00:00:00Z"),
    ],
)
def test_what_was_hardly_meant_is_a_doubt(changed: dict[str, Any], said: str) -> None:
    [doubt] = subscription(**changed).doubts(ON_DROP)

    assert doubt.startswith(said)


@pytest.mark.parametrize(("resource", "container"), [("other", DEAD_LETTERS), (names.STATE_ACCOUNT, "letters")])
def test_dead_letters_that_no_command_finds_are_a_doubt(resource: str, container: str) -> None:
    properties = {"resourceId": f"/subscriptions/s/storageAccounts/{resource}", "blobContainerName": container}
    elsewhere = {"deadLetterDestination": {"endpointType": "StorageBlob", "properties": properties}}

    [doubt] = subscription(JOB_TOPIC, "registrar-completed", deadLetterWithResourceIdentity=elsewhere).doubts(ON_JOB)

    assert doubt.startswith(f"its dead letters go to {container} of {resource}, where no command")


def test_a_prefix_without_a_slash_lets_its_neighbours_through() -> None:
    [doubt] = filtered(subjectBeginsWith="/blobServices/default/containers/incoming").doubts(ON_DROP)

    assert "without a slash" in doubt


def test_it_leads_to_the_function_of_this_app_and_to_no_other() -> None:
    one = subscription(JOB_TOPIC, "registrar-completed")

    assert one.leads_to(ON_JOB)
    assert not one.leads_to(ON_DROP)
    assert not one.leads_to(Target("on_job_event", names.WORK_QUEUE, names.STATE_ACCOUNT, names.APP_ID + "-2"))


def test_it_leads_to_the_queue_of_this_ledger_and_to_no_other() -> None:
    said = dict(subscription(JOB_TOPIC, "registrar-completed").said)
    to_queue(said)
    one = Subscription("queued", said)

    assert one.leads_to(ON_JOB)
    assert not one.leads_to(Target("on_job_event", names.WORK_QUEUE, "another"))


@pytest.mark.parametrize(
    ("changed", "is_heard"),
    [
        ({}, True),
        ({"subjectBeginsWith": "/blobServices/default/containers/incoming/blobs/vendor-a/"}, True),
        ({"subjectBeginsWith": "/blobServices/default/containers/incoming/blobs/vendor-b/"}, False),
        ({"subjectBeginsWith": "/blobServices/default/containers/incoming/blobs/vendor-a/new/"}, False),
        ({"subjectBeginsWith": "/BLOBSERVICES/default/containers/incoming/", "isSubjectCaseSensitive": False}, True),
        ({"subjectBeginsWith": "/BLOBSERVICES/default/containers/incoming/"}, False),
        ({"subjectEndsWith": "/_SUCCESS"}, False),
        ({"subjectEndsWith": ".json"}, True),
        ({"subjectBeginsWith": "", "subjectEndsWith": ""}, True),
    ],
)
def test_a_place_is_heard_if_the_event_of_its_manifest_passes(changed: dict[str, Any], is_heard: bool) -> None:
    assert filtered(**changed).hears(VENDOR) is is_heard


def test_single_files_are_heard_by_how_they_end() -> None:
    files = VENDOR.model_copy(update={"completeness": "single_file", "files": "*.onnx"})

    assert filtered(subjectEndsWith=".onnx").hears(files)
    assert not filtered(subjectEndsWith=".json").hears(files)


def test_the_roles_of_the_sandbox_are_those_of_the_table() -> None:
    letters, queue = places(Subscription("any", queued()))

    assert (letters.id, letters.grant.role.id) == (DEAD_LETTERS, BLOB_CONTRIBUTOR)
    assert (queue.id, queue.grant.role.id) == (WORK_QUEUE, QUEUE_SENDER)


def queued() -> dict[str, Any]:
    """What a subscription says that leads to the work queue."""
    said = dict(subscription().said)
    to_queue(said)
    return said
