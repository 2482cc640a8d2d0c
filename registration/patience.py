"""Patience: how often a message is tried, and how long it waits in between."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_PAUSE_SECONDS = 900.0
LONGEST_ASKED_SECONDS = 3600.0


@dataclass(frozen=True)
class Patience:
    """How often a message is tried, and the pause after its first attempt; each further pause is twice as long."""

    attempts: int = 20
    first_pause_seconds: float = 15.0

    def pause(self, attempt: int, *, asked_seconds: float | None) -> float:
        """Seconds until the next attempt: what the service asked for, and never less than our own reckoning.

        A service that asks for one second, again and again, would else use up all attempts in one short outage.
        """
        doubled: float = self.first_pause_seconds * 2.0 ** min(attempt - 1, 30)
        return max(min(doubled, LONGEST_PAUSE_SECONDS), min(asked_seconds or 0, LONGEST_ASKED_SECONDS))
