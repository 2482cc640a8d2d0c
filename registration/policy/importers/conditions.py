"""SageMaker conditions as bounds on metrics.

A condition compares two operands, or joins others. What comes down to one metric beside one number is a bound; all that
does not is a warning that names it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from registration.policy import number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.policy.importers.section import Section

_SIGNS = {
    "Equals": "==",
    "GreaterThan": ">",
    "GreaterThanOrEqualTo": ">=",
    "LessThan": "<",
    "LessThanOrEqualTo": "<=",
}
_MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "=="}
_NEGATED = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}
_JOINS = {"And": False, "Or": True}
_PARAMETER = re.compile(r"Parameters\.([A-Za-z0-9_-]+)", re.ASCII)
_TRAINING_METRIC = re.compile(r"""Steps\..+\.FinalMetricDataList\[['"]([^'"]+)['"]\]\.Value""")
_PATH_PART = re.compile(r"""[^.\[\]'"$]+""")

_ONE_OF = "is true when any one of several holds; a policy asks for all of its rules; left out"
_TWO_METRICS = (
    "compares two values that the pipeline computes; left out. If one of them is today's model's, write "
    "`vs_champion: {max_regression: 0}`, which looks the champion up by itself"
)


@dataclass(frozen=True)
class Bound:
    """`metric` compared with `value` by `sign`; `place` is the condition's."""

    place: str
    metric: str
    sign: str
    value: Decimal


@dataclass
class Reader:
    """Reads conditions; `parameters` are the pipeline's defaults, `paths` where each metric's name came from."""

    parameters: Mapping[str, object]
    paths: dict[str, str] = field(default_factory=dict)

    def bounds(self, condition: Section, *, negated: bool) -> Iterator[Bound]:
        """The bounds that must all hold for `condition` to be true, or false if `negated`."""
        kind = condition.required_text("Type")
        if kind == "Not":
            yield from self.bounds(condition.required_section("Condition"), negated=not negated)
        elif kind in _JOINS:
            yield from self._joined(condition, kind, negated=negated)
        elif kind == "In":
            yield from self._member(condition, negated=negated)
        elif kind in _SIGNS:
            yield from self._compared(condition, _SIGNS[kind], negated=negated)
        else:
            condition.warn(message=f"a condition of type {kind!r} has no equal in a policy; left out")
            return
        condition.rest("is no part of this condition; left out")

    def _joined(self, condition: Section, kind: str, *, negated: bool) -> Iterator[Bound]:
        inner = condition.sections("Conditions")
        if len(inner) > 1 and _JOINS[kind] != negated:
            said = f"Not {kind}" if negated else kind
            condition.warn(message=f"{said} {_ONE_OF}")
            return
        for one in inner:
            yield from self.bounds(one, negated=negated)

    def _member(self, condition: Section, *, negated: bool) -> Iterator[Bound]:
        left, values = condition.take("QueryValue"), condition.take("Values")
        if not isinstance(values, list) or len(values) != 1 or negated:
            condition.warn(message=f"{'Not In' if negated else 'In'} has no equal in a policy; left out")
            return
        yield from self._between(condition, left, "==", values[0])

    def _compared(self, condition: Section, sign: str, *, negated: bool) -> Iterator[Bound]:
        left, right = condition.take("LeftValue"), condition.take("RightValue")
        if not negated:
            yield from self._between(condition, left, sign, right)
        elif sign in _NEGATED:
            yield from self._between(condition, left, _NEGATED[sign], right)
        else:
            condition.warn(message="Not Equals has no equal in a policy; left out")

    def _between(self, condition: Section, left: object, sign: str, right: object) -> Iterator[Bound]:
        here, there = self._operand(condition, left), self._operand(condition, right)
        if isinstance(here, Decimal):
            here, sign, there = there, _MIRRORED[sign], here
        if isinstance(here, str) and isinstance(there, Decimal):
            yield Bound(condition.place(), here, sign, there)
        elif isinstance(here, str) and isinstance(there, str):
            condition.warn(message=_TWO_METRICS)
        else:
            condition.warn(message="does not compare a metric with a number; left out")

    def _operand(self, condition: Section, written: object) -> str | Decimal | None:
        """A metric's name, a number, or None for anything else."""
        if isinstance(written, dict):
            return self._looked_up(condition, written)
        value = number.read(float(written)) if isinstance(written, Decimal) else None
        return value if isinstance(value, Decimal) else None

    def _looked_up(self, condition: Section, written: dict[str, object]) -> str | Decimal | None:
        got = written.get("Get")
        query = written.get("Std:JsonGet", written.get("JsonGet"))
        if isinstance(query, dict) and isinstance(query.get("Path"), str):
            return self._metric(condition, query["Path"])
        if isinstance(got, str) and (found := _PARAMETER.fullmatch(got)):
            return self._parameter(condition, found[1])
        if isinstance(got, str) and (found := _TRAINING_METRIC.fullmatch(got)):
            return self._named(condition, found[1], got)
        return None

    def _parameter(self, condition: Section, name: str) -> str | Decimal | None:
        default = self.parameters.get(name)
        value = None if isinstance(default, dict) else self._operand(condition, default)
        if isinstance(value, Decimal):
            written = f"its default {number.text(value)} is written"
            condition.warn(message=f"the pipeline's parameter {name} could be set for each run; {written}")
        return value

    def _metric(self, condition: Section, path: str) -> str | None:
        parts = _PATH_PART.findall(path)
        named = [part for part in parts if part != "value"] or parts
        if not named:
            return None
        short = ".".join(named) if named[-1].isdigit() else named[-1]
        return self._named(condition, short if self.paths.get(short, path) == path else ".".join(named), path)

    def _named(self, condition: Section, metric: str, path: str) -> str:
        if self.paths.setdefault(metric, path) == path:
            condition.warn(message=f"read from {path}; the job has to log it as the metric {metric!r}")
        return metric
