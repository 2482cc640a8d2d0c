"""What a refusal says would have helped: the value, and the change of the policy."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from registration.policy import Evidence, decide
from tests.unit.policy_cases import NO_WORSE, model

NUMBERS = st.decimals(-100, 100, places=4)
TOLERANCES = st.sampled_from([Decimal(0), Decimal("0.01")])
_REMEDY = re.compile(r"(\w+) (?:were|of) (?:at least|at most) (\S+?)(?: stood in place of \w+)?$")


def of(asked: dict[str, Any], candidate: object, champion: object = None, direction: str = "maximize") -> str | None:
    policy = model({"recall": {"direction": direction, **asked}})
    beside = None if champion is None else Evidence({"recall": champion})
    return decide(policy, candidate=Evidence({"recall": candidate}), champion=beside).verdicts[0].counterfactual


@pytest.mark.parametrize(
    ("asked", "candidate", "champion", "told"),
    [
        ({"min": 0.8}, 0.75, None, "needs recall >= 0.8, had 0.75; would pass if min were at most 0.75"),
        ({"above": 0.8}, 0.8, None, "needs recall > 0.8, had 0.8; would pass if above were less than 0.8"),
        ({"below": 0.8}, 0.85, None, "needs recall < 0.8, had 0.85; would pass if below were more than 0.85"),
        ({"max": 0.8}, 0.85, None, "needs recall <= 0.8, had 0.85; would pass if max were at least 0.85"),
        (
            {"vs_champion": {"max_regression": 0}},
            0.907,
            0.913,
            "needs recall >= 0.913, had 0.907; would pass if max_regression were at least 0.006",
        ),
        (
            {"vs_champion": {"max_regression": "0.5%"}},
            0.907,
            0.92,
            "needs recall >= 0.9154, had 0.907; would pass if max_regression were at least 1.5%",
        ),
        (
            {"vs_champion": {"min_improvement": "5%"}},
            0.93,
            0.9,
            "needs recall >= 0.945, had 0.93; would pass if min_improvement were at most 3.3%",
        ),
        (
            {"vs_champion": {"min_improvement": 0.05}},
            0.89,
            0.9,
            (
                "needs recall >= 0.95, had 0.89; "
                "would pass if max_regression of at least 0.01 stood in place of min_improvement"
            ),
        ),
        (
            {"vs_champion": {"strict": True}},
            0.9,
            0.9,
            "needs recall > 0.9, had 0.9; would pass if max_regression of at least 0 stood in place of strict",
        ),
        (
            {"vs_champion": {"max_improvement": 0.05}},
            0.99,
            0.9,
            "needs recall <= 0.95, had 0.99; would pass if max_improvement were at least 0.09",
        ),
        ({"min": 0.8}, None, None, "needs recall as a finite number; it is null, not a number"),
        (NO_WORSE, 0.9, "NaN", "would be left out if champion_metric_nonfinite were absolute_only"),
        ({"min": 0.8}, 0.8, None, None),
    ],
)
def test_a_refusal_says_what_would_have_helped(
    asked: dict[str, Any], candidate: object, champion: object, told: str | None
) -> None:
    assert of(asked, candidate, champion) == told


def test_of_a_minimized_metric_less_is_needed() -> None:
    told = of({"vs_champion": {"max_regression": 1}}, 12.5, 11, direction="minimize")

    assert told == "needs recall <= 12, had 12.5; would pass if max_regression were at least 1.5"


def test_the_floor_is_what_would_have_to_change_for_a_champion_at_zero() -> None:
    asked = {"vs_champion": {"max_regression": "1%"}, "zero_champion": "use_absolute", "floor": 0.01}

    assert of(asked, -0.03, 0) == "needs recall >= -0.01, had -0.03; would pass if floor were at least 0.03"


ASKED = st.one_of(
    st.tuples(st.sampled_from(["min", "max"]), st.decimals(-50, 50, places=2)),
    st.tuples(
        st.sampled_from(["max_regression", "min_improvement", "max_improvement"]),
        st.decimals("0.01", 50, places=2)
        .filter(lambda value: not 1 < value < Decimal("1.1"))
        .flatmap(lambda value: st.sampled_from([value, f"{value}%"])),
    ),
    st.just(("strict", True)),
)


@settings(deadline=None, max_examples=200)
@given(ASKED, NUMBERS, NUMBERS, TOLERANCES, st.sampled_from(["maximize", "minimize"]))
def test_the_change_that_is_named_would_have_helped(
    asked: tuple[str, Any], candidate: Decimal, champion: Decimal, tolerance: Decimal, direction: str
) -> None:
    def told(key: str, value: object) -> str | None:
        rule = {key: value} if key in {"min", "max"} else {"vs_champion": {key: value}}
        handled = {"tolerance": tolerance, "zero_champion": "use_absolute", "floor": Decimal("0.5")}
        return of({**rule, **handled}, candidate, champion, direction)

    refused = told(*asked)
    assume(refused is not None)
    found = _REMEDY.search(refused or "")
    assert found is not None
    assume(found[1] != "floor")
    key, value = found[1], found[2] if found[2].endswith("%") else Decimal(found[2])
    # A bare number that looks like a ratio is refused in a policy, whatever it would do.
    assume(not isinstance(value, Decimal) or key in {"min", "max"} or not 1 < value < Decimal("1.1"))

    assert told(key, value) is None
