"""Laws that hold for every policy and every evidence."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from registration.documents import load
from registration.finding import Finding
from registration.policy import Evidence, ModelPolicy, Outcome, Point, Result, decide, number

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
    st.just({"max_regression": [Decimal("0.1"), "1%"]}),
    st.just({"min_improvement": [Decimal("0.1"), "1%"]}),
    st.integers(1, 200).map(lambda value: {"max_improvement": f"{value}%"}),
)
NO_CEILING = AMOUNTS.filter(lambda asked: "max_improvement" not in asked)
ACTIONS: dict[str, list[object]] = {
    "on_missing": ["reject", "hold", "skip", {"value": 0}],
    "on_nonfinite": ["reject", "hold"],
    "no_champion": ["absolute_only", "hold", "reject", "accept"],
    "champion_metric_missing": ["hold", "reject", "absolute_only"],
    "champion_metric_nonfinite": ["hold", "reject", "absolute_only"],
    "zero_champion": ["use_absolute", "hold", "reject"],
    "value": ["last", "best", "min", "max", {"step": 1}],
    "severity": ["block", "hold", "warn"],
}
HANDLED = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in ACTIONS.items()})
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
    if bounds[0] < bounds[1]:
        everything |= {"above": bounds[0], "below": bounds[1]}
    kept = draw(st.sets(st.sampled_from(sorted(everything))))
    chosen: dict[str, Any] = {key: everything[key] for key in kept}
    if draw(st.booleans()):
        chosen["slices"] = {draw(st.sampled_from(["*", "x", "x*"])): {key: everything[key] for key in kept}}
    return {"direction": draw(st.sampled_from(["maximize", "minimize"]))} | chosen | draw(HANDLED)


POLICIES = st.dictionaries(NAMES, rules(), max_size=3)


PARTS = st.fixed_dictionaries(
    {},
    optional={
        "compare_to": st.sampled_from(["champion", "best", "none", "pinned:2"]),
        "defaults": HANDLED,
        "require": st.just({"tags": {"a": "present"}, "lineage": ["job"], "comparable_on": ["a"]}),
        "budget": st.just({"cumulative_regression": {"a": "1%"}}),
        "then": st.sampled_from([{"pass": "register_only"}, {"fail": "register_only"}]),
    },
)
SLICES = st.dictionaries(st.sampled_from(["x", "y"]), METRICS, max_size=2)
POINTS = st.lists(st.builds(Point, st.integers(0, 3), JSON), max_size=3).map(tuple)
EVIDENCE = st.builds(
    Evidence,
    metrics=METRICS,
    slices=SLICES,
    tags=st.dictionaries(NAMES, st.text(max_size=3), max_size=2),
    lineage=st.dictionaries(st.just("job"), st.text(max_size=3), max_size=1),
    history=st.dictionaries(NAMES, POINTS, max_size=2),
    comparable=st.dictionaries(NAMES, st.text(max_size=1), max_size=2),
    version=st.none() | st.integers(1, 3),
)


def model(metrics: dict[str, Any], **parts: Any) -> ModelPolicy:
    return load(ModelPolicy, {"name": "m", "metrics": metrics, **parts}, source="law")


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
@given(POLICIES, PARTS, EVIDENCE, st.none() | EVIDENCE, st.lists(EVIDENCE, max_size=2))
def test_no_rule_of_the_whole_vocabulary_breaks_on_any_evidence(
    policy: dict[str, Any], parts: dict[str, Any], candidate: Evidence, champion: Evidence | None, past: list[Evidence]
) -> None:
    decision = decide(model(policy, **parts), candidate=candidate, champion=champion, past=past)

    assert decision.reasons
    assert Result.ERROR not in {verdict.result for verdict in decision.verdicts}


@law
@given(POLICIES, PARTS, EVIDENCE, st.none() | EVIDENCE)
def test_the_order_of_metrics_changes_nothing_but_the_order_of_verdicts(
    policy: dict[str, Any], parts: dict[str, Any], candidate: Evidence, champion: Evidence | None
) -> None:
    turned = dict(reversed(policy.items()))

    one, other = (decide(model(asked, **parts), candidate=candidate, champion=champion) for asked in (policy, turned))

    assert (one.outcome, one.promote) == (other.outcome, other.promote)
    assert set(one.verdicts) == set(other.verdicts)


FACTORS = st.decimals("0.001", 1000, places=3)
VALUES = st.decimals(-1000, 1000, places=3).filter(bool)


@law
@given(AMOUNTS.filter(lambda asked: "%" in str(asked) and "[" not in str(asked)), FACTORS, VALUES, VALUES)
def test_a_percentage_does_not_depend_on_the_unit(
    asked: dict[str, Any], factor: Decimal, candidate: Decimal, champion: Decimal
) -> None:
    rule = {"direction": "maximize", "vs_champion": asked}
    scaled = [number.EXACT.multiply(value, factor) for value in (candidate, champion)]

    assert outcome(rule, candidate, champion) is outcome(rule, scaled[0], scaled[1])


@law
@given(POLICIES, PARTS, METRICS, METRICS)
def test_nothing_unsafe_is_ever_registered(
    policy: dict[str, Any], parts: dict[str, Any], candidate: dict[str, object], champion: dict[str, object]
) -> None:
    suspect = Evidence(candidate, (Finding("unsafe", "model.pkl", "is unsafe"),))

    decision = decide(model(policy, **parts), candidate=suspect, champion=Evidence(champion))

    assert decision.outcome is Outcome.REJECT
    assert not decision.promote


def test_evidence_that_no_reader_would_make_is_an_error_that_holds() -> None:
    slices: Any = {"x": 7}
    broken = Evidence(slices=slices)

    decision = decide(model({"a": {"slices": {"x": {"min": 0}}}}), candidate=broken, champion=None)

    assert (decision.outcome, decision.verdicts[0].result) == (Outcome.HOLD, Result.ERROR)
    assert decision.reasons[0].startswith("metrics.a.slices[x].min could not be judged, because of a fault: TypeError")


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
@given(NO_CEILING, st.decimals(-10, 10, places=2), NUMBERS, NUMBERS, st.none() | NUMBERS)
def test_improving_a_maximized_metric_never_loses_a_registration(
    asked: dict[str, Any], minimum: Decimal, one: float, other: float, champion: float | None
) -> None:
    rule = {"direction": "maximize", "min": minimum, "vs_champion": asked}
    worse, better = sorted([one, other])

    if outcome(rule, worse, champion) is Outcome.REGISTER:
        assert outcome(rule, better, champion) is Outcome.REGISTER


@law
@given(NO_CEILING, NUMBERS, NUMBERS, NUMBERS)
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
