"""The identity: who this process is to Azure. The SDK's chain of credentials, but one that never sleeps for long.

In Azure that is the app's managed identity, elsewhere whoever is signed in.
"""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, override

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import DefaultAzureCredential

from registration.azure.faults import no_long_sleep
from registration.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions
    from azure.core.pipeline import PipelineResponse


class Identity(DefaultAzureCredential):
    """Raises `UnavailableError`, with the seconds asked for, where an endpoint of tokens asks for a long wait.

    The SDK asks again by itself, and sleeps for as long as Retry-After says. What its chain makes of an error says
    nothing of that wait, so the error is kept beside it, for the thread that waits.
    """

    def __init__(self) -> None:
        self._heard = threading.local()
        super().__init__(raw_response_hook=self._hear)

    @override
    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """A token for `scopes`; raises as said, and `ClientAuthenticationError`."""
        with self._telling():
            return super().get_token(*scopes, **options)

    @override
    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token for `scopes`, with what else is known of it; raises as `get_token` does."""
        with self._telling():
            return super().get_token_info(*scopes, options=options)

    def _hear(self, answered: PipelineResponse[Any, Any]) -> None:
        try:
            no_long_sleep(answered)
        except UnavailableError as asked:
            self._heard.asked = asked
            raise

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        self._heard.asked = None
        try:
            yield
        except ClientAuthenticationError as refused:
            if self._heard.asked is None:
                raise
            raise self._heard.asked from refused
