"""The worker: one delivery of one message, and when it comes again.

    settled                            the message is done
    it is paused                       the same message comes again in five minutes; this costs no attempt
    a policy in force is broken        the same message comes again until it is mended; no attempt is counted
    another worker holds the work      the same message comes again soon; this costs no attempt
    the world did not hold             it comes again after a pause that doubles; the attempt is counted in its envelope
    a service will never do it         it is kept in quarantine with the reason at once, and can be replayed
    the last attempt failed            the same

Whatever is not an error of ours escapes, and the Functions host delivers the message again: its own count and pause
are the fallback.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from registration import envelope
from registration.errors import (
    ClaimHeldError,
    PausedError,
    PermanentError,
    PolicyError,
    RegistrarError,
    SettingsError,
    TransientError,
)
from registration.outcome import Outcome
from registration.pauses import PAUSED_SECONDS
from registration.tracing import UNTRACED

if TYPE_CHECKING:
    from registration.ledger import Ledger
    from registration.patience import Patience
    from registration.standstill import Standstills
    from registration.tracing import Tracing

log = logging.getLogger(__name__)
BROKEN_POLICY = "policy_broken"  # counted beside the outcomes, for an alert
_FIRST_PAUSES = 4  # a minute, with the settings as they are shipped: a person mends a policy, not time


class Queue(Protocol):
    """Where messages wait; raises `UnavailableError` when it does not answer."""

    def send(self, text: str, *, delay_seconds: float = 0) -> None:
        """Put a message that shows after `delay_seconds`."""
        ...

    def count(self) -> int:
        """About how many messages there are, those that do not show yet among them."""
        ...


class Processor(Protocol):
    """What settles a message: the registrar, or the desk in front of it."""

    def process(self, message: str) -> tuple[Outcome, ...]:
        """Settle everything that `message` offers or asks for; raises `RegistrarError` when it should come again."""
        ...


@dataclass(frozen=True)
class Worker:
    """Works on messages, one call a delivery."""

    processor: Processor
    ledger: Ledger
    queue: Queue
    patience: Patience
    standstills: Standstills
    tracing: Tracing = UNTRACED

    def work(self, message: str) -> tuple[Outcome, ...]:
        """Settle what `message` offers or see that it comes again; afterwards the delivery is done.

        Raises what is not an error of ours, and `SettingsError`, which only a deployment can mend.
        """
        settled = self._settled(message)
        for outcome in settled:
            self.tracing.count(outcome.outcome)
        return settled

    def _settled(self, message: str) -> tuple[Outcome, ...]:
        try:
            return self.processor.process(message)
        except ClaimHeldError as held:
            pause = self.patience.first_pause_seconds
            return (self._waiting(message, held, seconds=min(pause, held.retry_after_seconds or pause)),)
        except PausedError as paused:
            return (self._waiting(message, paused, seconds=PAUSED_SECONDS),)
        except PolicyError as broken:
            return (self._held(message, broken),)
        except SettingsError:
            raise
        except RegistrarError as fault:
            return (self._again_or_never(message, fault),)
        except Exception as surprise:
            self.ledger.remember_failure(message, f"{type(surprise).__name__}: {surprise}")
            raise

    def _held(self, message: str, broken: PolicyError) -> Outcome:
        """Every candidate waits for a policy in force to be mended; which one is about which, nobody can say."""
        log.error("a policy in force is broken, and every candidate waits: %s", broken)
        self.tracing.count(BROKEN_POLICY)
        self.ledger.remember_failure(message, str(broken))
        pause = min(PAUSED_SECONDS, _FIRST_PAUSES * self.patience.first_pause_seconds)
        with contextlib.suppress(RegistrarError):  # it is for people to see, and keeps no message from waiting
            self.standstills.note(broken, again_seconds=pause, messages=self._queued())
        return self._waiting(message, broken, seconds=pause)

    def _queued(self) -> int | None:
        """About how many messages are on the queue; None where it does not say."""
        with contextlib.suppress(RegistrarError):
            return self.queue.count()
        return None

    def _waiting(self, message: str, why: RegistrarError, *, seconds: float) -> Outcome:
        self.queue.send(message, delay_seconds=seconds)
        return Outcome(event="", outcome="waiting", reasons=(str(why),))

    def _again_or_never(self, message: str, fault: RegistrarError) -> Outcome:
        opened = envelope.open_(message)
        if isinstance(fault, PermanentError) or opened.attempt >= self.patience.attempts:
            return self._give_up(message, fault, attempts=opened.attempt)
        asked = fault.retry_after_seconds if isinstance(fault, TransientError) else None
        pause = self.patience.pause(opened.attempt, asked_seconds=asked)
        self.queue.send(envelope.again(opened), delay_seconds=pause)
        log.warning("attempt %s failed, the next one is in %.0f s: %s", opened.attempt, pause, fault)
        return Outcome(event="", outcome="waiting", reasons=(str(fault),))

    def _give_up(self, message: str, fault: RegistrarError, *, attempts: int) -> Outcome:
        kept = self.ledger.quarantine(message, reason=str(fault), attempts=attempts)
        log.error("gave up after %s attempts, kept as %s: %s", attempts, kept, fault)
        return Outcome(event="", outcome="quarantined", reasons=(str(fault),), source=kept)
