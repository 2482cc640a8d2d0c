"""How the errors of the Azure clients become ours: what may answer differently later, and what will not."""

from __future__ import annotations

import json

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
from azure.core.rest import HttpRequest, HttpResponse
from azure.identity import CredentialUnavailableError

from registration.azure.faults import answering
from registration.errors import UnavailableError


class Said(HttpResponse):
    """Just enough of a response for an error to be made from it."""

    def __init__(self, status: int, headers: dict[str, str] | None = None, body: str = "") -> None:
        self._status, self._headers, self._body = status, headers or {}, body

    status_code = property(lambda self: self._status)
    headers = property(lambda self: self._headers)
    reason = property(lambda _: "Reason")
    request = property(lambda _: HttpRequest("GET", "https://example.org/"))
    content_type = property(lambda _: "application/json")

    def text(self, encoding: str | None = None) -> str:
        assert encoding is None
        return self._body
'''
''' 
