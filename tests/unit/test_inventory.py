"""The inventory: two listings have one fingerprint exactly when they list the same files."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.inventory import MOST_FILES, Artifact, digest
from registration.artifacts.store import StoredFile
from tests.fakes import OUTPUTS, MemoryStore
from tests.world import CHURN, World, job_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.artifacts.store import Location

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


@dataclass
class Countless(MemoryStore):
    """A store whose folders have more files than anybody can list; `listed` is how many were asked for."""

    listed: int = 0
    most: int | None = None

    def files(self, location: Location) -> Iterator[StoredFile]:
        for number in itertools.count() if self.most is None else range(self.most):
            self.listed += 1
            name = f"{number:012}.bin"
            yield StoredFile(name, 1, "e", location.account, location.container, f"{location.name}/{name}")


def test_an_endless_listing_is_read_no_further_than_one_file_too_many() -> None:
    store = Countless()

    artifact = Artifact.of(store.files(OUTPUTS))

    assert (store.listed, len(artifact.files), artifact.is_cut) == (MOST_FILES + 1, MOST_FILES, True)
    assert [finding.code for finding in artifact.excess] == ["artifact.too_many_files"]


def test_as_many_files_as_may_be_are_a_whole_artifact_and_another_than_with_one_more() -> None:
    whole, cut = (Artifact.of(store.files(OUTPUTS)) for store in (Countless(most=MOST_FILES), Countless()))

    assert (whole.is_cut, whole.excess, whole.files) == (False, (), cut.files)
    assert whole.fingerprint != cut.fingerprint


@pytest.mark.parametrize("policy", [CHURN, CHURN.replace("output: model", "output: model, path: '*.bin'")])
def test_a_job_that_wrote_countless_files_is_rejected_and_none_is_read(policy: str) -> None:
    world = World()
    world.job("j1")
    world.policies.kept["churn.yaml"] = policy
    store = world.store = Countless(world.faults)

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, store.opened, world.registry.versions) == ("rejected", [], {})
    assert outcome.reasons[0].startswith(f"there are more than {MOST_FILES} files")
    assert all(not step["candidate"]["files"] for step in world.history("churn"))
