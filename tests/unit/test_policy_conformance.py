"""The engine decides as specified, in every case of tests/conformance, where other tools often do not."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registration.policy import ModelPolicy
from registration.policy.artifact import ArtifactPolicy, CodeScan
from registration.policy.fate import Then
from registration.policy.handling import Defaults
from registration.policy.metrics import Budget, MetricPolicy, SlicePolicy, VsChampion
from registration.policy.require import Require
from tests.conformance import cases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.documents import Document
    from tests.conformance.cases import Case

CASES = cases.every()
PARTS: list[type[Document]] = [
    *(ModelPolicy, MetricPolicy, SlicePolicy, VsChampion, Defaults, Require, Then, Budget),
    *(ArtifactPolicy, CodeScan),
]
# What a version is and is called, who may answer later, the one thing that can follow a hold, and what findings tell.
NOT_DECIDING = {
    "name",
    "type",
    "from",
    "description",
    "tags",
    "approval",
    "hold",
    "signature",
    "framework",
    "serving",
    "pin",
    "retention",
}
PEERS = {"aml-registermodel", "mlflow", "tfma"}
README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.file}: {case.name}")
def test_the_case_is_decided_as_specified(case: Case) -> None:
    assert cases.seen(case.decide()) == case.expected


def test_every_case_has_a_claim_of_its_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def keys(value: object) -> Iterator[str]:
    """Every key of a mapping, at any depth."""
    for key, inner in value.items() if isinstance(value, dict) else ():
        yield key
        yield from keys(inner)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_key_of_the_vocabulary_is_in_some_case(part: type[Document]) -> None:
    used = {key for case in CASES for key in keys(case.asked["policy"])}
    known = {info.alias or name for name, info in part.model_fields.items()}

    assert known - NOT_DECIDING <= used


def test_the_peers_in_the_cases_are_those_that_were_run() -> None:
    answered = [case.asked["peers"].keys() for case in CASES if case.file == "peers"]

    assert len(answered) == 14
    assert all(peers == PEERS for peers in answered)
    assert {peer for case in CASES for peer in case.asked.get("wrong", ())} == PEERS


def test_the_readme_counts_the_cases() -> None:
    said = re.search(r"(\d+) cases", README.read_text(encoding="utf-8"))

    assert said
    assert int(said[1]) == len(CASES)
