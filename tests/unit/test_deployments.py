"""Which version a deployment serves, in every spelling of a model that the service is known to use."""

from __future__ import annotations

import pytest

from registration.deployments import Deployment

WORKSPACE = "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w"
SPELLINGS = [
    f"{WORKSPACE}/models/churn/versions/7",
    f"azureml:{WORKSPACE}/models/churn/versions/7",
    f"{WORKSPACE}/models/churn/versions/7".replace("resourceGroups", "resourcegroups"),
    "/subscriptions/s/RESOURCEGROUPS/r/providers/microsoft.machinelearningservices/workspaces/w/Models/churn/Versions/7",
    "azureml:churn:7",
    "azureml://locations/westeurope/workspaces/5a9d0c3e/models/churn/versions/7",
]
OTHERS = [
    f"{WORKSPACE}/models/churn/versions/70",
    f"{WORKSPACE}/models/churn-2/versions/7",
    f"{WORKSPACE}/environments/churn/versions/7",
    "azureml://registries/shared/models/churn/versions/7",
    "azureml://datastores/workspaceblobstore/paths/models/churn/versions/7/model.joblib",
    "churn:7",
]


def deployed(model: str | None) -> Deployment:
    return Deployment("online", "endpoint", "blue", model, traffic=100)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_version_is_known_in_every_spelling(spelling: str) -> None:
    assert deployed(spelling).serves("churn", 7)


@pytest.mark.parametrize("other", OTHERS)
def test_what_is_another_asset_is_not_taken_for_it(other: str) -> None:
    assert not deployed(other).serves("churn", 7)


def test_a_model_of_its_own_is_no_version() -> None:
    assert not deployed(None).serves("churn", 7)
