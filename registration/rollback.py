"""A rollback: an earlier champion becomes champion again, and what was promoted with the present one goes back too.

`planned` says what would move, from the histories alone; the command shows it to the person and the app, which knows
the registry too, works it out anew. Nothing is changed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration import history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.history import History
    from registration.ledger import Ledger
    from registration.step import Step


@dataclass(frozen=True)
class Turn:
    """That `model` goes back from the version `former`, None if it has no champion, to the one that `origin` promoted.

    `newest` is the decision that its head named when this was found out. `was_archived` says that its history has put
    that version away; whether somebody restored it since, only the registry knows.
    """

    model: str
    former: int | None
    origin: Step
    newest: str | None
    was_archived: bool = False

    @property
    def version(self) -> int:
        """The version that is champion again."""
        assert self.origin.version is not None  # noqa: S101 - it promoted one
        return self.origin.version

    def to_dict(self) -> dict[str, Any]:
        """As a request names it."""
        return {"model": self.model, "from": self.former, "to": self.version}


@dataclass(frozen=True)
class Planning:
    """Finds out what a rollback moves. Files in `denied` count as revoked, besides those that are."""

    ledger: Ledger
    denied: frozenset[str] = frozenset()

    def planned(self, model: str, *, to: int | None = None) -> tuple[Turn, ...] | str:
        """The turns, that of `model` first, or why there can be none; without `to`, to the champion before.

        Raises `InputError` for a model that has no history.
        """
        past = history.known(self.ledger, model)
        if past.breaks:
            return _broken(past)
        origin = self._target(past, to)
        if isinstance(origin, str):
            return origin
        turns = [_turn(past, origin)]
        for fellow in _promoted_with(past):
            turn = self._following(fellow, past, origin)
            if isinstance(turn, str):
                return turn
            turns += [turn] if turn else []
        return tuple(turns)

    def _target(self, past: History, to: int | None) -> Step | str:
        if to is None:
            found = (step for step in reversed(_line(past)) if self._may_return(past, step))
            return next(found, f"{past.model} has no earlier champion that could be champion again")
        if to == past.champion:
            return f"version {to} is the champion of {past.model}"
        return self._checked(past, to)

    def _may_return(self, past: History, step: Step) -> bool:
        is_other = step.version not in {past.champion, *archived_in(past)}
        return is_other and self._revoked(past, step) is None

    def _checked(self, past: History, version: int) -> Step | str:
        origin = next((step for step in reversed(past.steps) if step.promoted and step.version == version), None)
        if origin is None:
            were = sorted({step.version for step in past.steps if step.promoted and step.version is not None})
            return f"version {version} was never champion of {past.model}; these were: {', '.join(map(str, were))}"
        return self._revoked(past, origin) or origin

    def _revoked(self, past: History, step: Step) -> str | None:
        """Why the version of `step` can never be champion again; None if it can."""
        name, sha256 = f"version {step.version} of {past.model}", past.digest_of(step.version or 0)
        if sha256 in self.denied:
            return f"{name} has the files that are to be revoked"
        revocation = self.ledger.revocation(sha256)
        return f"{name}: {revocation.sentence}" if revocation else None

    def _following(self, fellow: str, past: History, origin: Step) -> Turn | str | None:
        """What becomes of `fellow` when `origin` is champion again: what was its champion then. None if that is now."""
        theirs = history.read(self.ledger, fellow)
        if theirs.breaks:
            return _broken(theirs)
        partner = next((step for step in theirs.steps if _are_partners(step, origin, past.model)), None)
        then = partner or _champion_when(theirs, past, origin)
        if then is None or then.version is None or then.version == theirs.champion:
            return None
        found = self._checked(theirs, then.version)
        return found if isinstance(found, str) else _turn(theirs, found)


def _turn(past: History, origin: Step) -> Turn:
    was_archived = origin.version in archived_in(past)
    return Turn(past.model, past.champion, origin, past.head.log_digest, was_archived)


def archived_in(past: History) -> frozenset[int]:
    """The versions that were put away and have not been champion since."""
    found: set[int] = set()
    for step in past.steps:
        found |= set(step.archived)
        if step.promoted and step.version is not None:
            found.discard(step.version)
    return frozenset(found)


def _broken(past: History) -> str:
    return f"the history of {past.model} cannot be relied on: {past.breaks[0]}"


def _promoted_with(past: History) -> Iterator[str]:
    """The models that were promoted with the latest champion; what people had decided again was promoted alone."""
    last = past.reigns[-1].step if past.reigns else None
    yield from last.with_others if last and not last.record.get("follows") else ()


def _are_partners(step: Step, origin: Step, model: str) -> bool:
    """Whether both were promoted by one write: it dates them alike."""
    return step.promoted and step.decided_at == origin.decided_at and model in step.with_others


def _champion_when(theirs: History, past: History, origin: Step) -> Step | None:
    since = next(reign.since for reign in past.reigns if reign.step is origin)
    reign = theirs.champion_at(since)
    return reign.step if reign else None


def _line(past: History) -> list[Step]:
    """The champions that led to the present one, oldest first: what was rolled back from is not among them."""
    line: list[Step] = []
    for step in past.steps:
        if step.vacated:
            line = line[:-1]
        elif step.promoted and step.restored is not None:
            places = [place for place, one in enumerate(line) if one.version == step.version]
            line = [*(line[: places[-1]] if places else line), step]
        elif step.promoted:
            line = [*line, step]
    return line
