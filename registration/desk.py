"""The desk: where a message is opened. An event goes to the registrar; what people ask for stands under its own key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration import envelope
from registration.errors import DocumentError, MalformedEventError
from registration.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.registrar import Registrar

type Reads = Callable[[object], Callable[[], Outcome]]


@dataclass(frozen=True)
class Desk:
    """Gives what stands under a key of `reads` to be read there, and every other message to the `registrar`.

    What reads it gives back what settles it, and raises `DocumentError` if it cannot be read.
    """

    registrar: Registrar
    reads: Mapping[str, Reads]

    def process(self, message: str) -> tuple[Outcome, ...]:
        """Settle `message`; what cannot be read is kept in quarantine. Raises what the parts raise."""
        key, said = _said(message)
        if key not in self.reads:
            return self.registrar.process(message)
        try:
            settle = self.reads[key](said)
        except DocumentError as wrong:
            return (self.registrar.quarantine(message, str(wrong)),)
        return (settle(),)


def _said(message: str) -> tuple[str, object]:
    """The one key of a message with what stands there; none if it has not one key, or null stands there."""
    try:
        event = envelope.open_(message).event
    except MalformedEventError:
        return "", None
    # Exactly one key: an event from outside that carries one of this name stays an event.
    if not isinstance(event, dict) or len(event) != 1:
        return "", None
    [(key, said)] = event.items()
    return ("", None) if said is None else (str(key), said)
