"""A standstill: that every candidate waits, because a policy in force is broken. The worker notes it at each delivery.

It is one document, `standstill.json`, and is never taken back: a message that waits for the policy comes again within
minutes and notes it anew, so a note that is older than that says that the policy was mended, or that nothing waits.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from registration import names
from registration.errors import LedgerConflictError
from registration.stored import damaged, made, read_format

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from registration.errors import PolicyError
    from registration.shelf import Entry, Shelf
    from registration.stored import Kind

FORMAT: Final = "registrar/standstill/v1"
SLACK: Final = timedelta(minutes=2)  # a message that is due may still wait for a worker


@dataclass(frozen=True)
class Standstill:
    """`problems` of the policies at `place`, each with its policy; `since` is ISO 8601.

    `messages` is about how many were on the work queue, these and others; None if the queue did not say.
    """

    place: str
    problems: tuple[str, ...]
    since: str
    messages: int | None = None


@dataclass(frozen=True)
class Standstills:
    """The note on the state shelf, about the policies at `place`; raises `UnavailableError` when it does not answer."""

    shelf: Shelf
    place: str

    def note(self, broken: PolicyError, *, again_seconds: float, messages: int | None) -> None:
        """Note that a message waits for the policy that is `broken`, and comes again after `again_seconds`."""
        problems = [f"{broken.source}: {problem}" for problem in broken.problems]
        counted = {"again_seconds": again_seconds, "messages": messages}
        said = {"format": FORMAT, "place": self.place, "problems": problems, **counted}
        found = self.shelf.read(names.STANDSTILL)
        known = _standing(found) if found else None
        if found and known and [*known.problems] == problems and _age(found) < again_seconds / 2:
            return  # thousands may wait
        with contextlib.suppress(LedgerConflictError):  # another worker noted it at the same time
            if found is None:
                self.shelf.create(names.STANDSTILL, {**said, "since": None})
            else:
                since = known.since if known else found.now.isoformat()
                self.shelf.replace(names.STANDSTILL, {**said, "since": since}, etag=found.etag)

    def present(self) -> Standstill | None:
        """The standstill that lasts; None if no message has waited for a policy of late."""
        found = self.shelf.read(names.STANDSTILL)
        return _standing(found) if found else None


@dataclass(frozen=True)
class _Note:
    place: str
    problems: Sequence[str]
    since: str | None
    messages: int | None
    again_seconds: float


_SHAPE: Mapping[str, Kind] = {
    "place": str,
    "problems": list,
    "since": str | None,
    "messages": int | None,
    "again_seconds": int | float,
}


def _standing(found: Entry) -> Standstill | None:
    """What the note says, if it still holds; the first one does not know the time at which it is written."""
    read_format(found.document, FORMAT, name=names.STANDSTILL)
    note = made(_Note, found.document, shape=_SHAPE, name=names.STANDSTILL)
    if not all(isinstance(problem, str) for problem in note.problems):
        raise damaged(names.STANDSTILL, f"has {note.problems!r:.60} as problems")
    if _age(found) > note.again_seconds + SLACK.total_seconds():
        return None
    since = note.since or found.written.isoformat()
    return Standstill(note.place, tuple(note.problems), since, note.messages)


def _age(found: Entry) -> float:
    return (found.now - found.written).total_seconds()
