"""Storage queues as the Functions host uses them: texts as they travel, created when first written to.

`Connections` makes them from an app's settings. A binding's `connection` is the prefix of settings: either the setting
itself (or with `AzureWebJobs` before it) is a connection string, or `<connection>__queueServiceUri` names the service
and the app's identity opens it. A message or queue that is gone is no error: whoever took it deals with it.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage, QueueServiceClient

from sandbox.host_functions import HostError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.core.credentials import TokenCredential

_RECEIPT_MISMATCH = "PopReceiptMismatch"


class Queue:
    """One queue of one account; safe to share between threads."""

    def __init__(self, client: QueueClient) -> None:
        self._client = client
        self.name = client.queue_name

    def receive(self, count: int, *, lock: float) -> list[QueueMessage]:
        """Up to `count` messages, hidden from others for `lock` seconds; none when the queue does not exist."""
        try:
            return list(self._client.receive_messages(max_messages=count, visibility_timeout=math.ceil(lock)))
        except ResourceNotFoundError:
            return []

    def send(self, text: str) -> None:
        """Add a message; creates the queue when it does not exist."""
        try:
            self._client.send_message(text)
        except ResourceNotFoundError:
            self._create()
            self._client.send_message(text)

    def hide(self, message: QueueMessage, *, seconds: float) -> None:
        """Show the message again after `seconds`, counted from now; renews the message's receipt."""
        try:
            updated = self._client.update_message(message, visibility_timeout=math.ceil(seconds))
        except HttpResponseError as error:
            _tolerate_loss(error)
        else:
            message.pop_receipt = updated.pop_receipt

    def delete(self, message: QueueMessage) -> None:
        """Remove the message."""
        try:
            self._client.delete_message(message)
        except HttpResponseError as error:
            _tolerate_loss(error)

    def count(self) -> int:
        """How many messages there are, hidden ones too; 0 when the queue does not exist."""
        try:
            return self._client.get_queue_properties().approximate_message_count or 0
        except ResourceNotFoundError:
            return 0

    def _create(self) -> None:
        try:
            self._client.create_queue()
        except ResourceExistsError:
            return


def _tolerate_loss(error: HttpResponseError) -> None:
    if isinstance(error, ResourceNotFoundError) or getattr(error, "error_code", None) == _RECEIPT_MISMATCH:
        return
    raise error


class Connections:
    """The queues that an app's settings open; one client for each queue."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._services: dict[str, QueueServiceClient] = {}
        self._queues: dict[tuple[str, str], Queue] = {}
        self._opening = threading.Lock()

    def queue(self, connection: str, name: str) -> Queue:
        """The queue `name` behind a connection. Raises HostError when no setting describes the connection."""
        with self._opening:
            key = connection, name.lower()
            if key not in self._queues:
                self._queues[key] = Queue(self._service(connection).get_queue_client(name.lower()))
            return self._queues[key]

    def _service(self, connection: str) -> QueueServiceClient:
        if connection not in self._services:
            self._services[connection] = self._connect(connection)
        return self._services[connection]

    def _connect(self, connection: str) -> QueueServiceClient:
        for setting in (connection, f"AzureWebJobs{connection}"):
            if setting in self._environment:
                return QueueServiceClient.from_connection_string(self._environment[setting])
            if f"{setting}__queueServiceUri" in self._environment:
                return QueueServiceClient(self._environment[f"{setting}__queueServiceUri"], self._credential(setting))
        raise HostError(
            f"connection {connection!r} has no setting: set {connection}__queueServiceUri to the queue service's URL, "
            f"or {connection} to a connection string"
        )

    def _credential(self, setting: str) -> TokenCredential:
        # Its import takes longer than a host without queues takes to start.
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - see above

        client = self._environment.get(f"{setting}__clientId")
        return DefaultAzureCredential(managed_identity_client_id=client) if client else DefaultAzureCredential()
