"""Faults: how the errors of the Azure clients become ours. One table, from an error to what becomes of the message.

    no answer, or one that breaks off      transient; what was asked may have been done, so the next try looks first
    no token                               transient
    401, 403                               transient: role assignments take minutes to arrive after a deployment
    404, 409, 412                          transient: not there yet, or another was first
    408, 425, 429, 5xx                     transient
    501, 505                               permanent
    any other answer                       permanent
    the client refuses before it asks      permanent

Whoever expects one of these as an answer (a blob that is not there, a version that is taken) catches it before it
comes here. What is no error of Azure's is left as it is.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    DeserializationError,
    HttpResponseError,
    SerializationError,
    ServiceRequestError,
    ServiceResponseError,
    TooManyRedirectsError,
)
from azure.core.pipeline.policies import RetryPolicy

from registration.errors import PermanentError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from azure.core.pipeline import PipelineResponse

FIRST_ERROR = 400
LONGEST_SLEEP_SECONDS = 10.0
# How long a client waits for a connection, and for each part of an answer. azure-core's own five minutes, four times
# over, would outlast a delivery where a firewall swallows what is sent; the storage clients have shorter ones.
TIMEOUTS: Final[Mapping[str, Any]] = {"connection_timeout": 10.0, "read_timeout": 60.0}
RETRY_SENTENCE = re.compile(r"Retry again after (\d{1,5}) seconds")
TRANSIENT_STATUS = frozenset({401, 403, 404, 408, 409, 412, 425, 429})
NEVER_SERVED = frozenset({501, 505})
FIRST_REFUSAL, FIRST_FAULT = 300, 500
_SLEEPER = RetryPolicy()


@contextlib.contextmanager
def answering(service: str) -> Iterator[None]:
    """Translate the faults of `service`, named as a person would.

    Raises `UnavailableError` for what is transient and `PermanentError` for what is not.
    """
    try:
        yield
    except (AzureError, DeserializationError, SerializationError) as fault:
        said = f"{_status(fault)}: {_sentence(fault)}"
        if is_transient(fault):
            raise UnavailableError(f"{service} {said}", retry_after_seconds=_retry_after(fault)) from fault
        raise PermanentError(f"{service} {said}") from fault


def no_long_sleep(answered: PipelineResponse[Any, Any]) -> None:
    """Raise `UnavailableError` for an error after which the client would sleep more than LONGEST_SLEEP_SECONDS.

    The clients try again by themselves, and sleep for as long as a Retry-After header says. A worker has half an hour
    for a message and few threads, so a client that is given this as its `raw_response_hook` sleeps for seconds only.
    """
    answer = answered.http_response
    if answer.status_code < FIRST_ERROR:
        return
    said = f"{urlsplit(answered.http_request.url).hostname} answered {answer.status_code} and asks for"
    try:
        asked = _SLEEPER.get_retry_after(answered)
    except ValueError as wrong:  # which would leave the client as no error of Azure's
        raise UnavailableError(f"{said} patience in a Retry-After that is no time") from wrong
    if asked is not None and asked > LONGEST_SLEEP_SECONDS:
        raise UnavailableError(f"{said} {asked:.0f} seconds of patience", retry_after_seconds=asked)


def is_transient(fault: Exception) -> bool:
    """Whether the same call can succeed later."""
    match fault:
        case ServiceRequestError() | ServiceResponseError() | DecodeError() | DeserializationError():
            return True
        case ClientAuthenticationError():
            return True
        case TooManyRedirectsError():
            return False
        case HttpResponseError():
            return _passes(fault.status_code)
        case _:
            return False


def _passes(status: int | None) -> bool:
    # An error without a status, or with one of success, is an answer whose body broke off.
    if status is None or status < FIRST_REFUSAL:
        return True
    return status in TRANSIENT_STATUS or (status >= FIRST_FAULT and status not in NEVER_SERVED)


def _status(fault: Exception) -> str:
    status = getattr(fault, "status_code", None)
    if status:
        return f"answered {status}"
    return "did not answer" if is_transient(fault) else "cannot be asked"


def _sentence(fault: Exception) -> str:
    lines = str(getattr(fault, "message", fault)).splitlines()
    return lines[0] if lines else type(fault).__name__


def _retry_after(fault: Exception) -> float | None:
    headers = getattr(getattr(fault, "response", None), "headers", {})
    text = headers.get("Retry-After")
    if text and text.isdecimal():
        return float(text)
    # Azure ML's control plane sends no header with a 429, only a sentence.
    said = RETRY_SENTENCE.search(str(getattr(fault, "message", "")))
    return float(said[1]) if said else None
