"""Jobs as the data plane shows them: run history, the assets behind outputs, and MLflow's view.

Output types are PascalCase here. A pipeline's named output names the asset of the step that wrote it. Non-finite
metrics are as MLflow stores them: NaN is the text "NaN", an infinity the largest double.
Shapes: recordings of Azure/azure-sdk-for-python (`test_pipeline_job.py` test_pipeline_job_child_run_download) and
microsoft/promptflow (MLflow runs/create); MLflow runs/get itself is documented, not recorded.
"""

from __future__ import annotations

import math
import sys
import uuid
from typing import TYPE_CHECKING, Any, Final

from sandbox import names, searches, timestamps
from sandbox.runs import DEFAULT

if TYPE_CHECKING:
    from sandbox.runs import Job, JobOutput, Runs

_PASCAL: Final = {
    "uri_folder": "UriFolder",
    "uri_file": "UriFile",
    "mltable": "MLTable",
    "mlflow_model": "MLFlowModel",
    "custom_model": "CustomModel",
    "triton_model": "TritonModel",
}
_BETWEEN: Final = {"models": "_output_", "data": "_output_data_"}  # job and output, in an asset's name
_MODELS: Final = frozenset({"MLFlowModel", "CustomModel", "TritonModel"})
_MLFLOW_STATUS: Final = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED", "Running": "RUNNING"}
_ENDED: Final = frozenset({"FINISHED", "FAILED", "KILLED"})
_USER: Final = {
    "userObjectId": "0d1a7c52-6e3b-4f90-8a11-b7c4e2d95f36",
    "userPuId": "1003200012345678",
    "userIdp": None,
    "userAltSecId": None,
    "userIss": f"https://sts.windows.net/{names.TENANT}/",
    "userTenantId": names.TENANT,
    "userName": "Registrar Sandbox",
    "upn": None,
    "clientApplicationId": None,
    "applicationACR": None,
}
_NOTHING: Final = (
    "token",
    "tokenExpiryTimeUtc",
    "error",
    "warnings",
    "lastStartTimeUtc",
    "currentComputeTime",
    "effectiveStartTimeUtc",
    "cancelationReason",
    "scheduleId",
    "scriptName",
    "runDefinition",
    "jobSpecification",
    "primaryMetricName",
    "createdFrom",
    "cancelUri",
    "completeUri",
    "diagnosticsUri",
    "retainForLifetimeOfWorkspace",
    "queueingInfo",
)


def run_body(job: Job, *, runs: Runs) -> dict[str, Any]:
    """A run; its inputs and outputs are null here and filled in run data only."""
    return {**_identity(job, runs), **_course(job), **_description(job, runs), "inputs": None, "outputs": None}


def rundata_body(job: Job, *, runs: Runs) -> dict[str, Any]:
    """Run data: the run with its outputs as assets."""
    known = {DEFAULT: None, **job.outputs} if job.job_type not in {"Pipeline", "AutoML"} else dict(job.outputs)
    outputs = {name: _asset(job, name, output, runs=runs) for name, output in known.items()}
    metadata = {**run_body(job, runs=runs), "inputs": {}, "outputs": outputs}
    return {"runMetadata": metadata, "runDefinition": None, "jobSpecification": None, "systemSettings": None}


def asset_of(asset_id: str) -> tuple[str, str] | None:
    """The (job, output) an output's asset id stands for, or None when it is no such id."""
    plane, _, name = asset_id.partition("/versions/")[0].rpartition("/")
    between = _BETWEEN.get(plane.rpartition("/")[2], "/")
    job, found, output = name.removeprefix("azureml_").partition(between)
    return (job, output) if found and name.startswith("azureml_") else None


def pascal(kind: str) -> str:
    """A job output's type as the data plane writes it."""
    return _PASCAL.get(kind, kind)


def mlflow_body(job: Job) -> dict[str, Any]:
    """MLflow's `runs/get`; lists that would be empty are left out, and whole numbers are text."""
    data = {
        "metrics": [_metric(name, value, job) for name, value in job.metrics.items()],
        "params": [{"key": name, "value": value} for name, value in job.parameters.items()],
        "tags": [{"key": name, "value": value} for name, value in _mlflow_tags(job).items()],
    }
    shown = {name: items for name, items in data.items() if items}
    return {"run": {"info": _mlflow_info(job), "data": shown, "inputs": {}}}


def _identity(job: Job, runs: Runs) -> dict[str, Any]:
    root = runs.root(job).name
    return {
        "runNumber": job.created // 10_000_000,
        "rootRunId": root,
        "createdUtc": timestamps.offset_time(job.created),
        "createdBy": _USER,
        "userId": _USER["userObjectId"],
        "revision": 1,
        "statusRevision": 1,
        "runUuid": _guid(job.name),
        "parentRunUuid": _guid(job.parent) if job.parent else None,
        "rootRunUuid": _guid(root),
        "runId": job.name,
        "parentRunId": job.parent,
        "experimentId": job.experiment_id,
        "displayName": job.display_name or job.name,
        "name": "azureml_anonymous" if job.parent else None,
        "dataContainerId": f"dcid.{job.data_run}",
        "description": job.description,
        "hidden": False,
        **dict.fromkeys(_NOTHING),
    }


