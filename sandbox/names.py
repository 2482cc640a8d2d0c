"""The names of everything in the sandbox: subscription, workspace, storage accounts, containers, queues, host names.

All of them are invented, and the same on every machine, so an event, a policy or a test can name them in advance.
Host names are Azure's own shapes, because production code parses them; they are never looked up: `sandbox.proxy`
maps them to ports of this machine.
"""

from __future__ import annotations

from typing import Final

SUBSCRIPTION: Final = "11111111-2222-3333-4444-555555555555"
RESOURCE_GROUP: Final = "rg-sandbox"
WORKSPACE: Final = "ws-sandbox"
WORKSPACE_GUID: Final = "5a9d0c3e-7b1f-4c86-9e42-d1f06b8a2c57"
TENANT: Final = "99999999-8888-7777-6666-000000000000"
PRINCIPAL: Final = "0d1a7c52-6e3b-4f90-8a11-b7c4e2d95f36"  # the app's identity
REGION: Final = "westeurope"

RESOURCE_GROUP_ID: Final = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{RESOURCE_GROUP}"
WORKSPACE_ID: Final = f"{RESOURCE_GROUP_ID}/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"

REGISTRY: Final = "reg-sandbox"
REGISTRY_GROUP: Final = "rg-registries"
APP_ID: Final = f"{RESOURCE_GROUP_ID}/providers/Microsoft.Web/sites/func-sandbox"

WORKSPACE_ACCOUNT: Final = "sandboxmlws"
DROP_ACCOUNT: Final = "sandboxdrops"
STATE_ACCOUNT: Final = "sandboxstate"
REGISTRY_ACCOUNT: Final = "sandboxregistry"

BLOBSTORE_CONTAINER: Final = f"azureml-blobstore-{WORKSPACE_GUID}"
ARTIFACT_CONTAINER: Final = "azureml"
DROP_CONTAINER: Final = "incoming"
STATE_CONTAINERS: Final = ("registrar-state", "registrar-decisions", "registrar-quarantine", "registrar-policies")
CONTAINERS: Final = {
    WORKSPACE_ACCOUNT: (BLOBSTORE_CONTAINER, ARTIFACT_CONTAINER),
    DROP_ACCOUNT: (DROP_CONTAINER,),
    STATE_ACCOUNT: STATE_CONTAINERS,
}
WORK_QUEUE: Final = "registrar-work"
POISON_QUEUE: Final = "registrar-work-poison"
QUEUES: Final = {STATE_ACCOUNT: (WORK_QUEUE, POISON_QUEUE)}

ARM_HOST: Final = "management.azure.com"
DATAPLANE_HOST: Final = f"{REGION}.api.azureml.ms"
# Where every client asks for a registry by its name, and where registries of the sandbox's region answer.
DISCOVERY_HOST: Final = "eastus.api.azureml.ms"
REGISTRY_HOST: Final = f"cert-{REGION}.experiments.azureml.net"
TOPIC_HOST: Final = f"registrar-outcomes.{REGION}-1.eventgrid.azure.net"
TOPIC_PATH: Final = "/api/events"
TOPIC_ENDPOINT: Final = f"https://{TOPIC_HOST}{TOPIC_PATH}"
INSIGHTS_HOST: Final = f"{REGION}-5.in.applicationinsights.azure.com"
INSIGHTS: Final = (
    "InstrumentationKey=11111111-2222-4333-8444-555555555555;"
    f"IngestionEndpoint=https://{INSIGHTS_HOST}/;LiveEndpoint=https://{INSIGHTS_HOST}/"
)


def storage_account_id(account: str) -> str:
    """The ARM id of a storage account of the sandbox's resource group; also the topic of the events it raises."""
    return f"{RESOURCE_GROUP_ID}/providers/Microsoft.Storage/storageAccounts/{account}"


def registry_path(registry: str) -> str:
    """Where a registry's assets are below its host, as every client builds it from what discovery says."""
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{REGISTRY_GROUP}"
    return f"/mferp/managementfrontend{group}/providers/Microsoft.MachineLearningServices/registries/{registry}"


def blob_host(account: str) -> str:
    """The host name of a storage account's blob service."""
    return f"{account}.blob.core.windows.net"


def queue_host(account: str) -> str:
    """The host name of a storage account's queue service."""
    return f"{account}.queue.core.windows.net"
