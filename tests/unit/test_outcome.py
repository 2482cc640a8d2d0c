"""Outcomes: what is stored comes back as it was, and a repeated one says what it was the first time."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration import outcome as outcomes
from registration.candidate import JobSource, Refusal
from registration.finding import Finding
from registration.outcome import Outcome

TEXT = st.text(max_size=5)
OUTCOMES = st.builds(
    Outcome,
    event=TEXT,
    outcome=TEXT,
    reasons=st.lists(TEXT, max_size=3).map(tuple),
    source=TEXT,
    model=TEXT | st.none(),
    version=st.integers(1) | st.none(),
    promoted=st.booleans(),
    lineage_job_output_uri=TEXT | st.none(),
    work=TEXT | st.none(),
    decision=TEXT | st.none(),
)
REGISTERED = Outcome("e1", "registered", ("fine",), source="job j1", model="churn", version=3, promoted=True, work="w1")


@given(OUTCOMES)
def test_an_outcome_survives_being_stored(outcome: Outcome) -> None:
    assert Outcome.from_dict(json.loads(json.dumps(outcome.to_dict()))) == outcome


def test_a_receipt_leaves_out_what_only_we_need() -> None:
    assert set(REGISTERED.receipt()) == {"outcome", "model", "version", "promoted", "reasons", "work", "decision"}


def test_a_refusal_is_rejected_for_every_finding() -> None:
    found = (Finding("a", "files[0].path", "is absolute"), Finding("b", "", "is empty"))

    outcome = outcomes.refused(Refusal(JobSource("/ws", "j1", "model", ""), None, "f", found, "e1"), "w1")

    assert (outcome.outcome, outcome.reasons) == ("rejected", ("files[0].path: is absolute", "is empty"))
    assert (outcome.source, outcome.work, outcome.event) == ("job j1, output model", "w1", "e1")


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (REGISTERED, "settled before as registered, version 3"),
        (Outcome("e1", "rejected", ("bad",), model="churn"), "settled before as rejected"),
    ],
)
def test_a_repeated_outcome_is_a_duplicate_that_says_what_was_settled(known: Outcome, reason: str) -> None:
    again = outcomes.repeated(known, event="e2")

    assert (again.event, again.outcome, again.reasons) == ("e2", "duplicate", (reason,))
    assert (again.version, again.work, again.promoted) == (known.version, known.work, False)
