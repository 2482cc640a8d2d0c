"""Protobuf's text format: the part that configs use, and an error with line and column for the rest."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.errors import ForeignConfigError
from registration.policy.importers import prototext


def read(text: str) -> dict[str, object]:
    return prototext.read(text, source="p")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", Decimal(1)),
        ("-1.5e-3", Decimal("-0.0015")),
        ("- 2", Decimal(-2)),
        (".5f", Decimal("0.5")),
        ("3.", Decimal(3)),
        ("0x1F", Decimal(31)),
        ("010", Decimal(8)),
        ("true", True),
        ("False", False),
        ("HIGHER_IS_BETTER", "HIGHER_IS_BETTER"),
        ("\"a\" 'b'", "ab"),
        (r'"\x41\102\n\"\u00e4\U0001F600"', 'AB\n"ä😀'),
        (r'"\303\244"', "ä"),
        ("[1, 2]", [Decimal(1), Decimal(2)]),
        ("[]", []),
        ("{ b: 1 }", {"b": Decimal(1)}),
        ("< b: 1; c: 2, >", {"b": Decimal(1), "c": Decimal(2)}),
    ],
)
def test_a_value_is_read(written: str, value: object) -> None:
    assert read(f"a: {written}") == {"a": value}


def test_a_field_that_is_repeated_is_a_list() -> None:
    assert read("a: 1 # one\na: 2\na: [3, 4]") == {"a": [Decimal(1), Decimal(2), Decimal(3), Decimal(4)]}


def test_a_message_needs_no_colon() -> None:
    assert read("a { b { c: 1 } }") == read("a: { b: { c: 1 } }")


def test_infinity_and_nan_are_read_for_others_to_refuse() -> None:
    assert read("a: -inf") == {"a": Decimal("-Infinity")}
    assert str(read("a: nan")["a"]) == "NaN"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a 1", "line 1, column 3: ':' or '{' is expected after a field's name, not '1'"),
        ("a: {\n  b: 1", "line 2, column 7: ends too early; a brace or a value is missing"),
        ("a:\n}", "line 2, column 1: a value is expected, not '}'"),
        ("a: 1 }", "line 1, column 6: a field's name is expected, not '}'"),
        ("a { b: 1 >", "line 1, column 10: a field's name is expected, not '>'"),
        ("[ext]: 1", "line 1, column 1: a field's name is expected, not '['"),
        ("a: [1 2]", "line 1, column 7: ',' or ']' is expected in a list, not '2'"),
        ("a: -b", "line 1, column 4: '-' needs a number after it"),
        ("a: 1x", "line 1, column 4: '1' is no text format here"),
        ('a: "b', "line 1, column 4: '\"' is no text format here"),
        ("a: 1\n\x00", "line 2, column 1: '\\x00' is no text format here"),
        (r'a: "\xff"', "line 1, column 4: the text is not UTF-8"),
        (r'a: "\U00110000"', "line 1, column 4: the text is not UTF-8"),
        ("a {" * 100, "is nested too deeply"),
        ("#" * 1_000_001, "has more than 1,000,000 bytes"),
    ],
)
def test_what_is_no_text_format_is_refused_with_line_and_column(text: str, said: str) -> None:
    with pytest.raises(ForeignConfigError) as caught:
        read(text)

    assert said in str(caught.value)


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from("ab01.-+eE:{}<>[],;\"'\\#\n xuU_f"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ForeignConfigError):
        read(text)
