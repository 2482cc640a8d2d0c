"""Models as JSON: the bodies Azure ML answers with, and the bodies it accepts, for each API version.

From 2025-04-01 on a version has `datasets` and lacks what only previews had; that is documented, not recorded.
Shapes: recordings of Azure/azure-sdk-assets and Azure/azure-sdk-for-python (`test_model.py`: test_crud_file,
test_crud_model_with_stage, test_model_archive_restore_version) and of Azure/azure-powershell (2024-04-01).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox import model_uris, names, refusals, timestamps
from sandbox.model_store import ModelDraft

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.http_server import Request
    from sandbox.model_store import ModelContainer, ModelVersion
    from sandbox.runs import Runs

CREATED_BY: Final = "Registrar Sandbox"
_STAGES_SINCE: Final = "2023-04-01"
_RESOURCE: Final = frozenset({"id", "name", "type", "properties", "systemData"})
_CONTAINER: Final = frozenset(
    {"description", "tags", "properties", "isArchived", "latestVersion", "nextVersion", "provisioningState"}
)
_VERSION: Final = frozenset(
    {"description", "tags", "properties", "isArchived", "isAnonymous", "flavors", "modelType", "modelUri", "jobName"}
)
_WITH_STAGE: Final = _VERSION | {"stage", "provisioningState"}
_PREVIEW: Final = _WITH_STAGE | {"autoDeleteSetting", "intellectualProperty"}
_DATASETS_SINCE: Final = "2025-04-01"
_WITH_DATASETS: Final = _WITH_STAGE | {"datasets"}
_REFERENCE: Final = frozenset({"id", "name"})


def version_body(version: ModelVersion, *, api_version: str) -> dict[str, Any]:
    """A model version as `api_version` shows it."""
    shown = _version_members(api_version)
    properties = {name: value for name, value in _version_properties(version).items() if name in shown}
    return {
        "id": f"{names.WORKSPACE_ID}/models/{version.name}/versions/{version.version}",
        "name": version.version,
        "type": "Microsoft.MachineLearningServices/workspaces/models/versions",
        "properties": properties,
        "systemData": _system_data(version.created, version.modified),
    }


def container_body(container: ModelContainer, *, api_version: str) -> dict[str, Any]:
    """A model container as `api_version` shows it."""
    properties: dict[str, Any] = {
        "description": container.description,
        "tags": dict(container.tags),
        "properties": dict(container.properties),
        "isArchived": container.is_archived,
        "latestVersion": container.latest,
        "nextVersion": container.next,
    }
    if api_version >= _STAGES_SINCE:
        properties["provisioningState"] = "Succeeded"
    return {
        "id": f"{names.WORKSPACE_ID}/models/{container.name}",
        "name": container.name,
        "type": "Microsoft.MachineLearningServices/workspaces/models",
        "properties": properties,
        "systemData": _system_data(container.created, container.modified),
    }


def draft_of(request: Request, *, runs: Runs) -> ModelDraft:
    """The version a PUT describes; what it leaves out has the service's default, whatever was there before.

    Raises `refusals.RefusalError`: 400 for unknown members or a missing modelUri, 404 for an unknown job.
    """
    given = _properties(request, kind="ModelVersion", known=_version_members(request.query.get("api-version", "")))
    uri = given.get("modelUri")
    if not isinstance(uri, str):
        raise refusals.invalid_request(["The ModelUri field is required."])
    place = model_uris.locate(uri, runs=runs)
    return ModelDraft(
        uri=place.uri,
        job=place.job or given.get("jobName"),
        model_type=given.get("modelType") or "custom_model",
        description=given.get("description"),
        tags=given.get("tags") or {},
        properties=given.get("properties") or {},
        flavors=given.get("flavors") or {},
        datasets=_datasets(given.get("datasets"), request),
        stage=_stage(given.get("stage")),
        is_archived=bool(given.get("isArchived")),
        is_anonymous=bool(given.get("isAnonymous")),
    )


def container_fields(request: Request) -> dict[str, Any]:
    """What a PUT says about a container; raises `refusals.RefusalError` (400) for unknown members."""
    given = _properties(request, kind="ModelContainer", known=_CONTAINER)
    return {
        "description": given.get("description"),
        "tags": given.get("tags") or {},
        "properties": given.get("properties") or {},
        "is_archived": bool(given.get("isArchived")),
    }


def _version_properties(version: ModelVersion) -> dict[str, Any]:
    content = version.content
    return {
        "description": content.description,
        "tags": dict(content.tags),
        "properties": dict(content.properties),
        "isArchived": content.is_archived,
        "isAnonymous": content.is_anonymous,
        "autoDeleteSetting": None,
        "flavors": dict(content.flavors),
        "modelType": content.model_type,
        "modelUri": content.uri,
        "jobName": content.job,
        "datasets": [dict(reference) for reference in content.datasets],
        "provisioningState": "Succeeded",
        "stage": version.stage,
        "intellectualProperty": None,
    }


def _version_members(api_version: str) -> frozenset[str]:
    if api_version < _STAGES_SINCE:
        return _VERSION
    if api_version >= _DATASETS_SINCE:
        return _WITH_DATASETS
    return _PREVIEW if api_version.endswith("preview") else _WITH_STAGE


def _datasets(given: Any, request: Request) -> tuple[Mapping[str, str], ...]:
    references = given or []
    strangers = sorted({name for reference in references for name in reference.keys() - _REFERENCE})
    if strangers:
        raise refusals.invalid_request([_stranger(name, "DatasetReference", request.body) for name in strangers])
    return tuple(references)


def _stage(given: str | None) -> str:
    """A client that writes back what it read of an archived version sends the stage the service made up."""
    return given if given and given != "Archived" else "Development"


def _properties(request: Request, *, kind: str, known: frozenset[str]) -> Mapping[str, Any]:
    try:
        body = request.json()
    except ValueError as error:
        raise refusals.invalid_request([f"The body is not JSON: {error}"]) from None
    if not isinstance(body, dict) or not isinstance(body.get("properties"), dict):
        raise refusals.invalid_request(["The Properties field is required."])
    unknown = [(name, f"{kind}Resource") for name in body.keys() - _RESOURCE]
    unknown += [(name, kind) for name in body["properties"].keys() - known]
    if unknown:
        raise refusals.invalid_request([_stranger(name, kind, request.body) for name, kind in sorted(unknown)])
    properties: Mapping[str, Any] = body["properties"]
    return properties


def _stranger(name: str, kind: str, body: bytes) -> str:
    position = body.find(f'"{name}"'.encode()) + len(name) + 3
    return f"Could not find member '{name}' on object of type '{kind}'. Path '{name}', line 1, position {position}."


def _system_data(created: int, modified: int) -> dict[str, str]:
    return {
        "createdAt": timestamps.offset_time(created),
        "createdBy": CREATED_BY,
        "createdByType": "User",
        "lastModifiedAt": timestamps.offset_time(modified),
        "lastModifiedBy": CREATED_BY,
        "lastModifiedByType": "User",
    }
