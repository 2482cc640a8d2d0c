"""The life of versions after they were registered: what people ask about it is done here, and recorded in the chain.

    rollback   the request's moves are worked out anew ──> entries ──> the heads move at once ──> the registry shows it
    revoke     the digest is denied ──> in each model with these files: an entry ──> its versions are archived

A request that comes again finds its entries in the histories, and does what follows from them again. What cannot be
done is an outcome, `declined`, and nothing has changed.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from registration import history
from registration import outcome as outcomes
from registration.artifacts.inventory import digest as digest_of
from registration.entries import Entries
from registration.errors import InputError, LedgerConflictError, LedgerFormatError
from registration.head import Move
from registration.outcome import Outcome
from registration.revocation import REVOKED, Revocation
from registration.rollback import Planning
from registration.versioning import ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from registration.head import Head
    from registration.history import History
    from registration.ledger import Ledger
    from registration.request import Request
    from registration.rollback import Turn
    from registration.step import Step
    from registration.versioning import Versioning

log = logging.getLogger(__name__)
OBSERVES = "this app only observes (REGISTRAR_MODE)"


@dataclass(frozen=True)
class Lifecycle:
    """Does it. `now` is the time that records state; while the app `observes`, everything is declined."""

    ledger: Ledger
    versioning: Versioning
    now: Callable[[], str]
    observes: bool = False

    def roll_back(self, request: Request) -> tuple[Outcome, ...]:
        """What came of a rollback, an outcome for each model that moved, the one asked for first."""
        moved = self._agreed(request)
        if isinstance(moved, str):
            return (outcomes.of_request(request, moved, outcome="declined"),)
        return self._shown(request, moved)

    def revoke(self, request: Request) -> tuple[Outcome, ...]:
        """What came of a revocation, an outcome for each model that has versions of these files, the named one first.

        The files are denied before anything else is done, and stay so whatever becomes of the rest.
        """
        why_not = self._why_not(request)
        if why_not:
            return (outcomes.of_request(request, why_not, outcome="declined"),)
        self.ledger.revoke(Revocation(str(request.artifact_sha256), self.now(), request.to_dict()))
        told, damages = self._revoked_everywhere(request)
        if damages:
            raise damages[0]
        said = f"{request.actor} revoked {request.artifact_sha256}, which no version has: {request.reason}"
        return tuple(told) or (outcomes.of_request(request, said, outcome="revoked"),)

    def _revoked_everywhere(self, request: Request) -> tuple[list[Outcome], list[LedgerFormatError]]:
        """What came of it in each model; one that is damaged keeps no other from being looked at."""
        told, damages = list[Outcome](), list[LedgerFormatError]()
        for model in self._concerned(request):
            try:
                told += self._revoked(model, request)
            except LedgerFormatError as damage:
                log.warning("the versions of %s with revoked files are not archived yet: %s", model, damage)
                damages.append(damage)
        return told, damages

    def _concerned(self, request: Request) -> Iterator[str]:
        """The model that is named, then every other that has a version of these files."""
        if request.model:
            yield request.model
        # Work first: what is finished before the models are listed has a history by then.
        for model in dict.fromkeys((*self._under_way(), *self.ledger.models())):
            if model != request.model and any(self.versioning.registry.made_of(model, str(request.artifact_sha256))):
                yield model

    def _under_way(self) -> Iterator[str]:
        """The models of work that is not finished: one may have its first version, and no history yet."""
        for key in self.ledger.unfinished():
            with contextlib.suppress(LedgerFormatError):  # nobody can go on with it
                work = self.ledger.work(key)
                if work is not None and work.subject.get("model"):
                    yield str(work.subject["model"])

    def _agreed(self, request: Request) -> list[Step] | str:
        """The entries of a rollback, made now unless an earlier try made them; or why they are not made."""
        while True:
            made = self._made(request)
            if made:
                return made
            turns = self._turns(request, denied=frozenset())
            if isinstance(turns, str):
                return turns
            with contextlib.suppress(LedgerConflictError):  # another decision came first; perhaps it changes the plan
                self._return(turns, request, versions=None)

    def _made(self, request: Request) -> list[Step]:
        """The entries that this request made already: all of them, or none."""
        steps = [self._entry(self._past(turn.model), request) for turn in request.moves or ()]
        return [step for step in steps if step is not None]

    def _past(self, model: str) -> History:
        self.ledger.head(model)  # raises where a history only says that it is broken
        return history.read(self.ledger, model)

    def _entry(self, past: History, request: Request) -> Step | None:
        """The entry by which this request made another version champion."""
        return next((step for step in reversed(past.steps) if step.work == request.work and step.promoted), None)

    def _denial(self, past: History, request: Request) -> Step | None:
        """The entry by which this request denied files; a model that went back with another has both."""
        return next((step for step in reversed(past.steps) if step.work == request.work and step.revoked), None)

    def _turns(self, request: Request, *, denied: frozenset[str]) -> tuple[Turn, ...] | str:
        if self.observes:
            return OBSERVES
        moves = request.moves or ()
        try:
            turns = Planning(self.ledger, denied).planned(str(request.model), to=moves[0].version)
        except InputError as unknown:
            return str(unknown)
        if isinstance(turns, str):
            return turns
        if [turn.to_dict() for turn in turns] != request.to_dict()["moves"]:
            name = f"{request.model}:{moves[0].version}"
            return f"a rollback to {name} would move other champions by now; look at it again, and ask again"
        return next((why for turn in turns if (why := self._unusable(turn))), turns)

    def _unusable(self, turn: Turn) -> str:
        found, name = self.versioning.registry.find(turn.model, turn.version), f"{turn.model}:{turn.version}"
        if found is None:
            return f"{name} cannot be champion again: the registry does not have it any more"
        return f"{name} cannot be champion again: it is archived; restore it first" if found.stage == ARCHIVED else ""

    def _return(self, turns: Sequence[Turn], request: Request, *, versions: Sequence[int] | None) -> None:
        """Append an entry for every turn, all at once; the first one says that `versions` are revoked, if given.

        Raises `LedgerConflictError`, and nothing was appended, if a head moved meanwhile.
        """
        heads = self._heads(turns)
        entries, models = Entries(self.ledger, self.now()), [turn.model for turn in turns]
        moves = []
        for turn, head in zip(turns, heads, strict=True):
            if head.log_digest != turn.newest:
                raise LedgerConflictError(f"another decision about {turn.model} came first")
            others = [model for model in models if model != turn.model]
            if versions is None or turn is not turns[0]:
                entry = entries.returning(turn, head, request=request, together=others)
            else:
                entry = entries.replacing(turn, head, request=request, versions=versions, together=others)
            moves.append(Move(head, self.ledger.write(head, entry), (turn.version, request.work)))
        self.ledger.append_all(moves)

    def _heads(self, turns: Sequence[Turn]) -> Sequence[Head]:
        heads = [self.ledger.head(turn.model) for turn in turns]
        if len(heads) == 1:
            return heads
        models = [head.model for head in heads]
        # Decided together by a version of the app that kept their heads apart, they may lie in no group yet.
        home = next((head.group for head in heads if head.group), None) or digest_of(sorted(models))
        return self.ledger.together(models, group=home)

    def _shown(self, request: Request, moved: Sequence[Step]) -> tuple[Outcome, ...]:
        """Show in the registry who is champion again, and tell of it."""
        for turn in request.moves or ():
            self.ledger.mirror(self.ledger.head(turn.model))
            self.versioning.project(turn.model, version=turn.version, former=turn.former)
        return tuple(_told(request, step, outcome="rolled_back") for step in moved)

    def _why_not(self, request: Request) -> str:
        if self.observes:
            return OBSERVES
        if request.model is None:
            return ""
        past, version = self._past(request.model), request.version or 0
        if past.with_version(version) is None:
            return f"no decision about {request.model} registered version {request.version}"
        if past.digest_of(version) != request.artifact_sha256:
            return f"{request.model}:{request.version} has other files than those that were to be revoked"
        return ""

    def _revoked(self, model: str, request: Request) -> list[Outcome]:
        """What comes of the denied files in one model: its entry, and its versions archived but for the champion."""
        step = self._revoking(model, request)
        past, others = self._past(model), list[Outcome]()
        if step.promoted:
            others += self._shown(request, self._made(request))
        if step.vacated:
            others.append(_told(request, step, outcome="vacated"))
        versions = versions_with(past, str(request.artifact_sha256))
        for version in versions:
            self.versioning.put_away(model, version, status=REVOKED)
        reasons = list(step.reasons)
        if past.champion in versions:
            name = f"{model}:{past.champion}"
            reasons.append(
                f"{name} is the champion all the same: roll it back, or revoke it again and say what follows"
            )
        about = request.version if model == request.model else max(versions, default=None)
        said = _told(request, step, outcome="revoked")
        return [replace(said, version=about, promoted=False, reasons=tuple(reasons)), *others]

    def _revoking(self, model: str, request: Request) -> Step:
        """The entry about the revocation in the history of `model`, made now unless an earlier try made it."""
        sha256 = str(request.artifact_sha256)
        while True:
            past = self._past(model)
            made = self._denial(past, request)
            if made is not None:
                return made
            versions = versions_with(past, sha256)
            with contextlib.suppress(LedgerConflictError):
                leads = past.champion in versions
                turns = (
                    self._turns(request, denied=frozenset({sha256})) if leads and self._moves(model, request) else ""
                )
                if isinstance(turns, str):
                    vacates = leads and request.no_champion is True
                    self._note(past, request, versions=versions, vacates=vacates, why_not=turns)
                else:
                    self._return(turns, request, versions=versions)

    def _moves(self, model: str, request: Request) -> bool:
        return model == request.model and request.moves is not None

    def _note(self, past: History, request: Request, *, versions: Sequence[int], vacates: bool, why_not: str) -> None:
        """Append an entry that moves no champion; `why_not` is why not, if the request wanted one to move."""
        entries = Entries(self.ledger, self.now())
        entry = entries.revoking(past.head, request=request, versions=versions, vacates=vacates, why_not=why_not)
        self.ledger.append_all([Move(past.head, self.ledger.write(past.head, entry), vacates=vacates)])


def versions_with(past: History, sha256: str) -> list[int]:
    """The versions of a model that were registered with these files."""
    found = (step for step in past.steps if step.candidate.get("artifact_sha256") == sha256)
    return sorted({step.version for step in found if step.version is not None})


def _told(request: Request, step: Step, *, outcome: str) -> Outcome:
    known = outcomes.of_request(request, *step.reasons, outcome=outcome)
    model = str(step.record["model"])
    return replace(known, model=model, version=step.version, promoted=step.promoted, decision=step.digest)
