"""Event Grid as the resource manager shows it: system topics and their event subscriptions, as `infra/` deploys them.

It delivers nothing: events are posted by whoever tells the story. What is here is for those who look whether a
deployment is whole, and for tests that break it: every body may be changed, `deploy` brings all of them back.
Shapes: https://learn.microsoft.com/rest/api/eventgrid/controlplane/system-topic-event-subscriptions.
"""

from __future__ import annotations

from typing import Any, Final

from sandbox import names

JOB_TOPIC: Final = "evgs-jobs"
DROP_TOPIC: Final = "evgs-drops"
OUTPUT_TOPIC: Final = "evgs-outputs"
_TOPICS: Final = f"{names.RESOURCE_GROUP_ID}/providers/Microsoft.EventGrid/systemTopics"
_LEDGER: Final = names.storage_account_id(names.STATE_ACCOUNT)
# Where the template lets topics write, and by which built-in role.
DEAD_LETTERS: Final = f"{_LEDGER}/blobServices/default/containers/registrar-dead-letters"
WORK_QUEUE: Final = f"{_LEDGER}/queueServices/default/queues/{names.WORK_QUEUE}"
BLOB_CONTRIBUTOR, QUEUE_SENDER = "ba92f5b4-2d11-453d-a403-e96b0029c9fe", "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a"
_BLOBS: Final = "/blobServices/default/containers"
_WHOLE: Final = ("PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit")


class EventGrid:
    """`topics` are bodies by name, `subscriptions` bodies by topic and name.

    `assignments` are the roles that the topics' identity has: scopes, with ids of roles.
    """

    def __init__(self) -> None:
        self.topics: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, dict[str, Any]]] = {}
        self.assignments: dict[str, str] = {}
        self.deploy()

    def deploy(self) -> None:
        """Bring everything to where the template leaves it."""
        self.topics = {
            JOB_TOPIC: _topic(JOB_TOPIC, names.WORKSPACE_ID, "Microsoft.MachineLearningServices.Workspaces"),
            DROP_TOPIC: _of_account(DROP_TOPIC, names.DROP_ACCOUNT),
            OUTPUT_TOPIC: _of_account(OUTPUT_TOPIC, names.WORKSPACE_ACCOUNT),
        }
        self.assignments = {DEAD_LETTERS: BLOB_CONTRIBUTOR, WORK_QUEUE: QUEUE_SENDER}
        drops = _blobs(f"{names.DROP_CONTAINER}/blobs/", "/model.manifest.json")
        outputs = _blobs(f"{names.BLOBSTORE_CONTAINER}/blobs/azureml/", "")
        self.subscriptions = {
            JOB_TOPIC: {
                "registrar-completed": _subscription("on_job_event", _jobs("RunCompleted")),
                "registrar-status": _subscription(
                    "on_job_event", _jobs("RunStatusChanged", [_one_of("data.runStatus", "Completed")])
                ),
            },
            DROP_TOPIC: {"registrar-drops": _subscription("on_drop_event", drops)},
            OUTPUT_TOPIC: {"registrar-outputs": _subscription("on_drop_event", outputs)},
        }

    def listed(self, topic: str) -> list[dict[str, Any]]:
        """The subscriptions of a topic as a list of resources."""
        kind = "Microsoft.EventGrid/systemTopics/eventSubscriptions"
        return [
            {"id": f"{_TOPICS}/{topic}/eventSubscriptions/{name}", "name": name, "type": kind, "properties": properties}
            for name, properties in self.subscriptions.get(topic, {}).items()
        ]


def to_queue(properties: dict[str, Any]) -> None:
    """Let a subscription lead to the work queue instead of the app."""
    queue = {"resourceId": _LEDGER, "queueName": names.WORK_QUEUE, "queueMessageTimeToLiveInSeconds": 604800}
    destination = {"endpointType": "StorageQueue", "properties": queue}
    properties["destination"] = None
    properties["deliveryWithResourceIdentity"] = {"identity": {"type": "SystemAssigned"}, "destination": destination}


def _topic(name: str, source: str, kind: str) -> dict[str, Any]:
    return {
        "id": f"{_TOPICS}/{name}",
        "name": name,
        "type": "Microsoft.EventGrid/systemTopics",
        "location": names.REGION,
        "identity": {"type": "SystemAssigned", "principalId": names.PRINCIPAL, "tenantId": names.TENANT},
        "properties": {"provisioningState": "Succeeded", "source": source, "topicType": kind},
    }


def _of_account(name: str, account: str) -> dict[str, Any]:
    return _topic(name, names.storage_account_id(account), "Microsoft.Storage.StorageAccounts")


def _subscription(function: str, wanted: dict[str, Any]) -> dict[str, Any]:
    endpoint = {"resourceId": f"{names.APP_ID}/functions/{function}", "maxEventsPerBatch": 1}
    kept = {"resourceId": _LEDGER, "blobContainerName": "registrar-dead-letters"}
    return {
        "provisioningState": "Succeeded",
        "destination": {"endpointType": "AzureFunction", "properties": endpoint},
        "deliveryWithResourceIdentity": None,
        "deadLetterDestination": None,
        "deadLetterWithResourceIdentity": {
            "identity": {"type": "SystemAssigned"},
            "deadLetterDestination": {"endpointType": "StorageBlob", "properties": kept},
        },
        "eventDeliverySchema": "EventGridSchema",
        "retryPolicy": {"maxDeliveryAttempts": 30, "eventTimeToLiveInMinutes": 1440},
        "filter": wanted,
    }


def _jobs(kind: str, filters: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "includedEventTypes": [f"Microsoft.MachineLearningServices.{kind}"],
        "subjectBeginsWith": "",
        "subjectEndsWith": "",
        "advancedFilters": filters or [],
    }


def _blobs(place: str, suffix: str) -> dict[str, Any]:
    return {
        "includedEventTypes": ["Microsoft.Storage.BlobCreated"],
        "isSubjectCaseSensitive": True,
        "subjectBeginsWith": f"{_BLOBS}/{place}",
        "subjectEndsWith": suffix,
        "advancedFilters": [_one_of("data.api", *_WHOLE)],
    }


def _one_of(key: str, *values: str) -> dict[str, Any]:
    return {"operatorType": "StringIn", "key": key, "values": list(values)}
