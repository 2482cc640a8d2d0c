"""The Python SDK reads the endpoints of the sandbox and what is deployed behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import ResourceNotFoundError

from sandbox import names

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from sandbox.sandbox import Sandbox

VERSION = f"{names.WORKSPACE_ID}/models/churn/versions/7"


def test_an_online_endpoint_is_read_with_its_traffic_and_deployments(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.endpoints.deploy("sdk-online", "blue", model="churn:7", traffic=90)
    sandbox.workspace.endpoints.deploy("sdk-online", "green", model=None, traffic=10)

    endpoint = ml.online_endpoints.get("sdk-online")
    deployments = {each.name: each.model for each in ml.online_deployments.list("sdk-online")}

    assert endpoint.traffic == {"blue": 90, "green": 10}
    assert deployments == {"blue": VERSION, "green": None}
    assert "sdk-online" in {each.name for each in ml.online_endpoints.list()}


def test_a_batch_endpoint_is_read_with_its_default_and_deployments(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.endpoints.deploy("sdk-batch", "nightly", model="churn:7", kind="batch")

    endpoint = ml.batch_endpoints.get("sdk-batch")
    (deployment,) = ml.batch_deployments.list("sdk-batch")

    assert endpoint.defaults.deployment_name == "nightly"
    assert deployment.model == VERSION


def test_an_endpoint_that_is_not_there_is_not_found(ml: MLClient) -> None:
    with pytest.raises(ResourceNotFoundError, match="absent"):
        ml.online_endpoints.get("absent")
