"""The inventory: two listings have one fingerprint exactly when they list the same files."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.inventory import Artifact, digest
from registration.artifacts.store import StoredFile

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
FILES = st.lists(
    st.builds(
        StoredFile, NAMES, st.integers(0, 9), NAMES, account=st.just("a"), container=st.just("c"), name=st.just("n")
    ),
    max_size=5,
    unique_by=lambda file: file.path,
)
FILE = StoredFile("model.onnx", 3, "e1", "a", "c", "out/model.onnx")


@given(FILES, st.randoms())
def test_the_order_of_a_listing_does_not_matter(files: list[StoredFile], random: object) -> None:
    shuffled = list(files)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis does not export the type of its Random

    assert Artifact.of(shuffled) == Artifact.of(files)
    assert Artifact.of(shuffled).fingerprint == Artifact.of(files).fingerprint


@given(FILES, FILES)
def test_other_files_give_another_fingerprint(first: list[StoredFile], second: list[StoredFile]) -> None:
    same = Artifact.of(first) == Artifact.of(second)

    assert (Artifact.of(first).fingerprint == Artifact.of(second).fingerprint) == same


@pytest.mark.parametrize("changes", [{"path": "other.onnx"}, {"size": 4}, {"etag": "e2"}])
def test_a_file_renamed_resized_or_written_again_changes_the_fingerprint(changes: dict[str, str]) -> None:
    changed = replace(FILE, **changes)  # type: ignore[arg-type]  # mypy cannot match the keys with the fields

    assert Artifact.of([changed]).fingerprint != Artifact.of([FILE]).fingerprint


def test_where_the_files_lie_does_not_change_the_fingerprint() -> None:
    elsewhere = replace(FILE, account="b", container="d", name="copy/model.onnx")

    assert Artifact.of([elsewhere]).fingerprint == Artifact.of([FILE]).fingerprint


def test_size_and_paths_are_those_of_all_files() -> None:
    artifact = Artifact.of([FILE, replace(FILE, path="config/a.json", size=4)])

    assert artifact.size == 7
    assert artifact.paths == {"model.onnx", "config/a.json"}


def test_no_files_are_an_artifact_too() -> None:
    assert Artifact.of([]) == Artifact(())
    assert Artifact.of([]).size == 0


def test_a_digest_does_not_see_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": "ü"}) == digest({"b": "ü", "a": 1})
