"""A job as the control plane says it. A sweep keeps code and environment in its `trial`, AutoML its data in its task.

Shapes: https://learn.microsoft.com/rest/api/azureml/jobs/get, and recordings of Azure ML's own tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registration.sources.job import Job, JobOutput
from registration.uris import without_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DATA_OF_AUTOML = ("trainingData", "validationData", "testData")
MODEL_TYPES = frozenset({"mlflow_model", "custom_model", "triton_model"})


def job_of(name: str, properties: Mapping[str, Any] | None) -> Job:
    """The job; a pipeline's step is shown without `properties`."""
    if properties is None:
        return Job(name, status=None)
    inputs, trial = _inputs(properties), properties.get("trial") or {}
    outputs = properties.get("outputs") or {}
    return Job(
        name,
        status=properties["status"],
        experiment=properties.get("experimentName"),
        tags=properties.get("tags") or {},
        properties=properties.get("properties") or {},
        outputs={key: JobOutput(value["jobOutputType"], value.get("uri")) for key, value in outputs.items()},
        environment=properties.get("environmentId") or trial.get("environmentId"),
        datasets=tuple(_uris(inputs, of_models=False)),
        base_models=tuple(_uris(inputs, of_models=True)),
        code=properties.get("codeId") or trial.get("codeId"),
        compute=_compute(properties),
        parameters=_parameters(inputs, properties.get("parameters")),
    )


def _inputs(properties: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs by name; those of an AutoML job stand in its task."""
    task = properties.get("taskDetails") or {}
    data = {name: given for name, given in task.items() if name in _DATA_OF_AUTOML and given}
    return {**data, **(properties.get("inputs") or {})}


def _uris(inputs: Mapping[str, Any], *, of_models: bool) -> Iterator[str]:
    """The URIs of the inputs that are models, or of those that are not, in the order of the inputs' names."""
    for _, given in sorted(inputs.items()):
        if given.get("uri") and (given.get("jobInputType") in MODEL_TYPES) is of_models:
            yield without_key(given["uri"])


def _compute(properties: Mapping[str, Any]) -> str | None:
    """The compute's ARM id; of a serverless job the size of its machines."""
    named = properties.get("computeId")
    if named and not named.endswith("/"):
        return str(named)
    size = (properties.get("resources") or {}).get("instanceType")
    return str(size) if size else None


def _parameters(inputs: Mapping[str, Any], stated: Mapping[str, Any] | None) -> dict[str, str]:
    literal = {key: given["value"] for key, given in inputs.items() if given.get("value") is not None}
    return {key: str(value) for key, value in {**(stated or {}), **literal}.items() if value is not None}
