"""How long a decision takes, and how that grows with the number of rule evaluations.

A policy of so many metrics asks `max_regression: 5%` of every slice; candidate and champion have random numbers in
all of them. Timed is the time of the processor, the best of several runs: deciding, and putting every verdict in words.
"""

from __future__ import annotations

import gc
import random
import time
from functools import partial
from typing import TYPE_CHECKING

from registration.documents import load
from registration.policy import Evidence, ModelPolicy, decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.policy import Decision, Verdict

RUNS = 5
SIZES = ((1, 10), (10, 10), (10, 100), (100, 100), (200, 100))  # metrics, slices
ASKED = {"direction": "maximize", "slices": {"*": {"vs_champion": {"max_regression": "5%"}}}}


def main() -> None:
    """Print a line for each size."""
    random.seed(7)
    print("evaluations  decide, ms  us each  in words, ms")
    for metrics, slices in SIZES:
        policy = load(ModelPolicy, {"name": "m", "metrics": {f"m{i}": ASKED for i in range(metrics)}}, source="bench")
        sides = [_evidence(metrics, slices) for _ in range(2)]
        deciding = _best(partial(decide, policy, candidate=sides[0], champion=sides[1]))
        telling = _best(partial(_told, decide(policy, candidate=sides[0], champion=sides[1])))
        count = metrics * slices
        print(f"{count:>11,}  {deciding * 1e3:>10.2f}  {deciding * 1e6 / count:>7.1f}  {telling * 1e3:>12.2f}")


def _evidence(metrics: int, slices: int) -> Evidence:
    return Evidence(slices={f"s={s}": {f"m{i}": random.random() for i in range(metrics)} for s in range(slices)})  # noqa: S311 - no secret


def _told(decision: Decision) -> list[Verdict]:
    return [answer.verdict for answer in decision.answers]


def _best(act: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        gc.collect()
        started = time.process_time()
        act()
        times.append(time.process_time() - started)
    return min(times)


if __name__ == "__main__":
    main()
