"""The adapter for deployments against the endpoints of the sandbox."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from registration.azure.deployments import ENDPOINTS_API, WorkspaceDeployments
from registration.azure.rest import ARM
from registration.errors import UnavailableError
from sandbox import names

if TYPE_CHECKING:
    from registration.azure.rest import Rest
    from registration.deployments import Deployment
    from sandbox.sandbox import Sandbox

FORBIDDEN = {"error": {"code": "AuthorizationFailed", "message": "The client does not have authorization."}}


@pytest.fixture
def deployments(rest: Rest) -> WorkspaceDeployments:
    return WorkspaceDeployments(rest, names.WORKSPACE_ID)


@pytest.fixture
def model() -> str:
    """A model that only this test deploys."""
    return f"deployed-{uuid.uuid4().hex[:8]}"


def serving(deployments: WorkspaceDeployments, model: str, version: int) -> list[Deployment]:
    return [each for each in deployments.all() if each.serves(model, version)]


def test_online_and_batch_deployments_of_a_version_are_found(
    sandbox: Sandbox, deployments: WorkspaceDeployments, model: str
) -> None:
    endpoints = sandbox.workspace.endpoints
    endpoints.deploy(f"{model}-on", "blue", model=f"{model}:7", traffic=90)
    endpoints.deploy(f"{model}-on", "green", model=f"{model}:8", traffic=10)
    endpoints.deploy(f"{model}-off", "nightly", model=f"{model}:7", kind="batch")

    online, batch = serving(deployments, model, 7)

    assert (online.kind, online.endpoint, online.name, online.traffic) == ("online", f"{model}-on", "blue", 90)
    assert (batch.kind, batch.endpoint, batch.name, batch.traffic) == ("batch", f"{model}-off", "nightly", 100)
    assert online.state == "Succeeded"


def test_a_deployment_that_brings_its_own_model_serves_no_version(
    sandbox: Sandbox, deployments: WorkspaceDeployments, model: str
) -> None:
    sandbox.workspace.endpoints.deploy(f"{model}-on", "own", model=None)

    (own,) = (each for each in deployments.all() if each.endpoint == f"{model}-on")

    assert own.model is None
    assert not own.serves(model, 1)


def test_lists_go_on_over_pages(
    sandbox: Sandbox, deployments: WorkspaceDeployments, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.workspace, "page_size", 2)
    for number in range(5):
        sandbox.workspace.endpoints.deploy(f"{model}-{number}", "blue", model=f"{model}:7")

    assert len(serving(deployments, model, 7)) == 5


def test_a_list_whose_next_page_is_gone_is_not_taken_for_whole(
    sandbox: Sandbox, deployments: WorkspaceDeployments
) -> None:
    following = f"{ARM}{names.WORKSPACE_ID}/onlineEndpoints/gone/deployments?api-version={ENDPOINTS_API}"
    sandbox.workspace.fail_next("GET", "/onlineEndpoints$", 200, {"value": [], "nextLink": following})

    with pytest.raises(UnavailableError, match="and nothing is there"):
        list(deployments.all())


def test_no_token_follows_a_list_that_goes_on_elsewhere(sandbox: Sandbox, deployments: WorkspaceDeployments) -> None:
    elsewhere = {"value": [], "nextLink": "https://example.org/next"}
    sandbox.workspace.fail_next("GET", "/onlineEndpoints$", 200, elsewhere)

    with pytest.raises(UnavailableError, match="does not follow"):
        list(deployments.all())


def test_without_the_right_to_read_them_that_is_said(sandbox: Sandbox, deployments: WorkspaceDeployments) -> None:
    sandbox.workspace.fail_next("GET", "/onlineEndpoints$", 403, FORBIDDEN)

    with pytest.raises(UnavailableError, match="403"):
        list(deployments.all())
