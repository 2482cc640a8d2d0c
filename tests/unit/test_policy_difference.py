"""What differs between two policies, in words; nothing differs exactly when the digests are the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.policy import difference, document

CHURN = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: churn
match: {any: [{job: {experiment: "churn-*"}}]}
models:
  - name: churn-classifier
    from: {output: model}
    metrics:
      accuracy: {direction: maximize, min: 0.8, vs_champion: {max_regression: 1%}}
"""


def words(new: str, old: str = CHURN) -> list[str]:
    before, after = (document.parse(text, source="p.yaml") for text in (old, new))
    return [str(change) for change in difference.between(before, after)]


CHANGED = [
    ("max_regression: 1%", "max_regression: 2%", "accuracy may now be 2% worse than the champion (was 1%)"),
    ("max_regression: 1%", "max_regression: 0", "accuracy may now not be worse than the champion (was 1%)"),
    ("min: 0.8", "min: 0.85", "accuracy must now be at least 0.85 (was 0.8)"),
    ("min: 0.8", "max: 0.9, min: 0.8", "accuracy must be at most 0.9"),
    (", min: 0.8", "", "accuracy no longer has a minimum (was 0.8)"),
    ("maximize", "minimize", "accuracy is now something to minimize (was maximize)"),
    ("from: {output: model}", "from: {output: best}", "from.output is now best (was model)"),
    ("from: {output: model}", "from: {output: model, path: m.onnx}", "from.path is m.onnx"),
    ("from: {output: model}", "from: {output: model}\n    adopt: none", "adopt is now none (was required)"),
    ("metrics:", "defaults: {on_missing: hold}\n    metrics:", "defaults.on_missing is now hold (was reject)"),
    ("metrics:", "compare_to: best\n    metrics:", "compare_to is now best (was champion)"),
    ("metrics:", "require: {tags: {owner: present}}\n    metrics:", "require.tags.owner is present"),
    ("metrics:", "then: {pass: register_only}\n    metrics:", "then.pass is now register_only (was promote)"),
    ("min: 0.8", "min: 0.8, severity: hold", "accuracy has the severity hold"),
    ("min: 0.8", "min: 0.8, tolerance: 0.01", "accuracy has a tolerance of 0.01"),
    ("min: 0.8", 'min: 0.8, slices: {"c=DE": {min: 0.7}}', "accuracy in slice c=DE must be at least 0.7"),
    ("min: 0.8", 'min: 0.8, slices: {"*": {max: 0.7}}', "accuracy in every other slice must be at most 0.7"),
    ("min: 0.8", "above: 0.8, min: 0.8", "accuracy must be above 0.8"),
    ("min: 0.8", "below: 0.9, min: 0.8", "accuracy must be below 0.9"),
    ("min: 0.8", 'min: 0.8, slices: {"c=*": {min: 0.7}}', "accuracy in every slice c=* must be at least 0.7"),
    (
        "max_regression: 1%",
        "max_regression: [0.01, 1%]",
        "accuracy may now be 0.01 or 1% worse than the champion, whichever is less (was 1%)",
    ),
    ("1%}", "1%, max_improvement: 5%}", "accuracy may be at most 5% better than the champion"),
]


@pytest.mark.parametrize(("old", "new", "said"), CHANGED, ids=[said for _, _, said in CHANGED])
def test_a_change_is_told_in_words(old: str, new: str, said: str) -> None:
    assert words(CHURN.replace(old, new)) == [f"churn-classifier: {said}"]


def test_another_kind_of_rule_is_told_as_one_that_came_and_one_that_went() -> None:
    found = words(CHURN.replace("max_regression: 1%", "strict: true"))

    assert found == [
        "churn-classifier: accuracy has no max_regression any more (was 1%)",
        "churn-classifier: accuracy must be better than the champion, by however little",
    ]


def test_a_metric_that_is_gone_is_told_once() -> None:
    more = CHURN + "      recall: {min: 0.7, max: 0.9}\n"

    assert words(CHURN, old=more) == ["churn-classifier: recall is no longer looked at"]
    assert words(more) == [
        "churn-classifier: recall must be at least 0.7",
        "churn-classifier: recall must be at most 0.9",
    ]


