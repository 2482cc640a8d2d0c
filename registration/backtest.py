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

from registration.finding import Finding
from registration.policy.decision import ENGINE_VERSION, decide
from registration.policy.evidence import Evidence
from registration.step import Step, items, members, stated, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from registration.policy.document import ModelPolicy


class Fate(StrEnum):
    """What the policy makes of a recorded decision."""

    SAME = "same"
    FLIPPED = "flipped"
    LEFT_OUT = "left out"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Again:
    """One recorded decision made again. `outcome` is the new one, None if there is none; `reasons` are why."""

    model: str
    step: Step
    fate: Fate
    reasons: tuple[str, ...]
    outcome: str | None = None

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
            "was": step.outcome,
            "now": self.outcome,
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
    if why := _by_a_person(step):
        return Again(model.name, step, Fate.LEFT_OUT, (why,))
    if lacking := tuple(_lacking(model, step)):
        return Again(model.name, step, Fate.INCOMPLETE, lacking)
    champion = _evidence(step.champion) if step.champion else None
    made = decide(model, candidate=_evidence(step.candidate), champion=champion, unadopted=_waited(step))
    outcome = made.outcome.value
    return Again(model.name, step, Fate.SAME if outcome == step.outcome else Fate.FLIPPED, made.reasons, outcome)


def _by_a_person(step: Step) -> str:
    if step.record.get("adopted"):
        return "a person adopted it; no rule ran"
    overridden = [word(verdict.get("rule")) for verdict in step.verdicts if verdict.get("result") == "overridden"]
    return f"a person overrode {', '.join(overridden)}" if overridden else ""


def _lacking(model: ModelPolicy, step: Step) -> Iterator[str]:
    """What the policy asks for and the record does not have."""
    if not isinstance(step.candidate.get("metrics"), dict):
        yield "its record has no metrics of the candidate"
    if step.champion and not isinstance(step.champion.get("metrics"), dict):
        yield "its record has no metrics of the champion"


def _waited(step: Step) -> bool:
    """Whether the model had versions that nobody had adopted; known only where the policy of then asked."""
    return any(verdict.get("rule") == "adoption" for verdict in step.verdicts)


def _evidence(recorded: Mapping[str, Any]) -> Evidence:
    return Evidence(metrics=members(recorded.get("metrics")), findings=tuple(_findings(recorded.get("findings"))))


def _findings(recorded: object) -> Iterable[Finding]:
    found = map(members, items(recorded))
    return (Finding(*(word(one.get(name)) for name in ("code", "path", "message"))) for one in found)
