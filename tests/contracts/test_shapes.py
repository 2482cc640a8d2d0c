"""The comparison that holds the stand-in to the recordings sees what it must, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.shapes import differences


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, "b: only there"),
        ({"a": 1, "b": 2}, {"a": 1}, "b: only here"),
        ({"a": {"b": None}}, {"a": {"b": "x"}}, "a.b: null here, text there"),
        ({"a": True}, {"a": 1}, "a: boolean here, number there"),
        ([], {}, "the whole: list here, object there"),
        ({"a": [{"b": 1}]}, {"a": [{"b": "x"}]}, "a.0.b: number here, text there"),
        ([], [{"type": "Time", "info": {}}], "Time: only there"),
    ],
)
def test_a_difference_is_named_with_its_place(ours: Any, theirs: Any, said: str) -> None:
    assert list(differences(ours, theirs)) == [said]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({"a": 1, "b": "x"}, {"b": "y", "a": 2.5}),
        ({"tags": {"mine": "1"}}, {"tags": {}}),
        ({"properties": {"properties": {"k": "v"}}}, {"properties": {"properties": {}}}),
        ({"value": [{"a": 1}]}, {"value": [{"a": 2}, {"a": 3}]}),
    ],
)
def test_values_free_members_and_lengths_do_not_matter(ours: Any, theirs: Any) -> None:
    assert list(differences(ours, theirs)) == []
