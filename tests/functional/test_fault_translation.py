"""How the errors of the Azure clients become ours: what may answer differently later, and what will not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.identity import CredentialUnavailableError

from registration.azure.faults import answering
from registration.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Said:
    """What an error wants to know of the response it is made from."""

    status_code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    reason: str = "Reason"
    request: Any = None

    def text(self) -> str:
        return self.body


def raised(error: Exception) -> Exception:
    """What leaves the block when `error` is raised inside."""
    with pytest.raises((UnavailableError, AzureError, KeyError)) as outside, answering("the service"):
        raise error
    return outside.value


@pytest.mark.parametrize(
    "silence", [ServiceRequestError, ServiceRequestTimeoutError, ServiceResponseError, ServiceResponseTimeoutError]
)
def test_a_service_that_is_silent_is_unavailable(silence: type[AzureError]) -> None:
    found = raised(silence("connection reset"))

    assert isinstance(found, UnavailableError)
    assert str(found) == "the service did not answer: connection reset"
    assert found.retry_after_seconds is None


@pytest.mark.parametrize("status", [401, 403, 408, 429, 500, 502, 503, 504])
def test_a_status_that_passes_is_unavailable(status: int) -> None:
    found = raised(HttpResponseError("busy\nwith details", response=Said(status)))

    assert isinstance(found, UnavailableError)
    assert str(found) == f"the service answered {status}: busy"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (HttpResponseError, 400),
        (ResourceNotFoundError, 404),
        (HttpResponseError, 405),
        (ResourceExistsError, 409),
        (ResourceModifiedError, 412),
        (HttpResponseError, 416),
        (HttpResponseError, 422),
        (HttpResponseError, 501),
    ],
)
def test_a_refusal_stays_what_it_is(error: type[HttpResponseError], status: int) -> None:
    refusal = error("no", response=Said(status))

    assert raised(refusal) is refusal


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ],
)
def test_the_wait_is_the_one_the_service_asked_for(headers: dict[str, str], seconds: float | None) -> None:
    found = raised(HttpResponseError("busy", response=Said(429, headers)))

    assert isinstance(found, UnavailableError)
    assert found.retry_after_seconds == seconds


def test_the_cause_is_kept() -> None:
    cause = HttpResponseError("busy", response=Said(503))

    assert raised(cause).__cause__ is cause


def test_a_role_that_has_not_arrived_is_unavailable() -> None:
    refused = ClientAuthenticationError("not yet", response=Said(403))

    assert isinstance(raised(refused), UnavailableError)


def test_an_identity_that_gives_no_token_is_unavailable() -> None:
    silent = CredentialUnavailableError("the identity endpoint did not answer")

    assert isinstance(raised(silent), UnavailableError)


def test_a_body_that_breaks_off_is_unavailable() -> None:
    broken = IncompleteReadError("12 bytes read, 20 more expected", response=Said(206))

    assert isinstance(raised(broken), UnavailableError)


def test_what_is_not_azures_is_left_alone() -> None:
    own = KeyError("value")

    assert raised(own) is own


def test_nothing_is_raised_when_nothing_went_wrong() -> None:
    with answering("the service"):
        answer = 42

    assert answer == 42


def test_a_wait_that_only_the_message_tells_counts_too() -> None:
    sentence = "Received too many requests in a short amount of time. Retry again after 20 seconds."

    found = raised(HttpResponseError(sentence, response=Said(429, {})))

    assert isinstance(found, UnavailableError)
    assert found.retry_after_seconds == 20
