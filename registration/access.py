"""Access: what the app, Event Grid and people may do in Azure, and why. Every role assignment of the template is here.

The template gives exactly these grants, `registrar doctor` looks for them, and docs/infrastructure.md lists them; tests
hold all of these together. A `Grant` is named as in infra/modules/roles.bicep.

Ids of built-in roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles. Actions of Azure ML:
https://learn.microsoft.com/azure/role-based-access-control/permissions/ai-machine-learning.

Not promised: that Azure asks for exactly these actions. Which action a call needs is documented for the resource
manager; for the addresses that the workspace's discovery names it is inferred, see docs/verified.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_ML: Final = "Microsoft.MachineLearningServices/workspaces"
_SHARED: Final = "Microsoft.MachineLearningServices/registries"
_BLOBS: Final = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


class Who(StrEnum):
    """Who is given a role."""

    APP = "app"  # the app's identity
    TOPICS = "topics"  # the identity of each system topic
    DEPLOYERS = "deployers"  # who publishes policies
    OPERATORS = "operators"  # who answers, replays and reads records


class Where(StrEnum):
    """On what a role is given; the smallest thing that holds what is needed."""

    HOST = "the host's storage account"
    LEDGER = "the ledger's storage account"
    SHELVES = "the ledger's three containers"
    POLICIES = "the policy container"
    DEAD_LETTERS = "the dead-letter container"
    WORK = "the work queue"
    POISON = "the poison queue"
    INSIGHTS = "Application Insights"
    OUTCOMES = "the outcome topic"
    WORKSPACE = "the workspace"
    REGISTRIES = "each shared registry"
    OUTPUTS = "each container that jobs write outputs to"
    COPIES = "the default datastore's container"
    DROPS = "each drop container"


@dataclass(frozen=True)
class Role:
    """A role by its name; `id` is None for one that the template defines, whose actions are then listed here."""

    name: str
    id: str | None = None
    actions: frozenset[str] = frozenset()
    data_actions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Grant:
    """One role for `who` on `where`. With `only`, it counts for blobs of such a path alone."""

    name: str
    who: Who
    role: Role
    where: Where
    why: str
    only: str | None = None
    optional: bool = False


@dataclass(frozen=True)
class Call:
    """A request to Azure ML by its method and path, a regular expression, and the action that it needs.

    The path is that below the workspace or the registry.

    `service` is `arm`, or the first folder of a path at the address that the workspace's discovery names.
    """

    service: str
    method: str
    path: str
    action: str


# The calls that the code makes. A functional test records those of a whole run and finds each of them here.
CALLS: Final = (
    Call("arm", "GET", "", f"{_ML}/read"),
    Call("arm", "GET", r"/datastores(/[^/]+)?", f"{_ML}/datastores/read"),
    Call("arm", "GET", r"/jobs(/[^/]+)?", f"{_ML}/jobs/read"),
    Call("arm", "GET", r"/models/[^/]+", f"{_ML}/models/read"),
    Call("arm", "GET", r"/models/[^/]+/versions(/[^/]+)?", f"{_ML}/models/versions/read"),
    Call("arm", "PUT", r"/models/[^/]+/versions/[^/]+", f"{_ML}/models/versions/write"),
    Call("arm", "GET", r"/onlineEndpoints", f"{_ML}/onlineEndpoints/read"),
    Call("arm", "GET", r"/onlineEndpoints/[^/]+/deployments", f"{_ML}/onlineEndpoints/deployments/read"),
    Call("arm", "GET", r"/batchEndpoints", f"{_ML}/batchEndpoints/read"),
    Call("arm", "GET", r"/batchEndpoints/[^/]+/deployments", f"{_ML}/batchEndpoints/deployments/read"),
    Call("history", "POST", r"/rundata", f"{_ML}/experiments/runs/read"),
    Call("history", "GET", r"/runs/[^/]+/children", f"{_ML}/experiments/runs/read"),
    Call("mlflow", "GET", r"/api/2\.0/mlflow/runs/get", f"{_ML}/experiments/runs/read"),
    Call("mlflow", "GET", r"/api/2\.0/mlflow/metrics/get-history", f"{_ML}/experiments/runs/read"),
    Call("modelregistry", "POST", r"/models/batchGetResolvedUris", f"{_ML}/models/versions/read"),
    Call("data", "POST", r"/dataversion/batchGetResolvedUris", f"{_ML}/data/versions/read"),
)

# The same for registries that promoted versions are shared to.
SHARED_CALLS: Final = (
    Call("registrymanagement", "GET", r"/discovery", f"{_SHARED}/read"),
    Call("mferp", "GET", r"/models/[^/]+", f"{_SHARED}/assets/read"),
    Call("mferp", "GET", r"/models/[^/]+/versions(/[^/]+)?", f"{_SHARED}/assets/read"),
    Call("mferp", "PUT", r"/models/[^/]+/versions/[^/]+", f"{_SHARED}/assets/write"),
    Call("mferp", "POST", r"/import", f"{_SHARED}/assets/write"),
    Call("mferp", "POST", r"/datarefs/[^/]+/versions/[^/]+", f"{_SHARED}/assets/read"),
    Call("assetstore", "GET", r"/operations/[^/]+", f"{_SHARED}/assets/read"),
)

BLOB_OWNER: Final = Role("Storage Blob Data Owner", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b")
BLOB_CONTRIBUTOR: Final = Role("Storage Blob Data Contributor", "ba92f5b4-2d11-453d-a403-e96b0029c9fe")
BLOB_READER: Final = Role("Storage Blob Data Reader", "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1")
QUEUE_CONTRIBUTOR: Final = Role("Storage Queue Data Contributor", "974c5e8b-45b9-4653-ba55-5f855dd0fb88")
QUEUE_SENDER: Final = Role("Storage Queue Data Message Sender", "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a")
TABLE_CONTRIBUTOR: Final = Role("Storage Table Data Contributor", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3")
METRICS_PUBLISHER: Final = Role("Monitoring Metrics Publisher", "3913510d-42f4-4e42-8a64-420c390055eb")
EVENT_SENDER: Final = Role("EventGrid Data Sender", "d5a91429-5739-47e2-a06b-3470a27159e7")
WORKSPACE: Final = Role("Registrar workspace", actions=frozenset(call.action for call in CALLS))
SHARED: Final = Role("Registrar shared registry", actions=frozenset(call.action for call in SHARED_CALLS))
WRITER: Final = Role("Registrar blob writer", data_actions=frozenset({f"{_BLOBS}/write", f"{_BLOBS}/add/action"}))

GRANTS: Final = (
    Grant(
        "hostBlobs", Who.APP, BLOB_OWNER, Where.HOST, "the Functions host keeps its locks and the app's package there"
    ),
    Grant("hostQueues", Who.APP, QUEUE_CONTRIBUTOR, Where.HOST, "the Functions host makes queues of its own there"),
    Grant("hostTables", Who.APP, TABLE_CONTRIBUTOR, Where.HOST, "the Functions host keeps diagnostic events there"),
    Grant("telemetry", Who.APP, METRICS_PUBLISHER, Where.INSIGHTS, "traces, metrics and logs are sent"),
    Grant("ledgerReads", Who.APP, BLOB_READER, Where.SHELVES, "the ledger is read and listed"),
    Grant("ledgerWrites", Who.APP, WRITER, Where.SHELVES, "the ledger is written; nothing in it is ever deleted"),
    Grant("policyReads", Who.APP, BLOB_READER, Where.POLICIES, "published policies are read for each event"),
    Grant("policyWrites", Who.DEPLOYERS, BLOB_CONTRIBUTOR, Where.POLICIES, "policies are published and removed"),
    Grant("work", Who.APP, QUEUE_CONTRIBUTOR, Where.WORK, "events are put on the queue and taken off it"),
    Grant(
        "poison", Who.APP, QUEUE_CONTRIBUTOR, Where.POISON, "what every delivery failed on is put there and taken off"
    ),
    Grant(
        "topicQueue", Who.TOPICS, QUEUE_SENDER, Where.WORK, "Event Grid puts events on the queue itself", optional=True
    ),
    Grant(
        "deadLetters", Who.TOPICS, BLOB_CONTRIBUTOR, Where.DEAD_LETTERS, "Event Grid keeps what it could not deliver"
    ),
    Grant("outcomeEvents", Who.APP, EVENT_SENDER, Where.OUTCOMES, "outcome events are sent", optional=True),
    Grant(
        "registry",
        Who.APP,
        WORKSPACE,
        Where.WORKSPACE,
        "jobs, metrics, datastores and endpoints are read, versions written",
    ),
    Grant("shared", Who.APP, SHARED, Where.REGISTRIES, "promoted versions are shared", optional=True),
    Grant("outputReads", Who.APP, BLOB_READER, Where.OUTPUTS, "what jobs wrote is read and validated"),
    Grant("copyWrites", Who.APP, WRITER, Where.COPIES, "drops are copied there", only="registrar/*"),
    Grant("dropReads", Who.APP, BLOB_READER, Where.DROPS, "what was dropped is listed, read and copied"),
    Grant("receipts", Who.APP, WRITER, Where.DROPS, "a receipt is written beside the drop", only="*.receipt.json"),
    Grant("operatorReads", Who.OPERATORS, BLOB_READER, Where.LEDGER, "records, quarantine and dead letters are read"),
    Grant("operatorRequests", Who.OPERATORS, QUEUE_SENDER, Where.WORK, "answers, pauses and replays travel through it"),
)
