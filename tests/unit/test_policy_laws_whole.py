"""Laws that hold for whole policies: several metrics, slices, past champions, a budget, required tags."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from registration.documents import load
from registration.finding import Finding
from registration.policy import Evidence, ModelPolicy, Outcome, Point, Result, decide, document, number
from registration.policy.decision import Member
from registration.policy.importers import page

if TYPE_CHECKING:
    import random

law = settings(deadline=None, max_examples=40)

NAMES = ["a", "b"]
SLICES = ["x", "y"]
WORSE_TO_BETTER = [Outcome.REJECT, Outcome.HOLD, Outcome.REGISTER]
VALUES = st.decimals(-50, 50, places=2)
SEVERITIES = st.sampled_from(["block", "hold", "warn"])
PERCENTAGES = st.one_of(
    st.integers(0, 150).map(lambda share: {"max_regression": f"{share}%"}),
    st.integers(1, 150).map(lambda share: {"min_improvement": f"{share}%"}),
)
AGAINST_CHAMPION = st.one_of(
    PERCENTAGES,
    st.decimals(0, 1, places=2).map(lambda amount: {"max_regression": amount}),
    st.decimals("0.01", 1, places=2).map(lambda amount: {"min_improvement": amount}),
    st.just({"strict": True}),
)


@st.composite
def asked(
    draw: st.DrawFn, direction: str, against: st.SearchStrategy[dict[str, Any]], *, bounds: bool
) -> dict[str, Any]:
    """Rules that a better value can only help: no max_improvement, and no bound on the side where it is better."""
    rules: dict[str, Any] = {"severity": draw(SEVERITIES)}
    if bounds and draw(st.booleans()):
        rules["min" if direction == "maximize" else "max"] = draw(VALUES)
    if not bounds or draw(st.booleans()):
        rules["vs_champion"] = draw(against)
    return rules


@st.composite
def policies(
    draw: st.DrawFn, against: st.SearchStrategy[dict[str, Any]] = AGAINST_CHAMPION, *, bounds: bool = True
) -> dict[str, Any]:
    metrics: dict[str, Any] = {}
    for name in draw(st.sets(st.sampled_from(NAMES), min_size=1)):
        direction = draw(st.sampled_from(["maximize", "minimize"]))
        rules = draw(asked(direction, against, bounds=bounds))
        places = draw(st.sets(st.sampled_from(["*", *SLICES])))
        slices = {place: draw(asked(direction, against, bounds=bounds)) for place in sorted(places)}
        metrics[name] = {"direction": direction} | rules | ({"slices": slices} if slices else {})
    spent = {name: "10%" for name in metrics if draw(st.booleans())}
    parts = {"compare_to": draw(st.sampled_from(["champion", "best", "pinned:1"])), "metrics": metrics}
    return parts | ({"budget": {"cumulative_regression": spent}} if spent else {})


def evidence(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Evidence]:
    whole = st.fixed_dictionaries(dict.fromkeys(NAMES, values))
    parts = st.fixed_dictionaries({}, optional=dict.fromkeys(SLICES, whole))
    return st.builds(Evidence, metrics=whole, slices=parts, version=st.just(1))


CANDIDATES = evidence(VALUES)
CHAMPIONS = evidence(VALUES | st.sampled_from([float("nan"), float("inf"), "text", None]))


def model(policy: dict[str, Any]) -> ModelPolicy:
    return load(ModelPolicy, {"name": "m", **policy}, source="law")


@law
@given(policies(), CANDIDATES, st.none() | CHAMPIONS, st.lists(CHAMPIONS, max_size=2), st.data())
def test_a_better_metric_never_leads_to_a_worse_outcome(
    policy: dict[str, Any], candidate: Evidence, champion: Evidence | None, past: list[Evidence], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(policy["metrics"])))
    gain = data.draw(st.decimals(0, 50, places=2))
    gain = gain if policy["metrics"][name]["direction"] == "maximize" else -gain
    where = data.draw(st.sampled_from([None, *candidate.slices]))
    better = improved(candidate, name, gain, where)

    before, after = (
        decide(model(policy), candidate=one, champion=champion, past=past).outcome for one in (candidate, better)
    )

    assert WORSE_TO_BETTER.index(after) >= WORSE_TO_BETTER.index(before)


def improved(candidate: Evidence, name: str, gain: Decimal, where: str | None) -> Evidence:
    if where is None:
        return replace(candidate, metrics={**candidate.metrics, name: candidate.metrics[name] + gain})  # type: ignore[operator]  # a decimal
    inside = candidate.slices[where]
    return replace(candidate, slices={**candidate.slices, where: {**inside, name: inside[name] + gain}})  # type: ignore[operator]  # a decimal


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same, with the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return value


@law
@given(
    policies(), CANDIDATES, st.none() | CHAMPIONS, st.lists(CHAMPIONS, max_size=2), st.randoms(use_true_random=False)
)
def test_the_order_of_rules_says_nothing(
    policy: dict[str, Any], candidate: Evidence, champion: Evidence | None, past: list[Evidence], chance: random.Random
) -> None:
    policy = policy | {"require": {"tags": {"t": "present", "u": {"equals": "v"}}}}

    one, other = (
        decide(model(written), candidate=candidate, champion=champion, past=past)
        for written in (policy, shuffled(policy, chance))
    )

    assert one.outcome is other.outcome
    assert set(one.verdicts) == set(other.verdicts)


@law
@given(
    policies(PERCENTAGES, bounds=False),
    evidence(VALUES.filter(bool)),
    evidence(VALUES.filter(bool)),
    st.lists(evidence(VALUES.filter(bool)), max_size=2),
    st.decimals("0.001", 1000, places=3),
)
def test_another_unit_on_both_sides_leaves_percentages_alone(
    policy: dict[str, Any], candidate: Evidence, champion: Evidence, past: list[Evidence], factor: Decimal
) -> None:
    before = decide(model(policy), candidate=candidate, champion=champion, past=past)

    after = decide(
        model(policy),
        candidate=scaled(candidate, factor),
        champion=scaled(champion, factor),
        past=[scaled(one, factor) for one in past],
    )

    assert after.outcome is before.outcome
    assert [one.result for one in after.verdicts] == [one.result for one in before.verdicts]


def scaled(one: Evidence, factor: Decimal) -> Evidence:
    def times(metrics: Any) -> dict[str, Decimal]:
        return {name: number.EXACT.multiply(value, factor) for name, value in metrics.items()}

    return replace(one, metrics=times(one.metrics), slices={name: times(inside) for name, inside in one.slices.items()})


def document_of(policy: dict[str, Any]) -> dict[str, Any]:
    match = {"any": [{"job": {"experiment": "e"}}]}
    model = {"name": "m", "from": {"output": "o"}, **policy}
    return {"apiVersion": "registrar/v1", "kind": "PromotionPolicy", "name": "p", "match": match, "models": [model]}


def respelled(value: Any) -> Any:
    """JSON in which numbers and percentages are written at length."""
    if isinstance(value, dict):
        return {key: respelled(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return list(map(respelled, value))
    if isinstance(value, Decimal):
        return float(value)
    return value.replace("%", ".0 %") if isinstance(value, str) else value


@law
@given(policies(), st.randoms(use_true_random=False))
def test_another_layout_has_the_same_digest(policy: dict[str, Any], chance: random.Random) -> None:
    whole = document_of(policy)
    block = "# a comment\n" + page.body(whole).replace("\n", "  # another\n")
    flow = json.dumps(respelled(shuffled(whole, chance)), indent=3)

    digests = {document.parse(text, source="p").digest for text in (block, flow)}

    assert len(digests) == 1


@law
@given(policies(), VALUES, VALUES)
def test_another_number_has_another_digest(policy: dict[str, Any], one: Decimal, other: Decimal) -> None:
    written = (document_of(policy | {"metrics": {"m": {"min": bound}}, "budget": None}) for bound in (one, other))
    texts = [page.body({**each, "models": [without_none(each["models"][0])]}) for each in written]

    digests = {document.parse(text, source="p").digest for text in texts}

    assert (len(digests) == 1) is (one == other)


def without_none(value: dict[str, Any]) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if inner is not None}


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.binary(max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*NAMES, *SLICES]), inner, max_size=2),
    max_leaves=5,
)
BROKEN: Any = st.builds(
    Evidence,
    metrics=JUNK,
    slices=JUNK,
    tags=JUNK,
    lineage=JUNK,
    comparable=JUNK,
    history=st.dictionaries(st.sampled_from(NAMES), st.lists(st.builds(Point, JUNK, JUNK), max_size=2).map(tuple)),
)
REQUIRE = {"tags": {"a": {"matches": "*"}}, "lineage": ["job"], "comparable_on": ["x"]}


@law
@given(policies(), BROKEN, st.none() | BROKEN, st.lists(BROKEN, max_size=2), st.booleans(), st.sampled_from(Outcome))
def test_nothing_that_could_be_read_makes_decide_raise(  # noqa: PLR0913, PLR0917 every input of decide
    policy: dict[str, Any],
    candidate: Evidence,
    champion: Evidence | None,
    past: list[Evidence],
    unadopted: bool,
    other: Outcome,
) -> None:
    suspect = replace(candidate, findings=(Finding("unsafe", "model.pkl", "is unsafe"),))

    decision = decide(
        model(policy | {"require": REQUIRE}),
        candidate=suspect,
        champion=champion,
        past=past,
        unadopted=unadopted,
        group=[Member("other", other)],
    )

    assert not decision.promote
    assert decision.outcome is not Outcome.REGISTER
    assert {"artifact.unsafe": Result.FAILED}.items() <= {one.rule: one.result for one in decision.verdicts}.items()
