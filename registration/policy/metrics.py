"""What a policy asks of metrics: of each overall, of each in slices, and of all that was lost since the best."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import product
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from registration.documents import Document
from registration.policy.amounts import Amount, Bound, Ceilings, Gains, Regression, Regressions, Way, Yes
from registration.policy.fields import Word
from registration.policy.handling import Handled, Value

ANY_SLICE = "*"  # the key for every slice that has no entry of its own
_NOT_SPECIAL = re.compile(r"[?\[]")
_ASKING = ("minimum", "maximum", "above", "below", "vs_champion")
_LIMITS = {"max_regression", "min_improvement", "strict"}


def is_pattern(key: str) -> bool:
    """Whether an entry of `slices` is for every slice that fits it, and not for the one of that name."""
    return "*" in key and key != ANY_SLICE


def fits(slice_: str, pattern: str) -> bool:
    """Whether a slice's name fits a pattern, in which `*` is any text; all else, such as a bracket, is itself."""
    return fnmatchcase(slice_, _NOT_SPECIAL.sub(r"[\g<0>]", pattern))


class VsChampion(Document):
    """How a candidate must compare with the champion: one of the first three, `max_improvement`, or both."""

    max_regression: Regressions | None = None
    min_improvement: Gains | None = None
    strict: Yes | None = None
    max_improvement: Ceilings | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if not self.model_fields_set or len(self.model_fields_set & _LIMITS) > 1:
            raise ValueError(
                "needs exactly one of max_regression, min_improvement and strict; "
                "max_improvement may stand beside it or alone"
            )
        return self

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        for least, most in product(self.min_improvement or (), self.max_improvement or ()):
            if least.percent == most.percent and least.value > most.value:
                raise ValueError("min_improvement is above max_improvement; nothing could ever pass")
        return self

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """Every amount given."""
        return (*(self.max_regression or ()), *(self.min_improvement or ()), *(self.max_improvement or ()))


class SlicePolicy(Handled):
    """What one metric has to show in one slice; without a bound or `vs_champion` it is not judged there.

    `min` and `max` are passed by a value that equals them, `above` and `below` are not.
    """

    minimum: Bound | None = Field(None, alias="min")
    maximum: Bound | None = Field(None, alias="max")
    above: Bound | None = None
    below: Bound | None = None
    vs_champion: VsChampion | None = None

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("min is above max; nothing could ever pass")
        for low, high in ((self.above, self.maximum), (self.minimum, self.below), (self.above, self.below)):
            if low is not None and high is not None and low >= high:
                raise ValueError("above and below leave their own value out, so nothing could ever pass")
        return self

    @property
    def asks(self) -> bool:
        """Whether it has any rule."""
        return any(getattr(self, name) is not None for name in _ASKING)


def _as_mlflow_writes_it(schema: dict[str, Any]) -> None:
    schema["properties"]["greater_is_better"] = {"type": "boolean", "description": "In place of `direction`."}


class MetricPolicy(SlicePolicy):
    """What one metric has to show; without a bound, `vs_champion` or `slices` it is not judged."""

    model_config = ConfigDict(json_schema_extra=_as_mlflow_writes_it)

    direction: Way | None = None
    slices: Annotated[Mapping[Word, SlicePolicy], Field(min_length=1)] | None = None
    value: Value | None = None
    coerce: bool = False

    @model_validator(mode="before")
    @classmethod
    def _normalise_direction(cls, written: Any) -> Any:
        """MLflow writes the direction as `greater_is_better: true`."""
        if not isinstance(written, dict) or not isinstance(written.get("greater_is_better"), bool):
            return written
        if "direction" in written:
            raise ValueError("give direction or greater_is_better, not both")
        rest = {key: value for key, value in written.items() if key != "greater_is_better"}
        return rest | {"direction": "maximize" if written["greater_is_better"] else "minimize"}

    @model_validator(mode="after")
    def _knows_what_is_better(self) -> Self:
        if self.direction is None and any(entry.vs_champion is not None for _, entry in self.places):
            raise ValueError("vs_champion needs direction: maximize or minimize")
        return self

    @property
    def places(self) -> Iterator[tuple[str | None, SlicePolicy]]:
        """What is asked overall, by the name None, and in each slice by its own."""
        yield None, self
        yield from (self.slices or {}).items()

    @property
    def patterns(self) -> tuple[str, ...]:
        """The patterns among the slices, in their order: a slice belongs to the first that it fits."""
        return tuple(key for key in self.slices or {} if is_pattern(key))


def _without_since(written: object) -> object:
    if not isinstance(written, dict) or "since" not in written:
        return written
    if written["since"] != "best":
        raise ValueError("since: must be best: what is counted is what was lost since the best champion")
    return {key: value for key, value in written.items() if key != "since"}


class Budget(Document):
    """How much a metric may lose, over all promotions together."""

    cumulative_regression: Annotated[
        Mapping[Word, Regression],
        BeforeValidator(_without_since),
        Field(min_length=1, json_schema_extra={"properties": {"since": {"const": "best"}}}),
    ]
