"""Numbers: what counts as one, and that arithmetic never rounds."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.policy import number

DOUBLES = st.floats(allow_nan=False, allow_infinity=False, max_value=1.7e308, min_value=-1.7e308)


def read(value: object) -> Decimal:
    found = number.read(value)
    assert isinstance(found, Decimal)
    return found


def code(value: object) -> str:
    found = number.read(value)
    assert isinstance(found, number.Flaw)
    return found.code


@pytest.mark.parametrize("value", [0, 1, -3, 0.1, -0.0, 5e-324, 1.7e308, Decimal("0.10"), 10**300])
def test_finite_numbers_are_numbers(value: float | Decimal) -> None:
    assert read(value) == Decimal(str(value))


@pytest.mark.parametrize("value", [True, None, "0.9", "", "nano", "1e400", "\u0131nf", [], [0.9], {}, {"value": 1}])
def test_everything_else_is_an_invalid_type(value: object) -> None:
    assert code(value) == "invalid_type"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, Decimal("sNaN"), Decimal("-Infinity")])
def test_nan_and_the_infinities_are_non_finite(value: object) -> None:
    assert code(value) == "nonfinite"


@pytest.mark.parametrize("value", ["NaN", "nan", "-NAN", "+nan", "Infinity", "-infinity", "INF", "-inf", "+Inf"])
def test_non_finite_numbers_may_be_spelled_as_text_in_any_case_and_sign(value: str) -> None:
    assert code(value) == "nonfinite"


@pytest.mark.parametrize("value", [1.7976931348623157e308, -1.7976931348623157e308, 10**400, Decimal("1e999999")])
def test_the_largest_double_and_what_lies_beyond_is_infinity(value: object) -> None:
    assert code(value) == "nonfinite"


def test_the_double_before_the_largest_is_a_number() -> None:
    assert read(math.nextafter(1.7976931348623157e308, 0)) > Decimal("1.797e308")


def test_a_decimal_finer_than_any_double_is_out_of_range() -> None:
    assert code(Decimal("1e-999999999")) == "out_of_range"


def test_zero_is_zero_however_it_is_written() -> None:
    assert read(Decimal("-0e-5000")) == 0


def test_an_infinity_is_told_with_its_sign() -> None:
    assert number.read("-INF") == number.Flaw("nonfinite", "is -Infinity", "-Infinity")


def test_differences_are_those_of_the_written_decimals() -> None:
    assert number.subtract(read(0.95), read(0.90)) == Decimal("0.05")


def test_a_percentage_is_a_share_of_the_magnitude() -> None:
    assert number.percent_of(Decimal(1), Decimal("-0.9")) == Decimal("0.009")


@pytest.mark.parametrize(
    ("value", "text"),
    [("0.80", "0.8"), ("1E+2", "100"), ("-0", "0"), ("1e308", "1e+308"), ("5e-324", "5e-324"), ("-3.50", "-3.5")],
)
def test_numbers_are_told_in_their_shortest_text(value: str, text: str) -> None:
    assert number.text(Decimal(value)) == text


@settings(deadline=None)
@given(DOUBLES, DOUBLES, DOUBLES)
def test_arithmetic_on_doubles_is_exact_over_their_whole_range(left: float, right: float, percent: float) -> None:
    a, b, p = read(left), read(right), read(percent)

    reached = number.subtract(number.subtract(a, b), number.percent_of(p, b))

    assert Fraction(reached) == Fraction(a) - Fraction(b) - Fraction(p) * abs(Fraction(b)) / 100
    assert Decimal(number.text(reached)) == reached
