"""The sandbox fails when it is told to, and the real clients see it as they would see Azure fail."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

from sandbox import names, refusals
from tests.contracts.plain_client import PlainClient

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from sandbox.sandbox import Sandbox

_URI = "azureml://datastores/workspaceblobstore/paths/m"


def answered(plain: PlainClient, path: str) -> int | None:
    """The status of a GET; None when its answer was lost."""
    try:
        return int(plain.arm("GET", path).status_code)
    except (ServiceRequestError, ServiceResponseError):
        return None


def test_a_throttled_request_succeeds_when_the_client_retries(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_version("throttled", 1, uri=_URI)
    sandbox.workspace.fail_next("GET", "/models/throttled/", 429, refusals.too_many_requests(), {"Retry-After": "0"})

    found = ml.models.get("throttled", version="1")

    assert found.version == "1"
    assert sum(path.endswith("/models/throttled/versions/1") for _, _, path in sandbox.workspace.requests) == 2


def test_a_lasting_fault_reaches_the_caller(sandbox: Sandbox, ml: MLClient) -> None:
    sandbox.workspace.add_version("broken", 1, uri=_URI)
    sandbox.workspace.fail_next("GET", "/models/broken/", 400, refusals.user_error("no").response.body)

    with pytest.raises(HttpResponseError) as failure:
        ml.models.get("broken", version="1")

    assert failure.value.status_code == 400


def test_a_server_fault_has_no_effect(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.fail_next("PUT", "/models/unwritten/", 500)

    answer = plain.arm("PUT", "/models/unwritten/versions/1", {"properties": {"modelUri": _URI}})

    assert answer.status_code == 500
    assert sandbox.workspace.versions("unwritten") == []


def test_a_lost_answer_leaves_the_effect(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.lose_next_answer("PUT", "/models/half-heard/")

    # Behind a proxy urllib3 takes an answer that never came for a proxy it could not reach; a caller must expect both.
    with pytest.raises((ServiceRequestError, ServiceResponseError)):
        plain.arm("PUT", "/models/half-heard/versions/1", {"properties": {"modelUri": _URI}})

    assert [each.version for each in sandbox.workspace.versions("half-heard")] == ["1"]


def test_a_delay_comes_before_the_effect(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.delay_next("GET", "/jobs/slow$", 0.1)
    started = time.monotonic()

    plain.arm("GET", "/jobs/slow")

    assert time.monotonic() - started >= 0.1


def test_a_share_of_the_requests_fails_until_cleared(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.faults.clear()
    sandbox.workspace.fail_some(1 / 2, seed=5)

    statuses = Counter(answered(plain, "/jobs/some") for _ in range(60))

    met = dict(sandbox.workspace.faults.met)
    sandbox.workspace.faults.clear()
    assert set(statuses) == {404, 429, 500, None}
    assert met == {"429": statuses[429], "500": statuses[500], "lost answer": statuses[None]}
    assert 15 < met["429"] + met["500"] + met["lost answer"] < 45
    assert answered(plain, "/jobs/some") == 404


def test_what_fails_by_chance_is_repeated_by_its_seed(sandbox: Sandbox, plain: PlainClient) -> None:
    def statuses() -> list[int | None]:
        sandbox.workspace.faults.clear()
        sandbox.workspace.fail_some(1 / 2, seed=11)
        return [answered(plain, "/jobs/seeded") for _ in range(12)]

    first, second = statuses(), statuses()

    sandbox.workspace.faults.clear()
    assert first == second


def test_only_azure_ml_fails_by_chance(sandbox: Sandbox, plain: PlainClient) -> None:
    sandbox.workspace.fail_some(1, seed=1)

    answer = plain.follow(names.TOPIC_ENDPOINT)

    sandbox.workspace.faults.clear()
    assert answer.status_code == 404


def test_a_host_outside_the_sandbox_is_refused_at_once_and_remembered(sandbox: Sandbox, plain: PlainClient) -> None:
    started = time.monotonic()

    with pytest.raises(ServiceRequestError, match="403"):
        plain.follow("https://example.org/")

    assert time.monotonic() - started < 5  # where nobody answers, it would be minutes
    assert "example.org" in sandbox.refused_hosts


def test_a_request_without_a_token_is_refused(sandbox: Sandbox) -> None:
    assert sandbox.workspace.runs.find("anything") is None

    answer = PlainClient(None).arm("GET", "/jobs/anything")

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AuthenticationFailed")
    assert "WWW-Authenticate" in answer.headers


def test_a_token_for_storage_opens_no_workspace(sandbox: Sandbox) -> None:
    from azure.core.credentials import AccessToken  # noqa: PLC0415 - the one test that needs it

    from sandbox.identity import token  # noqa: PLC0415 - the same

    class Misdirected:
        def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
            expires = int(time.time()) + 600
            return AccessToken(token("https://storage.azure.com", expires=expires), expires)

    answer = PlainClient(Misdirected()).arm("GET", "/jobs/anything")

    assert answer.status_code == 401
    assert sandbox.environment()["IDENTITY_HEADER"]


def test_an_api_version_is_required(plain: PlainClient) -> None:
    answer = plain.follow(f"https://{names.ARM_HOST}{names.WORKSPACE_ID}/jobs/anything")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "MissingApiVersionParameter")
