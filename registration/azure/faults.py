"""Faults: how the errors of the Azure clients become ours.

A service that is busy, broken, unreachable or not yet willing to let us in will answer differently later, so all of
these become `UnavailableError`. Everything else is left as it is.

The clients try again by themselves, and sleep for as long as a Retry-After header says. A worker has ten minutes for a
message, so a client that is given `no_long_sleep` as its `raw_response_hook` sleeps for seconds only: where a service
asks for more, the message waits in the queue.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.pipeline.policies import RetryPolicy

from registration.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.pipeline import PipelineResponse

FIRST_ERROR = 400
LONGEST_SLEEP_SECONDS = 10.0
RETRY_SENTENCE = re.compile(r"Retry again after (\d{1,5}) seconds")
# 401 and 403 are here because role assignments take minutes to arrive after a deployment.
TRANSIENT_STATUS = frozenset({401, 403, 408, 429, 500, 502, 503, 504})
_SLEEPER = RetryPolicy()


@contextlib.contextmanager
def answering(service: str) -> Iterator[None]:
    """Translate the faults of `service`, named as a person would; raises `UnavailableError`."""
    try:
        yield
    except (ServiceRequestError, ServiceResponseError, IncompleteReadError) as silent:
        raise UnavailableError(f"{service} did not answer: {silent.message}") from silent
    except HttpResponseError as answer:
        # An identity that gives no token is an error without a status.
        if answer.status_code not in TRANSIENT_STATUS and not isinstance(answer, ClientAuthenticationError):
            raise
        message = f"{service} answered {answer.status_code or 'nothing'}: {answer.message.splitlines()[0]}"
        raise UnavailableError(message, retry_after_seconds=_retry_after(answer)) from answer


def no_long_sleep(answered: PipelineResponse[Any, Any]) -> None:
    """Raise `UnavailableError` for an error after which the client would sleep more than LONGEST_SLEEP_SECONDS."""
    answer = answered.http_response
    asked = _SLEEPER.get_retry_after(answered)
    if answer.status_code >= FIRST_ERROR and asked is not None and asked > LONGEST_SLEEP_SECONDS:
        host = urlsplit(answered.http_request.url).hostname
        message = f"{host} answered {answer.status_code} and asks for {asked:.0f} seconds of patience"
        raise UnavailableError(message, retry_after_seconds=asked)


def _retry_after(answer: HttpResponseError) -> float | None:
    headers = getattr(answer.response, "headers", {})
    text = headers.get("Retry-After")
    if text and text.isdecimal():
        return float(text)
    # Azure ML's control plane sends no header with a 429, only a sentence.
    said = RETRY_SENTENCE.search(str(answer.message))
    return float(said[1]) if said else None
