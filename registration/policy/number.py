"""A number: what counts as one, and arithmetic on it that never rounds.

Metrics arrive as parsed JSON and bounds as policy text. `read` turns either into a `Decimal` of its shortest
round-trip text, so 0.95 - 0.90 is 0.05, or into a `Flaw` that says why it is not a number. Values are kept inside the
range a double can hold, which is what makes every result below fit `EXACT`; rounding would raise, not happen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation

# Three values of at most 1 409 digits, one of them a percentage of another, need at most 2 820.
EXACT = Context(prec=4000, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation])

# MLflow stores infinity as the largest double (mlflow/store/tracking/sqlalchemy_store.py).
_INFINITE = Decimal("1.7976931348623157e308")
_SMALLEST_EXPONENT = -1100
_NON_FINITE = re.compile(r"([+-]?)(?:(nan)|inf|infinity)", re.IGNORECASE | re.ASCII)
_IN_WORDS: dict[type, str] = {bool: "a boolean", type(None): "null", str: "text", list: "a list", dict: "an object"}
_PLAIN_EXPONENTS = range(-7, 21)


@dataclass(frozen=True)
class Flaw:
    """Why something is not a number: a stable code, what to say of it ("is NaN"), and its text if it has one."""

    code: str
    says: str
    text: str | None = None


def read(value: object) -> Decimal | Flaw:
    """`value` as an exact number, or why it is none; never raises.

    Booleans, null, lists, objects and text are `invalid_type`. NaN and the infinities are `nonfinite`, also as text
    in any case and sign, and so is every magnitude from 1.7976931348623157e308 on. A decimal that is finer than any
    double is `out_of_range`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return _not_a_number(value)
    return _within_range(Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value))


def add(left: Decimal, right: Decimal) -> Decimal:
    """The exact sum."""
    return EXACT.add(left, right)


def subtract(left: Decimal, right: Decimal) -> Decimal:
    """The exact difference."""
    return EXACT.subtract(left, right)


def percent_of(percent: Decimal, whole: Decimal) -> Decimal:
    """The exact share of the magnitude of `whole`: the sign of `whole` does not matter."""
    return EXACT.multiply(EXACT.scaleb(percent, -2), whole.copy_abs())


def text(value: Decimal) -> str:
    """The shortest decimal text that reads back as `value`; with an exponent only when that is far from 1."""
    short = EXACT.normalize(value)
    if short.is_zero():
        return "0"
    return format(short, "f") if short.adjusted() in _PLAIN_EXPONENTS else str(short).lower()


def _within_range(value: Decimal) -> Decimal | Flaw:
    if value.is_nan():
        return Flaw("nonfinite", "is NaN", "NaN")
    if value.is_infinite() or value.copy_abs() >= _INFINITE:
        return _infinite(negative=value.is_signed())
    if value.is_zero():
        return Decimal(0)
    if int(value.as_tuple().exponent) < _SMALLEST_EXPONENT:
        return Flaw("out_of_range", "has more decimal places than a metric can have")
    return value


def _infinite(*, negative: bool) -> Flaw:
    written = "-Infinity" if negative else "Infinity"
    return Flaw("nonfinite", f"is {written}", written)


def _not_a_number(value: object) -> Flaw:
    spelled = _NON_FINITE.fullmatch(value) if isinstance(value, str) else None
    if spelled is None:
        kind = next((words for known, words in _IN_WORDS.items() if isinstance(value, known)), "of an unknown type")
        return Flaw("invalid_type", f"is {kind}, not a number")
    return Flaw("nonfinite", "is NaN", "NaN") if spelled[2] else _infinite(negative=spelled[1] == "-")
