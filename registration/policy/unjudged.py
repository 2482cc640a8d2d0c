"""Verdicts of rules that could not compare: a number is missing or no number, or there is nothing to compare with.

The policy says for each case what that counts as (`registration.policy.handling`); here it is put into words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.policy import number
from registration.policy.handling import StandIn
from registration.policy.verdict import BY_ACTION, Result, Verdict

if TYPE_CHECKING:
    from decimal import Decimal

    from registration.policy.subject import Subject


def of_candidate(rule: str, subject: Subject, flaw: number.Flaw) -> Verdict:
    """The candidate's metric is no number; one that is not finite is never let through."""
    action = subject.handling.on_nonfinite if flaw.code == "nonfinite" else subject.handling.on_missing
    result = Result.FAILED if isinstance(action, StandIn) else BY_ACTION[action]
    needs = f"needs {subject.label} as a finite number; it {flaw.says}"
    fix = None if result is Result.SKIPPED else needs
    reason = f"the candidate's {subject.label} {flaw.says}"
    return Verdict(rule, result, reason, flaw.code, candidate=flaw.text, counterfactual=fix)


def no_champion(rule: str, subject: Subject, ours: Decimal) -> Verdict:
    """There is no champion yet."""
    action = subject.handling.no_champion
    accepts = ", which the policy accepts" if action == "accept" else ""
    reason = f"there is no champion yet to compare {subject.label} {number.text(ours)} with{accepts}"
    result = BY_ACTION[action]
    return Verdict(
        rule,
        result,
        reason,
        "no_champion",
        candidate=number.text(ours),
        counterfactual=_left_out(result, "no_champion"),
    )


def of_champion(rule: str, subject: Subject, ours: Decimal, flaw: number.Flaw, whose: str) -> Verdict:
    """The champion's metric is no number."""
    key = "champion_metric_nonfinite" if flaw.code == "nonfinite" else "champion_metric_missing"
    result = BY_ACTION[getattr(subject.handling, key)]
    reason = f"{whose}'s {subject.label} {flaw.says}, so {number.text(ours)} cannot be compared with it"
    return Verdict(
        rule,
        result,
        reason,
        f"champion_{flaw.code}",
        candidate=number.text(ours),
        champion=flaw.text,
        counterfactual=_left_out(result, key),
    )


def share_of_zero(rule: str, subject: Subject, ours: Decimal, whose: str) -> Verdict:
    """The champion is at 0, and no share of that means anything."""
    result = Result.FAILED if subject.handling.zero_champion == "reject" else Result.HELD
    here = number.text(ours)
    reason = f"{whose}'s {subject.label} is 0, so a percentage of it says nothing about {here}"
    fix = "would be judged if the rule asked for an absolute amount, or zero_champion were use_absolute with a floor"
    return Verdict(rule, result, reason, "zero_champion", candidate=here, champion="0", counterfactual=fix)


def _left_out(result: Result, key: str) -> str | None:
    if result in {Result.SKIPPED, Result.PASSED}:
        return None
    return f"would be left out if {key} were absolute_only"
