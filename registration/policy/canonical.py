"""What a policy says, in one spelling: two texts that decide alike have the same, however they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registration.policy.handling import Defaults, Handled
from registration.policy.metrics import is_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.policy.document import ModelPolicy, Policy

_INHERITED = frozenset({*Handled.model_fields, "value"})
_UNSAID = {"tolerance": "0"}


def said(policy: Policy) -> dict[str, Any]:
    """The policy as JSON without defaults, and without what a metric or slice repeats of what holds for it anyway."""
    written: dict[str, Any] = policy.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    pairs = zip(written["models"], policy.models, strict=True)
    return written | {"models": [_model(model, of) for model, of in pairs]}


def _model(written: Mapping[str, Any], model: ModelPolicy) -> dict[str, Any]:
    if "metrics" not in written:
        return dict(written)
    whole = _UNSAID | Defaults.model_dump(model.defaults, mode="json")
    return {**written, "metrics": {name: _metric(asked, whole) for name, asked in written["metrics"].items()}}


def _metric(written: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    kept = _without_repeats(written, whole)
    if "slices" not in written:
        return kept
    here = {**whole, **{key: value for key, value in written.items() if key in _INHERITED}}
    # Of several patterns the first that fits counts, so their order is part of what is said.
    patterns = [name for name in written["slices"] if is_pattern(name)]
    order = {"patterns": patterns} if len(patterns) > 1 else {}
    slices = {name: _without_repeats(entry, here) for name, entry in written["slices"].items()}
    return {**kept, **order, "slices": slices}


def _without_repeats(written: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in written.items() if key not in _INHERITED or whole.get(key) != value}
