"""The cases of a policy: each is answered, and an answer that was not expected is told so that a person sees why."""

from __future__ import annotations

from pathlib import Path

import pytest

from registration.errors import PolicyError
from registration.policy import cases, document
from registration.policy.folder import cases_at, files_at, is_policy
from tests.world import CHURN

ROOT = Path(__file__).parents[2]
OTHER = "  - {name: other, from: {output: o}, metrics: {f1: {min: 0.5}}}\n"
WORSE = "candidate: {metrics: {accuracy: 0.85}}, champion: {metrics: {accuracy: 0.9}}"


def judged(case: str, policy: str = CHURN) -> cases.CaseResult:
    text = f"policy: churn.yaml\ncases:\n  - {{name: it, {case}}}\n"
    [result] = cases.judged(
        cases.parse(text, source="t.yaml"), document.parse(policy, source="churn.yaml"), source="t.yaml"
    )
    return result


def mismatch(case: str) -> cases.Mismatch:
    [found] = judged(case).mismatches
    return found


@pytest.mark.parametrize("path", cases_at([ROOT / "policies"]), ids=lambda path: path.name)
def test_every_case_of_the_example_policies_passes(path: Path) -> None:
    results = list(cases.run(path, source=path.name))

    assert results
    assert [result for result in results if not result.passed] == []


def test_every_example_policy_has_cases() -> None:
    policies = [path.stem for path in files_at([ROOT / "policies"]) if is_policy(path.name)]

    assert [path.name for path in cases_at([ROOT / "policies"])] == [f"{name}.test.yaml" for name in policies]


EXPECTED = [
    "expect: {outcome: reject}",
    "expect: {promote: false}",
    "expect: {reasons_contain: 0.05 worse}",
    "expect: {reasons_contain: [worse, champion]}",
    "expect: {verdicts: {metrics.accuracy.min: passed}}",
    "expect: {verdicts: {metrics.accuracy.vs_champion.max_regression: {result: failed, code: regression}}}",
    "expect: {verdicts: {metrics.accuracy.vs_champion.max_regression: {code: regression}}}",
]


@pytest.mark.parametrize("expect", EXPECTED)
def test_a_case_passes_when_the_policy_answers_as_expected(expect: str) -> None:
    assert judged(f"{WORSE}, {expect}").mismatches == ()


def test_another_outcome_is_told_with_its_reasons() -> None:
    found = mismatch(f"{WORSE}, expect: {{outcome: register}}")

    assert (found.place, found.expected, found.got) == ("outcome", "register", "reject")
    assert found.why == ("accuracy 0.85 is 0.05 worse than the champion's 0.9; it may not be worse",)


def test_another_verdict_is_told_with_its_numbers_and_its_reason() -> None:
    rule = "metrics.accuracy.vs_champion.max_regression"

    found = mismatch(f"{WORSE}, expect: {{verdicts: {{{rule}: passed}}}}")

    assert (found.place, found.expected, found.got) == (rule, "passed", "failed (regression)")
    assert found.why == (
        "accuracy 0.85 is 0.05 worse than the champion's 0.9; it may not be worse",
        "candidate 0.85  champion 0.9  bound 0.9  margin -0.05",
        "needs accuracy >= 0.9, had 0.85; would pass if max_regression were at least 0.05",
    )


def test_a_rule_that_was_not_judged_is_told_with_those_that_were() -> None:
    found = mismatch(f"{WORSE}, expect: {{verdicts: {{metrics.acuracy.min: passed}}}}")

    assert found.got == "no such rule was judged"
    assert found.why == ("there is metrics.accuracy.min, metrics.accuracy.vs_champion.max_regression",)


def test_a_reason_that_is_missing_is_told_with_those_there_are() -> None:
    found = mismatch(f"{WORSE}, expect: {{reasons_contain: recall}}")

    assert (found.place, found.expected) == ("reasons", "one that contains 'recall'")
    assert found.why == ("accuracy 0.85 is 0.05 worse than the champion's 0.9; it may not be worse",)


