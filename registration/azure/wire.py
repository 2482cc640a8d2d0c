"""The doctor's wire over azure-core: every answer comes back as a value, and so does that none came.

A request is tried three times at most where the service is busy; no answer is waited for longer than half a minute.
A service that asks for more patience than that is not tried again: that it is busy is the answer then.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from azure.core import PipelineClient
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, CustomHookPolicy, RetryPolicy, UserAgentPolicy
from azure.core.rest import HttpRequest

from registration.azure.faults import answering, no_long_sleep
from registration.doctor.wire import Answer, answer
from registration.errors import UnavailableError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline import PipelineResponse
    from azure.core.rest import HttpResponse

    from registration.doctor.wire import Ask, Audience

_CONNECT_SECONDS: Final = 10
_READ_SECONDS: Final = 30
_LONGEST: Final = 300


class AzureWire:
    """Sends under one identity, from any thread."""

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential
        self._clients: dict[Audience, PipelineClient[HttpRequest, HttpResponse]] = {}
        self._lock = threading.Lock()

    def ask(self, ask: Ask) -> Answer:
        """Send one request; whatever comes of it is an answer."""
        request = HttpRequest(ask.method, ask.url, headers=dict(ask.headers), content=ask.body)
        try:
            response = self._client(ask.audience).send_request(request)
            return answer(response.status_code, response.headers, response.text(), received=datetime.now(UTC))
        except _Busy as busy:
            return Answer(busy.status, said=str(busy))
        except ClientAuthenticationError as nobody:
            return Answer(None, said=_line(nobody), has_token=False)
        except (AzureError, UnavailableError) as silent:
            return Answer(None, said=_line(silent))

    def token(self, audience: Audience) -> str:
        """A token; raises `UnavailableError` when nobody is signed in."""
        with answering("the sign-in"):
            return self._credential.get_token(audience).token

    def _client(self, audience: Audience) -> PipelineClient[HttpRequest, HttpResponse]:
        with self._lock:
            if audience not in self._clients:
                self._clients[audience] = PipelineClient(
                    base_url="",
                    policies=[
                        UserAgentPolicy("registrar-doctor"),
                        RetryPolicy(retry_total=2, retry_connect=1, retry_backoff_factor=0.3),
                        BearerTokenCredentialPolicy(self._credential, audience),
                        CustomHookPolicy(raw_response_hook=_no_long_sleep),
                    ],
                    connection_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                )
            return self._clients[audience]


class _Busy(Exception):  # noqa: N818 - an answer on its way out of the pipeline
    """A service asks for more patience than there is."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


def _no_long_sleep(answered: PipelineResponse[Any, Any]) -> None:
    try:
        no_long_sleep(answered)
    except UnavailableError as asked:
        raise _Busy(answered.http_response.status_code, str(asked)) from asked


def _line(error: Exception) -> str:
    lines = str(getattr(error, "message", error)).splitlines()
    return lines[0][:_LONGEST] if lines else type(error).__name__
