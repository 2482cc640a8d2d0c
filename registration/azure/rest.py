"""REST calls to Azure ML over azure-core, for everything that must not wait for the SDK's import.

Importing azure-ai-ml takes most of a second; a duplicate or rejected event never needs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.core import PipelineClient
from azure.core.exceptions import DecodeError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, CustomHookPolicy, RetryPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest

from registration.azure.faults import TIMEOUTS, answering, no_long_sleep
from registration.errors import UnavailableError
from registration.registry import VersionTakenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from azure.core.credentials import TokenCredential
    from azure.core.rest import HttpResponse

ARM = "https://management.azure.com"
RUNNING, NOT_FOUND, CONFLICT = 202, 404, 409


class Rest:
    """JSON in, JSON out. Raises `UnavailableError`, or `PermanentError` for a refusal that stays.

    `service` is what errors call the other end.
    """

    def __init__(
        self, credential: TokenCredential, *, service: str = "Azure ML", timeouts: Mapping[str, Any] = TIMEOUTS
    ) -> None:
        self._service = service
        policies = [
            UserAgentPolicy("registrar"),
            RetryPolicy(retry_total=3),
            BearerTokenCredentialPolicy(credential, f"{ARM}/.default"),
            CustomHookPolicy(raw_response_hook=no_long_sleep),
        ]
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(
            base_url=ARM, policies=policies, **timeouts
        )

    def get(self, url: str, **query: str) -> dict[str, Any] | None:
        """The resource at `url`, or None when there is none."""
        return self._send(HttpRequest("GET", url, params=query))

    def pages(self, url: str, *, follow: Callable[[str], str], **query: str) -> Iterator[dict[str, Any]]:
        """The pages of a list, each asked for when it is due; none where there is no such list.

        `follow` gives back the address of the next page, or raises: our token goes wherever it leads. Raises
        `UnavailableError` for a list that goes on and then does not.
        """
        page = self.get(url, **query)
        while page is not None:
            yield page
            if not page.get("nextLink"):
                return
            following = follow(str(page["nextLink"]))
            page = self.get(following)
            if page is None:
                raise UnavailableError(f"a list goes on at {following}, and nothing is there")

    def post(self, url: str, body: dict[str, Any], **query: str) -> dict[str, Any] | None:
        """The answer to `body`, or None when what it asks about does not exist."""
        return self._send(HttpRequest("POST", url, params=query, json=body))

    def put(self, url: str, body: dict[str, Any], **query: str) -> dict[str, Any] | None:
        """The resource at `url` as `body` says, or None when what it names does not exist."""
        return self._send(HttpRequest("PUT", url, params=query, json=body))

    def begin(self, method: str, url: str, body: dict[str, Any], **query: str) -> str | None:
        """Ask for what takes its time: the address that tells how far it is, None if it is done.

        Raises `VersionTakenError` for a version that is there already.
        """
        with answering(self._service):
            response = self._client.send_request(HttpRequest(method, url, params=query, json=body))
            if response.status_code == CONFLICT:
                raise VersionTakenError(f"{url} is there already")
            response.raise_for_status()
            return response.headers.get("Location") if response.status_code == RUNNING else None

    def is_over(self, operation: str) -> bool:
        """Whether what an address tells of has ended, or is not known any more; raises if it says that it failed."""
        with answering(self._service):
            response = self._client.send_request(HttpRequest("GET", operation))
            if response.status_code != NOT_FOUND:
                response.raise_for_status()
            return response.status_code != RUNNING

    def _send(self, request: HttpRequest) -> dict[str, Any] | None:
        with answering(self._service):
            response = self._client.send_request(request)
            if response.status_code == NOT_FOUND:
                return None
            response.raise_for_status()
            return _object(response)


def within(root: str, *, of: str) -> Callable[[str], str]:
    """Follows a list of `of` to addresses below `root` only; raises `UnavailableError` for another one."""

    def follow(url: str) -> str:
        if not url.startswith(f"{root}/"):
            raise UnavailableError(f"a list of {of} goes on outside {root}, where this app does not follow")
        return url

    return follow


def _object(response: HttpResponse) -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError as broken:
        raise DecodeError(f"the answer is not JSON: {broken}", response=response) from broken
    if not isinstance(document, dict):
        raise DecodeError("the answer is not a JSON object", response=response)
    return document
