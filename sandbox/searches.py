"""Searches: what sweeps and AutoML jobs say of the trials that they ran, on the control plane and in run history alike.

Which trial was the best is said when the job has completed: a sweep by a property, AutoML by a tag. A sweep keeps what
it tried in tags, one for each trial. Shapes: recordings of Azure/azure-sdk-for-python, `test_sweep_job.py` and
`test_automl_job.py`; they have running sweeps only, and what a completed one adds is what people printed of theirs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.runs import Job

SEARCHES: Final = frozenset({"Sweep", "AutoML"})

_LIMITS: Final = {
    "maxTrials": 3,
    "trialTimeout": "PT10M",
    "timeout": "PT1H",
    "maxConcurrentTrials": 1,
    "maxNodes": 1,
    "maxCoresPerTrial": -1,
    "exitScore": None,
    "enableEarlyTermination": True,
    "sweepTrials": 0,
    "sweepConcurrentTrials": 0,
}
_TRAINING: Final = {
    "enableOnnxCompatibleModels": False,
    "stackEnsembleSettings": None,
    "enableStackEnsemble": False,
    "enableVoteEnsemble": False,
    "ensembleModelDownloadTimeout": "PT5M",
    "enableModelExplainability": True,
    "enableDnnTraining": False,
    "trainingMode": "Auto",
    "allowedTrainingAlgorithms": None,
    "blockedTrainingAlgorithms": ["LightGBM"],
}


def properties(job: Job, trials: Iterable[Job]) -> dict[str, str]:
    """The properties that the service gives to a search."""
    metric, goal = job.objective or ("", "")
    if job.job_type == "AutoML":
        settings = {"primary_metric": metric, "task_type": "classification", "metric_operation": goal}
        return {
            "num_iterations": str(len(list(trials))),
            "primary_metric": metric,
            "AMLSettingsJsonString": json.dumps(settings),
            "runTemplate": "AutoML",
            "azureml.runsource": "automl",
            "ClientType": "Mfe",
            "Orchestrator": "AutoML",
        }
    objective = json.dumps({"name": metric, "goal": goal}, separators=(",", ":")) if metric else "null"
    said = {
        "primary_metric_config": objective,
        "resume_from": "null",
        "runTemplate": "HyperDrive",
        "azureml.runsource": "hyperdrive",
        "platform": "AML",
        "space_size": "infinite_space_size",
    }
    return {**said, **_best_of_sweep(job, trials)}


def tags(job: Job, trials: Iterable[Job]) -> dict[str, str]:
    """The tags that the service gives to a search."""
    if job.job_type == "AutoML":
        best = {"automl_best_child_run_id": job.best} if job.best else {}
        return {"model_explain_run": "best_run", "_aml_system_azureml.automlComponent": "AutoML", **best}
    sampled = {f"_aml_system_{trial.name}": json.dumps(dict(trial.parameters)) for trial in trials}
    return {"_aml_system_max_concurrent_jobs": "4", "_aml_system_all_jobs_generated": "true", **sampled}


def sweep(job: Job, *, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """What the control plane says of a sweep alone."""
    metric, goal = job.objective or (None, "")
    return {
        "searchSpace": {"lr": ["uniform", [0.001, 0.1]]},
        "samplingAlgorithm": {"samplingAlgorithmType": "Random", "seed": None, "logbase": None, "rule": "Random"},
        "limits": {
            "timeout": "PT1H",
            "jobLimitsType": "Sweep",
            "maxTotalTrials": 20,
            "maxConcurrentTrials": 4,
            "trialTimeout": None,
        },
        "earlyTermination": None,
        "objective": {"primaryMetric": metric, "goal": goal.capitalize() or None},
        "trial": {
            "codeId": job.code_id or f"{names.WORKSPACE_ID}/codes/{job.name}/versions/1",
            "command": job.command,
            "environmentId": job.environment_id or f"{names.WORKSPACE_ID}/environments/sandbox-training/versions/1",
            "environmentVariables": {},
            "distribution": None,
            "resources": {
                "instanceCount": 1,
                "maxInstanceCount": None,
                "instanceType": None,
                "locations": None,
                "properties": None,
                "dockerArgs": None,
            },
        },
        "inputs": dict(inputs),
        "outputs": dict(outputs),
        "queueSettings": None,
    }


def automl(job: Job, *, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What the control plane says of an AutoML job alone: it has no outputs here, only in run history."""
    return {
        "resources": {
            "instanceCount": 1,
            "instanceType": None,
            "locations": None,
            "properties": None,
            "shmSize": "2g",
            "dockerArgs": None,
        },
        "environmentId": None,
        "environmentVariables": None,
        "taskDetails": _classification(job, inputs),
        "outputs": {},
        "queueSettings": {"jobTier": "Standard", "priority": None},
    }


def _classification(job: Job, inputs: Mapping[str, Any]) -> dict[str, Any]:
    metric, _ = job.objective or ("accuracy", "")
    return {
        "logVerbosity": "Info",
        "trainingData": _data(inputs, "training_data"),
        "targetColumnName": "y",
        "limitSettings": _LIMITS,
        "sweepSettings": None,
        "fixedParameters": None,
        "searchSpace": None,
        "nCrossValidations": None,
        "cvSplitColumnNames": None,
        "weightColumnName": None,
        "validationData": _data(inputs, "validation_data"),
        "testData": None,
        "validationDataSize": None,
        "testDataSize": None,
        "featurizationSettings": None,
        "taskType": "Classification",
        "primaryMetric": "".join(word.capitalize() for word in metric.split("_")),
        "trainingSettings": _TRAINING,
        "positiveLabel": None,
    }


def _data(inputs: Mapping[str, Any], name: str) -> dict[str, Any]:
    uri = inputs.get(name, {}).get("uri") or f"azureml://datastores/workspaceblobstore/paths/{name}"
    return {"description": None, "uri": uri, "mode": "ReadOnlyMount", "jobInputType": "mltable"}


def _best_of_sweep(job: Job, trials: Iterable[Job]) -> dict[str, str]:
    if job.best is None:
        return {}
    metric = (job.objective or ("",))[0]
    score = next((trial.metrics.get(metric) for trial in trials if trial.name == job.best), None)
    return {
        "best_child_run_id": job.best,
        **({"score": str(score)} if score is not None else {}),
        "best_metric_status": "Succeeded",
        "best_data_container_id": f"dcid.{job.best}",
    }
