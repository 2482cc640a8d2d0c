"""Slices: one metric in parts of the data, by name or all of them."""

from __future__ import annotations

from typing import Any

import pytest

from registration.policy import Evidence, Outcome, decide
from tests.unit.policy_cases import model, said, verdict_of

ANY: dict[str, Any] = {"*": {"vs_champion": {"max_regression": 0}}}


def recall(slices: dict[str, Any], **asked: Any) -> Any:
    return model({"recall": {"direction": "maximize", "slices": slices, **asked}})


def by(**values: object) -> Evidence:
    return Evidence(slices={f"country={name}": {"recall": value} for name, value in values.items()})


def test_a_slice_has_its_own_bound() -> None:
    verdict = verdict_of(
        recall({"country=DE": {"min": 0.7}}), "metrics.recall.slices[country=DE].min", candidate=by(DE=0.6)
    )

    assert verdict.reason == "recall (country=DE) 0.6 is below the minimum 0.7"


def test_the_star_means_every_slice_of_either_side_that_has_no_entry() -> None:
    policy = recall({"country=DE": {"min": 0.7}, **ANY})

    verdicts = said(policy, candidate=by(DE=0.9, FR=0.8), champion=by(DE=0.9, IT=0.8))

    assert verdicts == {
        "metrics.recall.slices[country=DE].min": "passed",
        "metrics.recall.slices[country=FR].vs_champion.max_regression": "held",
        "metrics.recall.slices[country=IT].vs_champion.max_regression": "failed",
    }


def test_the_star_without_any_slice_judges_nothing_and_says_so() -> None:
    decision = decide(recall(ANY), candidate=Evidence({"recall": 0.9}), champion=Evidence({"recall": 0.8}))

    assert (decision.outcome, decision.verdicts[0].code) == (Outcome.HOLD, "no_slices")


def test_an_entry_without_rules_takes_its_slice_out_of_the_star() -> None:
    verdicts = said(recall({"country=DE": {}, **ANY}), candidate=by(DE=0.1, FR=0.9), champion=by(DE=0.9, FR=0.9))

    assert verdicts["metrics.recall.slices[country=DE]"] == "skipped"
    assert "metrics.recall.slices[country=DE].vs_champion.max_regression" not in verdicts


def test_a_slice_that_the_candidate_lacks_is_missing() -> None:
    policy = recall({"country=DE": {"min": 0.7}})

    assert verdict_of(policy, "metrics.recall.slices[country=DE].min", candidate=by(FR=0.9)).code == "missing"


@pytest.mark.parametrize("empty", [{}, {"country=DE": {}}, {"": {"recall": 0.9}}])
def test_empty_slices_are_slices_without_the_metric(empty: dict[str, dict[str, object]]) -> None:
    policy = recall({"country=DE": {"min": 0.7}})

    decision = decide(policy, candidate=Evidence(slices=empty), champion=None)

    assert decision.outcome is Outcome.REJECT


def test_what_the_metric_says_holds_in_its_slices_unless_they_say_otherwise() -> None:
    policy = recall({"country=DE": {"min": 0.7}, "country=FR": {"min": 0.7, "severity": "warn"}}, severity="hold")

    verdicts = said(policy, candidate=by(DE=0.6, FR=0.6), champion=None)

    assert verdicts["metrics.recall.slices[country=DE].min"] == "held"
    assert verdicts["metrics.recall.slices[country=FR].min"] == "warned"


def test_a_metric_with_slices_only_is_not_judged_overall() -> None:
    assert list(said(recall({"country=DE": {"min": 0.7}}), candidate=by(DE=0.9), champion=None)) == [
        "metrics.recall.slices[country=DE].min"
    ]


def test_names_with_spaces_slashes_and_unicode_are_names_like_any_other() -> None:
    policy = model({"Räcall/ø top 5": {"slices": {"land=Côte d'Ivoire/[x]": {"min": 0.5}}}})
    candidate = Evidence(slices={"land=Côte d'Ivoire/[x]": {"Räcall/ø top 5": 0.6}})

    decision = decide(policy, candidate=candidate, champion=None)

    assert decision.outcome is Outcome.REGISTER
    assert decision.verdicts[0].rule == "metrics.Räcall/ø top 5.slices[land=Côte d'Ivoire/[x]].min"