def _course(job: Job) -> dict[str, Any]:
    ended = _mlflow_status(job) in _ENDED
    seconds = max(0, job.ended - job.created) / 10_000_000
    duration = f"{int(seconds // 3600):02d}:{int(seconds // 60 % 60):02d}:{seconds % 60:010.7f}" if ended else None
    return {
        "status": job.status,
        "startTimeUtc": timestamps.offset_time(job.created),
        "endTimeUtc": timestamps.offset_time(job.ended) if ended else None,
        "duration": duration,
        "computeDuration": duration,
        "lastModifiedBy": _USER,
        "lastModifiedUtc": timestamps.offset_time(job.ended),
        "currentAttemptId": 1,
    }


def _description(job: Job, runs: Runs) -> dict[str, Any]:
    kind, inner = _run_type(job), runs.children(job.name)
    is_search = job.job_type in searches.SEARCHES
    return {
        "runType": kind,
        "runTypeV2": {
            "orchestrator": "Execution",
            "traits": [kind],
            "attribution": "Aether",
            "computeType": "AmlcTrain",
        },
        "properties": {
            **_system_properties(job, runs),
            **(searches.properties(job, inner) if is_search else {}),
            **job.properties,
        },
        "parameters": {},
        "actionUris": {},
        "target": job.compute,
        "uniqueChildRunComputeTargets": [],
        "tags": {**(searches.tags(job, inner) if is_search else {}), **job.tags},
        "settings": {},
        "services": {},
        "inputDatasets": [],
        "outputDatasets": [],
        "computeRequest": {"nodeCount": 1, "gpuCount": 0},
        "compute": {
            "target": job.compute,
            "targetType": "amlcompute",
            "vmSize": None,
            "instanceType": None,
            "instanceCount": 1,
            "gpuCount": 0,
            "priority": None,
            "region": None,
            "armId": None,
            "properties": None,
        },
    }


def _run_type(job: Job) -> str:
    known = {"Pipeline": "azureml.PipelineRun", "Sweep": "hyperdrive", "AutoML": "automl"}
    return known.get(job.job_type) or ("azureml.StepRun" if job.parent is not None else "azureml.scriptrun")


def _system_properties(job: Job, runs: Runs) -> dict[str, str]:
    if job.parent is None:
        return {"azureml.DevPlatv2": "true", "azureml.runsource": _run_type(job)}
    outer = runs.find(job.parent)
    if outer is not None and outer.job_type in searches.SEARCHES:
        return {"azureml.runsource": _run_type(outer)}
    step = {
        "azureml.DevPlatv2": "true",
        "azureml.runsource": _run_type(job),
        "StepType": "PythonScriptStep",
        "azureml.nodeid": _guid(job.name)[:8],
        "azureml.pipelinerunid": job.parent,
        "azureml.pipeline": job.parent,
        "azureml.rootpipelinerunid": runs.root(job).name,
        **({"azureml.parallelrunstep": "true"} if job.job_type == "Parallel" else {}),
    }
    if job.reused_from is None:
        return step
    pipeline = {"azureml.reusedpipelinerunid": job.reused_pipeline} if job.reused_pipeline else {}
    return {"azureml.isreused": "true", "azureml.reusedrunid": job.reused_from, **pipeline, **step}


def _asset(job: Job, name: str, output: JobOutput | None, *, runs: Runs) -> dict[str, str]:
    if output is not None and output.step is not None:
        step = runs.get(output.step[0])
        return _asset(step, output.step[1], step.outputs.get(output.step[1]), runs=runs)
    kind = pascal(output.type) if output is not None else "UriFolder"
    plane = "models" if kind in _MODELS else "data"
    place = f"azureml://locations/{names.REGION}/workspaces/{names.WORKSPACE_GUID}/{plane}"
    return {"assetId": f"{place}/azureml_{job.data_run}{_BETWEEN[plane]}{name}/versions/1", "type": kind}


def _mlflow_info(job: Job) -> dict[str, Any]:
    status = _mlflow_status(job)
    tracking = f"azureml://{names.DATAPLANE_HOST}/mlflow/v2.0{names.WORKSPACE_ID}"
    return {
        "run_uuid": job.name,
        "experiment_id": job.experiment_id,
        "run_name": job.display_name or job.name,
        "user_id": _USER["userObjectId"],
        "status": status,
        "start_time": timestamps.milliseconds(job.created),
        **({"end_time": timestamps.milliseconds(job.ended)} if status in _ENDED else {}),
        "artifact_uri": f"{tracking}/experiments/{job.experiment_id}/runs/{job.name}/artifacts",
        "lifecycle_stage": "active",
        "run_id": job.name,
    }


def _mlflow_status(job: Job) -> str:
    return _MLFLOW_STATUS.get(job.status, "SCHEDULED")


def _mlflow_tags(job: Job) -> dict[str, str]:
    root = {"mlflow.rootRunId": job.parent or job.name, "mlflow.runName": job.display_name or job.name}
    parent = {"mlflow.parentRunId": job.parent} if job.parent else {}
    return {**job.tags, **root, **parent, "mlflow.user": "Registrar Sandbox"}


def _metric(name: str, value: float, job: Job) -> dict[str, Any]:
    return {"key": name, "value": _number(value), "timestamp": timestamps.milliseconds(job.ended), "step": "0"}


def _number(value: float) -> float | str:
    if math.isnan(value):
        return "NaN"
    return math.copysign(sys.float_info.max, value) if math.isinf(value) else value


def _guid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{names.WORKSPACE_ID}/jobs/{name}"))
