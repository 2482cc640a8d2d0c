"""A decision: what becomes of one candidate for one model, and every verdict that led there.

Made by `decide` from a policy and evidence alone: no clock, no network, no state, so the same inputs under the same
`ENGINE_VERSION` give the same decision for ever. All rules are always judged; the explanation is complete. Deciding
registers nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

from registration.finding import Level
from registration.policy.baseline import UNREADABLE
from registration.policy.evidence import Evidence
from registration.policy.override import BASELINE, JUDGED
from registration.policy.required import requirements_of
from registration.policy.rules import budget_of, rules_of
from registration.policy.sides import Sides
from registration.policy.verdict import AGAINST, Result, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from registration.policy.artifact import ArtifactPolicy
    from registration.policy.baseline import Baseline
    from registration.policy.document import ModelPolicy
    from registration.policy.override import Override
    from registration.policy.rules import Answer, Rule

__all__ = ["ENGINE_VERSION", "Decision", "Evidence", "Member", "Outcome", "Result", "Verdict", "decide"]

# Raised whenever the same policy and evidence could give another outcome than before; decision records carry it.
ENGINE_VERSION = "2"
NOTHING_JUDGED = "nothing_judged"
_FOR = frozenset({Result.PASSED, Result.OVERRIDDEN})
_WAITING = frozenset({Result.HELD, Result.ERROR})


class Outcome(StrEnum):
    """What becomes of the candidate: it is registered, waits for a person, or is refused."""

    REGISTER = "register"
    HOLD = "hold"
    REJECT = "reject"


@dataclass(frozen=True)
class Member:
    """Another member of the candidate's group, and what its own rules say: a failure, even if that is registered."""

    model: str
    outcome: Outcome


@dataclass(frozen=True)
class Decision:
    """The outcome, and what led to it: findings, adoption, baseline, requirements, metrics, budget, group, in order.

    `promote` says that the version becomes the champion; a version that is only registered does not. `share` are the
    shared registries that a promoted version goes to, each with the name it has there.
    """

    outcome: Outcome
    answers: tuple[Answer, ...]
    engine: str = ENGINE_VERSION
    promote: bool = False
    share: tuple[Mapping[str, str], ...] = ()

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every answer in words."""
        return tuple(answer.verdict for answer in self.answers)

    @property
    def judged(self) -> Outcome:
        """What the rules alone say: a failure, even where the policy registers what failed."""
        return combined(answer.result for answer in self.answers)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One sentence for everything that made the outcome what it is; never empty."""
        deciding = self._deciding
        first = (verdict.reason for verdict in self._nothing_judged)
        sentences = (answer.verdict.reason for answer in self.answers if answer.result in deciding)
        # Every rule of a metric that is missing says the same.
        return tuple(dict.fromkeys((*first, *sentences)))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "outcome": self.outcome.value,
            "promote": self.promote,
            "reasons": list(self.reasons),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "engine": self.engine,
            **({"share": [dict(target) for target in self.share]} if self.share else {}),
        }

    @property
    def _deciding(self) -> frozenset[Result]:
        if self.outcome is Outcome.HOLD:
            return _WAITING | ({Result.SKIPPED, Result.WARNED} if self._nothing_judged else set())
        failed = any(answer.result is Result.FAILED for answer in self.answers)
        return frozenset({Result.FAILED}) if failed else _FOR

    @property
    def _nothing_judged(self) -> list[Verdict]:
        """The verdict that nothing speaks for the candidate, where that is why it is held."""
        last = self.answers[-1:] if self.outcome is Outcome.HOLD else ()
        return [answer for answer in last if isinstance(answer, Verdict) and answer.code == NOTHING_JUDGED]


def decide(  # noqa: PLR0913 - each is an input of its own, and most have a default
    policy: ModelPolicy,
    *,
    candidate: Evidence,
    champion: Evidence | None,
    past: Sequence[Evidence] = (),
    unadopted: bool = False,
    overrides: Sequence[Override] = (),
    group: Sequence[Member] = (),
    baselines: Sequence[Baseline] = (),
) -> Decision:
    """The decision on `candidate`; `champion` is None when the model has none yet. Never raises for any evidence.

    `past` are earlier champions, oldest first, without the present one. `unadopted` says that the registry has versions
    of this model that are not ours, and nobody has said which of them candidates are compared with; unless the policy
    does not ask for that, nothing can be promoted then. `overrides` are those that hold now; whether they have expired
    is not asked here. `group` are the other members of the candidate's group. `baselines` are champions of other
    environments; a policy that compares with one that is not among them, or cannot be told, promotes nothing.
    """
    waiting = [_not_adopted(policy.name)] if unadopted and policy.adopt == "required" else []
    baseline = next((one for one in baselines if one.place == policy.baseline), None)
    waiting += _untold(policy, baseline)
    required, measured, budgeted = _judged(policy, candidate=candidate, champion=champion, past=past, baseline=baseline)
    before = _answered([*_of_files(policy.artifact, candidate), *waiting, *required], overrides)
    measured = _answered([*measured, *budgeted], overrides)
    answers = (*before, *measured, *_answered([_member(member) for member in group], overrides))
    # Where the policy judges metrics, tags alone do not speak for a model. Other members of a group never do.
    if (silence := _silence(answers, speaking=measured or before)) is not None:
        answers = (*answers, *_answered([silence], overrides))
    return _decided(policy, answers, is_unsafe=any(finding.level != Level.NOTE for finding in candidate.findings))


