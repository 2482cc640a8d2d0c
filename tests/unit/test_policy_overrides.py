"""Overrides: what people can take upon themselves, and what nobody can."""

from __future__ import annotations

from typing import Any

import pytest

from registration.finding import Finding
from registration.policy import Evidence, Member, Outcome, Override, decide
from tests.unit.policy_cases import NO_WORSE, model, said

BAD = Evidence({"a": -1, "b": 0})
POLICY = model({"a": {"min": 0, "max": 1}, "b": {"min": 1}})


def override(*rules: str) -> Override:
    seen: dict[str, Any] = {"artifact_sha256": "a", "policy_digest": "d", "champion_seq": 1}
    who: dict[str, Any] = {"actors": ("ann", "ben"), "requests": ("r1", "r2"), "reason": "the test set was broken"}
    return Override(work="w", expires="2026-04-01T00:00:00Z", rules=rules or ("*",), **who, **seen)


def judged(*rules: str, policy: Any = POLICY, candidate: Evidence = BAD, **sides: Any) -> Any:
    return decide(policy, candidate=candidate, overrides=[override(*rules)], **({"champion": None} | sides))


def test_a_named_failure_is_overridden_and_the_others_stay() -> None:
    decision = judged("metrics.a.min")

    assert [verdict.result.value for verdict in decision.verdicts] == ["overridden", "passed", "failed"]
    assert decision.outcome is Outcome.REJECT


def test_an_overridden_failure_keeps_its_numbers_and_names_the_people_and_the_reason() -> None:
    verdict = judged("metrics.a.min").verdicts[0]

    assert (verdict.candidate, verdict.bound, verdict.code) == ("-1", "0", "below_min")
    assert verdict.reason == "a -1 is below the minimum 0; overridden by ann and ben: the test set was broken"


@pytest.mark.parametrize("rules", [(), ("metrics.*",), ("metrics.a.*", "metrics.b.min"), ("*",)])
def test_names_may_stand_for_many_rules(rules: tuple[str, ...]) -> None:
    decision = judged(*rules)

    assert (decision.outcome, decision.promote) == (Outcome.REGISTER, True)


def test_a_name_is_no_prefix_by_itself() -> None:
    assert judged("metrics.a", "metrics.b").outcome is Outcome.REJECT


def test_nobody_can_override_what_validation_found() -> None:
    unsafe = Evidence({"a": 0.5, "b": 1}, (Finding("pickle.unsafe", "m.pkl", "calls os.system"),))

    assert judged(candidate=unsafe).outcome is Outcome.REJECT
    assert judged("artifact.*", candidate=unsafe).outcome is Outcome.REJECT


def test_nobody_can_override_that_a_model_was_not_adopted() -> None:
    assert judged(candidate=Evidence({"a": 0.5, "b": 1}), unadopted=True).outcome is Outcome.HOLD


def test_a_person_can_answer_for_a_first_model_that_no_rule_could_judge() -> None:
    policy = model({"a": NO_WORSE})

    assert judged(policy=policy, candidate=Evidence({"a": 1})).outcome is Outcome.REGISTER
    assert judged("judged", policy=policy, candidate=Evidence({"a": 1})).outcome is Outcome.REGISTER


def test_a_person_can_answer_for_tags_and_for_other_members_of_the_group() -> None:
    policy = model({"a": {"min": 0}}, require={"tags": {"t": "present"}})

    decision = judged(policy=policy, candidate=Evidence({"a": 1}), group=[Member("other", Outcome.HOLD)])

    assert decision.outcome is Outcome.REGISTER


def test_what_passed_is_left_alone() -> None:
    verdicts = said(POLICY, candidate=Evidence({"a": 0.5, "b": 1}), champion=None, overrides=[override()])

    assert set(verdicts.values()) == {"passed"}
