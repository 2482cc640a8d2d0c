"""What is allowed in a policy and hardly meant is found, with the line it stands on."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from registration.policy import lint, senses
from registration.policy.amounts import Direction
from registration.policy.folder import files_at
from registration.policy.remark import Weight

ROOT = Path(__file__).parents[2]
POLICY = """\
apiVersion: registrar/v1
kind: PromotionPolicy
name: churn
match:
  any:
    - job: {experiment: "churn-*"}
models:
  - name: churn
    from: {output: model}
    metrics:
      METRIC
      custom_gain: {min: 1}
"""


def said(metric: str, **more: str) -> list[str]:
    texts = {"p.yaml": POLICY.replace("METRIC", metric), **more}
    return [str(remark) for remark in lint.check(texts).remarks]


REMARKS = [
    ("accuracy: {min: 1.5}", "error unsatisfiable: min: no accuracy reaches 1.5: accuracy lies between 0 and 1"),
    ("rmse: {max: -1}", "error unsatisfiable: max: no rmse is down at -1: rmse is never below 0"),
    ("r2: {min: 1.01}", "error unsatisfiable: min: no r2 reaches 1.01: r2 is never above 1"),
    (
        "auc: {direction: maximize, vs_champion: {min_improvement: 2}}",
        "error unsatisfiable: vs_champion.min_improvement: no auc is 2 better than another: auc lies between 0 and 1",
    ),
    ("f1: {min: 0}", "warning vacuous: min: refuses no number: f1 lies between 0 and 1"),
    ("brier: {max: 1}", "warning vacuous: max: refuses no number: brier lies between 0 and 1"),
    (
        "auc: {direction: maximize, vs_champion: {max_regression: 1}}",
        "warning vacuous: vs_champion.max_regression: refuses no number: auc lies between 0 and 1",
    ),
    (
        "val_accuracy: {direction: minimize, min: 0.5}",
        "warning direction: direction: is minimize, but a higher accuracy is usually better",
    ),
    ("log_loss: {min: 0.5}", "warning direction: min: keeps good candidates out: a lower loss is usually better"),
    ("recall: {max: 0.5}", "warning direction: max: keeps good candidates out: a higher recall is usually better"),
]


@pytest.mark.parametrize(("metric", "remark"), REMARKS, ids=[metric for metric, _ in REMARKS])
def test_a_metric_is_remarked_on(metric: str, remark: str) -> None:
    kind, _, rest = remark.partition(": ")
    name = metric.partition(":")[0]

    assert said(metric) == [f"p.yaml:11: {kind}: models[0].metrics.{name}.{rest}"]


SLICED = [
    (
        'accuracy: {slices: {"country=DE": {min: 1.5}}}',
        'error unsatisfiable: .slices["country=DE"].min: no accuracy reaches 1.5: accuracy lies between 0 and 1',
    ),
    ("accuracy: {above: 1}", "error unsatisfiable: .above: no accuracy is above 1: accuracy lies between 0 and 1"),
    ("rmse: {below: 0}", "error unsatisfiable: .below: no rmse is below 0: rmse is never below 0"),
    ("rmse: {above: -1, max: 3}", "warning vacuous: .above: refuses no number: rmse is never below 0"),
    ("accuracy: {min: 0.5, below: 1.1}", "warning vacuous: .below: refuses no number: accuracy lies between 0 and 1"),
    (
        "accuracy: {below: 0.9}",
        "warning direction: .below: keeps good candidates out: a higher accuracy is usually better",
    ),
    (
        'gain: {slices: {"a*": {min: 1}, "ab*": {min: 2}}}',
        (
            'warning unreachable: .slices["ab*"]: takes no slice: '
            "each that fits is taken by 'a*' already, which stands before it"
        ),
    ),
    (
        'accuracy: {min: 0.5, slices: {"*": {}}}',
        'warning no_rule: .slices["*"]: has no bound and no vs_champion: it is recorded and never judged',
    ),
    (
        "gain: {direction: maximize, tolerance: 0.1, vs_champion: {min_improvement: 0.1}}",
        "warning tolerance: .vs_champion.min_improvement: the tolerance of 0.1 lets a candidate pass that is no better",
    ),
    (
        "gain: {direction: maximize, tolerance: 0.2, vs_champion: {max_regression: 0.1}}",
        "warning tolerance: .vs_champion.max_regression: is 0.1, and the tolerance adds 0.2 to it",
    ),
]


@pytest.mark.parametrize(("metric", "remark"), SLICED, ids=[metric for metric, _ in SLICED])
def test_slices_and_tolerances_are_remarked_on(metric: str, remark: str) -> None:
    name = metric.partition(":")[0]

    assert said(metric) == [f"p.yaml:11: {remark.replace(': .', f': models[0].metrics.{name}.', 1)}"]


def test_a_comparison_is_never_judged_where_nothing_is_compared() -> None:
    text = POLICY.replace("METRIC", "gain: {direction: maximize, vs_champion: {strict: true}}")

    [remark] = lint.check({"p.yaml": text.replace("    metrics:", "    compare_to: none\n    metrics:")}).remarks

    assert str(remark) == (
        "p.yaml:12: error never_judged: models[0].metrics.gain.vs_champion: is never judged: compare_to is none"
    )


def test_a_group_of_one_is_remarked_on() -> None:
    text = POLICY.replace("METRIC", "gain: {min: 1}").replace("    metrics:", "    group: pair\n    metrics:")

    [remark] = lint.check({"p.yaml": text}).remarks

    assert str(remark).startswith("p.yaml:10: warning unreachable: models[0].group: is alone in pair")


def test_a_shadow_policy_may_be_about_the_same_model() -> None:
    text = POLICY.replace("METRIC", "gain: {min: 1}")
    shadow = text.replace("match:", "mode: shadow\nmatch:")

    found = lint.check({"p.yaml": text, "q.yaml": shadow})

    assert found.remarks == ()


def test_a_metric_without_a_rule_is_remarked_on() -> None:
    message = "has no bound and no vs_champion: it is recorded and never judged"

    assert said("f1: {direction: maximize}") == [f"p.yaml:11: warning no_rule: models[0].metrics.f1: {message}"]


FINE = [
    "accuracy: {above: 0, below: 1}",
    'gain: {slices: {"ab*": {min: 2}, "a*": {min: 1}, "abc": {min: 3}}}',
    "gain: {direction: maximize, vs_champion: {min_improvement: [0.1, 1%]}}",
    "accuracy: {direction: maximize, min: 0.8, max: 0.99, vs_champion: {max_regression: 1%}}",
    "accuracy_percent: {min: 95}",
    "accuracy_loss: {direction: minimize, max: 0.1}",
    "neg_log_loss: {direction: maximize, min: -0.3}",
    "rmse: {direction: minimize, max: 12, vs_champion: {min_improvement: 200%}}",
    "anything: {min: 300, max: 400}",
    'accuracy: {direction: maximize, slices: {"*": {min: 0.5}}}',
    "accuracy: {min: 1.01, tolerance: 0.01}",
    "gain: {direction: maximize, tolerance: 0.1, vs_champion: {max_regression: 0}}",
]


@pytest.mark.parametrize("metric", FINE)
def test_nothing_is_said_of_what_may_well_be_meant(metric: str) -> None:
    assert said(metric) == []


def test_a_model_that_asks_nothing_holds_every_candidate() -> None:
    text = POLICY.replace("METRIC", "other: {direction: maximize}").replace("{min: 1}", "{}")

    [remark] = lint.check({"p.yaml": text}).remarks

    assert str(remark).startswith("p.yaml:8: warning no_rule: models[0]: asks nothing of any metric")


def test_an_entry_of_match_that_an_earlier_one_covers_is_unreachable() -> None:
    drop = "- drop: {account: drops1, container: incoming, prefix: PLACE}"
    whole, part = drop.replace(", prefix: PLACE", ""), drop.replace("PLACE", "a/")
    match = f"{whole}\n    {part}\n    {part}"
    text = POLICY.replace('- job: {experiment: "churn-*"}', match).replace("METRIC", "f1: {min: 0.5}")

    found = [remark for remark in lint.check({"p.yaml": text}).remarks if remark.code == "unreachable"]

    assert [(remark.line, remark.message) for remark in found] == [
        (7, "is covered by the drops in the whole container incoming already"),
        (8, "says the same as match.any[1]"),
        (11, "is never used: match has no job, and a drop brings its own folder"),
    ]


def test_two_policies_about_one_model_are_an_error() -> None:
    text = POLICY.replace("METRIC", "f1: {min: 0.5}")

    found = lint.check({"a.yaml": text, "b.yaml": text})

    assert [str(remark) for remark in found.remarks] == [
        "b.yaml:8: error two_policies: models[0].name: 'churn' is decided by a.yaml already; no policy could be used"
    ]


def test_what_makes_a_policy_unusable_is_told_with_its_line() -> None:
    assert said("f1: {mim: 0.5}") == [
        "p.yaml:11: error unusable: models[0].metrics.f1.mim: unknown key; did you mean 'min'?"
    ]
    assert said("f1: {min: 1, min: 2}")[0].startswith("p.yaml:11: error unusable: models[0].metrics.f1.min: appears")
    assert said("f1: {min: [0.5")[0].startswith("p.yaml:12: error unusable: is not YAML")


def test_cases_are_read_and_not_taken_for_a_policy() -> None:
    found = said("f1: {min: 0.5}", **{"p.test.yaml": "policy: p.yaml\ncases: []\n"})

    assert found == ["p.test.yaml:2: error unusable: cases: must not be empty"]


def test_remarks_can_be_left_out_by_code() -> None:
    found = lint.check({"p.yaml": POLICY.replace("METRIC", "accuracy: {min: 95}")})

    left = found.without(["unsatisfiable"])

    assert (found.errors, left.errors, left.remarks) == (1, 0, ())


def test_errors_come_before_warnings() -> None:
    text = POLICY.replace("METRIC", "f1: {min: 0}\n      accuracy: {min: 2}")

    weights = [remark.weight for remark in lint.check({"p.yaml": text}).remarks]

    assert weights == [Weight.ERROR, Weight.WARNING]


def test_nothing_is_said_of_the_example_policies() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in files_at([ROOT / "policies"])}

    assert lint.check(texts).remarks == ()


@pytest.mark.parametrize("name", ["valAccuracy", "macro-F1", "AUC(micro)", "test/recall_at_5", "iou"])
def test_a_metric_is_known_by_the_words_of_its_name(name: str) -> None:
    sense = senses.usual(name)

    assert sense is not None
    assert sense.direction is Direction.MAXIMIZE


def test_aliases_that_stand_for_billions_are_told_line_by_line() -> None:
    names = [f"k{index}" for index in range(40)]
    bomb = "\n".join(f"{name}: &{name} [*{old}, *{old}]" for old, name in itertools.pairwise(names))

    found = lint.check({"p.yaml": "k0: &k0 [x, x]\n" + bomb}).remarks

    assert len(found) == 78
    assert str(found[-1]).startswith("p.yaml:39: error unusable: k39[1]: is an alias of another place")


def test_a_thousand_mistakes_are_told_each_at_its_line() -> None:
    wrong = "\n".join(f"      m{index}: {{mni: 1}}" for index in range(1_000))

    found = lint.check({"p.yaml": POLICY.replace("      METRIC", wrong)}).remarks

    assert len(found) == 1_000
    assert [remark.line for remark in found] == list(range(11, 1_011))
