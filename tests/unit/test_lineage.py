"""Lineage: properties say what is known and nothing else, and are read back whatever people did to them."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.lineage import LONGEST_PROPERTY, Lineage

WORDS = st.text(min_size=1, max_size=12)
SAID = st.none() | WORDS
LINEAGE = st.builds(
    Lineage,
    job=SAID,
    job_output_uri=SAID,
    experiment=SAID,
    git_commit=SAID,
    datasets=st.lists(WORDS, max_size=4).map(tuple),
    environment=SAID,
    source_event=SAID,
    attested_by=WORDS,
    parent_job=SAID,
    step=SAID,
    git_dirty=st.none() | st.booleans(),
    git_repository=SAID,
    git_branch=SAID,
    code=SAID,
    compute=SAID,
    parameters=st.dictionaries(WORDS, st.text(max_size=12), max_size=4),
    base_models=st.lists(WORDS, max_size=4).map(tuple),
    drop=SAID,
    producer=SAID,
    claimed=st.lists(WORDS, max_size=4).map(tuple),
)


def test_properties_leave_out_what_nobody_said() -> None:
    assert Lineage().properties() == {"lineage.attested_by": "workspace"}
    assert Lineage(job="J", experiment="").properties() == {"lineage.job": "J", "lineage.attested_by": "workspace"}


def test_properties_say_that_nobody_checked_what_a_manifest_claims() -> None:
    assert Lineage(job="J", attested_by="manifest").properties()["lineage.attested_by"] == "manifest"


def test_properties_name_everything_that_was_said() -> None:
    known = Lineage("J", "azureml://jobs/J/outputs/model", "churn", "9f2d1c4", ("a,b:1", "ü:2"), "sklearn:3", "event-1")

    properties = known.properties()

    assert json.loads(properties.pop("lineage.datasets")) == ["a,b:1", "ü:2"]
    assert properties == {
        "lineage.job": "J",
        "lineage.job_output_uri": "azureml://jobs/J/outputs/model",
        "lineage.experiment": "churn",
        "lineage.git_commit": "9f2d1c4",
        "lineage.environment": "sklearn:3",
        "lineage.source_event": "event-1",
        "lineage.attested_by": "workspace",
    }


@given(known=LINEAGE)
def test_lineage_comes_back_from_its_properties(known: Lineage) -> None:
    assert Lineage.of_properties(known.properties()) == known


@given(known=LINEAGE)
def test_what_fits_is_stored_as_it_is(known: Lineage) -> None:
    assert known.stored() == known.properties()


def test_evidence_says_the_same_without_the_prefix() -> None:
    assert Lineage.of_properties({"job": "J", "git_dirty": "false"}) == Lineage("J", git_dirty=False, attested_by="")


@pytest.mark.parametrize(
    ("name", "text"),
    [("datasets", "no JSON"), ("datasets", "{}"), ("parameters", "[]"), ("git_dirty", "perhaps"), ("unheard_of", "1")],
)
def test_what_nobody_of_ours_wrote_is_not_known(name: str, text: str) -> None:
    assert Lineage.of_properties({f"lineage.{name}": text}) == Lineage(attested_by="")


@given(datasets=st.lists(st.text(max_size=400), max_size=40), environment=st.text(min_size=1, max_size=3000))
def test_nothing_too_long_is_stored_and_what_was_cut_is_named(datasets: list[str], environment: str) -> None:
    known = Lineage(datasets=tuple(datasets), environment=environment)

    stored, whole = known.stored(), known.properties()

    cut = json.loads(stored.pop("lineage.cut", "[]"))
    assert all(len(value) <= LONGEST_PROPERTY for value in stored.values())
    assert cut == [key.removeprefix("lineage.") for key in whole if stored[key] != whole[key]]


def test_a_list_that_is_cut_is_still_a_list() -> None:
    known = Lineage(datasets=tuple(f"azureml:data-{number:04}:1" for number in range(200)))

    stored = Lineage.of_properties(known.stored())

    assert 0 < len(stored.datasets) < len(known.datasets)
    assert stored.datasets == known.datasets[: len(stored.datasets)]


def test_parameters_that_are_cut_lose_the_last_names() -> None:
    known = Lineage(parameters={f"p{number:04}": "x" * 20 for number in range(200)})

    stored = Lineage.of_properties(known.stored())

    assert list(stored.parameters) == sorted(known.parameters)[: len(stored.parameters)]
    assert json.loads(known.stored()["lineage.cut"]) == ["parameters"]


def test_a_hundred_thousand_entries_are_cut_at_once() -> None:
    many = {f"p{number}": "x" for number in range(100_000)}
    known = Lineage(parameters=many, datasets=tuple(many))
    start = time.process_time()

    stored = known.stored()

    assert time.process_time() - start < 5
    assert json.loads(stored["lineage.cut"]) == ["datasets", "parameters"]
    assert len(stored["lineage.datasets"]) > LONGEST_PROPERTY - len('"p1000", ')
