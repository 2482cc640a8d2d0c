"""Rights taken away: from now on the requests that fit are answered as Azure answers whoever may not make them.

A denial stays until `lift`. Each service refuses in its own words:

- storage: XML with AuthorizationPermissionMismatch for a missing role, AuthorizationFailure from its network rules
  (https://learn.microsoft.com/rest/api/storageservices/common-rest-api-error-codes)
- the resource manager: AuthorizationFailed, with the action and the scope
- Azure ML's data planes: ForbiddenError inside a UserError, as people report it
- an Event Grid topic: 401, and a sentence about the permission to send; the status is inferred
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from sandbox import names, refusals
from sandbox.http_server import Response

if TYPE_CHECKING:
    from sandbox.http_server import Answer, Request

_SENTENCE: Final = "This request is not authorized to perform this operation"
_SENTENCES: Final = {
    "AuthorizationPermissionMismatch": f"{_SENTENCE} using this permission.",
    "AuthorizationFailure": f"{_SENTENCE}.",
}


class Because(Enum):
    """Why a request is refused."""

    ROLE = "AuthorizationPermissionMismatch"
    NETWORK = "AuthorizationFailure"


@dataclass(frozen=True)
class _Denial:
    host: str
    request: re.Pattern[str]
    because: Because

    def fits(self, request: Request) -> bool:
        return request.host == self.host and self.request.search(f"{request.method} {request.target}") is not None


class Denials:
    """What is denied. Thread safe."""

    def __init__(self) -> None:
        self._denials: list[_Denial] = []
        self._lock = threading.Lock()

    def deny(self, host: str, request: str, *, because: Because = Because.ROLE) -> None:
        """Refuse the requests to `host` that fit `request`, a regular expression over `METHOD /path?query`."""
        with self._lock:
            self._denials.append(_Denial(host, re.compile(request), because))

    def lift(self) -> None:
        """Deny nothing any more."""
        with self._lock:
            self._denials.clear()

    def around(self, answer: Answer) -> Answer:
        """`answer`, with the denials in front of it."""

        def answered(request: Request) -> Response:
            with self._lock:
                denial = next((each for each in self._denials if each.fits(request)), None)
            return answer(request) if denial is None else refusal(request, denial.because)

        return answered


def refusal(request: Request, because: Because) -> Response:
    """How the service that `request` went to refuses it."""
    if request.host == names.ARM_HOST:
        return refusals.not_authorized(request.method, request.path).response
    if request.host in {names.DATAPLANE_HOST, names.DISCOVERY_HOST, names.REGISTRY_HOST}:
        return refusals.forbidden().response
    if request.host == names.TOPIC_HOST:
        return refusals.may_not_send().response
    return _of_storage(because.value)


def _of_storage(code: str) -> Response:
    error = f"<Error><Code>{code}</Code><Message>{_SENTENCES[code]}\n</Message></Error>"
    body = f'<?xml version="1.0" encoding="utf-8"?>{error}'
    return Response(403, body, {"Content-Type": "application/xml", "x-ms-error-code": code})
