"""How the errors of the Azure clients become ours: what may answer differently later, and what will not."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import azure.ai.ml.exceptions
import azure.core.exceptions
import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DeserializationError,
    HttpResponseError,
    IncompleteReadError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    SerializationError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.identity import CredentialUnavailableError

from registration.azure.faults import answering, is_transient
from registration.errors import PermanentError, RegistrarError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CLIENTS = ("azure.core", "azure.identity", "azure.storage.blob", "azure.storage.queue", "azure.eventgrid")
# Errors that are transient whatever was answered, and errors that say by their status whether they are.
ALWAYS = {
    "AuthenticationRequiredError",
    "AzureSigningError",
    "ClientAuthenticationError",
    "CredentialUnavailableError",
    "DecodeError",
    "IncompleteReadError",
    "ServiceRequestError",
    "ServiceRequestTimeoutError",
    "ServiceResponseError",
    "ServiceResponseTimeoutError",
}
BY_STATUS = {
    "HttpResponseError",
    "ODataV4Error",
    "PartialBatchErrorException",
    "ResourceExistsError",
    "ResourceModifiedError",
    "ResourceNotFoundError",
    "ResourceNotModifiedError",
}
NEVER = {"ResponseNotReadError", "StreamClosedError", "StreamConsumedError", "TooManyRedirectsError"}


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
    with pytest.raises((RegistrarError, KeyError)) as outside, answering("the service"):
        raise error
    return outside.value


def kinds(root: type[AzureError] = AzureError) -> Iterator[type[AzureError]]:
    """Every error that the clients we use can raise, with all their modules loaded."""
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


@pytest.fixture(scope="module")
def clients() -> None:
    for name in CLIENTS:
        package = importlib.import_module(name)
        for found in pkgutil.iter_modules(package.__path__, f"{name}."):
            if found.name.rpartition(".")[2] not in {"aio", "tracing"}:
                importlib.import_module(found.name)


def silent_about(kind: type[AzureError], status: int | None) -> AzureError:
    """An error of this kind with this status; each kind wants other things of whoever makes one."""
    error = kind.__new__(kind)
    error.message = "so it is"
    if isinstance(error, HttpResponseError):
        error.status_code, error.response = status, None
    return error


@pytest.mark.usefixtures("clients")
def test_the_table_has_every_error_that_the_clients_can_raise() -> None:
    of_the_sdk = set(kinds(azure.ai.ml.exceptions.MlException))
    others = {kind.__name__ for kind in kinds() if kind not in of_the_sdk and kind is not AzureError}

    assert others == ALWAYS | BY_STATUS | NEVER


@pytest.mark.usefixtures("clients")
@pytest.mark.parametrize("status", [None, 200, 400, 503])
def test_every_error_is_transient_or_permanent_as_the_table_says(status: int | None) -> None:
    passes = status != 400
    for kind in kinds():
        wanted = kind.__name__ in ALWAYS or (kind.__name__ in BY_STATUS and passes)

        assert is_transient(silent_about(kind, status)) is wanted, kind


PASSING = {401, 403, 404, 408, 409, 412, 425, 429, 500, 502, 503, 504, 506, 507, 508, 510, 511}


@pytest.mark.parametrize("status", sorted(status for status in HTTPStatus if status >= 300))
def test_every_status_is_one_that_passes_or_one_that_stays(status: int) -> None:
    found = raised(HttpResponseError("busy\nwith details", response=Said(status)))

    assert type(found) is (UnavailableError if status in PASSING else PermanentError)
    assert str(found) == f"the service answered {status}: busy"


@pytest.mark.parametrize(
    ("error", "status"), [(ResourceNotFoundError, 404), (ResourceExistsError, 409), (ResourceModifiedError, 412)]
)
def test_what_nobody_expected_to_be_there_or_gone_may_be_otherwise_later(
    error: type[HttpResponseError], status: int
) -> None:
    assert isinstance(raised(error("no", response=Said(status))), UnavailableError)


@pytest.mark.parametrize(
    "silence", [ServiceRequestError, ServiceRequestTimeoutError, ServiceResponseError, ServiceResponseTimeoutError]
)
def test_a_service_that_is_silent_is_unavailable(silence: type[AzureError]) -> None:
    found = raised(silence("connection reset"))

    assert isinstance(found, UnavailableError)
    assert str(found) == "the service did not answer: connection reset"
    assert found.retry_after_seconds is None


def test_what_the_sdk_refuses_before_it_asks_is_refused_for_ever() -> None:
    wrong = azure.ai.ml.exceptions.ModelException("Model cannot register a file", no_personal_data_message="no")

    found = raised(wrong)

    assert isinstance(found, PermanentError)
    assert str(found) == "the service cannot be asked: Model cannot register a file"


def test_what_cannot_be_written_down_is_refused_and_what_cannot_be_read_may_be_later() -> None:
    assert isinstance(raised(SerializationError("no such enum")), PermanentError)
    assert isinstance(raised(DeserializationError("no such enum")), UnavailableError)


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


@pytest.mark.parametrize("status", [503, 400])
def test_the_cause_is_kept(status: int) -> None:
    cause = HttpResponseError("busy", response=Said(status))

    assert raised(cause).__cause__ is cause


def test_a_role_that_has_not_arrived_is_unavailable() -> None:
    refused = ClientAuthenticationError("not yet", response=Said(403))

    assert isinstance(raised(refused), UnavailableError)


def test_an_identity_that_gives_no_token_is_unavailable() -> None:
    silent = CredentialUnavailableError("the identity endpoint did not answer")

    assert isinstance(raised(silent), UnavailableError)


@pytest.mark.parametrize(
    "broken",
    [
        IncompleteReadError("12 bytes read, 20 more expected", response=Said(206)),
        HttpResponseError("the connection broke", response=None),  # what a download says that broke off three times
        HttpResponseError("the connection broke", response=Said(206)),
    ],
    ids=["short", "without status", "of a part"],
)
def test_a_body_that_breaks_off_is_unavailable(broken: HttpResponseError) -> None:
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
