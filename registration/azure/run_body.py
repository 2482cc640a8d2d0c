"""A run as run history says it: of a job, of a pipeline's step, which the control plane shows bare, or of a trial.

Shapes: recordings of Azure ML's own tests. The data plane's interface is not documented; the Python SDK reads it too.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from registration.azure.job_body import MODEL_TYPES
from registration.sources.job import Job, JobOutput
from registration.uris import DEFAULT_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ARTIFACTS: Final = "azureml://datastores/workspaceartifactstore/ExperimentRun/"
_TYPES: Final = {
    "UriFolder": "uri_folder",
    "UriFile": "uri_file",
    "MLTable": "mltable",
    "MLFlowModel": "mlflow_model",
    "CustomModel": "custom_model",
    "TritonModel": "triton_model",
}


def run_of(said: Mapping[str, Any]) -> Job:
    """The run; a list of runs says nothing of their inputs and outputs."""
    inputs = said.get("inputs") or {}
    return Job(
        said["runId"],
        status=str(said.get("status")),
        tags=_texts(said.get("tags")),
        properties=_texts(said.get("properties")),
        outputs=_outputs(said),
        datasets=tuple(_assets(inputs, of_models=False)),
        base_models=tuple(_assets(inputs, of_models=True)),
        compute=(said.get("compute") or {}).get("target") or None,
        parameters=_texts(said.get("parameters")),
        title=said.get("displayName") or "",
        parent=said.get("parentRunId"),
        ended=_moment(said.get("endTimeUtc")),
    )


def _outputs(said: Mapping[str, Any]) -> dict[str, JobOutput]:
    """The named outputs, and the artifacts that every run has; those of a reused step are the original run's."""
    named = {
        name: JobOutput(_TYPES.get(output.get("type"), "uri_folder"), None, output.get("assetId"))
        for name, output in (said.get("outputs") or {}).items()
    }
    container = said.get("dataContainerId")
    return {**named, DEFAULT_OUTPUT: JobOutput("uri_folder", f"{_ARTIFACTS}{container}")} if container else named


def _assets(inputs: Mapping[str, Any], *, of_models: bool) -> Iterator[str]:
    for _, given in sorted(inputs.items()):
        if given.get("assetId") and (_TYPES.get(given.get("type")) in MODEL_TYPES) is of_models:
            yield given["assetId"]


def _moment(text: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _texts(said: Mapping[str, Any] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (said or {}).items() if value is not None}
