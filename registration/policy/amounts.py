"""The numbers a policy is written with: directions, bounds, and how far a candidate may be from the champion.

Each is a type that checks one written value and refuses it with a sentence about that value alone. A bare number is in
the metric's own unit; a percentage is a share of the champion's magnitude.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from registration.policy import number

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
    percent = _PERCENT.fullmatch(written) if isinstance(written, str) else None
    value = _number(Decimal(percent[1])) if percent else _number(written)
    if value < 0:
        raise ValueError("must not be negative; direction already says which way is better")
    if not percent and _RATIOS[0] < value < _RATIOS[1]:
        raise ValueError(_looks_like_a_ratio(value))
    return Amount(value, percent=percent is not None)


def _looks_like_a_ratio(value: Decimal) -> str:
    share = number.text((value - 1) * 100)
    return (
        f"{number.text(value)} looks like a ratio, but a bare number is an absolute difference; "
        f"write {share}% for a share of the champion's value"
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
_ANY_AMOUNT = {"anyOf": [{"type": "number", "minimum": 0}, _PERCENTAGE]}
_SOME_AMOUNT = {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _PERCENTAGE]}
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
type Gain = Annotated[Amount, PlainValidator(_gain), PlainSerializer(str), WithJsonSchema(_SOME_AMOUNT)]
type Ceiling = Annotated[Amount, PlainValidator(_ceiling), PlainSerializer(str), WithJsonSchema(_SOME_AMOUNT)]
