"""A rule: one requirement of a policy on one candidate.

`rules_of` makes the rules from a model's policy, in its order. Each has a name and one method, `judge`, that gives a
verdict. A metric rule always asks in the same order: is the candidate's metric a number, is there a champion, is the
champion's metric a number, is a share of it meaningful, is the criterion met; the severity has the last word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from registration.policy import number
from registration.policy.bounds import Above, Below, Maximum, Minimum
from registration.policy.criteria import Budgeted, MaxImprovement, MaxRegression, MinImprovement, StrictlyBetter
from registration.policy.handling import Handling, StandIn
from registration.policy.metrics import ANY_SLICE, fits
from registration.policy.seen import Seen
from registration.policy.subject import Subject
from registration.policy.unjudged import no_champion, of_candidate, of_champion, share_of_zero
from registration.policy.verdict import Result, Verdict, at_worst, capped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from decimal import Decimal

    from registration.policy.amounts import Amount
    from registration.policy.criteria import Criterion
    from registration.policy.document import ModelPolicy
    from registration.policy.metrics import MetricPolicy, SlicePolicy, VsChampion
    from registration.policy.sides import Side, Sides

    type Asks = tuple[Criterion, str]  # and what ends the rule's name


class Rule(Protocol):
    """What every rule can do."""

    @property
    def name(self) -> str:
        """What its verdict is called."""
        ...

    def judge(self, sides: Sides) -> Answer:
        """What it says of the candidate."""
        ...


class Answer(Protocol):
    """What a rule says: a verdict, or the numbers that one is put into words from when somebody asks."""

    @property
    def result(self) -> Result:
        """How it came out."""
        ...

    @property
    def verdict(self) -> Verdict:
        """All of it, in words."""
        ...


class Measured(NamedTuple):
    """Two numbers that could be compared."""

    rule: MetricRule | BudgetRule
    seen: Seen
    margin: Decimal
    passed: bool

    @property
    def result(self) -> Result:
        """Passed, or what the severity makes of a failure."""
        return Result.PASSED if self.passed else at_worst(Result.FAILED, self.rule.subject.handling.severity)

    @property
    def verdict(self) -> Verdict:
        """With every number, and of a failure what would have met the criterion."""
        rule, seen, criterion = self.rule, self.seen, self.rule.criterion
        candidate, bound = number.text(seen.candidate), number.text(criterion.bound(seen))
        fix = None
        if not self.passed:
            needs = f"needs {rule.subject.label} {criterion.needs(seen)} {bound}, had {candidate}"
            fix = f"{needs}; would pass if {criterion.remedy(seen, self.margin.copy_abs())}"
        return Verdict(
            rule.name,
            self.result,
            criterion.says(seen, passed=self.passed),
            "passed" if self.passed else criterion.code,
            candidate=candidate,
            champion=number.text(seen.champion) if criterion.is_relative else None,
            bound=bound,
            margin=number.text(self.margin),
            counterfactual=fix,
        )


class MetricRule(NamedTuple):
    """A criterion for one subject; one that is relative compares with the champion that the policy names.

    `part` ends the name of one of two amounts that stand under one key.
    """

    subject: Subject
    criterion: Criterion
    part: str = ""

    @property
    def name(self) -> str:
        """The subject's and the criterion's."""
        return f"{self.subject.prefix}.{self.criterion.key}{self.part}"

    def judge(self, sides: Sides) -> Answer:
        """Passed if the criterion is met; what cannot be judged is handled as the policy says."""
        if not self.criterion.is_relative:
            return _judged(self, sides.candidate, None)
        if sides.champion is None:
            reason = f"{self.subject.label} is compared with nothing, because the policy says compare_to: none"
            return Verdict(self.name, Result.SKIPPED, reason, "not_compared")
        return _judged(self, sides.candidate, sides.champion)


class BudgetRule(NamedTuple):
    """`budget.cumulative_regression`: not worse than the best champion so far by more than is allowed."""

    subject: Subject
    criterion: Budgeted

    @property
    def name(self) -> str:
        """The metric's place in the budget."""
        return f"budget.cumulative_regression.{self.subject.metric}"

    def judge(self, sides: Sides) -> Answer:
        """Passed at exactly the budget; a tie with the best passes."""
        return _judged(self, sides.candidate, sides.best)


@dataclass(frozen=True, slots=True)
class Unjudged:
    """A metric or slice that the policy names without asking anything of it; recorded, so that nobody believes it."""

    name: str
    reason: str
    code: str

    def judge(self, sides: Sides) -> Verdict:  # noqa: ARG002 nothing is asked
        """Always skipped."""
        return Verdict(self.name, Result.SKIPPED, self.reason, self.code)


def _judged(rule: MetricRule | BudgetRule, candidate: Side, champion: Side | None) -> Answer:
    """Value selection, then comparison, then severity."""
    subject = rule.subject
    ours = candidate.read(subject)
    if isinstance(ours, number.Flaw):
        stand_in = subject.handling.on_missing
        if ours.code == "nonfinite" or not isinstance(stand_in, StandIn):
            return capped(of_candidate(rule.name, subject, ours), subject.handling.severity)
        return _compared(rule, stand_in.value, champion, stands_in=True)
    return _compared(rule, ours, champion, stands_in=False)


