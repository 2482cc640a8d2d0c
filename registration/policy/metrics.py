"""What a policy asks of metrics: of each overall, of each in slices, and of all that was lost since the best."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from registration.documents import Document
from registration.policy.amounts import Amount, Bound, Ceiling, Gain, Regression, Way, Yes
from registration.policy.fields import Word
from registration.policy.handling import Handled, Value

ANY_SLICE = "*"  # the key for every slice that has no entry of its own
_LIMITS = {"max_regression", "min_improvement", "strict"}


class VsChampion(Document):
    """How a candidate must compare with the champion: one of the first three, `max_improvement`, or both."""

    max_regression: Regression | None = None
    min_improvement: Gain | None = None
    strict: Yes | None = None
    max_improvement: Ceiling | None = None

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
        least, most = self.min_improvement, self.max_improvement
        if least and most and least.percent == most.percent and least.value > most.value:
            raise ValueError("min_improvement is above max_improvement; nothing could ever pass")
        return self

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """Every amount given."""
        given = (self.max_regression, self.min_improvement, self.max_improvement)
        return tuple(amount for amount in given if amount is not None)


class SlicePolicy(Handled):
    """What one metric has to show in one slice; no `min`, `max` or `vs_champion` means that it is not judged there."""

    minimum: Bound | None = Field(None, alias="min")
    maximum: Bound | None = Field(None, alias="max")
    vs_champion: VsChampion | None = None

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("min is above max; nothing could ever pass")
        return self

    @property
    def asks(self) -> bool:
        """Whether it has any rule."""
        return not (self.minimum is None and self.maximum is None and self.vs_champion is None)


def _as_mlflow_writes_it(schema: dict[str, Any]) -> None:
    schema["properties"]["greater_is_better"] = {"type": "boolean", "description": "In place of `direction`."}


class MetricPolicy(SlicePolicy):
    """What one metric has to show; no `min`, `max`, `vs_champion` or `slices` means that it is not judged."""

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
