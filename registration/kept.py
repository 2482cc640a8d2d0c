"""How evidence is kept in a decision record, and read back: everything that a rule may look at, in JSON.

What JSON cannot say is kept as its name or its text, so a metric that was no number is still none. Records of engine 1
kept metrics only; what they lack reads back as empty.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from registration.finding import Finding
from registration.policy.evidence import Evidence, Point

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

_LINEAGE = "lineage."


def measured(evidence: Evidence, *, only: Container[str] | None = None) -> dict[str, Any]:
    """The members of a record about what was measured; `only` some of the metrics, if given."""

    def some(metrics: Mapping[str, object]) -> dict[str, object]:
        return {text(name): plain(value) for name, value in sorted(metrics.items()) if only is None or name in only}

    history = {name: points for name, points in evidence.history.items() if only is None or name in only}
    return {
        "metrics": some(evidence.metrics),
        "slices": {text(name): some(metrics) for name, metrics in sorted(evidence.slices.items())},
        "history": {text(name): _points(points) for name, points in sorted(history.items())},
        "comparable": words(evidence.comparable),
        "from_tags": sorted(text(name) for name in evidence.from_tags if only is None or name in only),
    }


def words(said: Mapping[str, str]) -> dict[str, str]:
    """Names and texts as JSON and storage allow them."""
    return {text(name): text(value) for name, value in sorted(said.items())}


def evidence_in(record: Mapping[str, Any]) -> Evidence:
    """The evidence in the member `candidate`, `champion` or one of `past` of a decision record.

    Raises `KeyError`, `TypeError` or `AttributeError` for a member that no version of this app wrote.
    """
    lineage = record.get("lineage") or {}
    return Evidence(
        metrics=record["metrics"],
        findings=tuple(Finding(**finding) for finding in record.get("findings", ())),
        slices=record.get("slices", {}),
        tags=record.get("tags", {}),
        lineage={key.removeprefix(_LINEAGE): said for key, said in lineage.items()},
        history={name: _read(points) for name, points in record.get("history", {}).items()},
        comparable=record.get("comparable", {}),
        artifact_sha256=record.get("artifact_sha256"),
        from_tags=frozenset(record.get("from_tags", ())),
        version=record.get("version"),
        formats=record.get("formats", {}),
    )


def plain(value: object) -> object:
    """`value` as JSON allows it: a number that is not finite becomes its name, as MLflow writes it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, int | float | bool | None):
        return value
    return text(str(value))


def text(value: str) -> str:
    """`value` with half a surrogate pair, which JSON can smuggle in and nothing can store, replaced by `?`."""
    return value.encode(errors="replace").decode()


def _points(points: tuple[Point, ...]) -> list[dict[str, object]]:
    return [{"step": point.step, "value": plain(point.value)} for point in points]


def _read(points: list[dict[str, Any]]) -> tuple[Point, ...]:
    return tuple(Point(point["step"], point["value"]) for point in points)
