"""REST reads of Azure ML over azure-core, for everything that must not wait for the SDK's import.

Importing azure-ai-ml takes most of a second; a duplicate or rejected event never needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.core import PipelineClient
from azure.core.exceptions import DecodeError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, CustomHookPolicy, RetryPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest

from registration.azure.faults import answering, no_long_sleep

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.rest import HttpResponse

ARM = "https://management.azure.com"
NOT_FOUND = 404


class Rest:
    """JSON in, JSON out. Raises `UnavailableError`, or `PermanentError` for a refusal that stays."""

    def __init__(self, credential: TokenCredential) -> None:
        policies = [
            UserAgentPolicy("registrar"),
            RetryPolicy(retry_total=3),
            BearerTokenCredentialPolicy(credential, f"{ARM}/.default"),
            CustomHookPolicy(raw_response_hook=no_long_sleep),
        ]
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(base_url=ARM, policies=policies)

    def get(self, url: str, **query: str) -> dict[str, Any] | None:
        """The resource at `url`, or None when there is none."""
        return self._send(HttpRequest("GET", url, params=query))

    def post(self, url: str, body: dict[str, Any]) -> dict[str, Any] | None:
        """The answer to `body`, or None when what it asks about does not exist."""
        return self._send(HttpRequest("POST", url, json=body))

    def put(self, url: str, body: dict[str, Any], **query: str) -> dict[str, Any] | None:
        """The resource at `url` as `body` says, or None when what it names does not exist."""
        return self._send(HttpRequest("PUT", url, params=query, json=body))

    def _send(self, request: HttpRequest) -> dict[str, Any] | None:
        with answering("Azure ML"):
            response = self._client.send_request(request)
            if response.status_code == NOT_FOUND:
                return None
            response.raise_for_status()
            return _object(response)


def _object(response: HttpResponse) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError as broken:
        raise DecodeError(f"the answer is not JSON: {broken}", response=response) from broken
    if not isinstance(document, dict):
        raise DecodeError("the answer is not a JSON object", response=response)
    return document