VOCABULARY = """
    compare_to: best
    require: {tags: {owner: present}, lineage: [datasets], comparable_on: [eval]}
    metrics:
      accuracy:
        direction: maximize
        value: best
        coerce: true
        vs_champion: {max_regression: 0}
        slices: {"*": {min: 0.8}}
"""


def test_a_case_may_use_all_that_evidence_can_hold() -> None:
    policy = CHURN.partition("    metrics:")[0].rstrip() + VOCABULARY
    shared = "comparable: {eval: a}, tags: {owner: me}, lineage: {datasets: [azureml://a]}"
    candidate = f"{{{shared}, metrics: {{accuracy: 0.9}}, slices: {{c=DE: {{accuracy: 0.8}}}}}}"
    past = "[{comparable: {eval: a}, history: {accuracy: [{step: 1, value: 0.95}]}, metrics: {accuracy: 0.2}}]"
    expect = """{outcome: reject, verdicts: {
      require.tags.owner: passed, require.lineage.datasets: passed, require.comparable_on.eval: passed,
      "metrics.accuracy.slices[c=DE].min": passed,
      metrics.accuracy.vs_champion.max_regression: {code: regression}}}"""

    champion = "{comparable: {eval: a}, metrics: {accuracy: 0.5}}"
    result = judged(f"candidate: {candidate}, champion: {champion}, past: {past}, expect: {expect}", policy=policy)

    assert result.mismatches == ()
    assert "0.05 worse than the best champion's 0.95" in result.trial.reasons[0]


def test_the_bytes_of_the_champion_are_a_duplicate() -> None:
    same = f"artifact_sha256: {'ab' * 32}"

    result = judged(f"candidate: {{{same}}}, champion: {{{same}, version: 3}}, expect: {{outcome: duplicate}}")

    assert result.passed
    assert result.trial.reasons == ("the same bytes as the champion, version 3; no rule was judged",)


def test_a_champion_whose_bytes_are_not_known_is_another() -> None:
    assert judged("candidate: {}, champion: {}, expect: {outcome: reject}").passed


def test_a_case_names_its_model_where_there_are_several() -> None:
    case = "model: other, candidate: {metrics: {f1: 0.6}}, expect: {outcome: register}"

    assert judged(case, policy=CHURN + OTHER).trial.model == "other"


def test_a_case_that_names_no_model_is_refused_where_there_are_several() -> None:
    with pytest.raises(PolicyError) as refused:
        judged("candidate: {}, expect: {outcome: hold}", policy=CHURN + OTHER)

    assert str(refused.value) == (
        "t.yaml: cases[0].model: churn decides about several models, so say which: churn, other"
    )


REFUSED = [
    ("expect: {}", "cases[0].expect: needs outcome, promote, verdicts or reasons_contain"),
    ("expect: {outcome: registered}", "cases[0].expect.outcome: must be 'register', 'hold', 'reject' or 'duplicate'"),
    ("expect: {verdicts: {a: {}}}", "cases[0].expect.verdicts.a: needs result, code or both"),
    ("expect: {verdict: {}}", "cases[0].expect.verdict: unknown key; did you mean 'verdicts'?"),
]


@pytest.mark.parametrize(("expect", "message"), REFUSED)
def test_a_case_that_cannot_be_used_is_refused_with_its_place(expect: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        judged(f"candidate: {{}}, {expect}")

    assert str(refused.value).startswith(f"t.yaml: {message}")


def test_two_cases_of_one_name_are_refused() -> None:
    case = "  - {name: it, candidate: {}, expect: {outcome: hold}}\n"

    with pytest.raises(PolicyError, match=r"cases\[1\]\.name: 'it' is another case"):
        cases.parse(f"policy: churn.yaml\ncases:\n{case}{case}", source="t.yaml")


def test_a_policy_that_is_not_there_is_named(tmp_path: Path) -> None:
    case = "{name: x, candidate: {}, expect: {outcome: hold}}"
    (tmp_path / "a.test.yaml").write_text(f"policy: b.yaml\ncases: [{case}]\n", encoding="utf-8")

    with pytest.raises(PolicyError, match=r"policy: there is no file b\.yaml beside this one"):
        list(cases.run(tmp_path / "a.test.yaml", source="a.test.yaml"))
