"""Pending: everything that waits for a person, each with the command that answers it. Nothing is changed.

Held works come from the questions that are open, pauses from where they are kept; what is answered is not read.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from registration import denied
from registration.approval import counting
from registration.step import items, members, source_of, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.denied import Leading
    from registration.head import Champion
    from registration.inspection import Inspection
    from registration.ledger import Ledger
    from registration.pauses import Pauses
    from registration.question import Question, Questions
    from registration.standstill import Standstill, Standstills

SHORT = 12  # digits of a key, for people; a key may be named by its first eight
NOT_ADOPTED = "not_adopted"


@dataclass(frozen=True)
class Waiting:
    """One thing that waits.

    `kind` is `held`, `half_approved`, `not_adopted`, `outdated` (held against a champion that is gone, so only another
    decision helps), `paused`, `policy_broken` (every candidate waits until the policy is mended), `revoked` (a champion
    whose files were) or `changed` (a champion with other files than were judged). `model` is None for the whole app,
    `work` where no one work waits. `commands` answer it. `messages` is about how many wait, None where nobody counted.
    """

    kind: str
    model: str | None
    work: str | None
    source: str
    reasons: tuple[str, ...]
    since: str
    expires: str | None
    commands: tuple[str, ...]
    messages: int | None = None

    def to_dict(self, *, now: datetime) -> dict[str, Any]:
        """JSON-ready, with the age at `now` in seconds."""
        age = int((now - datetime.fromisoformat(self.since)).total_seconds())
        return {**asdict(self), "age_seconds": age, "reasons": list(self.reasons), "commands": list(self.commands)}


@dataclass(frozen=True)
class Pending:
    """Looks for what waits, one thing at a time; each model's head is read once."""

    ledger: Ledger
    questions: Questions
    pauses: Pauses
    standstills: Standstills
    now: datetime

    def __iter__(self) -> Iterator[Waiting]:
        standstill = self.standstills.present()
        if standstill is not None:
            yield _broken(standstill)
        seqs: dict[str, int] = {}
        for question in self.questions.unanswered():
            if question.model not in seqs:
                seqs[question.model] = self.ledger.head(question.model).champion_seq
            yield self._held(question, champion_seq=seqs[question.model])
        for model, said in self.pauses.standing():
            yield _paused(model, said)
        for leading in denied.champions(self.ledger, self.ledger.revoked()):
            yield self._revoked(leading)
        for inspection in self.ledger.inspections.changed():
            champion = self.ledger.head(inspection.model).champion
            if champion is not None and champion.version == inspection.version:
                yield _changed(inspection, champion)

    def _revoked(self, leading: Leading) -> Waiting:
        revocation = self.ledger.revocation(leading.artifact_sha256)
        assert revocation is not None  # noqa: S101 - it was among the revoked, and stays so
        commands = tuple(f"registrar revoke {leading} {how} --reason TEXT" for how in ("--to VERSION", "--no-champion"))
        source, why = f"champion {leading}", (revocation.sentence,)
        return Waiting("revoked", leading.model, None, source, why, revocation.revoked_at, None, commands)

    def _held(self, question: Question, *, champion_seq: int) -> Waiting:
        decision = self.ledger.decision(question.model, str(question.decision))
        earlier = counting(question.answers, now=self.now)
        kind = _kind(question, decision, earlier=bool(earlier), champion_seq=champion_seq, now=self.now)
        reasons = [f"approved by {each['actor']['name']}: {each['reason']}" for each in earlier]
        return Waiting(
            kind,
            question.model,
            question.work,
            source_of(members(decision.get("candidate")).get("source")),
            (*reasons, *map(word, items(decision.get("reasons")))),
            question.asked_at,
            min((question.expires, *(each["expires"] for each in earlier)), key=datetime.fromisoformat),
            tuple(_commands(kind, question, decision)),
        )


def _kind(question: Question, decision: Mapping[str, Any], *, earlier: bool, champion_seq: int, now: datetime) -> str:
    if decision.get("champion_seq") != champion_seq or datetime.fromisoformat(question.expires) <= now:
        return "outdated"
    if any(members(verdict).get("code") == NOT_ADOPTED for verdict in items(decision.get("verdicts"))):
        return NOT_ADOPTED
    return "half_approved" if earlier else "held"


def _commands(kind: str, question: Question, decision: Mapping[str, Any]) -> Iterator[str]:
    work = question.work[:SHORT]
    if kind == NOT_ADOPTED:
        yield f"registrar adopt {question.model}:VERSION --reason TEXT"
    elif kind == "outdated" or "error" in {members(each).get("result") for each in items(decision.get("verdicts"))}:
        yield f"registrar replay --new-epoch {work} --reason TEXT"
    else:
        yield f"registrar approve {work} --reason TEXT"
    yield f"registrar reject {work} --reason TEXT"


def _changed(inspection: Inspection, champion: Champion) -> Waiting:
    name = f"{inspection.model}:{inspection.version}"
    reasons = tuple(str(finding) for finding in inspection.last.findings) if inspection.last else ()
    since = inspection.changed_since or ""
    commands = (f"registrar rollback {inspection.model} --reason TEXT", f"registrar explain {name}")
    return Waiting("changed", inspection.model, champion.work, f"files of {name}", reasons, since, None, commands)


def _broken(standstill: Standstill) -> Waiting:
    place, number = standstill.place, standstill.messages
    is_published = place.startswith("https://")
    check = f"registrar policy check {'FOLDER' if is_published else place}"
    commands = (check, f"registrar policy publish FOLDER --to {place}") if is_published else (check,)
    waiting = () if number is None else (f"about {number} messages are on the work queue",)
    reasons = (*waiting, *standstill.problems)
    source = f"policies at {place}"
    return Waiting("policy_broken", None, None, source, reasons, standstill.since, None, commands, number)


def _paused(model: str | None, said: Mapping[str, Any]) -> Waiting:
    whom = f"{model} " if model else ""
    command = f"registrar pause {whom}--resume --reason TEXT"
    return Waiting("paused", model, None, f"paused by {said['actor']}", (said["reason"],), said["at"], None, (command,))
