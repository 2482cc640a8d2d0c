"""A rule: one requirement of a policy on one metric.

`rules_of` makes the rules from a model's policy, in its order. Each has one method, `judge`, that gives a verdict for
any evidence and never raises. The order of questions is always the same: is the candidate's metric a number, is
there a champion, is the champion's metric a number, is the requirement met.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from registration.policy import number
from registration.policy.comparison import compare
from registration.policy.verdict import Measurement, Result, Verdict, unusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.policy.comparison import Comparison
    from registration.policy.document import MetricPolicy, ModelPolicy, VsChampion
    from registration.policy.evidence import Evidence
    from registration.policy.fields import Amount, Direction


class Rule(Protocol):
    """What every rule can do."""

    def judge(self, *, candidate: Evidence, champion: Evidence | None) -> Verdict:
        """The verdict on `candidate`; `champion` is None when the model has none yet."""
        ...


@dataclass(frozen=True)
class Minimum:
    """`min`: the candidate's metric is `bound` or more."""

    metric: str
    bound: Decimal

    def judge(self, *, candidate: Evidence, champion: Evidence | None) -> Verdict:  # noqa: ARG002 bounds stand alone
        """Passed at the bound and above it, whatever the champion shows."""
        rule, value = f"metrics.{self.metric}.min", candidate.metric(self.metric)
        if isinstance(value, number.Flaw):
            return unusable(rule, self.metric, value)
        margin = number.subtract(value, self.bound)
        says = "reaches" if margin >= 0 else "is below"
        reason = f"{self.metric} {number.text(value)} {says} the minimum {number.text(self.bound)}"
        failure = "below_min" if margin < 0 else None
        return Measurement(value, self.bound, margin).verdict(rule, failure=failure, reason=reason)


@dataclass(frozen=True)
class Maximum:
    """`max`: the candidate's metric is `bound` or less."""

    metric: str
    bound: Decimal

    def judge(self, *, candidate: Evidence, champion: Evidence | None) -> Verdict:  # noqa: ARG002 bounds stand alone
        """Passed at the bound and below it, whatever the champion shows."""
        rule, value = f"metrics.{self.metric}.max", candidate.metric(self.metric)
        if isinstance(value, number.Flaw):
            return unusable(rule, self.metric, value)
        margin = number.subtract(self.bound, value)
        says = "is within" if margin >= 0 else "is above"
        reason = f"{self.metric} {number.text(value)} {says} the maximum {number.text(self.bound)}"
        failure = "above_max" if margin < 0 else None
        return Measurement(value, self.bound, margin).verdict(rule, failure=failure, reason=reason)


@dataclass(frozen=True)
class MaxRegression:
    """`vs_champion.max_regression`: not worse than the champion by more than `allowed`; a tie passes."""

    metric: str
    direction: Direction
    allowed: Amount

    def judge(self, *, candidate: Evidence, champion: Evidence | None) -> Verdict:
        """Passed at exactly `allowed` worse; held for a percentage of a champion at 0."""
        rule = f"metrics.{self.metric}.vs_champion.max_regression"
        pair = compare(rule, self.metric, self.direction, candidate=candidate, champion=champion)
        if isinstance(pair, Verdict):
            return pair
        if _is_share_of_zero(self.allowed, pair):
            return _zero_champion(self.allowed, pair)
        worse = self.allowed.of(pair.champion)
        asks = f"at most {_in_full(self.allowed, pair)} worse is allowed" if worse else "it may not be worse"
        return pair.verdict(step=worse.copy_negate(), asks=asks, failure="regression")


@dataclass(frozen=True)
class MinImprovement:
    """`vs_champion.min_improvement`: better than the champion by `required` or more; a tie fails."""

    metric: str
    direction: Direction
    required: Amount

    def judge(self, *, candidate: Evidence, champion: Evidence | None) -> Verdict:
        """Passed at exactly `required` better; held for a percentage of a champion at 0."""
        rule = f"metrics.{self.metric}.vs_champion.min_improvement"
        pair = compare(rule, self.metric, self.direction, candidate=candidate, champion=champion)
        if isinstance(pair, Verdict):
            return pair
        if _is_share_of_zero(self.required, pair):
            return _zero_champion(self.required, pair)
        asks = f"at least {_in_full(self.required, pair)} better is required"
        return pair.verdict(step=self.required.of(pair.champion), asks=asks, failure="too_little_improvement")


@dataclass(frozen=True)
class StrictlyBetter:
    """`vs_champion.strict`: better than the champion, by however little; a tie fails."""

    metric: str
    direction: Direction

    def judge(self, *, candidate: Evidence, champion: Evidence | None) -> Verdict:
        """Passed above the champion, in the metric's direction."""
        rule = f"metrics.{self.metric}.vs_champion.strict"
        pair = compare(rule, self.metric, self.direction, candidate=candidate, champion=champion)
        if isinstance(pair, Verdict):
            return pair
        return pair.verdict(step=Decimal(0), asks="it must be better", failure="not_better", tie=False)


@dataclass(frozen=True)
class Unjudged:
    """A metric the policy names without asking anything of it; recorded, so that nobody believes it was checked."""

    metric: str

    def judge(self, *, candidate: Evidence, champion: Evidence | None) -> Verdict:  # noqa: ARG002 nothing is asked
        """Always skipped."""
        reason = f"the policy names {self.metric} but has no min, max or vs_champion for it"
        return Verdict(f"metrics.{self.metric}", Result.SKIPPED, reason, "no_rule")


def rules_of(policy: ModelPolicy) -> tuple[Rule, ...]:
    """Every rule of the policy, metric by metric in its order."""
    return tuple(rule for metric, asked in policy.metrics.items() for rule in _rules_for(metric, asked))


def _rules_for(metric: str, asked: MetricPolicy) -> tuple[Rule, ...]:
    return (*_bounds(metric, asked), *_relative(metric, asked)) or (Unjudged(metric),)


def _bounds(metric: str, asked: MetricPolicy) -> Iterator[Rule]:
    if asked.minimum is not None:
        yield Minimum(metric, asked.minimum)
    if asked.maximum is not None:
        yield Maximum(metric, asked.maximum)


def _relative(metric: str, asked: MetricPolicy) -> Iterator[Rule]:
    if asked.vs_champion is not None and asked.direction is not None:
        yield _vs_champion(metric, asked.direction, asked.vs_champion)


def _vs_champion(metric: str, direction: Direction, asked: VsChampion) -> Rule:
    if asked.max_regression is not None:
        return MaxRegression(metric, direction, asked.max_regression)
    if asked.min_improvement is not None:
        return MinImprovement(metric, direction, asked.min_improvement)
    return StrictlyBetter(metric, direction)


def _is_share_of_zero(amount: Amount, pair: Comparison) -> bool:
    return amount.percent and pair.champion == 0


def _zero_champion(amount: Amount, pair: Comparison) -> Verdict:
    ours = number.text(pair.candidate)
    reason = f"the champion's {pair.metric} is 0, so {amount} of it says nothing about {ours}"
    return Verdict(pair.rule, Result.HELD, reason, "zero_champion", candidate=ours, champion="0")


def _in_full(amount: Amount, pair: Comparison) -> str:
    return f"{amount} ({number.text(amount.of(pair.champion))})" if amount.percent else str(amount)
