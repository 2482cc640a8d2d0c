"""Answers: what people say to a held work. Each is checked, recorded in the work's question, and carried out.

    declined        it may not count; the reason is in the outcome, and the question stays as it was
    half_approved   it counts, and the policy asks for a second, different person
    otherwise       it closed the question; the same offer is settled as new work, under the next epoch

The question is closed by one compare-and-swap before anything follows from it. A request that comes again finds itself
in the question and goes on with what follows, whatever changed since.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from registration import outcome as outcomes
from registration.approval import Circumstances, counting, override_of, why_not
from registration.candidate import Again, Candidate, source_from, work_key
from registration.errors import LedgerConflictError
from registration.leftovers import Leftovers
from registration.outcome import Outcome
from registration.question import CLOSED, Question
from registration.rejection import Rejection
from registration.reoffer import CHANGED, epoch_of, reoffered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.question import Questions
    from registration.registrar import Registrar
    from registration.request import Request
    from registration.work import Work

DONE = {"approve": "approved", "reject": "rejected", "reevaluate": "had it decided again"}


@dataclass(frozen=True)
class Answers:
    """Gives answers, one call a delivery of a request."""

    registrar: Registrar
    questions: Questions

    def give(self, request: Request) -> Outcome:
        """What came of `request`; raises `TransientError` when its message should come again, as while it is paused."""
        work = self.registrar.ledger.work(str(request.of))
        if work is None or work.subject.get("model") != request.model:
            return _declined(request, f"the ledger has no work {request.of} about {request.model}")
        if request.action != "reject":
            self.registrar.pauses.check(request.model)
        question = self._answered(work, request)
        if isinstance(question, str):
            return _declined(request, question)
        if question.is_closed_by(request.id):
            return self._carried_out(question, work, request)
        return _half(request)

    def _answered(self, work: Work, request: Request) -> Question | str:
        """The question with the request among its answers, or why it is not put in."""
        while True:
            question = self.questions.read(work.work) or self._unasked(work)
            if question.holds(request.id):
                return question
            answered = self._objection(question, work, request) or self._put_in(question, work, request)
            if isinstance(answered, str):
                return answered
            # Another answer may come first; then this one is held against that.
            with contextlib.suppress(LedgerConflictError):
                return self.questions.write(answered)

    def _unasked(self, work: Work) -> Question:
        now = self.registrar.now()
        return Question(work.work, str(work.subject.get("model")), (work.result or {}).get("decision"), now, now)

    def _objection(self, question: Question, work: Work, request: Request) -> str:
        result = work.result or {}
        if self.registrar.observes:
            return "this app only observes (REGISTRAR_MODE)"
        if not question.is_open:
            return f"it was {question.state} already, by {question.answers[-1]['actor']['name']}"
        if not result:
            return "it is not settled yet"
        if request.seen is None:
            return ""
        if result.get("outcome") != "held":
            return f"it is not held, but {result.get('outcome')}"
        return "" if result.get("decision") == request.seen.decision else "another decision holds it"

    def _put_in(self, question: Question, work: Work, request: Request) -> Question | str:
        if source_from(work.subject.get("source")) is None:  # a request's own record says what came of it, as held
            return "it is no candidate; what came of a request is a work by itself"
        if request.action == "reject":
            return self._closed(question, work, request, fingerprint=self._held(work)["candidate"]["fingerprint"])
        found = reoffered(self.registrar, work)
        if isinstance(found, str):
            return found
        offer = found.candidate
        if request.action == "approve":
            around = self._around(question, work, offer)
            objection = why_not(request, around)
            if objection:
                return objection
            question = replace(question, answers=around.earlier)
            if len(around.earlier) + 1 < around.people:
                return replace(question, answers=(*around.earlier, request.to_dict()))
        return self._closed(question, work, request, fingerprint=self.registrar.examination.fingerprint(offer))

    def _around(self, question: Question, work: Work, offer: Candidate) -> Circumstances:
        now = datetime.fromisoformat(self.registrar.now())
        head = self.registrar.ledger.head(question.model)
        earlier = counting(question.answers, now=now)
        return Circumstances(self._held(work), head, offer, question.expires, earlier, now)

    def _held(self, work: Work) -> dict[str, Any]:
        return self.registrar.ledger.decision(str(work.subject.get("model")), str((work.result or {})["decision"]))

    def _closed(self, question: Question, work: Work, request: Request, *, fingerprint: str) -> Question:
        source = source_from(work.subject.get("source"))
        assert source is not None  # noqa: S101 - only a candidate is held, or offered again
        key = work_key(source, model=question.model, fingerprint=fingerprint, epoch=epoch_of(work) + 1)
        answers = (*question.answers, request.to_dict())
        return replace(question, state=CLOSED[request.action], answers=answers, next=key)

    def _carried_out(self, question: Question, work: Work, request: Request) -> Outcome:
        key = str(question.next)
        if request.action == "reject":
            return _told(request, Rejection(work, key, request).settle(self.registrar), key)
        follows = self.registrar.ledger.work(key)
        if follows is None or follows.state != "finished":
            found = reoffered(self.registrar, work)
            if isinstance(found, str):
                if not self._was_decided(follows, found):
                    self.questions.write(question.reopened())
                    return _declined(request, found)
            else:
                offer = replace(found.candidate, again=_again(question, work, request))
                self.registrar.settle_again(offer, fellows=found.fellows)
            follows = self.registrar.ledger.work(key)
        outcome = Outcome.from_dict((follows and follows.result) or {})
        return _told(request, outcome, key, *self._doubts(outcome))

    def _was_decided(self, follows: Work | None, why: str) -> bool:
        """Whether an earlier try decided what is not offered any more, because of `why`; then it is brought to its end.

        Files that were written again are never offered again, so a version that was made of them is archived.
        """
        parts = self.registrar
        if follows is None or parts.observes:
            return False
        left = Leftovers(parts.ledger, parts.versioning, parts.owed, parts.workspace_id, parts.now)
        return left.settle_decided(follows, withdraws=why == CHANGED)

    def _doubts(self, outcome: Outcome) -> tuple[str, ...]:
        if not outcome.decision:
            return ()
        overrides = self.registrar.ledger.decision(str(outcome.model), outcome.decision).get("overrides", ())
        if all(each["stands"] for each in overrides):
            return ()
        return ("files, policy or champion were others by then, so it was decided as if nobody had approved it",)


def _again(question: Question, work: Work, request: Request) -> Again:
    answers = question.answers
    overrides = (override_of(answers),) if request.action == "approve" else ()
    requests: tuple[Mapping[str, Any], ...] = answers if overrides else answers[-1:]
    return Again(str(question.next), epoch_of(work) + 1, work.work, requests, overrides)


def _declined(request: Request, why: str) -> Outcome:
    return outcomes.of_request(request, f"{request.of}: {why}", outcome="declined")


def _half(request: Request) -> Outcome:
    said = f"{request.actor} approved {request.of}: {request.reason}"
    return outcomes.of_request(
        request, said, "a second, different person has to approve it too", outcome="half_approved"
    )


def _told(request: Request, outcome: Outcome, key: str, *doubts: str) -> Outcome:
    said = f"{request.actor} {DONE[request.action]}: {request.reason}"
    reasons = (said, *doubts, f"decided as work {key}: {outcome.outcome}", *outcome.reasons)
    return replace(outcome, event=request.id, source=str(request), work=request.work, reasons=reasons)
