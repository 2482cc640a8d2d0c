"""Outcomes: what is stored comes back as it was, and a repeated one says what it was the first time."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration import outcome as outcomes
from registration.artifacts.store import Location
from registration.candidate import DropSource, JobSource, Refusal
from registration.finding import Finding
from registration.outcome import Outcome

TEXT = st.text(max_size=5)
JOB = JobSource("/ws", "j1", "model", "")
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
    manifest_etag=TEXT | st.none(),
)
REGISTERED = Outcome("e1", "registered", ("fine",), source="job j1", model="churn", version=3, promoted=True, work="w1")


@given(OUTCOMES)
def test_an_outcome_survives_being_stored(outcome: Outcome) -> None:
    assert Outcome.from_dict(json.loads(json.dumps(outcome.to_dict()))) == outcome


def test_a_receipt_leaves_out_what_only_we_need() -> None:
    told = {"outcome", "model", "version", "promoted", "reasons", "work", "decision", "manifest_etag"}

    assert set(REGISTERED.receipt()) == told


def test_an_outcome_with_more_members_than_we_know_is_read() -> None:
    assert Outcome.from_dict(REGISTERED.to_dict() | {"added_later": 1}) == REGISTERED


def refused(count: int) -> Outcome:
    """The outcome of an offer with so many findings."""
    found = tuple(Finding("a", f"files[{number}]", "is wrong") for number in range(count))
    return outcomes.refused(Refusal(JOB, None, "f", found, "e1"), "w1")


@pytest.mark.parametrize("count", [1, outcomes.MOST_REASONS])
def test_as_many_reasons_as_an_outcome_may_have_are_all_given(count: int) -> None:
    assert len(refused(count).reasons) == count
    assert refused(count).reasons[-1] == f"files[{count - 1}]: is wrong"


def test_more_reasons_than_an_outcome_may_have_are_counted() -> None:
    reasons = refused(outcomes.MOST_REASONS + 7).reasons

    assert len(reasons) == 51
    assert reasons[-2:] == ("files[49]: is wrong", "and 7 more")


def test_a_refused_drop_names_the_manifest_it_is_about_and_a_job_has_none() -> None:
    drop = Refusal(DropSource(Location("acc", "incoming", "d")), None, "0x1", (), "e1")

    assert outcomes.refused(drop, "w1").manifest_etag == "0x1"
    assert outcomes.refused(Refusal(JOB, None, "0x1", (), "e1"), "w1").manifest_etag is None


def test_a_refusal_is_rejected_for_every_finding() -> None:
    found = (Finding("a", "files[0].path", "is absolute"), Finding("b", "", "is empty"))

    outcome = outcomes.refused(Refusal(JOB, None, "f", found, "e1"), "w1")

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
