"""A number: what counts as one, and arithmetic on it that never rounds.

Metrics arrive as parsed JSON and bounds as policy text. `read` turns either into a `Decimal` of its shortest
round-trip text, so 0.95 - 0.90 is 0.05, or into a `Flaw` that says why it is not a number. Values are kept inside the
range a double can hold, which is what makes every result below fit `EXACT`; rounding would raise, not happen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Context, Decimal, Inexact, InvalidOperation

# Three values of at most 1 409 digits, one of them a percentage of another, need at most 2 820.
EXACT = Context(prec=4000, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation])

# MLflow stores infinity as the largest double (mlflow/store/tracking/sqlalchemy_store.py).
_INFINITE = Decimal("1.7976931348623157e308")
_SMALLEST_EXPONENT = -1100
_NON_FINITE = re.compile(r"([+-]?)(?:(nan)|inf|infinity)", re.IGNORECASE | re.ASCII)
_IN_WORDS: dict[type, str] = {bool: "a boolean", type(None): "null", str: "text", list: "a list", dict: "an object"}
_PLAIN_EXPONENTS = range(-7, 21)
_LARGEST = 1.7976931348623157e308
_NUMERIC = re.compile(r"\s*[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,5})?\s*", re.ASCII)
_SHARE_DIGITS = 2


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
    # What nearly every metric is: a double that is finite.
    if type(value) is float and -_LARGEST < value < _LARGEST:
        return Decimal(float.__repr__(value)) if value else Decimal(0)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return _not_a_number(value)
    return _within_range(Decimal(float.__repr__(value)) if isinstance(value, float) else Decimal(value))


def read_text(value: object) -> Decimal | Flaw:
    """As `read`, and a number written as text counts."""
    if not isinstance(value, str) or not _NUMERIC.fullmatch(value):
        return read(value)
    return _within_range(Decimal(value.strip()))


# The exact sum and the exact difference.
add = EXACT.add
subtract = EXACT.subtract


def percent_of(percent: Decimal, whole: Decimal) -> Decimal:
    """The exact share of the magnitude of `whole`: the sign of `whole` does not matter."""
    return EXACT.scaleb(EXACT.multiply(percent, whole.copy_abs()), -2)


def share(part: Decimal, whole: Decimal, *, up: bool) -> Decimal:
    """`part` in percent of the magnitude of `whole`, which is not 0, in two digits: never below it if `up`, else above.

    Both ends are on the safe side: what a share of at least, or at most, so many percent allows includes `part`.
    """
    rounding = ROUND_CEILING if up else ROUND_FLOOR
    context = Context(prec=_SHARE_DIGITS, rounding=rounding, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[InvalidOperation])
    return context.divide(EXACT.scaleb(part, 2), whole.copy_abs())


def text(value: Decimal) -> str:
    """The shortest decimal text that reads back as `value`; with an exponent only when that is far from 1."""
    written = str(value)
    if "E" not in written and len(written) <= len(_PLAIN_EXPONENTS) - 8:
        if "." in written:
            written = written.rstrip("0").removesuffix(".")
        return written if written not in {"-0", ""} else "0"
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
