"""What a decision record lacks of what a policy asks for: then the policy cannot be asked about that decision.

Records of engine 1 kept metrics and lineage only. Later ones keep all that is known of a candidate, except what has to
be looked up one by one: the history of a metric, and by what it was measured, which were read if a policy of then asked
for them. A drop says all of it in its manifest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from registration.step import items, members, word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.policy.document import ModelPolicy


def of(model: ModelPolicy, record: Mapping[str, Any]) -> Iterator[str]:
    """One clause for each thing that `record` lacks; `past` in it must be whole. None if `model` can be asked."""
    candidate = members(record.get("candidate"))
    sides = {"the candidate": candidate, "the champion": members(record.get("champion"))}
    sides |= {f"version {one.get('version')}": one for one in map(members, items(record.get("past")))}
    baseline = _baseline(model, record)
    sides |= {"the shared champion": baseline} if baseline and baseline.get("version") is not None else {}
    if model.baseline is not None and baseline is None:
        yield f"its record does not have the champion {model.baseline[1]} of registry {model.baseline[0]}"
    for whose, side in sides.items():
        if side or side is candidate:
            yield from _of_side(model, side, whose)
    if model.require.tags and not isinstance(candidate.get("tags"), dict):
        yield "its record has no tags of the candidate"
    yield from _of_lookups(model, record, candidate)
    if model.group and not record.get("group"):
        yield f"its record does not say what became of the others of the group {model.group}"


def _baseline(model: ModelPolicy, record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = map(members, items(record.get("baselines")))
    return next((one for one in found if (word(one.get("registry")).lower(), one.get("model")) == model.baseline), None)


def _of_side(model: ModelPolicy, side: Mapping[str, Any], whose: str) -> Iterator[str]:
    if not isinstance(side.get("metrics"), dict):
        yield f"its record has no metrics of {whose}"
    if any(metric.slices for metric in model.metrics.values()) and not isinstance(side.get("slices"), dict):
        yield f"its record has no slices of {whose}"
    known = members(side.get("history")).keys()
    for name in [] if _is_drop(side) else sorted(model.histories & members(side.get("metrics")).keys() - known):
        yield f"its record does not have the history of {name} of {whose}"


def _of_lookups(model: ModelPolicy, record: Mapping[str, Any], candidate: Mapping[str, Any]) -> Iterator[str]:
    metrics, tags = members(candidate.get("metrics")), candidate.get("tags")
    for name in sorted(model.coerced - metrics.keys()):
        if not isinstance(tags, dict) or name in tags:
            yield f"its record does not have {name}, which the policy takes from a tag"
    if _is_drop(candidate):
        return
    asked = {verdict.get("rule") for verdict in map(members, items(record.get("verdicts")))}
    for key in model.require.comparable_on:
        if key not in members(candidate.get("comparable")) and f"require.comparable_on.{key}" not in asked:
            yield f"its record does not have {key} of the candidate"


def _is_drop(candidate: Mapping[str, Any]) -> bool:
    """Whether it was dropped, and its record is one that keeps all that the manifest said."""
    return items(candidate.get("source"))[:1] == ["drop"] and "comparable" in candidate
