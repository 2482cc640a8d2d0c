"""A job's body, as the control plane writes it: what is read of it, and what is not mistaken for something else.

Shapes: recordings of Azure/azure-sdk-assets and Azure/azure-sdk-for-python (`test_command_job.py`, `test_sweep_job.py`,
`test_data.py` test_list); ids are invented.
"""

from __future__ import annotations

from typing import Any

from registration.azure.job_body import job_of
from registration.sources.job import Job

ARM = "/subscriptions/1b0d2c3e/resourceGroups/rg/providers/Microsoft.MachineLearningServices/workspaces/ml"


def job(**properties: Any) -> Job:
    return job_of("J", {"status": "Completed", **properties})


def given(kind: str, uri: str) -> dict[str, Any]:
    return {"description": None, "uri": uri, "mode": "ReadOnlyMount", "pathOnCompute": None, "jobInputType": kind}


def literal(value: object) -> dict[str, Any]:
    return {"description": None, "value": value, "jobInputType": "literal"}


def test_inputs_are_data_models_or_parameters() -> None:
    found = job(
        inputs={
            "rows": given("uri_folder", f"{ARM}/data/churn/versions/3"),
            "base": given("mlflow_model", f"{ARM}/models/bert/versions/2"),
            "extra": given("mltable", "azureml://datastores/d/paths/extra/"),
            "rate": literal("0.1"),
            "empty": literal(None),
        }
    )

    assert found.datasets == ("azureml://datastores/d/paths/extra/", f"{ARM}/data/churn/versions/3")
    assert found.base_models == (f"{ARM}/models/bert/versions/2",)
    assert found.parameters == {"rate": "0.1"}


def test_no_key_in_an_inputs_address_is_kept() -> None:
    found = job(inputs={"rows": given("uri_file", "https://acct.blob.core.windows.net/c/rows.csv?sv=1&sig=secret")})

    assert found.datasets == ("https://acct.blob.core.windows.net/c/rows.csv",)


def test_code_and_environment_are_the_jobs() -> None:
    found = job(codeId=f"{ARM}/codes/4f1a/versions/1", environmentId=f"{ARM}/environments/sklearn/versions/7")

    assert (found.code, found.environment) == (f"{ARM}/codes/4f1a/versions/1", f"{ARM}/environments/sklearn/versions/7")


def test_a_sweep_keeps_code_and_environment_in_its_trial() -> None:
    trial = {"codeId": f"{ARM}/codes/4f1a/versions/1", "environmentId": "azureml:sklearn:7", "command": "python t.py"}

    found = job(jobType="Sweep", trial=trial)

    assert (found.code, found.environment) == (f"{ARM}/codes/4f1a/versions/1", "azureml:sklearn:7")


def test_compute_is_the_cluster_or_the_size_of_its_machines() -> None:
    serverless = {"computeId": f"{ARM}/computes/", "resources": {"instanceType": "Standard_DS3_v2"}}

    assert job(computeId=f"{ARM}/computes/cpu").compute == f"{ARM}/computes/cpu"
    assert job(**serverless).compute == "Standard_DS3_v2"
    assert job(computeId=None, resources={"instanceType": None}).compute is None


def test_nothing_said_is_nothing_known() -> None:
    said = dict.fromkeys(["inputs", "outputs", "tags", "properties", "codeId", "environmentId", "parameters"])

    assert job(**said) == Job("J", "Completed")


def test_a_step_of_a_pipeline_is_shown_bare() -> None:
    assert job_of("S", None) == Job("S", status=None)
