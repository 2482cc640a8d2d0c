"""The small values a policy is written with: names, paths, patterns, directions, bounds.

Each is a type that checks one written value and refuses it with a sentence about that value alone. How they stand in
the document is `document.py`'s business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, PlainValidator

from registration.policy import number

# https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}", re.ASCII)
_CONTAINER = re.compile(r"(?=.{3,63}\Z)[a-z0-9](?:-?[a-z0-9])*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}", re.ASCII)
_PERCENT = re.compile(r"([-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?))\s*%", re.ASCII)
_MAXIMIZE = {"maximize", "higher_is_better", "greater_is_better", "greater_is_better:true", "metrics_max"}
_MINIMIZE = {"minimize", "lower_is_better", "smaller_is_better", "greater_is_better:false", "metrics_min"}
_OWN_TAGS = "registrar."
_RATIOS = (Decimal(1), Decimal("1.1"))


class Direction(StrEnum):
    """Which way a metric gets better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


@dataclass(frozen=True)
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


def _bound(written: object) -> Decimal:
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


def _number(written: object) -> Decimal:
    value = number.read(written)
    if not isinstance(value, number.Flaw):
        return value
    raise ValueError(f"{value.says}; write a number such as 0.9, without quotes")


def _only_true(written: object) -> Literal[True]:
    if written is not True:
        raise ValueError("must be true; use max_regression: 0 where a tie may pass")
    return True


def _name(written: str) -> str:
    if not _NAME.fullmatch(written):
        raise ValueError(
            "must start with a letter or digit and go on with letters, digits, '_', '.' or '-', 255 characters at most"
        )
    return written


def _account(written: str) -> str:
    if not _ACCOUNT.fullmatch(written):
        raise ValueError("must be a storage account's name: 3 to 24 lower-case letters and digits, no pattern")
    return written


def _container(written: str) -> str:
    if not _CONTAINER.fullmatch(written):
        raise ValueError(
            "must be a container's name: 3 to 63 lower-case letters, digits and single hyphens, no pattern"
        )
    return written


def _prefix(written: str) -> str:
    if not written.endswith("/"):
        raise ValueError(f"must end with '/', or it would also match {written}-other/")
    _relative(written[:-1])
    return written


def _relative(written: str) -> str:
    if written.startswith("/") or "\\" in written or re.match("[A-Za-z]:", written):
        raise ValueError("must be relative, with '/' between its parts")
    if is_crooked(written):
        raise ValueError("must not have an empty, '.' or '..' part, nor '/' at its end")
    return written


def is_crooked(path: str) -> bool:
    """Whether a path has a part that leads nowhere or elsewhere: empty, `.` or `..`."""
    return any(part in {"", ".", ".."} for part in path.split("/"))


def _output(written: str) -> str:
    if not written.strip() or "/" in written or written in {".", ".."}:
        raise ValueError("must be the name of an output; what lies inside it goes to path")
    return written


def _pattern(written: str) -> str:
    if not written:
        raise ValueError("must not be empty; '*' matches everything")
    return written


def _own_tag(written: str) -> str:
    if not written or written.startswith(_OWN_TAGS):
        raise ValueError(f"must not be empty nor start with {_OWN_TAGS!r}, which Registrar writes itself")
    return written


def _not_empty(written: str) -> str:
    if not written.strip():
        raise ValueError("must not be empty")
    return written


type Name = Annotated[str, AfterValidator(_name)]
type Account = Annotated[str, AfterValidator(_account)]
type Container = Annotated[str, AfterValidator(_container)]
type Prefix = Annotated[str, AfterValidator(_prefix)]
type RelativePath = Annotated[str, AfterValidator(_relative)]
type Output = Annotated[str, AfterValidator(_output)]
type Pattern = Annotated[str, AfterValidator(_pattern)]
type TagName = Annotated[str, AfterValidator(_own_tag)]
type Word = Annotated[str, AfterValidator(_not_empty)]
type Way = Annotated[Direction, BeforeValidator(_direction)]
type Yes = Annotated[Literal[True], PlainValidator(_only_true)]
type Bound = Annotated[Decimal, PlainValidator(_bound), PlainSerializer(number.text)]
type Regression = Annotated[Amount, PlainValidator(_amount), PlainSerializer(str)]
type Gain = Annotated[Amount, PlainValidator(_gain), PlainSerializer(str)]
