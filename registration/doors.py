"""The doors: what the functions of `function_app.py` do, in one line each there and a few lines here.

The Event Grid doors judge only the type of an event and hand it on, so they answer in milliseconds and need neither
the workspace nor storage. Everything else is loaded when the first message is worked on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration import envelope, events, telemetry

if TYPE_CHECKING:
    from collections.abc import Callable


def hand_on_job(event: str, send: Callable[[bytes], None]) -> None:
    """Hand on an event that may say that a job is done."""
    _hand_on(event, send, events.JOB_TYPES)


def hand_on_drop(event: str, send: Callable[[bytes], None]) -> None:
    """Hand on an event that may say that a blob arrived, or that another environment shared a version."""
    _hand_on(event, send, events.DROP_TYPES | {events.MODEL_SHARED})


def register(message: str) -> None:
    """Work on one queue message; an exception makes the host deliver it again."""
    from registration import bootstrap  # noqa: PLC0415 - loads the Azure clients, which the doors above never need

    for outcome in bootstrap.worker().work(message):
        telemetry.count(outcome.outcome, reason="; ".join(outcome.reasons))


def quarantine(message: str) -> None:
    """Keep a message that every delivery failed on, so that a person can look and replay it."""
    from registration import bootstrap  # noqa: PLC0415 - as above

    bootstrap.quarantine(message)
    telemetry.count("quarantined", reason="every delivery failed")


def sweep() -> None:
    """Find what no event told of; the log says what was found."""
    from registration import bootstrap_sweep  # noqa: PLC0415 - as above

    bootstrap_sweep.deployed().run()


def _hand_on(event: str, send: Callable[[bytes], None], wanted: frozenset[str]) -> None:
    found = events.type_of(event)
    if found is None or found in wanted:
        # Bytes: the host parses text that looks like JSON and writes it anew, indented and with other dates.
        send(envelope.seal(event).encode(errors="backslashreplace"))
    else:
        telemetry.count("ignored", reason=f"events of type {found} are not heard here")
