"""Deciding: milliseconds for 200 rules in 100 slices each, and how the time grows from 10 to 10,000 rule evaluations.

The sizes are measured in turn, several times over, in one process. Processor time counts, and of each size the fastest
run, because whatever else the machine does only adds to it. Growth is per evaluation, as a ratio to the smallest size:
1 is linear, less means that what a decision costs beside its rules is shared by more of them.

    decided   what the app needs to know the outcome
    told      the same, and every verdict put into words
"""

from __future__ import annotations

import gc
import random
import time
from typing import TYPE_CHECKING, Any

from registration.documents import load
from registration.policy import Evidence, ModelPolicy, decide

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 7
LARGE = (200, 100)
SIZES = ((10, 1), (100, 1), (100, 10), (100, 100))
GOAL_MILLISECONDS = 100
GOAL_GROWTH = 2


def policy(rules: int) -> ModelPolicy:
    """A policy with so many rules, half bounds and half comparisons, each asked in every slice."""
    each = {"min": 0.1, "vs_champion": {"max_regression": "1%"}}
    metrics = {f"m{index}": {"direction": "maximize", "slices": {"*": each}} for index in range(rules // 2)}
    return load(ModelPolicy, {"name": "bench", "metrics": metrics}, source="bench")


def evidence(rules: int, slices: int, *, seed: int) -> Evidence:
    """A value for each metric in each slice."""
    draw = random.Random(seed).random  # noqa: S311 made-up metrics, no secret
    names = [f"m{index}" for index in range(rules // 2)]
    return Evidence(slices={f"slice={index}": {name: draw() for name in names} for index in range(slices)})


def prepared(rules: int, slices: int) -> Callable[[], Any]:
    """A decision that is ready to be made, again and again."""
    asked = policy(rules)
    candidate, champion = (evidence(rules, slices, seed=seed) for seed in (1, 2))
    return lambda: decide(asked, candidate=candidate, champion=champion)


def milliseconds(action: Callable[[], Any]) -> float:
    """How much processor time one call takes, repeated until the clock can tell."""
    gc.collect()
    calls, started = 0, time.process_time()
    while (spent := time.process_time() - started) < 0.02 or not calls:  # noqa: PLR2004 seconds
        action()
        calls += 1
    return spent * 1000 / calls


def main() -> None:
    """Measure every size `RUNS` times in turn and print the tables."""
    decisions = {size: prepared(*size) for size in (*SIZES, LARGE)}
    runs = [{size: milliseconds(make) for size, make in decisions.items()} for _ in range(RUNS)]
    told = min(milliseconds(lambda: decisions[LARGE]().verdicts) for _ in range(RUNS))
    best = {size: min(run[size] for run in runs) for size in decisions}
    each = {size: best[size] / (size[0] * size[1]) for size in decisions}
    print(f"fastest of {RUNS} runs in turn; growth is the time of one evaluation as a ratio to the smallest size\n")
    print(f"{'rules':>7}{'slices':>8}{'evaluations':>13}{'ms':>10}{'growth':>9}   (goal: growth at most {GOAL_GROWTH})")
    for rules, slices in decisions:
        size = (rules, slices)
        print(f"{rules:7}{slices:8}{rules * slices:13,}{best[size]:10.2f}{each[size] / each[SIZES[0]]:9.2f}")
    print(f"\n{LARGE[0]} rules in {LARGE[1]} slices: {best[LARGE]:.0f} ms decided, {told:.0f} ms told", end="")
    print(f"   (goal: {GOAL_MILLISECONDS} ms decided)")


if __name__ == "__main__":
    main()