def combined(results: Iterable[Result]) -> Outcome:
    """An error hides what a rule would have said, so it outweighs a failure; nothing passes unless a rule did."""
    seen = set(results)
    if Result.ERROR in seen:
        return Outcome.HOLD
    if Result.FAILED in seen:
        return Outcome.REJECT
    return Outcome.HOLD if Result.HELD in seen or not seen & _FOR else Outcome.REGISTER


def judged(record: Mapping[str, Any]) -> Outcome:
    """What the rules alone said in a decision record; raises `KeyError` or `ValueError` for what was not written so."""
    return combined(Result(verdict["result"]) for verdict in record["verdicts"])


def _decided(policy: ModelPolicy, answers: tuple[Answer, ...], *, is_unsafe: bool) -> Decision:
    outcome = combined(answer.result for answer in answers)
    if outcome is Outcome.REGISTER:
        then = policy.then.on_pass
        share = tuple(target.to_dict(model=policy.name) for target in then.shares)
        return Decision(outcome, answers, promote=then.promotes, share=share)
    if outcome is Outcome.REJECT and policy.then.on_fail == "register_only" and not is_unsafe:
        return Decision(Outcome.REGISTER, answers)
    return Decision(outcome, answers)


def _judged(
    policy: ModelPolicy,
    *,
    candidate: Evidence,
    champion: Evidence | None,
    past: Sequence[Evidence],
    baseline: Baseline | None,
) -> tuple[Sequence[Answer], Sequence[Answer], Sequence[Answer]]:
    """What the requirements, the metrics and the budget say."""
    try:
        sides = Sides.of(policy, candidate=candidate, champion=champion, past=past, baseline=baseline)
        parts = (requirements_of(policy), rules_of(policy, slices=sides.slices), budget_of(policy))
        required, measured, budgeted = ([_answer(rule, sides) for rule in rules] for rules in parts)
    except Exception as surprise:  # noqa: BLE001 - a decision is total; what broke is its reason
        return [], [_broken("evidence", surprise)], []
    return required, measured, budgeted


def _answer(rule: Rule, sides: Sides) -> Answer:
    try:
        return rule.judge(sides)
    except Exception as surprise:  # noqa: BLE001 - a decision is total; what broke is its reason
        return _broken(rule.name, surprise)


def _broken(rule: str, surprise: Exception) -> Verdict:
    reason = f"{rule} could not be judged, because of a fault: {type(surprise).__name__}: {surprise}"
    return Verdict(rule, Result.ERROR, reason, "error")


def _silence(answers: Sequence[Answer], *, speaking: Sequence[Answer]) -> Verdict | None:
    """What holds a candidate that nothing speaks against, because nothing that counts speaks for it either."""
    if any(answer.result in AGAINST or answer.result is Result.ERROR for answer in answers):
        return None
    if any(answer.result in _FOR for answer in speaking):
        return None
    warned = any(answer.result is Result.WARNED for answer in answers)
    reason = "no rule passed, and warnings do not count" if warned else "no rule could judge this candidate"
    return Verdict(JUDGED, Result.HELD, reason, NOTHING_JUDGED)


def _answered(answers: Sequence[Answer], overrides: Sequence[Override]) -> Sequence[Answer]:
    """`answers`, less what people took upon themselves."""
    return [_overridden(answer, overrides) for answer in answers] if overrides else answers


def _overridden(answer: Answer, overrides: Sequence[Override]) -> Answer:
    if answer.result not in AGAINST:
        return answer
    verdict = answer.verdict
    override = next((one for one in overrides if one.covers(verdict.rule)), None)
    if override is None:
        return answer
    reason = f"{verdict.reason}; overridden by {' and '.join(override.actors)}: {override.reason}"
    return replace(verdict, result=Result.OVERRIDDEN, reason=reason)


def _not_adopted(model: str) -> Verdict:
    reason = (
        f"{model} has versions that Registrar did not make; say which one is the champion with "
        f"`registrar adopt {model}:VERSION`, or write `adopt: none` in the policy"
    )
    return Verdict("adoption", Result.HELD, reason, "not_adopted")


def _untold(policy: ModelPolicy, baseline: Baseline | None) -> list[Verdict]:
    """What holds a candidate whose baseline cannot be told."""
    if policy.baseline is None or (baseline is not None and not baseline.problem):
        return []
    registry, model = policy.baseline
    why = baseline.problem if baseline else "nobody looked"
    reason = f"the champion {model} of registry {registry} cannot be told: {why}"
    return [Verdict(BASELINE, Result.HELD, reason, UNREADABLE)]


def _member(member: Member) -> Verdict:
    rule, model = f"group.{member.model}", member.model
    if member.outcome is Outcome.REJECT:
        return Verdict(rule, Result.FAILED, f"{model}, of the same group, would be rejected", "member_rejected")
    if member.outcome is Outcome.HOLD:
        return Verdict(rule, Result.HELD, f"{model}, of the same group, would be held", "member_held")
    return Verdict(rule, Result.PASSED, f"{model}, of the same group, would be registered", "passed")


def _of_files(asked: ArtifactPolicy, candidate: Evidence) -> Iterator[Verdict]:
    for finding in candidate.findings:
        result = asked.code_scan.result(finding.level)
        yield Verdict(f"artifact.{finding.code}", result, str(finding), finding.code)
    for path, name in asked.unwelcome(candidate.formats).items():
        reason = f"{path} is {name}; the policy takes {', '.join(asked.formats or ())}"
        yield Verdict("artifact.formats", Result.FAILED, reason, "format_not_taken")
