"""The outcome topic: CloudEvents to Event Grid. The client is imported when the first event is sent."""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from registration.azure.faults import TIMEOUTS, answering, no_long_sleep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.core.credentials import TokenCredential
    from azure.eventgrid import EventGridPublisherClient


class OutcomeTopic:
    """Publishes to one custom topic, which must take the CloudEvents schema."""

    def __init__(self, credential: TokenCredential, endpoint: str, *, timeouts: Mapping[str, Any] = TIMEOUTS) -> None:
        self._credential = credential
        self._timeouts = timeouts
        self._endpoint = endpoint

    def publish(self, event: Mapping[str, Any]) -> None:
        """Send one CloudEvent; its id stays the same however often it is sent."""
        from azure.core.messaging import CloudEvent  # noqa: PLC0415 - only needed once there is an outcome

        cloud_event = CloudEvent(
            id=event["id"],
            type=event["type"],
            source=event["source"],
            subject=event["subject"],
            time=datetime.fromisoformat(event["time"]),
            data=event["data"],
        )
        with answering("the outcome topic"):
            # Timeouts that are given to the client do not reach what it sends through.
            self._client.send(cloud_event, raw_response_hook=no_long_sleep, **self._timeouts)

    @cached_property
    def _client(self) -> EventGridPublisherClient:
        from azure.eventgrid import EventGridPublisherClient  # noqa: PLC0415 - as above

        # The client takes options of a request with the event, and warns each time that they are no part of the event.
        logging.getLogger("azure.eventgrid").setLevel(logging.ERROR)

        return EventGridPublisherClient(self._endpoint, self._credential)
