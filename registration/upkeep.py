"""Upkeep: what each pass of the sweep does about versions that were registered, one model at a time.

    repaired  what people see of a champion is what its head says; one with revoked files that is past is archived
    changed   a champion has other files than were judged: recorded and told, and nothing else
    archived  superseded versions that a policy does not keep

An app that only observes does none of it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from registration import denied
from registration.errors import LedgerConflictError, PausedError, PermanentError, RegistryMismatchError

if TYPE_CHECKING:
    from registration.inspecting import Inspector
    from registration.ledger import Ledger
    from registration.pauses import Pauses
    from registration.policy.catalog import Catalog
    from registration.retention import Retention
    from registration.showing import Showing

log = logging.getLogger(__name__)
# What one model may meet, at each pass, without keeping the others waiting.
STAYS = (LedgerConflictError, PermanentError, RegistryMismatchError)

type News = tuple[str, int]  # what was done, or would be, and to how many
type Look = Callable[[str], Iterator[News]]


@dataclass(frozen=True)
class Task:
    """One kind of upkeep: `look` at each of `models` does what is due. `counter` is what coverage counts it as."""

    counter: str
    models: Iterable[str]
    look: Look


@dataclass(frozen=True)
class Upkeep:
    """Its parts, each of which looks at one model."""

    ledger: Ledger
    showing: Showing
    inspector: Inspector
    retention: Retention
    pauses: Pauses
    observes: bool = False

    def tasks(self, catalog: Catalog, *, dry_run: bool) -> Iterator[Task]:
        """What is to be done in one pass; `catalog` says what is kept. A dry run only looks.

        Looking raises `LedgerFormatError` for a damaged document and `UnavailableError` when nothing answers.
        """
        if self.observes:
            return
        kept, denied_files = _kept(catalog), cache(self.ledger.revoked)  # listed once, and when it is needed
        yield Task("repaired", _Listed(self.ledger), partial(self._repaired, denied_files, dry_run=dry_run))
        yield Task("changed", _Listed(self.ledger), partial(self._changed, dry_run=dry_run))
        yield Task("archived", kept, lambda model: self._archived(model, kept[model], dry_run=dry_run))

    def warn(self) -> None:
        """Log the champions whose files were revoked."""
        for leading in denied.champions(self.ledger, self.ledger.revoked()):
            log.warning("%s is the champion, though its files were revoked: `registrar pending` says more", leading)

    def _repaired(self, denied_files: Callable[[], frozenset[str]], model: str, *, dry_run: bool) -> Iterator[News]:
        for repair in self.showing.repairs(model, denied=denied_files):
            if dry_run or _is_done(repair.do):
                yield repair.done, 1

    def _changed(self, model: str, *, dry_run: bool) -> Iterator[News]:
        if news := self.inspector.news(model, dry_run=dry_run):
            yield news, 1

    def _archived(self, model: str, keep: int, *, dry_run: bool) -> Iterator[News]:
        with contextlib.suppress(PausedError):
            self.pauses.check(model)
            surplus = self.retention.surplus(model, keep=keep)
            if surplus and (dry_run or _is_done(partial(self.retention.put_away, surplus))):
                yield f"archived {surplus}", len(surplus)


@dataclass(frozen=True)
class _Listed:
    """Every model that has a history, listed when somebody looks."""

    ledger: Ledger

    def __iter__(self) -> Iterator[str]:
        return iter(self.ledger.models())


def _kept(catalog: Catalog) -> dict[str, int]:
    """How many superseded versions are kept, of the models whose policy says so."""
    models = (model for one in catalog.policies for model in one.policy.models)
    return {model.name: model.retention.keep for model in models if model.retention is not None}


def _is_done(do: Callable[[], object]) -> bool:
    """Whether it was done; what stands in its way is logged."""
    try:
        do()
    except STAYS as refused:
        log.warning("could not be done: %s", refused)
        return False
    return True
