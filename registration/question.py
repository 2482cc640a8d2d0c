"""A question: what a held work asks of people, and what they answered. The format is docs/formats/question.md.

    open ──approve (the first of two)──> open
    open ──approve──> approved      open ──reject──> rejected      (any) open ──re-evaluate──> reevaluated

The registrar asks it just before it records that a work is held; answers are put in by compare-and-swap, so of two
that come together one is first. What follows an answer is new work about the same offer, its key in `next`; it can be
carried out again and again, for a settled work is only shown.
"""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from registration import names
from registration.errors import LedgerConflictError
from registration.shelf import put
from registration.stored import damaged, made, read_format

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from registration.outcome import Outcome
    from registration.shelf import Shelf
    from registration.stored import Kind

FORMAT: Final = "registrar/question/v1"
OPEN: Final = "open"
CLOSED: Final = {"approve": "approved", "reject": "rejected", "reevaluate": "reevaluated"}


@dataclass(frozen=True)
class Question:
    """What is asked about `work`. `answers` are the requests that count, as they came; the last one closed it.

    It may be approved until it `expires`, as its policy says; rejected and re-evaluated it may be at any time.
    `decision` is the one that held the work, None for work that was not held and was re-evaluated.
    """

    work: str
    model: str
    decision: str | None
    asked_at: str
    expires: str
    state: str = OPEN
    answers: tuple[Mapping[str, Any], ...] = ()
    next: str | None = None
    format: str = FORMAT
    etag: str = field(default="", compare=False)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, etag: str, name: str) -> Question:
        """The question stored as `name`, back as a value; raises `LedgerFormatError` for another format or a damage."""
        read_format(data, FORMAT, name=name)
        answers = data.get("answers", [])
        if not isinstance(answers, list | tuple) or not all(isinstance(each, dict) for each in answers):
            raise damaged(name, f"has {answers!r:.60} as answers")
        question = made(cls, {**data, "answers": tuple(answers), "etag": etag}, shape=_SHAPE, name=name)
        if question.state not in {OPEN, *CLOSED.values()}:
            raise damaged(name, f"has {question.state!r:.60} as state")
        return question

    def to_dict(self) -> dict[str, Any]:
        """As stored, without the ETag."""
        return {name: value for name, value in asdict(self).items() if name != "etag"}

    @classmethod
    def about(cls, outcome: Outcome, *, at: str, within: timedelta) -> Question:
        """What is asked about work that was held, asked `at` a time and to be approved within another."""
        expires = (datetime.fromisoformat(at) + within).isoformat()
        return cls(str(outcome.work), str(outcome.model), outcome.decision, at, expires)

    @property
    def is_open(self) -> bool:
        """Whether it still waits for a person."""
        return self.state == OPEN

    def holds(self, request: str) -> bool:
        """Whether the request with this id is among the answers."""
        return any(answer.get("id") == request for answer in self.answers)

    def is_closed_by(self, request: str) -> bool:
        """Whether the request with this id was the last that it took."""
        return not self.is_open and self.answers[-1].get("id") == request

    def reopened(self) -> Question:
        """The question as before any answer."""
        return replace(self, state=OPEN, answers=(), next=None)


@dataclass(frozen=True)
class Questions:
    """The questions on the state shelf; raises `UnavailableError` when it does not answer."""

    shelf: Shelf

    def ask(self, question: Question) -> None:
        """Ask about a work that is about to be recorded as held; what was asked before stays as it is."""
        with contextlib.suppress(LedgerConflictError):
            self.write(question)

    def read(self, work: str) -> Question | None:
        """What was asked about `work`, if anything was."""
        name = names.question(work)
        found = self.shelf.read(name)
        return Question.from_dict(found.document, etag=found.etag, name=name) if found else None

    def write(self, question: Question) -> Question:
        """Write `question` in the place of what was read; raises `LedgerConflictError` if another answer came first."""
        entry = put(self.shelf, names.question(question.work), question.to_dict(), etag=question.etag)
        return replace(question, etag=entry.etag)

    def unanswered(self) -> Iterator[Question]:
        """Every question that is open, one at a time; those that are closed are passed over unread."""
        for name, state in self.shelf.names(names.QUESTIONS):
            found = self.read(names.key(name)) if state == OPEN else None
            if found is not None and found.is_open:
                yield found


_SHAPE: Mapping[str, Kind] = {
    "work": str,
    "model": str,
    "decision": str | None,
    "asked_at": str,
    "expires": str,
    "state": str,
    "next": str | None,
}