def test_models_that_came_and_went_are_named() -> None:
    found = words(CHURN.replace("churn-classifier", "churn-ranker"))

    assert found[0] == "churn-classifier: is no longer a model of this policy"
    assert found[1] == "churn-ranker: is a new model of this policy"
    assert "churn-ranker: accuracy must be at least 0.8" in found


def test_what_a_policy_takes_is_told() -> None:
    found = words(CHURN.replace('job: {experiment: "churn-*"}', "drop: {account: drops1, container: incoming}"))

    assert found == ["no longer takes jobs of experiment churn-*", "now takes drops in drops1/incoming/"]


def test_a_tag_that_a_job_must_have_is_told() -> None:
    found = words(CHURN.replace('"churn-*"}', '"churn-*", tags: {register: "true"}}'))

    assert found[1] == "now takes jobs of experiment churn-* with the tag register=true"


def test_a_policy_that_is_new_has_everything_to_tell() -> None:
    found = difference.between(None, document.parse(CHURN, source="p.yaml"))

    assert [str(change) for change in found] == [
        "churn-classifier: is a new model of this policy",
        "churn-classifier: accuracy must be at least 0.8",
        "churn-classifier: accuracy may be 1% worse than the champion",
        "churn-classifier: accuracy is something to maximize",
        "takes jobs of experiment churn-*",
        "name is churn",
    ]


def test_the_order_of_models_is_all_that_changed() -> None:
    other = "  - {name: other, from: {output: o}, metrics: {f1: {min: 0.5}}}\n"
    first, second = CHURN + other, CHURN.replace("models:\n", f"models:\n{other}")

    assert words(first, old=second) == ["the order of models changed; no decision depends on it"]


EDITS = [
    ("churn-*", "churn-?"),
    ("min: 0.8,", "min: 0.80,"),
    ("min: 0.8,", "min: 0.81,"),
    ("1%", "1.0%"),
    ("1%", "0.01"),
    ("maximize", "higher_is_better"),
    ("output: model", 'output: "model"'),
    ("output: model", "output: other"),
    ("name: churn\n", "name: renamed\n"),
    ("metrics:", "tags: {a: b}\n    metrics:"),
    ("from:", "adopt: required\n    from:"),
    ("  - name: churn-", "  - description: ''\n    name: churn-"),
    ("accuracy:", "f1: {}\n      accuracy:"),
    ("min: 0.8,", "min: 0.8, severity: block,"),
    ("min: 0.8,", "min: 0.8, tolerance: 0,"),
    ("min: 0.8,", 'min: 0.8, slices: {"*": {min: 0.1, severity: block}},'),
    ("from:", "defaults: {severity: hold, on_missing: reject}\n    from:"),
    ("from:", "approval: {expires: 336h}\n    from:"),
    ("name: churn\n", "name: churn\nmode: enforce\n"),
    ("mode: enforce", "mode: shadow"),
]


@settings(deadline=None)
@given(st.lists(st.sampled_from(EDITS), unique=True))
def test_there_is_a_difference_exactly_when_the_digests_differ(edits: list[tuple[str, str]]) -> None:
    text = CHURN
    for old, new in edits:
        text = text.replace(old, new) if text.count(old) == 1 else text
    before, after = document.parse(CHURN, source="p"), document.parse(text, source="p")

    found = difference.between(before, after)

    assert bool(found) == (before.digest != after.digest)
    assert all(str(change) for change in found)


def test_another_order_of_slice_patterns_is_a_difference() -> None:
    one, other = (
        f"min: 0.8, slices: {slices}"
        for slices in ('{"a*": {min: 1}, "*b": {min: 2}}', '{"*b": {min: 2}, "a*": {min: 1}}')
    )

    found = words(CHURN.replace("min: 0.8", other), CHURN.replace("min: 0.8", one))

    assert found == ["churn-classifier: accuracy now takes a slice by the first that fits of [*b, a*] (was [a*, *b])"]


def test_two_amounts_that_must_both_be_gained_are_told_as_the_greater() -> None:
    found = words(CHURN.replace("max_regression: 1%", "min_improvement: [0.01, 1%]"))

    assert "churn-classifier: accuracy must be at least 0.01 or 1% better than the champion, whichever is more" in found
