"""What counts when a rule cannot be judged, how severe a rule is, and which value of a metric counts."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest

from registration.policy import Evidence, Outcome, Point, decide
from tests.unit.policy_cases import NO_WORSE, model, said, verdict_of

MIN = "metrics.a.min"
RELATIVE = "metrics.a.vs_champion.max_regression"
SHARE: dict[str, Any] = {"direction": "maximize", "vs_champion": {"min_improvement": "5%"}}


def outcome(policy: Any, candidate: dict[str, object], champion: dict[str, object] | None = None) -> Outcome:
    beside = None if champion is None else Evidence(champion)
    return decide(policy, candidate=Evidence(candidate), champion=beside).outcome


@pytest.mark.parametrize(("action", "result"), [("reject", "failed"), ("hold", "held"), ("skip", "skipped")])
@pytest.mark.parametrize("value", [None, True, [0.9], "0.9"])
def test_a_missing_or_unusable_metric_counts_as_the_policy_says(action: str, result: str, value: object) -> None:
    policy = model({"a": {"min": 0.5, "on_missing": action}})

    assert verdict_of(policy, MIN, candidate=Evidence({"a": value})).result == result
    assert verdict_of(policy, MIN, candidate=Evidence()).result == result


def test_a_number_can_stand_in_for_a_missing_metric_and_the_reason_says_so() -> None:
    policy = model({"a": {"min": 0.5, "on_missing": {"value": 0.4}}})

    verdict = verdict_of(policy, MIN, candidate=Evidence())

    assert (verdict.result, verdict.candidate) == ("failed", "0.4")
    assert verdict.reason == "a 0.4 (which counts where it is missing) is below the minimum 0.5"


def test_nothing_stands_in_for_a_metric_that_is_not_finite() -> None:
    policy = model({"a": {"min": 0.5, "on_missing": {"value": 1}}})

    assert outcome(policy, {"a": math.nan}) is Outcome.REJECT


@pytest.mark.parametrize(("action", "result"), [("reject", "failed"), ("hold", "held")])
def test_a_metric_that_is_not_finite_counts_as_the_policy_says_and_never_passes(action: str, result: str) -> None:
    policy = model({"a": {"min": 0.5}}, defaults={"on_nonfinite": action})

    assert verdict_of(policy, MIN, candidate=Evidence({"a": math.inf})).result == result


@pytest.mark.parametrize(
    ("action", "result"), [("absolute_only", "skipped"), ("hold", "held"), ("reject", "failed"), ("accept", "passed")]
)
def test_a_first_model_counts_as_the_policy_says(action: str, result: str) -> None:
    policy = model({"a": NO_WORSE}, defaults={"no_champion": action})

    assert verdict_of(policy, RELATIVE, candidate=Evidence({"a": 1})).result == result


@pytest.mark.parametrize(("action", "result"), [("absolute_only", "skipped"), ("hold", "held"), ("reject", "failed")])
@pytest.mark.parametrize(
    ("key", "champion"), [("champion_metric_missing", {}), ("champion_metric_nonfinite", {"a": "nan"})]
)
def test_a_champion_without_the_number_counts_as_the_policy_says(
    action: str, result: str, key: str, champion: dict[str, object]
) -> None:
    policy = model({"a": NO_WORSE}, defaults={key: action})

    assert verdict_of(policy, RELATIVE, candidate=Evidence({"a": 1}), champion=Evidence(champion)).result == result


@pytest.mark.parametrize(("action", "result"), [("hold", "held"), ("reject", "failed")])
def test_a_share_of_zero_counts_as_the_policy_says(action: str, result: str) -> None:
    policy = model({"a": {**SHARE, "zero_champion": action}})
    rule = "metrics.a.vs_champion.min_improvement"

    assert verdict_of(policy, rule, candidate=Evidence({"a": 1}), champion=Evidence({"a": 0})).result == result


@pytest.mark.parametrize(("value", "result"), [(0.02, "passed"), (0.019, "failed")])
def test_the_floor_stands_for_a_percentage_of_zero(value: float, result: str) -> None:
    policy = model({"a": {**SHARE, "zero_champion": "use_absolute", "floor": 0.02}})
    rule = "metrics.a.vs_champion.min_improvement"

    verdict = verdict_of(policy, rule, candidate=Evidence({"a": value}), champion=Evidence({"a": 0}))

    assert (verdict.result, verdict.bound) == (result, "0.02")


def test_a_metric_s_own_word_counts_before_the_default() -> None:
    policy = model({"a": {"min": 0, "on_missing": "skip"}, "b": {"min": 0}}, defaults={"on_missing": "hold"})

    assert said(policy, candidate=Evidence(), champion=None) == {"metrics.a.min": "skipped", "metrics.b.min": "held"}


@pytest.mark.parametrize(
    ("severity", "result", "expected"),
    [("block", "failed", "reject"), ("hold", "held", "hold"), ("warn", "warned", "register")],
)
def test_severity_says_what_a_failure_counts_as(severity: str, result: str, expected: str) -> None:
    policy = model({"a": {"min": 0.5, "severity": severity}, "b": {"min": 0}})

    assert said(policy, candidate=Evidence({"a": 0.4, "b": 1}), champion=None)[MIN] == result
    assert outcome(policy, {"a": 0.4, "b": 1}) == expected


def test_a_warning_rule_never_holds_either() -> None:
    policy = model({"a": {**NO_WORSE, "severity": "warn"}, "b": {"min": 0}})

    assert outcome(policy, {"a": 1, "b": 1}, {}) is Outcome.REGISTER


def test_only_warnings_register_nothing() -> None:
    decision = decide(
        model({"a": {"min": 0.5}}, defaults={"severity": "warn"}), candidate=Evidence({"a": 0}), champion=None
    )

    assert decision.outcome is Outcome.HOLD
    assert decision.reasons == ("no rule passed, and warnings do not count", "a 0 is below the minimum 0.5")


@pytest.mark.parametrize(
    ("asked", "candidate", "result"),
    [
        ({"min": 0.8}, "0.79", "passed"),
        ({"min": 0.8}, "0.7899", "failed"),
        ({"max": 0.5}, "0.51", "passed"),
        ({"max": 0.5}, "0.5101", "failed"),
        ({"vs_champion": {"max_regression": 0}}, "0.59", "passed"),
        ({"vs_champion": {"max_regression": 0}}, "0.5899", "failed"),
        ({"vs_champion": {"min_improvement": 0.05}}, "0.64", "passed"),
        ({"vs_champion": {"min_improvement": 0.05}}, "0.6399", "failed"),
        ({"vs_champion": {"max_improvement": 0.05}}, "0.66", "passed"),
        ({"vs_champion": {"max_improvement": 0.05}}, "0.6601", "failed"),
        ({"vs_champion": {"strict": True}}, "0.6", "failed"),
        ({"vs_champion": {"strict": True}}, "0.6001", "passed"),
    ],
)
def test_a_tolerance_widens_every_bound_but_not_strict(asked: dict[str, Any], candidate: str, result: str) -> None:
    policy = model({"a": {"direction": "maximize", "tolerance": 0.01, **asked}})

    [verdict] = decide(policy, candidate=Evidence({"a": Decimal(candidate)}), champion=Evidence({"a": 0.6})).verdicts

    assert verdict.result == result


@pytest.mark.parametrize(
    ("direction", "value", "result"),
    [("maximize", 0.95, "passed"), ("maximize", 0.951, "failed"), ("minimize", 0.85, "passed")],
)
def test_an_improvement_can_be_too_good_to_be_true(direction: str, value: float, result: str) -> None:
    policy = model({"a": {"direction": direction, "vs_champion": {"max_improvement": 0.05}}})

    [verdict] = decide(policy, candidate=Evidence({"a": value}), champion=Evidence({"a": 0.9})).verdicts

    assert verdict.result == result


def test_a_ceiling_may_stand_beside_another_rule() -> None:
    policy = model({"a": {"direction": "maximize", "vs_champion": {"strict": True, "max_improvement": "10%"}}})

    verdicts = said(policy, candidate=Evidence({"a": 0.99}), champion=Evidence({"a": 0.5}))

    assert verdicts == {"metrics.a.vs_champion.strict": "passed", "metrics.a.vs_champion.max_improvement": "failed"}


CURVE = {"a": (Point(0, 0.2), Point(10, 0.9), Point(10, 0.7), Point(20, "NaN"), Point(30, 0.6))}


@pytest.mark.parametrize(
    ("value", "counts"),
    [("last", "0.6"), ("best", "0.9"), ("max", "0.9"), ("min", "0.2"), ({"step": 10}, "0.7"), ({"step": 0}, "0.2")],
)
def test_the_policy_says_which_value_of_a_history_counts(value: object, counts: str) -> None:
    policy = model({"a": {"direction": "maximize", "min": 0, "value": value}})

    assert verdict_of(policy, MIN, candidate=Evidence({"a": 0.6}, history=CURVE)).candidate == counts


def test_the_best_of_a_history_follows_the_direction() -> None:
    policy = model({"a": {"direction": "minimize", "min": 0}}, defaults={"value": "best"})

    assert verdict_of(policy, MIN, candidate=Evidence(history=CURVE)).candidate == "0.2"


def test_a_step_without_a_value_is_missing() -> None:
    policy = model({"a": {"min": 0, "value": {"step": 5}}})

    verdict = verdict_of(policy, MIN, candidate=Evidence(history=CURVE))

    assert (verdict.code, verdict.reason) == ("missing", "the candidate's a has no value at step 5")


def test_a_history_without_a_finite_value_is_not_finite() -> None:
    policy = model({"a": {"direction": "maximize", "min": 0, "value": "best"}})

    assert verdict_of(policy, MIN, candidate=Evidence(history={"a": (Point(0, "NaN"),)})).code == "nonfinite"


def test_a_metric_without_a_history_is_its_single_value_whatever_is_asked() -> None:
    policy = model({"a": {"direction": "maximize", "min": 0, "value": "best"}})

    assert verdict_of(policy, MIN, candidate=Evidence({"a": 0.5})).candidate == "0.5"


@pytest.mark.parametrize(("coerce", "from_tags", "code"), [(True, {"a"}, "passed"), (True, set(), "invalid_type")])
def test_text_counts_as_a_number_only_where_it_came_from_a_tag(coerce: bool, from_tags: set[str], code: str) -> None:
    policy = model({"a": {"min": 0.5, "coerce": coerce}})

    assert verdict_of(policy, MIN, candidate=Evidence({"a": "0.9"}, from_tags=frozenset(from_tags))).code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [("0.9", "passed"), (" 1e0 ", "passed"), ("nan", "nonfinite"), ("9 of 10", "invalid_type"), ("", "invalid_type")],
)
def test_a_tag_is_read_as_a_number_only_if_all_of_it_is_one(text: str, code: str) -> None:
    policy = model({"a": {"min": 0.5, "coerce": True}})

    assert verdict_of(policy, MIN, candidate=Evidence({"a": text}, from_tags=frozenset({"a"}))).code == code


def test_a_tag_is_no_number_unless_the_policy_says_so() -> None:
    policy = model({"a": {"min": 0.5}})

    assert verdict_of(policy, MIN, candidate=Evidence({"a": "0.9"}, from_tags=frozenset({"a"}))).code == "invalid_type"
