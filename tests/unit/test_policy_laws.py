"""Laws that hold for every policy and every evidence."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from registration.documents import load
from registration.finding import Finding
from registration.policy import Evidence, ModelPolicy, Outcome, Result, decide

law = settings(deadline=None, max_examples=50)

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300),
    st.integers(-100, 100),
    st.decimals(-10, 10, places=2),
)
AMOUNTS = st.one_of(
    st.decimals(0, 1, places=3).map(lambda value: {"max_regression": value}),
    st.decimals("0.001", 1, places=3).map(lambda value: {"min_improvement": value}),
    st.integers(0, 200).map(lambda value: {"max_regression": f"{value}%"}),
    st.integers(1, 200).map(lambda value: {"min_improvement": f"{value}%"}),
    st.just({"strict": True}),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)
NAMES = st.sampled_from(["a", "b", "c"])
METRICS = st.dictionaries(NAMES, JSON, max_size=3)


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    bounds = sorted(draw(st.lists(st.decimals(-10, 10, places=2), min_size=2, max_size=2)))
    everything = {"min": bounds[0], "max": bounds[1], "vs_champion": draw(AMOUNTS)}
    kept = draw(st.sets(st.sampled_from(sorted(everything))))
    return {"direction": draw(st.sampled_from(["maximize", "minimize"]))} | {key: everything[key] for key in kept}


POLICIES = st.dictionaries(NAMES, rules(), max_size=3)


def model(metrics: dict[str, Any]) -> ModelPolicy:
    return load(ModelPolicy, {"name": "m", "metrics": metrics}, source="law")


def outcome(rule: dict[str, Any], candidate: object, champion: object | None) -> Outcome:
    beside = None if champion is None else Evidence({"a": champion})
    return decide(model({"a": rule}), candidate=Evidence({"a": candidate}), champion=beside).outcome


@law
@given(POLICIES, METRICS, st.none() | METRICS)
def test_no_evidence_makes_decide_raise(
    policy: dict[str, Any], candidate: dict[str, object], champion: dict[str, object] | None
) -> None:
    beside = None if champion is None else Evidence(champion)

    decision = decide(model(policy), candidate=Evidence(candidate), champion=beside)

    assert decision.reasons
    assert json.loads(json.dumps(decision.to_dict()))["outcome"] == decision.outcome


@law
@given(POLICIES, METRICS, METRICS)
def test_the_same_inputs_give_the_same_decision(
    policy: dict[str, Any], candidate: dict[str, object], champion: dict[str, object]
) -> None:
    decisions = [
        decide(model(policy), candidate=Evidence(candidate), champion=Evidence(champion)).to_dict() for _ in range(2)
    ]

    assert decisions[0] == decisions[1]


@law
@given(POLICIES, METRICS, METRICS)
def test_registering_needs_a_pass_and_nothing_against_it(
    policy: dict[str, Any], candidate: dict[str, object], champion: dict[str, object]
) -> None:
    decision = decide(model(policy), candidate=Evidence(candidate), champion=Evidence(champion))

    results = {verdict.result for verdict in decision.verdicts}
    clean = Result.PASSED in results and not results & {Result.FAILED, Result.HELD, Result.ERROR}
    assert (decision.outcome is Outcome.REGISTER) is clean


@law
@given(POLICIES, METRICS, METRICS)
def test_a_finding_always_rejects(
    policy: dict[str, Any], candidate: dict[str, object], champion: dict[str, object]
) -> None:
    suspect = Evidence(candidate, (Finding("unsafe", "model.pkl", "is unsafe"),))

    assert decide(model(policy), candidate=suspect, champion=Evidence(champion)).outcome is Outcome.REJECT


@law
@given(AMOUNTS, st.decimals(-10, 10, places=2), NUMBERS, NUMBERS, st.none() | NUMBERS)
def test_improving_a_maximized_metric_never_loses_a_registration(
    asked: dict[str, Any], minimum: Decimal, one: float, other: float, champion: float | None
) -> None:
    rule = {"direction": "maximize", "min": minimum, "vs_champion": asked}
    worse, better = sorted([one, other])

    if outcome(rule, worse, champion) is Outcome.REGISTER:
        assert outcome(rule, better, champion) is Outcome.REGISTER


@law
@given(AMOUNTS, NUMBERS, NUMBERS, NUMBERS)
def test_a_better_champion_never_makes_it_easier(
    asked: dict[str, Any], candidate: float, one: float, other: float
) -> None:
    rule = {"direction": "maximize", "vs_champion": asked}
    worse, better = sorted([abs(one), abs(other)])

    # A share above the whole champion allows more the higher the champion is, and so does not obey this.
    if "%" not in str(asked) and outcome(rule, candidate, better) is Outcome.REGISTER:
        assert outcome(rule, candidate, worse) is Outcome.REGISTER


@law
@given(AMOUNTS, NUMBERS, NUMBERS)
def test_direction_mirrors_under_negation(asked: dict[str, Any], candidate: float, champion: float) -> None:
    up = {"direction": "maximize", "vs_champion": asked}
    down = {"direction": "minimize", "vs_champion": asked}

    assert outcome(up, candidate, champion) is outcome(down, -candidate, -champion)


@law
@given(NUMBERS)
def test_a_bound_itself_passes(value: float) -> None:
    assert outcome({"min": value}, value, None) is Outcome.REGISTER
    assert outcome({"max": value}, value, None) is Outcome.REGISTER


@law
@given(NUMBERS, NUMBERS)
def test_strict_is_no_worse_without_the_tie(candidate: float, champion: float) -> None:
    strict = outcome({"direction": "maximize", "vs_champion": {"strict": True}}, candidate, champion)
    no_worse = outcome({"direction": "maximize", "vs_champion": {"max_regression": 0}}, candidate, champion)

    same = Decimal(str(candidate)) == Decimal(str(champion))
    assert (strict is no_worse) is not same
