"""Completeness: how much of a lineage is known, and whether the same model could be made again."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.completeness import COUNTED, completeness, unreproducible
from registration.lineage import Lineage

WHOLE = Lineage(
    job="J",
    job_output_uri="azureml://jobs/J/outputs/model",
    experiment="churn",
    git_commit="9f2d1c4",
    git_dirty=False,
    git_repository="https://github.example/churn",
    datasets=("azureml:churn-2026:3",),
    environment="azureml:sklearn:7",
    code="azureml:code:1",
    compute="cpu-cluster",
    parameters={"C": "1.0"},
    source_event="e1",
)


def test_a_whole_lineage_lacks_nothing() -> None:
    found = completeness(WHOLE.properties())

    assert (found.score, found.missing) == (Decimal(1), ())


def test_an_empty_lineage_lacks_everything() -> None:
    found = completeness({})

    assert (found.score, found.missing) == (Decimal(0), COUNTED)


@given(unsaid=st.sets(st.sampled_from(COUNTED)))
def test_every_part_that_is_missing_is_named_and_counts_alike(unsaid: set[str]) -> None:
    properties = {key: value for key, value in WHOLE.properties().items() if key.removeprefix("lineage.") not in unsaid}

    found = completeness(properties)

    assert set(found.missing) == unsaid
    assert abs(found.score - Decimal(len(COUNTED) - len(unsaid)) / len(COUNTED)) < Decimal("0.01")


def test_only_a_whole_lineage_scores_one() -> None:
    assert completeness(replace(WHOLE, compute=None).properties()).score == Decimal("0.91")


def test_what_is_whole_can_be_made_again() -> None:
    assert unreproducible(WHOLE.properties()) == ()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"git_commit": None}, "the git commit is not known"),
        ({"git_dirty": True}, "the code had changes that are in no commit"),
        ({"git_dirty": None}, "nobody said whether the code had changes that are in no commit"),
        ({"datasets": ()}, "no dataset is known"),
        (
            {"datasets": ("azureml:a:1", "azureml://datastores/d/paths/churn/")},
            "the dataset azureml://datastores/d/paths/churn/ has no version",
        ),
        (
            {"datasets": ("azureml://locations/eu/workspaces/g/data/azureml_J_input_data_rows/versions/1",)},
            "the dataset azureml://locations/eu/workspaces/g/data/azureml_J_input_data_rows/versions/1 has no version",
        ),
        ({"environment": None}, "the environment is not known"),
        ({"environment": "azureml:sklearn@latest"}, "the environment azureml:sklearn@latest has no version"),
        ({"parameters": {}}, "no parameters are known"),
    ],
)
def test_each_thing_that_keeps_it_from_being_made_again_is_said(change: dict[str, object], fault: str) -> None:
    changed = replace(WHOLE, **change)  # type: ignore[arg-type]  # mixed values

    assert unreproducible(changed.properties()) == (fault,)
