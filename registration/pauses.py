"""A pause: a person's word that candidates wait, those of one model or all of them. The app writes it, on request.

While it stands, nothing new is claimed and the messages come again; what is being worked on already is finished. It
lies beside the heads, in `pauses/{model}.json`, and in `pauses/_app.json` for the whole app: no model has such a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from registration import names
from registration.errors import PausedError
from registration.shelf import put
from registration.stored import damaged, read_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.shelf import Shelf

FORMAT: Final = "registrar/pause/v1"
PAUSED_SECONDS: Final = 300.0
_APP: Final = "_app"


@dataclass(frozen=True)
class Pauses:
    """The pauses on the state shelf; raises `UnavailableError` when it does not answer."""

    shelf: Shelf

    def check(self, model: str | None) -> None:
        """Raise `PausedError` while `model` or the whole app is paused; without a model only the app counts."""
        for name in (_APP, model):
            said = self._standing(name) if name else None
            if said is not None:
                whom = "the app" if name == _APP else name
                actor, at, reason = (said.get(member, "unknown") for member in ("actor", "at", "reason"))
                why = f"{whom} was paused by {actor} at {at}: {reason}"
                raise PausedError(why, retry_after_seconds=PAUSED_SECONDS)

    def pause(self, model: str | None, *, actor: str, reason: str, at: str) -> None:
        """Let candidates of `model` wait, or all of them; again with another reason if they wait already.

        Raises `LedgerConflictError` if another worker wrote the same pause meanwhile.
        """
        self._write(model, {"paused": True, "actor": actor, "reason": reason, "at": at})

    def resume(self, model: str | None) -> bool:
        """Let candidates go on that `pause` stopped; whether they were paused at all. Raises as `pause` does."""
        was_paused = self._standing(model or _APP) is not None
        if was_paused:
            self._write(model, {"paused": False})
        return was_paused

    def standing(self) -> Iterator[tuple[str | None, Mapping[str, Any]]]:
        """Every pause that stands, with its model, or None for the whole app."""
        for name, _ in self.shelf.names(names.PAUSES):
            model = names.key(name)
            said = self._standing(model)
            if said is not None:
                yield (None if model == _APP else model), said

    def _standing(self, model: str) -> Mapping[str, Any] | None:
        name = names.pause(model)
        found = self.shelf.read(name)
        if found is None:
            return None
        read_format(found.document, FORMAT, name=name)
        if not isinstance(paused := found.document.get("paused"), bool):
            raise damaged(name, f"has {paused!r:.60} as paused")
        return found.document if paused else None

    def _write(self, model: str | None, said: Mapping[str, object]) -> None:
        name = names.pause(model or _APP)
        found = self.shelf.read(name)
        put(self.shelf, name, {"format": FORMAT, **said}, etag=found.etag if found else "")
