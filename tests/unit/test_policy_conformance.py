"""Cases that other promotion gates answer differently, and the answer here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest

from registration.documents import load
from registration.policy import Evidence, ModelPolicy, decide


@dataclass(frozen=True)
class Case:
    title: str
    asked: dict[str, Any]
    candidate: float | None
    champion: float | None
    outcome: str
    direction: str = "maximize"


NO_WORSE: dict[str, Any] = {"max_regression": 0}
CASES = [
    Case("better", NO_WORSE, 0.90, 0.80, "register"),
    Case("worse", NO_WORSE, 0.70, 0.80, "reject"),
    Case("tie", NO_WORSE, 0.80, 0.80, "register"),
    Case("lower error is better", NO_WORSE, 0.5, 1.0, "register", "minimize"),
    Case("higher error is worse", NO_WORSE, 9.9, 1.0, "reject", "minimize"),
    Case("candidate NaN, 5% better", {"min_improvement": "5%"}, math.nan, 0.8, "reject"),
    Case("champion NaN, 5% better", {"min_improvement": "5%"}, 0.01, math.nan, "hold"),
    Case("candidate NaN, no worse", NO_WORSE, math.nan, 0.8, "reject"),
    Case("0.05 better at .90 to .95", {"min_improvement": 0.05}, 0.95, 0.90, "register"),
    Case("5% better of a negative champion", {"min_improvement": "5%"}, -1.0, -0.5, "reject"),
    Case("5% better of zero", {"min_improvement": "5%"}, 0.0001, 0.0, "hold"),
    Case("1% worse allowed", {"max_regression": "1%"}, 0.895, 0.900, "register"),
    Case("candidate lacks the metric", NO_WORSE, None, 0.8, "reject"),
    Case("champion lacks the metric", NO_WORSE, 0.8, None, "hold"),
]


def evidence(value: float | None) -> Evidence:
    return Evidence({} if value is None else {"metric": value})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_case_has_the_specified_outcome(case: Case) -> None:
    asked = {"direction": case.direction, "vs_champion": case.asked}
    policy = load(ModelPolicy, {"name": "m", "metrics": {"metric": asked}}, source="case")

    decision = decide(policy, candidate=evidence(case.candidate), champion=evidence(case.champion))

    assert decision.outcome == case.outcome
