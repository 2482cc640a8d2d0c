"""The work queue, for messages that come again later. Encoded in base64, as the Functions host reads them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from registration.azure.faults import answering

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.storage.queue import QueueClient

FOR_EVER = -1


class WorkQueue:
    """One storage queue. The client is imported when the first message is sent: most events need none."""

    def __init__(self, credential: TokenCredential, endpoint: str, name: str) -> None:
        self._credential = credential
        self._endpoint = endpoint
        self._name = name

    def send(self, text: str, *, delay_seconds: float = 0) -> None:
        """Put a message that shows after `delay_seconds`, whole seconds and at most seven days."""
        with answering("the work queue"):
            self._client.send_message(text, visibility_timeout=round(delay_seconds), time_to_live=FOR_EVER)

    def count(self) -> int:
        """About how many messages there are, those that do not show yet among them; never fewer than there are.

        https://learn.microsoft.com/rest/api/storageservices/get-queue-metadata
        """
        with answering("the work queue"):
            return self._client.get_queue_properties().approximate_message_count or 0

    @cached_property
    def _client(self) -> QueueClient:
        from azure.storage.queue import QueueClient, TextBase64EncodePolicy  # noqa: PLC0415 - as said above

        return QueueClient(
            self._endpoint,
            self._name,
            credential=self._credential,
            message_encode_policy=TextBase64EncodePolicy(),
        )
