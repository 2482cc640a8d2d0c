"""What tests of the rules share: a model's policy from its parts, and the only verdict of a rule."""

from __future__ import annotations

from typing import Any

from registration.documents import load
from registration.policy import Evidence, ModelPolicy, Verdict, decide

NO_WORSE: dict[str, Any] = {"direction": "maximize", "vs_champion": {"max_regression": 0}}


def model(metrics: dict[str, Any] | None = None, **parts: Any) -> ModelPolicy:
    """The policy of one model that asks `metrics`, with other parts of its document."""
    return load(ModelPolicy, {"name": "m", "metrics": metrics or {}, **parts}, source="test")


def verdict_of(policy: ModelPolicy, rule: str, **sides: Any) -> Verdict:
    """The verdict called `rule`; `sides` are what `decide` takes."""
    verdicts = decide(policy, **({"candidate": Evidence(), "champion": None} | sides)).verdicts
    return next(verdict for verdict in verdicts if verdict.rule == rule)


def said(policy: ModelPolicy, **sides: Any) -> dict[str, str]:
    """What each rule says, by its name."""
    return {verdict.rule: verdict.result.value for verdict in decide(policy, **sides).verdicts}
