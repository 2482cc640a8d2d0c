"""Jobs as the control plane shows them: API version 2024-01-01-preview, which the Python SDK reads.

A pipeline's step and a trial have no `properties` here; run history knows them. A pipeline's outputs never say where
they are. Shapes: recordings of Azure/azure-sdk-assets, `test_command_job.py` test_command_job_with_dataset and
`test_pipeline_job.py` test_pipeline_job_get_child_run; the child's, of Azure/azure-sdk-for-python,
`test_dsl_pipeline.py` test_get_child_job. A Spark job is as its documented type has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox import names, searches, timestamps
from sandbox.runs import DEFAULT

if TYPE_CHECKING:
    from sandbox.runs import Job, JobInput

_ENDED = frozenset({"Completed", "Failed", "Canceled", "NotResponding"})


def job_body(job: Job, *, inner: list[Job]) -> dict[str, Any]:
    """A job; `inner` are its steps or trials."""
    body: dict[str, Any] = {
        "id": f"{names.WORKSPACE_ID}/jobs/{job.name}",
        "name": job.name,
        "type": "Microsoft.MachineLearningServices/workspaces/jobs",
    }
    if job.parent is None:
        body["properties"] = {**_common(job, inner), **_own(job, inner)}
    created = timestamps.offset_time(job.created)
    return {**body, "systemData": {"createdAt": created, "createdBy": "Registrar Sandbox", "createdByType": "User"}}


def _own(job: Job, inner: list[Job]) -> dict[str, Any]:
    """What only jobs of this type have."""
    inputs = {name: _input(given) for name, given in job.inputs.items()}
    match job.job_type:
        case "Pipeline":
            return _pipeline(job, inner)
        case "Sweep":
            return searches.sweep(job, inputs=inputs, outputs=_outputs(job))
        case "AutoML":
            return searches.automl(job, inputs=inputs)
        case "Spark":
            return _spark(job)
    return _command(job)


def _common(job: Job, inner: list[Job]) -> dict[str, Any]:
    is_search, is_sweep = job.job_type in searches.SEARCHES, job.job_type == "Sweep"
    return {
        "description": job.description,
        "tags": {**(searches.tags(job, inner) if is_search else {}), **job.tags},
        "properties": {
            **(searches.properties(job, inner) if is_search else _system_properties(job)),
            **job.properties,
        },
        "displayName": job.display_name or job.name,
        "status": job.status,
        "experimentName": job.experiment,
        "services": {name: shown for name, shown in _services(job).items() if name != "Tracking" or not is_sweep},
        "computeId": f"{names.WORKSPACE_ID}/computes/{job.compute}",
        "isArchived": False,
        "identity": None,
        "componentId": job.component_id,
        "notificationSetting": None,
        "secretsConfiguration": None,
        "jobType": job.job_type,
    }


def _outputs(job: Job) -> dict[str, Any]:
    artifacts = f"azureml://datastores/workspaceartifactstore/ExperimentRun/dcid.{job.name}"
    default = {DEFAULT: _output("uri_folder", artifacts)} if DEFAULT not in job.outputs else {}
    return {**default, **{name: _output(known.type, known.uri) for name, known in job.outputs.items()}}


def _spark(job: Job) -> dict[str, Any]:
    return {
        "resources": {"instanceType": "Standard_E4S_V3", "runtimeVersion": "3.4"},
        "args": None,
        "codeId": job.code_id or f"{names.WORKSPACE_ID}/codes/{job.name}/versions/1",
        "conf": {"spark.driver.cores": "1", "spark.executor.instances": "2"},
        "entry": {"sparkJobEntryType": "SparkJobPythonEntry", "file": "train.py"},
        "archives": [],
        "files": [],
        "jars": [],
        "pyFiles": [],
        "environmentId": job.environment_id,
        "environmentVariables": None,
        "inputs": {name: _input(given) for name, given in job.inputs.items()},
        "outputs": _outputs(job),
        "queueSettings": None,
    }


def _command(job: Job) -> dict[str, Any]:
    return {
        "resources": {
            "instanceCount": 1,
            "maxInstanceCount": None,
            "instanceType": None,
            "locations": None,
            "properties": None,
            "shmSize": "2g",
            "dockerArgs": None,
        },
        "codeId": job.code_id,
        "command": job.command,
        "environmentId": job.environment_id or f"{names.WORKSPACE_ID}/environments/sandbox-training/versions/1",
        "inputs": {name: _input(given) for name, given in job.inputs.items()},
        "outputs": _outputs(job),
        "distribution": None,
        "autologgerSettings": None,
        "limits": None,
        "environmentVariables": {},
        "parameters": {},
        "queueSettings": {"jobTier": "Null", "priority": None},
    }


def _pipeline(job: Job, steps: list[Job]) -> dict[str, Any]:
    return {
        "settings": {"_source": "YAML.JOB"},
        "jobs": {step.display_name or step.name: _step(step, job) for step in steps},
        "inputs": {name: _input(given) for name, given in job.inputs.items()} or None,
        "outputs": {name: _output(known.type, None) for name, known in job.outputs.items()},
        "sourceJobId": None,
    }


def _step(step: Job, pipeline: Job) -> dict[str, Any]:
    bound = {
        known.step[1]: {"value": "${{parent.outputs." + name + "}}", "type": "literal"}
        for name, known in pipeline.outputs.items()
        if known.step is not None and known.step[0] == step.name
    }
    return {
        "name": step.display_name or step.name,
        "type": step.job_type.lower(),
        "computeId": f"{names.WORKSPACE_ID}/computes/{step.compute}",
        **({"outputs": bound} if bound else {}),
        "_source": "YAML.JOB",
        "componentId": step.component_id or f"{names.WORKSPACE_ID}/components/azureml_anonymous/versions/{step.name}",
    }


def _system_properties(job: Job) -> dict[str, str]:
    if job.job_type == "Pipeline":
        return {"azureml.DevPlatv2": "true", "azureml.runsource": "azureml.PipelineRun", "runSource": "MFE"}
    system = {"_azureml.ComputeTargetType": "amlctrain", "_azureml.ClusterName": job.compute}
    if job.status not in _ENDED:
        return system
    times = {"StartTimeUtc": job.created, "EndTimeUtc": job.ended}
    return {**system, **{name: timestamps.plain_time(moment) for name, moment in times.items()}}


def _services(job: Job) -> dict[str, Any]:
    group = f"/subscriptions/{names.SUBSCRIPTION}/resourcegroups/{names.RESOURCE_GROUP}"
    studio = f"https://ml.azure.com/runs/{job.name}?wsid={group}/workspaces/{names.WORKSPACE}"
    tracking = f"azureml://{names.DATAPLANE_HOST}/mlflow/v1.0{names.WORKSPACE_ID}?"
    return {"Tracking": _service("Tracking", tracking), "Studio": _service("Studio", studio)}


def _service(kind: str, endpoint: str) -> dict[str, Any]:
    return {
        "jobServiceType": kind,
        "port": None,
        "endpoint": endpoint,
        "status": None,
        "errorMessage": None,
        "properties": None,
        "nodes": None,
    }


def _input(given: JobInput) -> dict[str, Any]:
    if given.type == "literal":
        return {"description": None, "value": given.value, "jobInputType": "literal"}
    place = {"uri": given.uri, "mode": given.mode, "pathOnCompute": None}
    return {"description": None, **place, "jobInputType": given.type}


def _output(kind: str, uri: str | None) -> dict[str, Any]:
    return {
        "description": None,
        "uri": uri,
        "assetName": None,
        "assetVersion": None,
        "mode": "ReadWriteMount",
        "pathOnCompute": None,
        "autoDeleteSetting": None,
        "jobOutputType": kind,
    }
