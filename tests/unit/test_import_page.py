"""What importers hand out is YAML that reads back as itself, whatever text a config held."""

from __future__ import annotations

import contextlib
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.errors import ForeignConfigError, Problem
from registration.policy import document, yaml_text
from registration.policy.importers import KINDS, page

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
SCALARS = (
    TEXTS | st.booleans() | st.decimals(allow_nan=False, allow_infinity=False, min_value=-9, max_value=9, places=3)
)
NAMES = TEXTS.filter(lambda key: key != "<<")  # YAML's merge key, which no policy may have
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=10,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
KEYS = [
    "model_name", "model_tags", "metrics_max", "metrics_min", "force_registration", "datasets", "metrics_specs",
    "thresholds", "threshold", "value_threshold", "lower_bound", "change_threshold", "absolute", "direction", "Steps",
    "Type", "Condition", "Arguments", "Conditions", "IfSteps", "LeftValue", "RightValue", "greater_is_better",
]  # fmt: skip
CONFIGS = st.recursive(
    st.none() | st.booleans() | st.floats() | st.sampled_from(["Condition", "LessThan", "HIGHER_IS_BETTER", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4))
def test_a_page_reads_back_as_what_was_written(policy: dict[str, Any]) -> None:
    assert yaml_text.parse(page.body(policy), source="p") == policy


def test_what_yaml_would_take_for_something_else_is_quoted() -> None:
    words = [
        "true",
        "Null",
        "no",
        "1",
        "1e3",
        ".nan",
        "- a",
        "a: b",
        "# c",
        "*",
        "",
        "5 %",
        "<<",
        "'",
        "\x7f",
        "\ufeff",
    ]

    assert yaml_text.parse(page.body({"a": words}), source="p") == {"a": words}


def test_numbers_are_written_for_people() -> None:
    assert page.body({"a": {"b": Decimal("0.80"), "c": Decimal("1E+2"), "d": "5%"}}) == "a: {b: 0.8, c: 100, d: 5%}\n"


def test_a_comment_stays_a_comment() -> None:
    hostile = Problem("a\nb: 1", "x\r\u2028y\x1b[2J")

    text = page.commented({"a": "1"}, source="f\nname: evil", tool="t", warnings=[hostile])

    assert [line for line in text.splitlines() if not line.startswith("#")] == ['a: "1"']


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=60)
@given(config=CONFIGS | JSON)
def test_any_json_is_imported_as_a_policy_that_parses_or_refused(kind: str, config: object) -> None:
    with contextlib.suppress(ForeignConfigError):
        found = KINDS[kind](json.dumps(config), source="f")

        assert document.parse(found.text(source="f"), source="f") == found.document
        assert found.warnings


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=30))
def test_any_text_is_imported_or_refused(kind: str, text: str) -> None:
    with contextlib.suppress(ForeignConfigError):
        KINDS[kind](text, source="f")
