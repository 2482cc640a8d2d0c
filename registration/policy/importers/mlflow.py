"""MLflow's `MetricThreshold`s, written down as JSON or YAML, as a policy.

The form is `{metric: {threshold, min_absolute_change, min_relative_change, greater_is_better}}`: the arguments of
`mlflow.models.MetricThreshold`. What MLflow does with them is read from mlflow/models/evaluation/validation.py, 3.17.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registration.policy.importers import foreign
from registration.policy.importers.draft import Draft, Imported, at_least, at_most, percent, put_amount
from registration.policy.importers.section import Section

if TYPE_CHECKING:
    from decimal import Decimal

    from registration.policy.importers.draft import Rules

TOOL = "MLflow's MetricThresholds"

_NAN = "min_relative_change: MLflow lets a NaN pass, and a NaN of the baseline; here NaN never passes"
_BINARY = (
    "min_absolute_change: MLflow adds binary floats, so 0.95 does not pass as 0.05 above 0.90, and it fails with an "
    "error on NaN; here numbers count as they are written, and NaN never passes"
)
_ZERO = (
    "min_relative_change: with a baseline of 0 MLflow asks for 1e-10 more; here the candidate is held, unless you add "
    "`zero_champion: use_absolute` and `floor: 1e-10`"
)
_FIRST = (
    "MLflow refuses a first model, or fails with an error when the baseline lacks a metric; here a first model is "
    "judged by `min` and `max` alone, and a metric that the champion lacks holds the candidate"
)


def read(text: str, *, source: str, name: str | None = None, experiment: str | None = None) -> Imported:
    """The policy that a mapping of thresholds asks for; raises `ForeignConfigError` naming the place."""
    draft = Draft(source, TOOL)
    config = Section(source, {}, draft.warnings).child(foreign.read_yaml(text, source=source))
    for metric in config.entries:
        if not metric.strip():
            raise config.error(metric, message="a metric's name must not be empty")
        _metric(config.child(config.take(metric), metric), draft.rules(metric, place=config.place(metric)))
    return draft.finish(name=name, experiment=experiment)


def _metric(asked: Section, rules: Rules) -> None:
    greater = asked.flag("greater_is_better")
    if greater is None:
        raise asked.error("greater_is_better", message="is required: MLflow does not guess it either")
    rules["direction"] = "maximize" if greater else "minimize"
    threshold, absolute, relative = map(asked.number, ("threshold", "min_absolute_change", "min_relative_change"))
    if threshold is absolute is relative is None:
        raise asked.error(message="asks nothing: give threshold, min_absolute_change or min_relative_change")
    if threshold is not None:
        (at_least if greater else at_most)(rules, threshold)
    _changes(asked, rules, absolute, relative)
    asked.rest("MetricThreshold has no such argument; left out")


def _changes(asked: Section, rules: Rules, absolute: Decimal | None, relative: Decimal | None) -> None:
    if absolute is not None:
        _absolute(asked, rules, absolute)
    if relative is not None:
        _relative(asked, rules, relative)
    if not absolute is relative is None:
        asked.once(_FIRST)


def _absolute(asked: Section, rules: Rules, change: Decimal) -> None:
    if change <= 0:
        raise asked.error("min_absolute_change", message="must be more than 0, as in MLflow")
    asked.once(_BINARY)
    put_amount(rules, "min_improvement", change)


def _relative(asked: Section, rules: Rules, change: Decimal) -> None:
    """A change of 0 lets a tie pass, which means nothing beside an absolute change: that is more than 0."""
    if not 0 <= change <= 1:
        raise asked.error("min_relative_change", message="must be between 0 and 1, as in MLflow: 0.05 is 5 %")
    asked.once(_NAN)
    asked.once(_ZERO)
    if change:
        put_amount(rules, "min_improvement", percent(change))
    elif "vs_champion" not in rules:
        put_amount(rules, "max_regression", change)