def _compared(rule: MetricRule | BudgetRule, ours: Decimal, champion: Side | None, *, stands_in: bool) -> Answer:
    subject = rule.subject
    if champion is None:
        return _measured(rule, Seen(subject, ours, stands_in=stands_in))
    if champion.is_nobody:
        return capped(no_champion(rule.name, subject, ours), subject.handling.severity)
    theirs = champion.read(subject)
    if isinstance(theirs, number.Flaw):
        return capped(of_champion(rule.name, subject, ours, theirs, champion.whose), subject.handling.severity)
    if not theirs and rule.criterion.is_share and not _has_floor(subject.handling):
        return capped(share_of_zero(rule.name, subject, ours, champion.whose), subject.handling.severity)
    return _measured(rule, Seen(subject, ours, theirs, champion.whose, stands_in))


def _measured(rule: MetricRule | BudgetRule, seen: Seen) -> Measured:
    margin = rule.criterion.margin(seen)
    return Measured(rule, seen, margin, margin > 0 or (rule.criterion.tie and not margin))


def _has_floor(handling: Handling) -> bool:
    return handling.zero_champion == "use_absolute" and handling.floor is not None


def rules_of(policy: ModelPolicy, *, slices: Iterable[str] = ()) -> tuple[Rule, ...]:
    """Every rule of the policy about metrics, metric by metric in its order; `slices` are those that there are."""
    known, whole = tuple(slices), Handling().over(policy.defaults)
    return tuple(rule for name, asked in policy.metrics.items() for rule in _of_metric(name, asked, whole, known))


def budget_of(policy: ModelPolicy) -> Iterator[Rule]:
    """Every rule of the policy about what was lost since the best champion."""
    whole = Handling().over(policy.defaults)
    for name, amount in (policy.budget.cumulative_regression if policy.budget else {}).items():
        asked = policy.metrics.get(name)
        handling, direction = (whole.over(asked), asked.direction) if asked else (whole, None)
        yield BudgetRule(Subject(name, None, direction, handling), Budgeted(amount))


def _of_metric(metric: str, asked: MetricPolicy, whole: Handling, slices: Iterable[str]) -> list[Rule]:
    """Every rule about one metric: overall, then in each slice."""
    here = whole.over(asked)
    subject = Subject(metric, None, asked.direction, here)
    overall: list[Rule] = [MetricRule(subject, *asks) for asks in _criteria(asked)]
    return [*overall, *_in_slices(metric, asked, here, slices)] or [_names_only(subject)]


def _in_slices(metric: str, asked: MetricPolicy, here: Handling, slices: Iterable[str]) -> Iterator[Rule]:
    taken = _taken(asked, slices) if asked.slices else {}
    for name, entry in (asked.slices or {}).items():
        if name not in taken:
            yield from _in_slice(metric, name, asked, entry, here)
            continue
        handling, criteria = here.over(entry), tuple(_criteria(entry))
        for slice_ in taken[name] if criteria else ():
            subject = Subject(metric, slice_, asked.direction, handling)
            yield from [MetricRule(subject, *asks) for asks in criteria]
        if not taken[name] or not criteria:
            which = "" if name == ANY_SLICE else f" {name}"
            reason = f"the policy asks {metric} of every slice{which}, but there is none without an entry of its own"
            yield Unjudged(f"metrics.{metric}.slices[{name}]", reason, "no_slices")


def _taken(asked: MetricPolicy, slices: Iterable[str]) -> dict[str, list[str]]:
    """The slices that each entry for several of them takes: by the first pattern that fits, else by `*`."""
    named, patterns = asked.slices or {}, asked.patterns
    taken: dict[str, list[str]] = {key: [] for key in (*patterns, ANY_SLICE) if key in named}
    for slice_ in slices:
        if slice_ in named and slice_ not in taken:
            continue
        entry = next((pattern for pattern in patterns if fits(slice_, pattern)), ANY_SLICE)
        if entry in taken:
            taken[entry].append(slice_)
    return taken


def _in_slice(metric: str, name: str, asked: MetricPolicy, entry: SlicePolicy, here: Handling) -> list[Rule]:
    subject = Subject(metric, name, asked.direction, here.over(entry))
    rules: list[Rule] = [MetricRule(subject, *asks) for asks in _criteria(entry)]
    return rules or [_names_only(subject)]


def _names_only(subject: Subject) -> Unjudged:
    reason = f"the policy names {subject.label} but has no bound or vs_champion for it"
    return Unjudged(subject.prefix, reason, "no_rule")


def _criteria(asked: SlicePolicy) -> Iterator[Asks]:
    bounds = ((Minimum, asked.minimum), (Maximum, asked.maximum), (Above, asked.above), (Below, asked.below))
    for kind, limit in bounds:
        if limit is not None:
            yield kind(limit), ""
    if asked.vs_champion is not None:
        yield from _against_champion(asked.vs_champion)


def _against_champion(asked: VsChampion) -> Iterator[Asks]:
    yield from _amounts(MaxRegression, asked.max_regression)
    yield from _amounts(MinImprovement, asked.min_improvement)
    if asked.strict is not None:
        yield StrictlyBetter(), ""
    yield from _amounts(MaxImprovement, asked.max_improvement)


def _amounts(kind: Callable[[Amount], Criterion], asked: tuple[Amount, ...] | None) -> Iterator[Asks]:
    """One criterion an amount; of two each is named, because both have a verdict."""
    for amount in asked or ():
        part = ".percent" if amount.percent else ".absolute"
        yield kind(amount), part if len(asked or ()) > 1 else ""
