"""Registries as JSON: what discovery says of one, and its model versions.

Shapes: recordings of Azure/azure-sdk-for-python, `test_model.py` test_promote_model (2022), and of
Azure/azure-sdk-assets, test_create_get_download_model_registry (2025). A version's `name` is its model's, its `id` no
ARM id, and it has no stage.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sandbox import names, refusals, timestamps
from sandbox.model_bodies import CREATED_BY
from sandbox.model_store import ModelDraft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.http_server import Request
    from sandbox.registries import Operation, Registry, RegistryVersion

_ORIGIN: Final = re.compile(
    r"azureml://locations/(?P<region>[^/]+)/workspaces/(?P<workspace>[^/]+)/models/(?P<name>[^/]+)"
    r"/versions/(?P<version>[^/]+)"
)
_OPERATIONS: Final = f"https://{names.DATAPLANE_HOST}/assetstore/v1.0/operations"


def discovery_body(registry: Registry) -> dict[str, Any]:
    """Where a registry is."""
    return {
        "registryId": registry.id,
        "registryName": registry.name,
        "tenantId": names.TENANT,
        "primaryRegion": names.REGION,
        "regions": [names.REGION],
        "subscriptionId": names.SUBSCRIPTION,
        "resourceGroup": names.REGISTRY_GROUP,
        "workspaceName": None,
        "primaryRegionResourceProviderUri": f"https://{names.REGISTRY_HOST}/",
        "registryFqdns": {names.REGION: {"uri": f"https://{names.DATAPLANE_HOST}"}},
        "intellectualPropertyPublisher": None,
        "isTradeRestricted": False,
    }


def version_body(version: RegistryVersion) -> dict[str, Any]:
    """A version."""
    content = version.content
    return {
        "id": version.id,
        "name": version.name,
        "type": "models",
        "properties": {
            "description": content.description,
            "tags": dict(content.tags),
            "properties": dict(content.properties),
            "isArchived": content.is_archived,
            "isAnonymous": content.is_anonymous,
            "flavors": dict(content.flavors),
            "modelType": content.model_type,
            "modelUri": content.uri,
            "originAssetId": version.origin,
            "jobName": None,
            "intellectualProperty": None,
        },
        "systemData": {
            "createdAt": timestamps.offset_time(version.created),
            "createdBy": CREATED_BY,
            "createdByType": "User",
            "lastModifiedAt": timestamps.offset_time(version.modified),
            "lastModifiedBy": CREATED_BY,
            "lastModifiedByType": "User",
        },
    }


def container_body(registry: str, name: str, versions: Sequence[RegistryVersion]) -> dict[str, Any]:
    """A model with its numbers; `versions` are all of it, the last created first."""
    numbers = [int(each.version) for each in versions if each.version.isdecimal()]
    return {
        "id": f"azureml://registries/{registry}/models/{name}",
        "name": name,
        "type": "models",
        "properties": {
            "description": None,
            "tags": None,
            "properties": None,
            "isArchived": False,
            "latestVersion": versions[0].version,
            "nextVersion": str(max(numbers, default=0) + 1),
        },
    }


def location_of(operation: Operation) -> str:
    """Where an operation tells how far it is."""
    return f"{_OPERATIONS}/{operation.id}"


def asked_copy(request: Request) -> tuple[str, str, str, str, str]:
    """What an import asks for: name and version to make, origin, and name and version it is copied from.

    Raises `refusals.RefusalError`: 400 for a body that is none, 404 for an origin that is not the sandbox's workspace.
    """
    given = (request.json() or {}).get("properties") or {}
    name, version, origin = (given.get(key) for key in ("destinationName", "destinationVersion", "sourceAssetId"))
    found = _ORIGIN.fullmatch(str(origin))
    if given.get("referenceType") != "Id" or not name or not version or found is None:
        raise refusals.invalid_request(["The import names no asset, or no place to copy it to."])
    if (found["region"], found["workspace"]) != (names.REGION, names.WORKSPACE_GUID):
        raise refusals.asset_not_found(str(origin))
    return name, version, str(origin), found["name"], found["version"]


def draft_of(request: Request) -> ModelDraft:
    """The version that a PUT describes; raises `refusals.RefusalError` (400) without a modelUri."""
    given = (request.json() or {}).get("properties") or {}
    if not isinstance(given.get("modelUri"), str):
        raise refusals.invalid_request(["The ModelUri field is required."])
    return ModelDraft(
        uri=given["modelUri"],
        model_type=given.get("modelType") or "custom_model",
        description=given.get("description"),
        tags=given.get("tags") or {},
        properties=given.get("properties") or {},
        flavors=given.get("flavors") or {},
        is_archived=bool(given.get("isArchived")),
        is_anonymous=bool(given.get("isAnonymous")),
    )
