"""Retention: superseded versions are put away, as the policy says. The sweep has it done.

Superseded is what Registrar registered before the present champion became it. Of these the policy keeps the newest;
what an endpoint serves stays besides, and the champion always. That a version is put away is an entry in the history
first: nothing that became champion meanwhile can be in it. Then the registry archives it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration import history
from registration.entries import Entries
from registration.errors import PermanentError, TransientError
from registration.head import Move
from registration.registry import STATUS_TAG
from registration.rollback import archived_in
from registration.versioning import PUT_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from registration.deployments import Deployments
    from registration.head import Head
    from registration.history import History
    from registration.ledger import Ledger
    from registration.registry import ModelVersion
    from registration.versioning import Versioning

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Surplus:
    """What goes of one model: `versions` to be recorded and archived, and `recorded`, which are only archived late.

    `keep` is how many superseded versions its policy keeps.
    """

    head: Head
    keep: int
    versions: tuple[int, ...] = ()
    recorded: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"version {', '.join(map(str, (*self.recorded, *self.versions)))} of {self.head.model}"

    def __len__(self) -> int:
        return len(self.versions) + len(self.recorded)


@dataclass(frozen=True)
class Retention:
    """Looks at one model at a time. `now` is the time that records state, ISO 8601."""

    ledger: Ledger
    versioning: Versioning
    deployments: Deployments
    now: Callable[[], str]

    def surplus(self, model: str, *, keep: int) -> Surplus:
        """What the policy of `model`, which keeps so many, would have put away; nothing if that cannot be told.

        One listing of the registry; only where there is more than is kept, the history and the endpoints are read.
        Raises `UnavailableError` when ledger or registry do not answer, and `LedgerFormatError` for a damaged head.
        """
        head = self.ledger.head(model)
        champion = head.champion.version if head.champion else None
        there = {found.version: found for found in self.versioning.registry.in_use(model) if found.version != champion}
        if champion is None or len(there) <= keep:
            return Surplus(head, keep)
        past = history.read(self.ledger, model)
        if past.breaks:
            log.warning("nothing of %s is archived, because its history is broken: %s", model, past.breaks[0])
            return Surplus(head, keep)
        return self._beyond(past, there, keep=keep)

    def put_away(self, surplus: Surplus) -> None:
        """Record what goes and archive it.

        Raises `LedgerConflictError`, and nothing was done, if the history went on since it was looked at.
        """
        if surplus.versions:
            entry = Entries(self.ledger, self.now()).archiving(
                surplus.head, versions=surplus.versions, keep=surplus.keep
            )
            self.ledger.append_all([Move(surplus.head, self.ledger.write(surplus.head, entry))])
        for version in (*surplus.recorded, *surplus.versions):
            self.versioning.put_away(surplus.head.model, version, status=PUT_AWAY)

    def _beyond(self, past: History, there: Mapping[int, ModelVersion], *, keep: int) -> Surplus:
        archived = archived_in(past)
        # One that was archived and is there again shows that a person restored it, unless it was never shown archived.
        late = [number for number in archived if number in there and there[number].tags.get(STATUS_TAG) != PUT_AWAY]
        superseded = [number for number in _superseded(past) if number in there and number not in archived]
        beyond = superseded[keep:]
        if not beyond and not late:
            return Surplus(past.head, keep)
        try:
            served = self._served(past.model, (*beyond, *late))
        except (PermanentError, TransientError) as unknown:
            log.warning("nothing of %s is archived, because nobody can tell what is deployed: %s", past.model, unknown)
            return Surplus(past.head, keep)
        going = tuple(sorted(number for number in beyond if number not in served))
        recorded = tuple(sorted(number for number in late if number not in served))
        return Surplus(past.head, keep, going, recorded)

    def _served(self, model: str, versions: Sequence[int]) -> set[int]:
        """Those of `versions` that some deployment serves, whatever traffic it gets."""
        return {number for found in self.deployments.all() for number in versions if found.serves(model, number)}


def _superseded(past: History) -> list[int]:
    """The versions that were registered, and last champion, before the champion of now; newest first."""
    last: dict[int, int] = {}
    crowned = 0
    for place, step in enumerate(past.steps):
        if step.version is not None:
            last[step.version] = place
        if step.promoted or step.vacated:
            crowned = place
    before = {number: place for number, place in last.items() if place < crowned and number != past.champion}
    return sorted(before, key=lambda number: before[number], reverse=True)
