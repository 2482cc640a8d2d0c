"""The numbers a policy is written with: directions, bounds, and how far a candidate may be from the champion.

Each is a type that checks one written value and refuses it with a sentence about that value alone. A bare number is in
the metric's own unit; a percentage is a share of the champion's magnitude.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from registration.policy import number

if TYPE_CHECKING:
    from collections.abc import Callable

_PERCENT = re.compile(r"([-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?))\s*%", re.ASCII)
_MAXIMIZE = {"maximize", "higher_is_better", "greater_is_better", "greater_is_better:true", "metrics_max"}
_MINIMIZE = {"minimize", "lower_is_better", "smaller_is_better", "greater_is_better:false", "metrics_min"}
_RATIOS = (Decimal(1), Decimal("1.1"))


class Direction(StrEnum):
    """Which way a metric gets better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


@dataclass(frozen=True, slots=True)
class Amount:
    """How far a candidate may be, or must be, from the champion: a number, or a percentage of the champion's value."""

    value: Decimal
    percent: bool = False

    def of(self, champion: Decimal) -> Decimal:
        """The amount in the metric's own unit."""
        return number.percent_of(self.value, champion) if self.percent else self.value

    def __str__(self) -> str:
        return number.text(self.value) + ("%" if self.percent else "")


def _direction(written: object) -> Direction:
    word = str(written).lower().replace(" ", "")
    if isinstance(written, str) and word in _MAXIMIZE:
        return Direction.MAXIMIZE
    if isinstance(written, str) and word in _MINIMIZE:
        return Direction.MINIMIZE
    raise ValueError("must be maximize or minimize")


def bound(written: object) -> Decimal:
    """A finite number in the metric's own unit; raises `ValueError`."""
    if isinstance(written, str) and _PERCENT.fullmatch(written):
        raise ValueError(f"must be a number in the metric's own unit; {written} would need something to be a share of")
    return _number(written)


def _amount(written: object) -> Amount:
    match written:
        case {"absolute": size, **rest} if not rest:
            return Amount(_not_negative(_number(size)))
        case {"absolute": _, **rest}:
            raise ValueError(f"absolute stands alone; it knows no {', '.join(map(str, rest))}")
    percent = _PERCENT.fullmatch(written) if isinstance(written, str) else None
    value = _not_negative(_number(Decimal(percent[1])) if percent else _number(written))
    if not percent and is_like_a_ratio(value):
        raise ValueError(_looks_like_a_ratio(value))
    return Amount(value, percent=percent is not None)


def is_like_a_ratio(value: Decimal) -> bool:
    """Whether a bare number is refused, because 1.01 nearly always means 1%."""
    return _RATIOS[0] < value < _RATIOS[1]


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError("must not be negative; direction already says which way is better")
    return value


def _looks_like_a_ratio(value: Decimal) -> str:
    written, share = number.text(value), number.text((value - 1) * 100)
    return (
        f"{written} looks like a ratio, but a bare number is an absolute difference; write {share}% for a share of the "
        f"champion's value, or {{absolute: {written}}} if the difference is meant"
    )


def _gain(written: object) -> Amount:
    amount = _amount(written)
    if amount.value == 0:
        raise ValueError("must be more than 0; use max_regression: 0 to let a tie pass, strict: true to ask for more")
    return amount


def _ceiling(written: object) -> Amount:
    amount = _amount(written)
    if amount.value == 0:
        raise ValueError("must be more than 0, or nothing better than the champion could pass")
    return amount


def _each(read: Callable[[object], Amount]) -> Callable[[object], tuple[Amount, ...]]:
    """Reads one amount, or a list of an absolute one and a percentage; the absolute one comes first."""

    def amounts(written: object) -> tuple[Amount, ...]:
        if not isinstance(written, list):
            return (read(written),)
        found = tuple(sorted(map(read, written), key=lambda amount: amount.percent))
        if [amount.percent for amount in found] != [False, True]:
            raise ValueError("a list holds one absolute amount and one percentage, such as [0.05, 5%]; both must hold")
        return found

    return amounts


def _written(amounts: tuple[Amount, ...]) -> str | list[str]:
    return str(amounts[0]) if len(amounts) == 1 else [str(amount) for amount in amounts]


def _tolerance(written: object) -> Decimal:
    value = bound(written)
    if value < 0:
        raise ValueError("must not be negative; it widens every bound of the metric")
    return value


def _floor(written: object) -> Decimal:
    value = bound(written)
    if value <= 0:
        raise ValueError("must be more than 0: it stands for a percentage of a champion at 0")
    return value


def _number(written: object) -> Decimal:
    value = number.read(written)
    if not isinstance(value, number.Flaw):
        return value
    raise ValueError(f"{value.says}; write a number such as 0.9, without quotes")


def _only_true(written: object) -> Literal[True]:
    if written is not True:
        raise ValueError("must be true; use max_regression: 0 where a tie may pass")
    return True


_PERCENTAGE = {"type": "string", "pattern": r"^\+?([0-9]+\.?[0-9]*|\.[0-9]+)\s*%$"}


def _amount_schema(**limit: float) -> dict[str, Any]:
    number = {"type": "number", **limit}
    absolute = {
        "type": "object",
        "properties": {"absolute": number},
        "required": ["absolute"],
        "additionalProperties": False,
    }
    return {"anyOf": [number, _PERCENTAGE, absolute]}


def _amounts_schema(**limit: float) -> dict[str, Any]:
    one = _amount_schema(**limit)
    return {"anyOf": [*one["anyOf"], {"type": "array", "items": one, "minItems": 2, "maxItems": 2}]}


_ANY_AMOUNT, _ANY_AMOUNTS, _SOME_AMOUNTS = (
    _amount_schema(minimum=0),
    _amounts_schema(minimum=0),
    _amounts_schema(exclusiveMinimum=0),
)
_WAYS = {"enum": sorted({*_MAXIMIZE, *_MINIMIZE} | {"HIGHER_IS_BETTER", "LOWER_IS_BETTER"})}

type Way = Annotated[Direction, BeforeValidator(_direction), WithJsonSchema(_WAYS)]
type Yes = Annotated[Literal[True], PlainValidator(_only_true), WithJsonSchema({"const": True})]
type Bound = Annotated[Decimal, PlainValidator(bound), PlainSerializer(number.text), WithJsonSchema({"type": "number"})]
type Tolerance = Annotated[
    Decimal, PlainValidator(_tolerance), PlainSerializer(number.text), WithJsonSchema({"type": "number", "minimum": 0})
]
type Floor = Annotated[
    Decimal,
    PlainValidator(_floor),
    PlainSerializer(number.text),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0}),
]
type Regression = Annotated[Amount, PlainValidator(_amount), PlainSerializer(str), WithJsonSchema(_ANY_AMOUNT)]
type Regressions = Annotated[
    tuple[Amount, ...], PlainValidator(_each(_amount)), PlainSerializer(_written), WithJsonSchema(_ANY_AMOUNTS)
]
type Gains = Annotated[
    tuple[Amount, ...], PlainValidator(_each(_gain)), PlainSerializer(_written), WithJsonSchema(_SOME_AMOUNTS)
]
type Ceilings = Annotated[
    tuple[Amount, ...], PlainValidator(_each(_ceiling)), PlainSerializer(_written), WithJsonSchema(_SOME_AMOUNTS)
]
