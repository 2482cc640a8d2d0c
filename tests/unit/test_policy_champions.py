"""What a candidate is compared with: the champion, the best one so far, a pinned version, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from registration.policy import Evidence, Outcome, Verdict, decide
from registration.policy.baseline import Baseline
from tests.unit.policy_cases import NO_WORSE, model, said, verdict_of
from tests.unit.test_policy_overrides import override

if TYPE_CHECKING:
    from registration.policy import Decision

RULE = "metrics.a.vs_champion.max_regression"
BUDGET = "budget.cumulative_regression.a"


def champion(value: object, version: int | None = None, **more: Any) -> Evidence:
    return Evidence({"a": value}, version=version, **more)


PAST = (champion(0.95, 1), champion(0.92, 2))


def compared(compare_to: str, value: float = 0.93, **sides: Any) -> Any:
    known = {"candidate": Evidence({"a": value}), "champion": champion(0.9, 3), "past": PAST}
    return verdict_of(model({"a": NO_WORSE}, compare_to=compare_to), RULE, **(known | sides))


def test_the_champion_is_what_counts_unless_the_policy_says_otherwise() -> None:
    assert compared("champion").reason == "a 0.93 is 0.03 better than the champion's 0.9; it may not be worse"


def test_the_best_is_the_best_value_that_any_champion_had() -> None:
    assert compared("best").reason == "a 0.93 is 0.02 worse than the best champion's 0.95; it may not be worse"
    assert compared("best", champion=champion(0.96)).champion == "0.96"


def test_the_best_of_a_minimized_metric_is_the_least() -> None:
    policy = model({"a": {"direction": "minimize", "vs_champion": {"strict": True}}}, compare_to="best")

    rule = "metrics.a.vs_champion.strict"
    assert verdict_of(policy, rule, candidate=Evidence({"a": 1}), past=PAST, champion=champion(0.9)).champion == "0.9"


def test_what_is_not_finite_is_never_the_best() -> None:
    past = (champion("inf"), champion(None), champion(0.5))

    assert compared("best", past=past, champion=champion("NaN")).champion == "0.5"


def test_a_version_can_be_pinned() -> None:
    assert compared("pinned:2").reason.startswith("a 0.93 is 0.01 better than version 2's 0.92")
    assert compared("pinned:3").champion == "0.9"


def test_a_pinned_version_that_was_never_champion_holds() -> None:
    verdict = compared("pinned:7")

    assert (verdict.result, verdict.code) == ("held", "champion_unknown")


def test_compared_with_nothing_relative_rules_are_skipped() -> None:
    verdict = compared("none")

    assert (verdict.result, verdict.code) == ("skipped", "not_compared")


@pytest.mark.parametrize("compare_to", ["champion", "best"])
def test_a_first_model_has_nothing_to_be_compared_with(compare_to: str) -> None:
    assert compared(compare_to, past=(), champion=None).code == "no_champion"


@pytest.mark.parametrize(
    ("budget", "value", "result"),
    [("3%", 0.9215, "passed"), ("3%", 0.9214, "failed"), (0.03, 0.92, "passed"), (0.03, 0.9199, "failed")],
)
def test_a_budget_counts_what_was_lost_since_the_best(budget: object, value: float, result: str) -> None:
    policy = model({"a": NO_WORSE}, budget={"cumulative_regression": {"a": budget, "since": "best"}})

    verdict = verdict_of(policy, BUDGET, candidate=Evidence({"a": value}), champion=champion(0.91), past=PAST)

    assert (verdict.result, verdict.champion) == (result, "0.95")


def test_small_steps_down_end_where_the_budget_ends() -> None:
    policy = model(
        {"a": {"direction": "maximize", "vs_champion": {"max_regression": "1%"}}},
        budget={"cumulative_regression": {"a": "2%"}},
    )
    values = [0.9]

    while decide(
        policy,
        candidate=Evidence({"a": values[-1] * 0.992}),
        champion=champion(values[-1]),
        past=[champion(value) for value in values[:-1]],
    ).promote:
        values.append(values[-1] * 0.992)

    assert len(values) == 3


def test_a_budget_of_a_first_model_is_skipped() -> None:
    policy = model({"a": {**NO_WORSE, "min": 0}}, budget={"cumulative_regression": {"a": "3%"}})

    assert said(policy, candidate=Evidence({"a": 1}), champion=None)[BUDGET] == "skipped"


COMPARABLE: dict[str, Any] = {"require": {"comparable_on": ["eval"]}}


@pytest.mark.parametrize(
    ("ours", "theirs", "code"),
    [
        ("x", "x", "passed"),
        ("x", "y", "incomparable"),
        (None, "y", "comparable_missing"),
        ("x", None, "comparable_missing"),
    ],
)
def test_numbers_are_compared_only_if_they_were_measured_by_the_same(
    ours: str | None, theirs: str | None, code: str
) -> None:
    policy = model({"a": NO_WORSE}, **COMPARABLE)
    sides = [Evidence({"a": 1}, comparable={"eval": said} if said else {}) for said in (ours, theirs)]

    decision = decide(policy, candidate=sides[0], champion=sides[1])

    assert decision.verdicts[0].code == code
    assert (decision.outcome is Outcome.REGISTER) is (code == "passed")


@pytest.mark.parametrize(("action", "result"), [("hold", "held"), ("reject", "failed"), ("skip", "skipped")])
def test_what_is_not_known_to_be_comparable_counts_as_the_policy_says(action: str, result: str) -> None:
    policy = model({"a": NO_WORSE}, defaults={"comparable_missing": action}, **COMPARABLE)

    assert (
        said(policy, candidate=Evidence({"a": 1}), champion=Evidence({"a": 1}))["require.comparable_on.eval"] == result
    )


def test_a_first_model_need_not_be_comparable() -> None:
    policy = model({"a": {"min": 0}}, **COMPARABLE)

    assert said(policy, candidate=Evidence({"a": 1}), champion=None)["require.comparable_on.eval"] == "skipped"


def test_a_champion_measured_by_something_else_is_never_the_best() -> None:
    policy = model({"a": NO_WORSE}, compare_to="best", **COMPARABLE)
    past = (champion(0.99, comparable={"eval": "easy"}), champion(0.8, comparable={"eval": "hard"}))
    candidate = Evidence({"a": 0.9}, comparable={"eval": "hard"})

    verdict = verdict_of(policy, RULE, candidate=candidate, champion=past[-1], past=past[:-1])

    assert (verdict.result, verdict.champion) == ("passed", "0.8")


SHARED = {"registry": "contoso"}


def shared(*baselines: Baseline, **more: Any) -> Any:
    known: dict[str, Any] = {"candidate": Evidence({"a": 0.93}), "champion": champion(0.99, 3), "past": PAST}
    return decide(model({"a": NO_WORSE}, compare_to=SHARED), baselines=baselines, **(known | more))


def of(decided: Decision, rule: str) -> Verdict:
    return next(verdict for verdict in decided.verdicts if verdict.rule == rule)


def test_the_champion_of_a_registry_counts_and_not_the_own_one() -> None:
    decided = shared(Baseline("Contoso", "m", champion(0.9, 7)))

    assert (decided.outcome, decided.promote) == (Outcome.REGISTER, True)
    assert of(decided, RULE).reason == "a 0.93 is 0.03 better than the shared champion's 0.9; it may not be worse"


def test_nothing_in_the_registry_is_no_champion() -> None:
    assert of(shared(Baseline("contoso", "m")), RULE).code == "no_champion"


@pytest.mark.parametrize("baselines", [(), (Baseline("contoso", "other", champion(0.9)),)])
def test_a_registry_that_nobody_looked_at_holds(baselines: tuple[Baseline, ...]) -> None:
    decided = shared(*baselines)

    assert decided.outcome is Outcome.HOLD
    assert of(decided, "baseline").code == "baseline_unreadable"
    assert of(decided, RULE).code == "champion_unreadable"


def test_a_baseline_that_cannot_be_told_does_not_hide_a_failure() -> None:
    decided = shared(Baseline("contoso", "m", problem="why"), candidate=Evidence({}))

    assert decided.outcome is Outcome.REJECT


def test_a_person_may_answer_for_a_baseline_that_cannot_be_told() -> None:
    taken = override("baseline", "metrics.*")

    decided = shared(Baseline("contoso", "m", problem="why"), overrides=[taken])

    assert decided.outcome is Outcome.REGISTER
    assert of(decided, "baseline").result == "overridden"


def test_a_budget_is_held_against_the_own_champions() -> None:
    policy = model({"a": NO_WORSE}, compare_to=SHARED, budget={"cumulative_regression": {"a": 0.01}})
    sides: dict[str, Any] = {"candidate": Evidence({"a": 0.93}), "champion": champion(0.9, 3), "past": PAST}

    decided = decide(policy, **sides, baselines=[Baseline("contoso", "m", champion(0.9))])

    assert of(decided, BUDGET).result == "failed"
    assert of(decided, RULE).result == "passed"


def test_what_it_was_measured_by_must_be_the_same_as_in_the_registry() -> None:
    policy = model({"a": NO_WORSE}, compare_to=SHARED, **COMPARABLE)
    there = Baseline("contoso", "m", champion(0.9, comparable={"eval": "v2"}))

    decided = decide(
        policy, candidate=Evidence({"a": 0.93}, comparable={"eval": "v1"}), champion=None, baselines=[there]
    )

    assert of(decided, "require.comparable_on.eval").code == "incomparable"
