"""The workspace and its datastores as JSON, and where its other services are.

Shapes: recordings of Azure/azure-sdk-assets, `test_pipeline_job.py` test_pipeline_job_get_child_run (workspace,
discovery) and `test_model.py` test_crud_file (datastore).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import names, timestamps

if TYPE_CHECKING:
    from sandbox.datastores import Datastore

_PROVIDERS = f"{names.RESOURCE_GROUP_ID}/providers"
_PRINCIPAL = "3c6e0b8a-9c15-4224-8a8d-5e3b1f7d2a90"
_CREATED = timestamps.now()
_FOLDER = {"AzureBlob": "containerName", "AzureDataLakeGen2": "filesystem", "AzureFile": "fileShareName"}


def workspace_body() -> dict[str, Any]:
    """The workspace resource, as API version 2024-10-01-preview shows it."""
    return {
        "id": names.WORKSPACE_ID,
        "name": names.WORKSPACE,
        "type": "Microsoft.MachineLearningServices/workspaces",
        "location": names.REGION,
        "tags": {},
        "etag": None,
        "properties": {**_resources(), **_network(), **_endpoints(), **_switches()},
        "identity": {"type": "SystemAssigned", "principalId": _PRINCIPAL, "tenantId": names.TENANT},
        "kind": "Default",
        "sku": {"name": "Basic", "tier": "Basic"},
        "systemData": _system_data(),
    }


def discovery_body() -> dict[str, Any]:
    """What the workspace's discoveryUrl answers; the Python SDK reads `api`."""
    experiments = f"https://{names.REGION}.experiments.azureml.net"
    return {
        "api": f"https://{names.DATAPLANE_HOST}",
        "catalog": f"https://catalog.{names.REGION}.azureml.net",
        "experimentation": experiments,
        "history": experiments,
        "hyperdrive": experiments,
        "labeling": experiments,
        "modelmanagement": f"https://{names.REGION}.modelmanagement.azureml.net",
        "pipelines": f"https://{names.REGION}.aether.ms",
        "studio": "https://ml.azure.com",
    }


def datastore_body(store: Datastore) -> dict[str, Any]:
    """A datastore; identity-based, as a workspace without account keys has them."""
    folder = _FOLDER[store.kind]
    return {
        "id": f"{names.WORKSPACE_ID}/datastores/{store.name}",
        "name": store.name,
        "type": "Microsoft.MachineLearningServices/workspaces/datastores",
        "properties": {
            "description": None,
            "tags": None if store.is_system else {},
            "properties": None,
            "isDefault": store.is_default,
            "credentials": {"credentialsType": "None"},
            "subscriptionId": names.SUBSCRIPTION if store.is_default else None,
            "resourceGroup": names.RESOURCE_GROUP if store.is_default else None,
            "datastoreType": store.kind,
            "accountName": store.account,
            folder: store.container,
            "endpoint": "core.windows.net",
            "protocol": "https",
            "serviceDataAccessAuthIdentity": "WorkspaceSystemAssignedIdentity" if store.is_default else "None",
        },
        "systemData": _datastore_system_data(store),
    }


def _resources() -> dict[str, Any]:
    return {
        "friendlyName": names.WORKSPACE,
        "description": "",
        "storageAccount": names.storage_account_id(names.WORKSPACE_ACCOUNT),
        "keyVault": f"{_PROVIDERS}/Microsoft.Keyvault/vaults/kv-sandbox",
        "applicationInsights": f"{_PROVIDERS}/Microsoft.insights/components/ai-sandbox",
        "containerRegistry": f"{_PROVIDERS}/Microsoft.ContainerRegistry/registries/crsandbox",
        "tenantId": names.TENANT,
        "imageBuildCompute": None,
        "provisioningState": "Succeeded",
        "creationTime": timestamps.zulu_time(_CREATED),
        "workspaceId": names.WORKSPACE_GUID,
        "linkedModelInventoryArmId": None,
        "notebookInfo": {
            "resourceId": _PRINCIPAL.replace("-", ""),
            "fqdn": f"ml-{names.WORKSPACE}-{names.REGION}-{names.WORKSPACE_GUID}.{names.REGION}.notebooks.azure.net",
            "isPrivateLinkEnabled": False,
            "notebookPreparationError": None,
        },
    }


def _network() -> dict[str, Any]:
    return {
        "managedNetwork": {
            "changeableIsolationModes": ["AllowInternetOutbound", "AllowOnlyApprovedOutbound"],
            "isolationMode": "Disabled",
            "enableNetworkMonitor": False,
            "enableFirewallLog": False,
        },
        "privateLinkCount": 0,
        "publicNetworkAccess": "Enabled",
        "ipAllowlist": [],
        "networkAcls": {"defaultAction": "Allow", "bypass": "", "ipRules": [], "resourceAccessRules": []},
    }


def _endpoints() -> dict[str, Any]:
    return {
        "discoveryUrl": f"https://{names.DATAPLANE_HOST}/discovery",
        "mlFlowTrackingUri": f"azureml://{names.DATAPLANE_HOST}/mlflow/v1.0{names.WORKSPACE_ID}",
        "sdkTelemetryAppInsightsKey": "",
        "sasGetterUri": "",
    }


def _switches() -> dict[str, Any]:
    return {
        "hbiWorkspace": False,
        "allowRoleAssignmentOnRG": True,
        "v1LegacyMode": False,
        "softDeleteEnabled": False,
        "storageHnsEnabled": False,
        "serverlessComputeSettings": None,
        "EnableSoftwareBillOfMaterials": False,
        "enableDataIsolation": False,
        "systemDatastoresAuthMode": "identity",
        "enableServiceSideCMKEncryption": False,
    }


def _system_data() -> dict[str, str]:
    moment = timestamps.zulu_time(_CREATED)
    return {
        "createdAt": moment,
        "createdBy": "Registrar Sandbox",
        "createdByType": "User",
        "lastModifiedAt": moment,
        "lastModifiedBy": "Registrar Sandbox",
        "lastModifiedByType": "User",
    }


def _datastore_system_data(store: Datastore) -> dict[str, str]:
    moment = timestamps.offset_time(store.created)
    author = {} if store.is_system else {"createdBy": "Registrar Sandbox", "createdByType": "User"}
    return {
        "createdAt": moment,
        **author,
        "lastModifiedAt": moment,
        "lastModifiedBy": "Registrar Sandbox",
        "lastModifiedByType": "Application" if store.is_system else "User",
    }
