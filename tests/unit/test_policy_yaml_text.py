"""The strict part of YAML: exact numbers, no surprises, and every refusal names its line."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.errors import PolicyError
from registration.policy import yaml_text


def refusal(text: str) -> str:
    with pytest.raises(PolicyError) as caught:
        yaml_text.parse(text, source="p.yaml")
    return str(caught.value)


@pytest.mark.parametrize("text", ["0.1", "0.80", "1e-3", "-12", "+.5", "1.", "1E5", "007"])
def test_numbers_keep_their_exact_text(text: str) -> None:
    assert yaml_text.parse(f"a: {text}", source="p.yaml") == {"a": Decimal(text)}


@pytest.mark.parametrize("text", ["yes", "on", "No", "1_000", "0x1F", "12:30", "2024-01-01", "1%", "<<", "1e", "."])
def test_words_that_only_old_yaml_interprets_are_text(text: str) -> None:
    assert yaml_text.parse(f"a: {text}", source="p.yaml") == {"a": text}


def test_quotes_make_text_of_anything() -> None:
    assert yaml_text.parse("""{a: "true", b: '1', c: ""}""", source="p.yaml") == {"a": "true", "b": "1", "c": ""}


def test_true_and_false_are_booleans() -> None:
    assert yaml_text.parse("[true, False, TRUE]", source="p.yaml") == [True, False, True]


def test_keys_are_text() -> None:
    assert yaml_text.parse("{1: a, true: b}", source="p.yaml") == {"1": "a", "true": "b"}


def test_a_key_written_twice_is_refused_with_both_lines() -> None:
    said = refusal("m:\n  - min: 1\n    max: 2\n    'min': 3\n")

    assert said == "p.yaml: m[0].min: appears twice, first on line 2 (line 4, column 5)"


def test_every_refusal_is_reported_at_once() -> None:
    said = refusal("a: 1\na: 2\nb: 1\nb: 2\n")

    assert said.count("appears twice") == 2


@pytest.mark.parametrize("text", ["a:", "a: null", "a: ~", "{a: }"])
def test_an_empty_value_is_refused(text: str) -> None:
    assert "a: is empty; give it a value or remove the key (line 1" in refusal(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &x 1\nb: *x", "b: is an alias"),
        ("a: &x [*x]", "a[0]: is an alias"),
        ("a: &x {m: 1}\nb:\n  <<: *x", "merge keys"),
        ("? [a]\n: 1", "a key must be plain text"),
        ("a: !!python/name:os.system x", "the YAML tag tag:yaml.org,2002:python/name:os.system is not allowed"),
        ("a: 1\n---\nb: 2", "single document"),
        ("a: [1", "line 1, column 6"),
        ("a: 1\n\tb: 2", "line 2, column 1"),
        ("a: 1e99999999999999999999", "cannot be handled (line 1, column 4)"),
        ('a: "\\U00110000"', "is not YAML"),
        ("a: \x00", "is not YAML"),
        ("[" * 1000, "is nested too deeply"),
    ],
)
def test_what_else_is_refused_is_told_with_its_place(text: str, told: str) -> None:
    assert told in refusal(text)


def test_an_empty_text_is_nothing() -> None:
    assert yaml_text.parse("# only a comment\n", source="p.yaml") is None


@settings(deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-?[]{}&*!|>%@'\"#,.0123 \n\t\\~<\ud800"), max_size=40))
def test_any_text_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    with contextlib.suppress(PolicyError):
        yaml_text.parse(text, source="p.yaml")
