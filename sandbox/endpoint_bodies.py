"""Endpoints and deployments as the control plane shows them.

Shapes: the resource types `workspaces/onlineEndpoints`, `workspaces/batchEndpoints` and their `deployments` at API
version 2024-04-01, as Azure/bicep-types-az has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import names, timestamps
from sandbox.endpoints import KINDS

if TYPE_CHECKING:
    from sandbox.endpoints import Deployment, Endpoint


def endpoint_body(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint, with its traffic or its default deployment."""
    folder = KINDS[endpoint.kind]
    scored = f"https://{endpoint.name}.{names.REGION}.inference.ml.azure.com/score"
    said: dict[str, Any] = {
        "authMode": "AADToken",
        "description": None,
        "properties": {},
        "provisioningState": "Succeeded",
        "scoringUri": scored,
        "swaggerUri": None,
    }
    if endpoint.kind == "online":
        said |= {"traffic": dict(endpoint.traffic), "mirrorTraffic": {}, "publicNetworkAccess": "Enabled"}
    else:
        default = max(endpoint.traffic, key=lambda name: endpoint.traffic[name], default=None)
        said |= {"defaults": {"deploymentName": default}}
    return {**_resource(folder, endpoint.name, endpoint.created), "properties": said}


def deployment_body(endpoint: Endpoint, deployment: Deployment) -> dict[str, Any]:
    """A deployment: an online one says its model as text, a batch one as a reference."""
    folder = KINDS[endpoint.kind]
    said: dict[str, Any] = {
        "description": None,
        "environmentId": None,
        "environmentVariables": {},
        "properties": {},
        "provisioningState": deployment.state,
    }
    if endpoint.kind == "online":
        said |= {"endpointComputeType": "Managed", "instanceType": "Standard_DS3_v2", "model": deployment.model}
        said |= {"scaleSettings": {"scaleType": "Default"}, "appInsightsEnabled": False}
    else:
        model = {"referenceType": "Id", "assetId": deployment.model} if deployment.model else None
        said |= {"compute": f"{names.WORKSPACE_ID}/computes/cpu-cluster", "model": model}
    place, capacity = f"{folder}/{endpoint.name}/deployments", {"sku": {"name": "Default", "capacity": 1}}
    return {**_resource(place, deployment.name, deployment.created), **capacity, "properties": said}


def _resource(place: str, name: str, created: int) -> dict[str, Any]:
    kinds = "/".join(place.split("/")[::2])
    written = timestamps.offset_time(created)
    return {
        "id": f"{names.WORKSPACE_ID}/{place}/{name}",
        "name": name,
        "type": f"Microsoft.MachineLearningServices/workspaces/{kinds}",
        "location": names.REGION,
        "tags": {},
        "systemData": {
            "createdAt": written,
            "createdBy": "Registrar Sandbox",
            "createdByType": "User",
            "lastModifiedAt": written,
        },
    }
