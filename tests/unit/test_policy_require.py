"""Tags and lineage that a candidate must have, and what follows from an outcome."""

from __future__ import annotations

from typing import Any

import pytest

from registration.finding import Finding
from registration.policy import Evidence, Member, Outcome, decide
from tests.unit.policy_cases import NO_WORSE, model, said, verdict_of

PASSES: dict[str, Any] = {"a": {"min": 0}}
GOOD, BAD = {"a": 1}, {"a": -1}


@pytest.mark.parametrize(
    ("ask", "tags", "code"),
    [
        ("present", {"t": "x"}, "passed"),
        ("present", {"t": " "}, "tag_mismatch"),
        ("present", {}, "tag_missing"),
        ({"one_of": ["x", "y"]}, {"t": "y"}, "passed"),
        ({"one_of": ["x", "y"]}, {"t": "Y"}, "tag_mismatch"),
        ({"equals": "x"}, {"t": "x"}, "passed"),
        ({"equals": "x"}, {"t": "xx"}, "tag_mismatch"),
        ({"matches": "nightly-*"}, {"t": "nightly-7"}, "passed"),
        ({"matches": "nightly-*"}, {"t": "weekly-7"}, "tag_mismatch"),
    ],
)
def test_a_tag_must_be_what_the_policy_asks(ask: object, tags: dict[str, str], code: str) -> None:
    policy = model(PASSES, require={"tags": {"t": ask}})

    decision = decide(policy, candidate=Evidence(GOOD, tags=tags), champion=None)

    assert (decision.verdicts[0].rule, decision.verdicts[0].code) == ("require.tags.t", code)
    assert (decision.outcome is Outcome.REGISTER) is (code == "passed")


def test_a_missing_tag_is_told_with_what_was_wanted() -> None:
    policy = model(PASSES, require={"tags": {"t": {"one_of": ["x", "y"]}}})

    verdict = verdict_of(policy, "require.tags.t", candidate=Evidence(GOOD, tags={"t": "z"}))

    assert verdict.reason == "the tag t is 'z', and has to be one of x, y"
    assert verdict.counterfactual == "needs the tag t to be one of x, y; it was 'z'"


@pytest.mark.parametrize(
    ("asked", "part"), [("job", "job"), ("code.commit", "git_commit"), ("data", "datasets"), ("datasets", "datasets")]
)
def test_a_part_of_the_lineage_must_be_known(asked: str, part: str) -> None:
    policy = model(PASSES, require={"lineage": [asked]})

    known = said(policy, candidate=Evidence(GOOD, lineage={part: "x"}), champion=None)
    unknown = said(policy, candidate=Evidence(GOOD, lineage={part: ""}), champion=None)

    assert (known[f"require.lineage.{part}"], unknown[f"require.lineage.{part}"]) == ("passed", "failed")


def test_tags_alone_do_not_speak_for_a_model_whose_metrics_nobody_could_judge() -> None:
    policy = model({"a": NO_WORSE}, require={"tags": {"t": "present"}})

    assert decide(policy, candidate=Evidence(GOOD, tags={"t": "x"}), champion=None).outcome is Outcome.HOLD


def test_tags_are_enough_where_the_policy_judges_no_metric() -> None:
    policy = model(require={"tags": {"t": "present"}})

    assert decide(policy, candidate=Evidence(tags={"t": "x"}), champion=None).outcome is Outcome.REGISTER


def test_a_version_that_passes_becomes_the_champion_unless_it_is_only_registered() -> None:
    promoted = decide(model(PASSES), candidate=Evidence(GOOD), champion=None)
    registered = decide(model(PASSES, then={"pass": "register_only"}), candidate=Evidence(GOOD), champion=None)

    assert (promoted.outcome, promoted.promote) == (Outcome.REGISTER, True)
    assert (registered.outcome, registered.promote) == (Outcome.REGISTER, False)


def test_a_failure_can_be_registered_and_is_never_promoted() -> None:
    policy = model(PASSES, then={"fail": "register_only"})

    decision = decide(policy, candidate=Evidence(BAD), champion=None)

    assert (decision.outcome, decision.promote) == (Outcome.REGISTER, False)
    assert decision.reasons == ("a -1 is below the minimum 0",)


def test_what_validation_found_is_never_registered() -> None:
    policy = model(PASSES, then={"fail": "register_only"})
    unsafe = Evidence(GOOD, (Finding("pickle.unsafe", "m.pkl", "calls os.system"),))

    assert decide(policy, candidate=unsafe, champion=None).outcome is Outcome.REJECT


@pytest.mark.parametrize(
    ("theirs", "result", "expected"),
    [(Outcome.REGISTER, "passed", "register"), (Outcome.HOLD, "held", "hold"), (Outcome.REJECT, "failed", "reject")],
)
def test_a_member_of_a_group_shares_its_fate(theirs: Outcome, result: str, expected: str) -> None:
    decision = decide(model(PASSES), candidate=Evidence(GOOD), champion=None, group=[Member("other", theirs)])

    assert (decision.verdicts[-1].rule, decision.verdicts[-1].result) == ("group.other", result)
    assert decision.outcome == expected


def test_a_group_that_agrees_does_not_speak_for_a_candidate_that_nothing_judged() -> None:
    policy = model({"a": NO_WORSE})

    decision = decide(policy, candidate=Evidence(GOOD), champion=None, group=[Member("other", Outcome.REGISTER)])

    assert decision.outcome is Outcome.HOLD
