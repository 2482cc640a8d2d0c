"""Each rule's meaning, one claim a test, and how verdicts combine into an outcome."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest

from registration.documents import load
from registration.finding import Finding, Level
from registration.policy import Decision, Evidence, ModelPolicy, Outcome, Result, Verdict, decide
from registration.policy.bounds import Maximum, Minimum
from registration.policy.criteria import MaxRegression, MinImprovement, StrictlyBetter
from registration.policy.decision import combined
from registration.policy.rules import MetricRule, rules_of

NO_WORSE = {"direction": "maximize", "vs_champion": {"max_regression": 0}}


def model(**metrics: dict[str, Any]) -> ModelPolicy:
    return load(ModelPolicy, {"name": "m", "metrics": metrics}, source="test")


def judged(rule: dict[str, Any], candidate: object, champion: object = None) -> Verdict:
    """The only verdict on metric `a`; a champion of None means that there is no champion."""
    beside = None if champion is None else Evidence({"a": champion})
    [verdict] = decide(model(a=rule), candidate=Evidence({"a": candidate}), champion=beside).verdicts
    return verdict


def against(asked: dict[str, Any], candidate: object, champion: object, *, direction: str = "maximize") -> Verdict:
    return judged({"direction": direction, "vs_champion": asked}, candidate, champion)


def outcome(policy: ModelPolicy, candidate: dict[str, object], champion: dict[str, object] | None = None) -> Outcome:
    beside = None if champion is None else Evidence(champion)
    return decide(policy, candidate=Evidence(candidate), champion=beside).outcome


@pytest.mark.parametrize(("value", "result"), [(0.8, "passed"), (0.81, "passed"), (0.7999999999999999, "failed")])
def test_min_is_inclusive_and_exact(value: float, result: str) -> None:
    assert judged({"min": Decimal("0.80")}, value).result == result


@pytest.mark.parametrize(("value", "result"), [(12, "passed"), (-3, "passed"), (12.000000000000002, "failed")])
def test_max_is_inclusive_and_exact(value: float, result: str) -> None:
    assert judged({"max": 12}, value).result == result


def test_a_bound_met_exactly_reads_as_met() -> None:
    assert judged({"min": 1}, 1).reason == "a 1 reaches the minimum 1"
    assert judged({"max": 1}, 1).reason == "a 1 is within the maximum 1"


def test_min_and_max_need_neither_direction_nor_champion() -> None:
    assert outcome(model(a={"min": 0, "max": 1}), {"a": 0.5}) is Outcome.REGISTER


def test_a_tie_passes_under_max_regression() -> None:
    assert against({"max_regression": 0}, 0.9, 0.9).result is Result.PASSED


def test_a_tie_fails_under_min_improvement() -> None:
    assert against({"min_improvement": Decimal("1e-9")}, 0.9, 0.9).code == "too_little_improvement"


def test_a_tie_fails_under_strict() -> None:
    assert against({"strict": True}, 0.9, 0.9).code == "not_better"


@pytest.mark.parametrize(("direction", "better"), [("maximize", 0.9000000000000001), ("minimize", 0.8999999999999999)])
def test_strict_passes_for_the_smallest_step_in_the_metric_s_direction(direction: str, better: float) -> None:
    assert against({"strict": True}, better, 0.9, direction=direction).result is Result.PASSED


def test_an_improvement_of_exactly_the_required_amount_passes() -> None:
    verdict = against({"min_improvement": 0.05}, 0.95, 0.90)

    assert (verdict.result, verdict.margin) == (Result.PASSED, "0")


def test_a_regression_of_exactly_the_allowed_percentage_passes() -> None:
    assert against({"max_regression": "1%"}, 0.891, 0.9).margin == "0"


def test_a_percentage_is_of_the_champion_s_magnitude() -> None:
    assert against({"min_improvement": "5%"}, -1.0, -0.5).result is Result.FAILED
    assert against({"min_improvement": "5%"}, -0.475, -0.5).result is Result.PASSED


def test_a_bare_number_is_an_absolute_difference() -> None:
    assert against({"max_regression": 1}, 99, 100).result is Result.PASSED
    assert against({"max_regression": 1}, 98.9, 100).result is Result.FAILED


@pytest.mark.parametrize("asked", [{"max_regression": "1%"}, {"min_improvement": "1%"}])
def test_a_percentage_of_a_champion_at_zero_is_held(asked: dict[str, Any]) -> None:
    verdict = against(asked, 0.5, -0.0)

    assert (verdict.result, verdict.code, verdict.champion) == (Result.HELD, "zero_champion", "0")


def test_an_absolute_amount_works_with_a_champion_at_zero() -> None:
    assert against({"min_improvement": 0.5}, 0.5, 0).result is Result.PASSED


@pytest.mark.parametrize("value", [math.nan, math.inf, "NaN", "-Infinity", 1.7976931348623157e308])
@pytest.mark.parametrize("rule", [{"min": 0}, {"max": 1}, NO_WORSE], ids=["min", "max", "vs_champion"])
def test_a_non_finite_candidate_never_satisfies_a_rule(rule: dict[str, Any], value: object) -> None:
    assert judged(rule, value, 0.5).code == "nonfinite"


def test_a_non_finite_candidate_fails_even_without_a_champion() -> None:
    assert outcome(model(a=NO_WORSE), {"a": math.nan}) is Outcome.REJECT


@pytest.mark.parametrize("value", [None, True, "0.9", [0.9], {"value": 0.9}])
def test_a_candidate_s_metric_that_is_no_number_fails(value: object) -> None:
    verdict = judged({"min": 0}, value)

    assert (verdict.result, verdict.code, verdict.candidate) == (Result.FAILED, "invalid_type", None)


def test_a_missing_candidate_metric_fails_every_rule_of_that_metric() -> None:
    decision = decide(model(a={"min": 0, "max": 1, **NO_WORSE}), candidate=Evidence(), champion=Evidence({"a": 1}))

    assert [verdict.code for verdict in decision.verdicts] == ["missing"] * 3


@pytest.mark.parametrize(
    ("metrics", "code"),
    [
        ({}, "champion_missing"),
        ({"a": math.nan}, "champion_nonfinite"),
        ({"a": "inf"}, "champion_nonfinite"),
        ({"a": None}, "champion_invalid_type"),
        ({"a": Decimal("1e-5000")}, "champion_out_of_range"),
    ],
)
def test_a_champion_without_a_usable_metric_holds(metrics: dict[str, object], code: str) -> None:
    decision = decide(model(a=NO_WORSE), candidate=Evidence({"a": 1}), champion=Evidence(metrics))

    assert (decision.outcome, decision.verdicts[0].code) == (Outcome.HOLD, code)


def test_without_a_champion_the_bounds_alone_decide() -> None:
    decision = decide(model(a={"min": 0.5, **NO_WORSE}), candidate=Evidence({"a": 0.6}), champion=None)

    assert decision.outcome is Outcome.REGISTER
    assert [verdict.code for verdict in decision.verdicts] == ["passed", "no_champion"]


def test_a_first_model_that_no_bound_judges_is_held() -> None:
    assert outcome(model(a=NO_WORSE), {"a": 0.6}) is Outcome.HOLD


def test_a_policy_without_rules_holds_and_says_so() -> None:
    decision = decide(model(), candidate=Evidence({"a": 1}), champion=None)

    assert (decision.outcome, decision.reasons) == (Outcome.HOLD, ("no rule could judge this candidate",))


def test_a_metric_without_rules_is_recorded_as_skipped() -> None:
    decision = decide(model(a={"direction": "maximize"}), candidate=Evidence({"a": 1}), champion=None)

    assert (decision.outcome, decision.verdicts[0].code) == (Outcome.HOLD, "no_rule")


def test_any_finding_rejects_whatever_the_metrics_say() -> None:
    finding = Finding("pickle_global", "model.joblib", "calls os.system")

    decision = decide(model(a={"min": 0}), candidate=Evidence({"a": 1}, (finding,)), champion=None)

    assert decision.outcome is Outcome.REJECT
    assert decision.reasons == ("model.joblib: calls os.system",)
    assert [verdict.rule for verdict in decision.verdicts] == ["artifact.pickle_global", "metrics.a.min"]


@pytest.mark.parametrize(
    ("level", "result", "becomes"),
    [
        (Level.UNSAFE, "failed", Outcome.REJECT),
        (Level.UNSCANNABLE, "failed", Outcome.REJECT),
        (Level.UNLISTED, "held", Outcome.HOLD),
        (Level.NOTE, "warned", Outcome.REGISTER),
    ],
)
def test_the_level_of_a_finding_says_what_it_comes_to(level: Level, result: str, becomes: Outcome) -> None:
    finding = Finding("some.code", "model.pkl", "is found", level=level)

    decision = decide(model(a={"min": 0}), candidate=Evidence({"a": 1}, (finding,)), champion=None)

    assert decision.verdicts[0].result == result
    assert decision.outcome is becomes


def test_the_champion_s_findings_do_not_count() -> None:
    champion = Evidence({"a": 1}, (Finding("old", "", "no longer allowed"),))

    assert decide(model(a=NO_WORSE), candidate=Evidence({"a": 1}), champion=champion).outcome is Outcome.REGISTER


def test_a_failure_outweighs_a_hold_and_a_hold_outweighs_a_pass() -> None:
    policy = model(a={"min": 0}, b=NO_WORSE)

    assert outcome(policy, {"a": 1, "b": 1}, {}) is Outcome.HOLD
    assert outcome(policy, {"a": -1, "b": 1}, {}) is Outcome.REJECT
    assert outcome(policy, {"a": 1, "b": 1}, {"b": 1}) is Outcome.REGISTER


def test_an_error_outweighs_everything_and_holds() -> None:
    assert combined([Result.PASSED, Result.FAILED, Result.ERROR]) is Outcome.HOLD


def test_a_warning_alone_registers_nothing_and_hinders_nothing() -> None:
    assert combined([Result.WARNED, Result.SKIPPED]) is Outcome.HOLD
    assert combined([Result.WARNED, Result.PASSED]) is Outcome.REGISTER


def test_what_was_held_and_what_broke_are_the_reasons_of_a_hold() -> None:
    broken = Verdict("r", Result.ERROR, "broke", "broke")

    assert Decision(Outcome.HOLD, (broken, Verdict("s", Result.HELD, "waits", "w"))).reasons == ("broke", "waits")


def test_all_rules_are_judged_and_every_failure_is_a_reason() -> None:
    policy = model(a={"min": 1, **NO_WORSE}, b={"max": 0})

    decision = decide(policy, candidate=Evidence({"a": 0.5, "b": 2}), champion=Evidence({"a": 0.75}))

    assert decision.reasons == (
        "a 0.5 is below the minimum 1",
        "a 0.5 is 0.25 worse than the champion's 0.75; it may not be worse",
        "b 2 is above the maximum 0",
    )


def test_a_verdict_tells_both_numbers_the_bound_and_the_margin() -> None:
    verdict = against({"max_regression": "1%"}, 0.88, 0.9)

    assert verdict == Verdict(
        "metrics.a.vs_champion.max_regression",
        Result.FAILED,
        "a 0.88 is 0.02 worse than the champion's 0.9; at most 1% (0.009) worse is allowed",
        "regression",
        candidate="0.88",
        champion="0.9",
        bound="0.891",
        margin="-0.011",
        counterfactual="needs a >= 0.891, had 0.88; would pass if max_regression were at least 2.3%",
    )


def test_a_minimized_metric_s_bound_lies_above_the_champion() -> None:
    verdict = against({"max_regression": 0.5}, 1.25, 1, direction="minimize")

    assert (verdict.bound, verdict.margin) == ("1.5", "0.25")


def test_the_extremes_of_doubles_are_compared_exactly() -> None:
    assert against({"strict": True}, 1e308, 1e-308).result is Result.PASSED
    assert against({"max_regression": 1e308}, 0, 1e308).margin == "0"
    assert against({"max_regression": 1e308}, -5e-324, 1e308).result is Result.FAILED


def test_a_decision_is_ready_for_json() -> None:
    decision = decide(model(a={"min": 0.5}), candidate=Evidence({"a": 0.6}), champion=None)

    assert json.loads(json.dumps(decision.to_dict())) == {
        "outcome": "register",
        "promote": True,
        "reasons": ["a 0.6 reaches the minimum 0.5"],
        "verdicts": [
            {
                "rule": "metrics.a.min",
                "result": "passed",
                "reason": "a 0.6 reaches the minimum 0.5",
                "code": "passed",
                "candidate": "0.6",
                "champion": None,
                "bound": "0.5",
                "margin": "0.1",
                "counterfactual": None,
            }
        ],
        "engine": "2",
    }


def test_rules_come_in_the_policy_s_order() -> None:
    policy = model(
        a={"min": 0, "max": 1, **NO_WORSE},
        b={"direction": "minimize", "vs_champion": {"min_improvement": "1%"}},
        c={"direction": "minimize", "vs_champion": {"strict": True}},
    )

    kinds = [type(rule.criterion) for rule in rules_of(policy) if isinstance(rule, MetricRule)]

    assert kinds == [Minimum, Maximum, MaxRegression, MinImprovement, StrictlyBetter]
