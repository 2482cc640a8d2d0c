"""Requests: where what a person asks for is done, and by whom in the app.

A request is a piece of work like any other: claimed once, settled once, answered with `duplicate` when its message
comes again. Answers to held works are given by `answers`, everything else here.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from registration import notices, sharing
from registration import outcome as outcomes
from registration.claiming import claimed
from registration.errors import LedgerConflictError
from registration.gathering import by_slice
from registration.kept import measured
from registration.outcome import Outcome
from registration.policy.evidence import Evidence
from registration.record import FORMAT as DECISION_FORMAT
from registration.registry import SHA256_PROPERTY
from registration.request import parse
from registration.sources.job import Logged
from registration.sources.origin import lineage_of_adopted
from registration.versioning import ARCHIVED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from registration.answers import Answers
    from registration.head import Head
    from registration.ledger import Ledger
    from registration.lifecycle import Lifecycle
    from registration.owed import Owed
    from registration.pauses import Pauses
    from registration.registry import ModelVersion
    from registration.request import Request
    from registration.sources.job import Workspace
    from registration.versioning import Versioning
    from registration.work import Claim, Shares


@dataclass(frozen=True)
class Requests:
    """Does what people ask for. `now` is the time that records state; while it `observes`, nothing is adopted."""

    ledger: Ledger
    pauses: Pauses
    versioning: Versioning
    workspace: Workspace
    owed: Owed
    workspace_id: str
    now: Callable[[], str]
    answers: Answers
    lifecycle: Lifecycle
    observes: bool = False

    def read(self, said: object) -> Callable[[], Outcome]:
        """What settles the request that `said` is; raises `DocumentError`."""
        return partial(self.handle, parse(said))

    def handle(self, request: Request) -> Outcome:
        """Settle a request, or show the outcome it already has; what cannot be done is declined, with the reason.

        Raises `TransientError` when the message should come again.
        """
        subject: dict[str, Any] = {"source": ["request", request.id], "model": request.model, "event": request.id}
        subject |= {"request": request.to_dict()} if request.may_come_again else {}
        with claimed(self.ledger, request.work, subject=subject) as claim:
            if claim.work.state == "finished":
                return outcomes.repeated(Outcome.from_dict(claim.work.result or {}), event=request.id)
            return self._tell(claim if claim.is_settled else self._conclude(*self._do(claim, request), request))

    def _do(self, claim: Claim, request: Request) -> tuple[Claim, tuple[Outcome, ...]]:
        """What came of it: an outcome, and more where other models moved with it."""
        match request.action:
            case "adopt":
                claim, outcome = self._adopt(claim, request)
                return claim, (outcome,)
            case "rollback":
                return claim, self.lifecycle.roll_back(request)
            case "revoke":
                return claim, self.lifecycle.revoke(request)
            case "pause" | "resume":
                return claim, (self._paused(request),)
            case _:
                return claim, (self.answers.give(request),)

    def _paused(self, request: Request) -> Outcome:
        whom = request.model or "the app"
        if request.action == "pause":
            self.pauses.pause(request.model, actor=str(request.actor), reason=request.reason, at=request.at)
            said = f"{request.actor} paused {whom}: {request.reason}"
            return outcomes.of_request(request, said, *self._doubts(request.model), outcome="paused")
        was_paused = self.pauses.resume(request.model)
        said = f"{request.actor} resumed {whom}: {request.reason}"
        return outcomes.of_request(
            request, said, *(() if was_paused else (f"{whom} was not paused",)), outcome="resumed"
        )

    def _doubts(self, model: str | None) -> tuple[str, ...]:
        if model is None or self.ledger.head(model).etag:
            return ()
        return (f"there is no decision about {model} yet: see that its name is right",)

    def _adopt(self, claim: Claim, request: Request) -> tuple[Claim, Outcome]:
        """Make the version the first champion; look again if another decision came first."""
        model, number = str(request.model), int(request.version or 0)
        while True:
            head = self.ledger.head(model)
            known = self.ledger.decided(claim, head)
            if known is not None:
                self.versioning.project(model, version=number, former=None)
                adopted = outcomes.of_request(request, *known[1]["reasons"], outcome="adopted")
                return claim, replace(adopted, version=number, promoted=True, decision=known[0])
            found = self.versioning.registry.find(model, number)
            why_not = self._why_not(head, found, request)
            if found is None or why_not:
                return claim, outcomes.of_request(request, why_not, outcome="declined")
            claim = self._record(claim, head, self._decision(request, found))

    def _record(self, claim: Claim, head: Head, decision: Mapping[str, Any]) -> Claim:
        claim = self.ledger.draft(claim, head, decision)
        draft = claim.work.draft
        assert draft is not None  # noqa: S101 - drafting recorded it
        # Another decision may come first, perhaps one that makes a champion; the caller looks at the head again.
        with contextlib.suppress(LedgerConflictError):
            self.ledger.append(head, draft.digest, promote=(decision["version"], claim.work.work))
        return claim

    def _why_not(self, head: Head, found: ModelVersion | None, request: Request) -> str:
        name = f"{request.model}:{request.version}"
        if self.observes:
            return f"{name} was not adopted: this app only observes (REGISTRAR_MODE)"
        if head.champion is not None:
            return f"{name} was not adopted: version {head.champion.version} is the champion of {request.model} already"
        if found is None:
            return f"{name} was not adopted: the registry has no such version"
        if found.stage == ARCHIVED:
            return f"{name} was not adopted: it is archived; restore it first"
        revocation = self.ledger.revocation(found.properties.get(SHA256_PROPERTY))
        return f"{name} was not adopted: {revocation.sentence}" if revocation else ""

    def _decision(self, request: Request, found: ModelVersion) -> dict[str, Any]:
        logged, lineage = self._origin(request, found)
        return {
            "format": DECISION_FORMAT,
            "model": found.model,
            "version": found.version,
            "promoted": True,
            "decided_at": self.now(),
            "outcome": "register",
            "reasons": [f"{request.actor} adopted version {found.version}: {request.reason}"],
            "verdicts": [],
            "engine": None,
            "policy": None,
            "candidate": _candidate(request, logged.metrics, lineage),
            "champion": None,
            "adopted": True,
            "request": request.to_dict(),
        }

    def _origin(self, request: Request, found: ModelVersion) -> tuple[Logged, Mapping[str, str]]:
        """What the job that the registry names says of the version; nothing if it names none."""
        if not found.job:
            return Logged(), {}
        logged, job = self.workspace.log(found.job), self.workspace.job(found.job)
        known = lineage_of_adopted(found.job, job, parameters=logged.parameters, event=request.id)
        return logged, known.properties()

    def _conclude(self, claim: Claim, came: tuple[Outcome, ...], request: Request) -> Claim:
        at = self.now()
        # The work that an answer leads to tells of it; told here too, it would be told twice.
        told = () if request.is_answer else came
        owed = (notice for each in told for notice in notices.of(each, source=None, workspace=self.workspace_id, at=at))
        shares = tuple(share for each in told for share in self._shares(each))
        return self.ledger.decide(claim, result=came[0].to_dict(), outbox=tuple(owed), shares=shares)

    def _shares(self, came: Outcome) -> Shares:
        if not came.promoted or came.model is None or came.decision is None:
            return ()
        return sharing.owed(self.ledger.decision(came.model, came.decision), digest=came.decision)

    def _tell(self, claim: Claim) -> Outcome:
        self.owed.pay(claim)
        return Outcome.from_dict(claim.work.result or {})


def _candidate(request: Request, metrics: Mapping[str, object], lineage: Mapping[str, str]) -> dict[str, Any]:
    """An adopted version where a candidate stands: its files were made by others, and nobody has read them."""
    overall, slices = by_slice(metrics)
    return {
        "work": request.work,
        "source": ["request", request.id],
        "event": request.id,
        "fingerprint": None,
        "artifact_sha256": None,
        "files": [],
        "findings": [],
        **measured(Evidence(metrics=overall, slices=slices)),
        "tags": {},
        "lineage": dict(lineage),
    }
