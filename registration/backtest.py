"""A backtest: the recorded decisions about a model made again, under a policy that was not in force then.

`of` takes the steps of a history and touches nothing. Each is judged again from what its record kept, against the
champion that it was compared with then. What would have followed from another outcome is not followed: the champions
stay those of the record. A decision that a person made or overrode says nothing about a policy and is left out; one
whose record lacks what the policy asks for is counted as incomplete, never guessed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from registration import lacking, redecision
from registration.entries import WHY_NONE
from registration.policy.decision import ENGINE_VERSION, Outcome
from registration.policy.override import REJECTED
from registration.step import Step, stated, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from registration.policy.document import ModelPolicy

NOT_PROMOTED = "register only"


class Fate(StrEnum):
    """What the policy makes of a recorded decision."""

    SAME = "same"
    FLIPPED = "flipped"
    LEFT_OUT = "left out"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Again:
    """One recorded decision made again.

    `was` and `now` are the outcomes, `register only` for a version that did not become the champion; `now` is None if
    it was not decided again. `reasons` are why.
    """

    model: str
    step: Step
    fate: Fate
    was: str
    reasons: tuple[str, ...]
    now: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        step = self.step
        return {
            "model": self.model,
            "seq": step.seq,
            "decision": step.digest,
            "work": step.work,
            "decided_at": stated(step.decided_at),
            "fate": self.fate.value,
            "was": self.was,
            "now": self.now,
            "engine": word(step.record.get("engine")) or None,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class Backtest:
    """Recorded decisions made again, in the order of each model's history."""

    decisions: tuple[Again, ...]

    def of(self, fate: Fate) -> tuple[Again, ...]:
        """Those with this fate."""
        return tuple(again for again in self.decisions if again.fate is fate)

    @property
    def judged(self) -> int:
        """How many could be decided again."""
        return len(self.of(Fate.SAME)) + len(self.of(Fate.FLIPPED))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; those that stay the same are counted only."""
        counts = Counter(again.fate for again in self.decisions)
        told = {fate.name.lower(): counts[fate] for fate in Fate}
        others = [again.to_dict() for again in self.decisions if again.fate is not Fate.SAME]
        return {"engine": ENGINE_VERSION, "judged": self.judged, **told, "decisions": others}


def of(model: ModelPolicy, steps: Sequence[Step], *, since: datetime | None = None) -> Iterator[Again]:
    """Each of `steps`, the whole history of `model` with the oldest first, that was decided at `since` or later.

    A step whose record does not say when it was decided counts as later.
    """
    for place, step in enumerate(steps):
        if since is None or step.decided_at is None or step.decided_at >= since:
            yield _again(model, step, earlier=steps[:place])


def _again(model: ModelPolicy, step: Step, *, earlier: Sequence[Step]) -> Again:
    was = _outcome(step.outcome, promote=step.promoted or step.version is None)
    if why := _by_a_person(step):
        return Again(model.name, step, Fate.LEFT_OUT, was, (why,))
    record = {**step.record, "past": _past(step, earlier) if model.asks_the_past else [], "overrides": []}
    if missing := tuple(lacking.of(model, record)):
        return Again(model.name, step, Fate.INCOMPLETE, was, missing)
    try:
        made = redecision.again(record, model)
    except (LookupError, TypeError, AttributeError, ValueError) as wrong:
        why = f"its record cannot be read: {type(wrong).__name__}: {wrong}"
        return Again(model.name, step, Fate.INCOMPLETE, was, (why,))
    now = _outcome(made.outcome, promote=made.promote or step.version is None)
    return Again(model.name, step, Fate.SAME if now == was else Fate.FLIPPED, was, made.reasons, now)


def _outcome(outcome: str, *, promote: bool) -> str:
    """An app that observes makes no version, so its decisions do not say whether one would have been promoted."""
    return NOT_PROMOTED if outcome == Outcome.REGISTER and not promote else str(outcome)


def _by_a_person(step: Step) -> str:
    if step.record.get("adopted"):
        return "a person adopted it; no rule ran"
    if step.outcome in WHY_NONE:
        return WHY_NONE[step.outcome]
    if any(verdict.get("code") == REJECTED for verdict in step.verdicts):
        return "a person rejected it; no rule ran"
    overridden = [word(verdict.get("rule")) for verdict in step.verdicts if verdict.get("result") == "overridden"]
    return f"a person overrode {', '.join(overridden)}" if overridden else ""


def _past(step: Step, earlier: Sequence[Step]) -> list[Mapping[str, Any]]:
    """The champions before that of the decision; its record has them only if a policy of then asked, and not whole."""
    champions = (one for one in earlier if one.promoted and one.version != step.compared_with)
    return [{**one.candidate, "version": one.version, "findings": []} for one in champions]
