"""Shared evidence: whole or not there, within what a version can hold, and the same each time it is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.shared_evidence import (
    EVIDENCE_PROPERTY,
    LONGEST_PART,
    MOST_PARTS,
    properties,
    text_in,
)

METRICS = st.dictionaries(st.text(max_size=30), st.floats(allow_nan=False, allow_infinity=False), max_size=40)
WORDS = st.dictionaries(st.text(max_size=20), st.text(max_size=200), max_size=10)
POINTS = st.lists(st.fixed_dictionaries({"step": st.integers(0), "value": st.floats(0, 1)}), max_size=50)


def decision(**candidate: Any) -> dict[str, Any]:
    measured: dict[str, Any] = {
        "metrics": {},
        "slices": {},
        "history": {},
        "comparable": {},
        "from_tags": [],
        "tags": {},
    }
    known = {"work": "w1", "artifact_sha256": "5a", "lineage": {"lineage.job": "j1"}, **measured}
    said = {"model": "churn", "version": 7, "seq": 3, "decided_at": "2026-03-02T08:00:00+00:00"}
    return {**said, "policy": {"digest": "d"}, "candidate": known | candidate}


def read(said: dict[str, str]) -> dict[str, Any]:
    text = text_in(said)
    assert text is not None
    found: dict[str, Any] = json.loads(text)
    return found


@given(metrics=METRICS, tags=WORDS, points=POINTS)
def test_what_was_measured_comes_back(metrics: dict[str, float], tags: dict[str, str], points: list[Any]) -> None:
    said = properties(decision(metrics=metrics, tags=tags, history={"loss": points}), "d1", workspace="/w")

    found = read(said)

    assert (found["metrics"], found["tags"], found["history"]) == (metrics, tags, {"loss": points})
    assert max(map(len, said.values())) <= LONGEST_PART
    assert said == properties(decision(metrics=metrics, tags=tags, history={"loss": points}), "d1", workspace="/w")


def test_what_is_too_long_is_left_out_in_order_and_said_to_be() -> None:
    history = {"loss": [{"step": step, "value": 0.5} for step in range(5000)]}
    slices = {f"country={number}": {"accuracy": 0.9} for number in range(2000)}

    found = read(properties(decision(metrics={"accuracy": 0.9}, slices=slices, history=history), "d1", workspace="/w"))

    assert found["left_out"] == ["history", "slices"]
    assert found["metrics"] == {"accuracy": 0.9}


def test_too_many_metrics_are_left_out_too_and_never_cut() -> None:
    metrics = {f"metric-{number}": 0.123456789 for number in range(5000)}

    said = properties(decision(metrics=metrics), "d1", workspace="/w")

    assert "metrics" not in read(said)
    assert sum(name.startswith(f"{EVIDENCE_PROPERTY}.") for name in said) <= MOST_PARTS


def test_it_says_where_it_comes_from() -> None:
    said = properties(decision(), "d1", workspace="/w")

    assert said["registrar.shared_from"] == "/w/models/churn/versions/7"
    assert (said["registrar.decision"], said["registrar.decision_seq"]) == ("d1", "3")
    assert (said["registrar.work"], said["registrar.artifact_sha256"], said["lineage.job"]) == ("w1", "5a", "j1")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda said: said.pop(f"{EVIDENCE_PROPERTY}.1"),
        lambda said: said.pop(f"{EVIDENCE_PROPERTY}.2"),
        lambda said: said.pop(EVIDENCE_PROPERTY),
        lambda said: said.update({f"{EVIDENCE_PROPERTY}.1": said[f"{EVIDENCE_PROPERTY}.1"].replace("0.9", "0.1")}),
        lambda said: said.update({EVIDENCE_PROPERTY: "0" * 64}),
        lambda said: said.clear(),
    ],
)
def test_evidence_that_was_lost_or_edited_is_none(spoil: Any) -> None:
    said = properties(decision(metrics={"a": 0.9}, tags={"t": "x" * LONGEST_PART}), "d1", workspace="/w")

    spoil(said)

    assert text_in(said) is None
