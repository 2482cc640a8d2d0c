"""A selection: a pattern in a policy's path means exactly one file or folder, or it is refused with what there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration import events
from registration.artifacts.store import StoredFile
from registration.candidate import Candidate, Refusal
from registration.errors import NotVisibleYetError
from registration.finding import Finding
from registration.policy.job_output import fits
from registration.sources.selection import select
from tests.fakes import OUTPUTS
from tests.world import CHURN, World, job_event

if TYPE_CHECKING:
    from registration.sources.resolve import Offer

NAMES = st.text("ab*?", min_size=1, max_size=3)


def files(*paths: str) -> list[StoredFile]:
    return [StoredFile(path, 1, "etag", "account", "container", path) for path in sorted(paths)]


def refused(pattern: str, *paths: str, model_type: str = "custom_model") -> Finding:
    found = select(files(*paths), pattern, model_type=model_type)
    assert isinstance(found, Finding), found
    return found


@pytest.mark.parametrize(
    ("pattern", "means"),
    [
        ("*.onnx", "best.onnx"),
        ("checkpoints/*/last", "checkpoints/7/last"),
        ("**/last", "checkpoints/7/last"),
        ("check*", "checkpoints"),
        ("**/weights.b?n", "checkpoints/7/last/weights.bin"),
    ],
)
def test_a_pattern_means_the_one_file_or_folder_that_fits(pattern: str, means: str) -> None:
    there = files("best.onnx", "checkpoints/7/last/weights.bin", "checkpoints/7/last/config.json")

    assert select(there, pattern, model_type="custom_model") == means


@pytest.mark.parametrize(("there", "means"), [("run/model/MLmodel", "run/model"), ("MLmodel", "")])
def test_the_file_mlmodel_stands_for_the_folder_of_an_mlflow_model(there: str, means: str) -> None:
    assert select(files(there), "**/MLmodel", model_type="mlflow_model") == means
    assert select(files(there), "**/MLmodel", model_type="custom_model") == there


def test_nothing_that_fits_is_refused_with_what_there_is() -> None:
    found = refused("*.onnx", "model.bin", "logs/train.txt")

    assert found.code == "job.path_missing"
    assert found.message == "nothing in the output fits '*.onnx'; it holds: 'logs/train.txt', 'model.bin'"


def test_several_that_fit_are_refused_with_all_of_them_and_never_the_first() -> None:
    found = refused("*.onnx", "b.onnx", "a.onnx", "c.bin")

    assert found.code == "job.path_ambiguous"
    assert found.message == "several files or folders in the output fit '*.onnx': 'a.onnx', 'b.onnx'"


def test_a_folder_inside_a_folder_of_the_same_name_is_a_second_match() -> None:
    assert refused("**/model", "model/model/weights.bin").code == "job.path_ambiguous"


def test_of_very_many_some_are_named() -> None:
    many = [f"{number:03}.onnx" for number in range(500)]

    assert refused("*.onnx", *many).message.endswith("'008.onnx', '009.onnx' and more")
    assert refused("*.pt", *many).message.endswith("'008.onnx', '009.onnx' and more")


@pytest.mark.parametrize("path", ["a\x01b.onnx", "a\\b.onnx", "x//y.onnx"])
def test_a_path_that_no_uri_can_hold_is_refused(path: str) -> None:
    assert refused("**/*.onnx", path).code == "job.path_unusable"


def test_a_folder_that_the_sdk_takes_for_a_file_is_refused_for_an_mlflow_model() -> None:
    assert refused("v*", "v1.0/MLmodel", model_type="mlflow_model").code == "job.path_unusable"
    assert select(files("v1.0/MLmodel"), "v*", model_type="custom_model") == "v1.0"


def test_an_output_that_shows_no_files_yet_is_waited_for() -> None:
    with pytest.raises(NotVisibleYetError, match="shows no files"):
        select([], "*.onnx", model_type="custom_model")


@given(st.lists(NAMES, min_size=1, max_size=6))
def test_any_folders_fit_every_path_and_a_plain_pattern_only_itself(parts: list[str]) -> None:
    path = "/".join(parts)

    assert fits(path, "**")
    assert fits(path, "/".join("*" for _ in parts))
    assert not fits(path, "/".join("*" for _ in range(len(parts) + 1)))
    assert fits("/".join("a" for _ in parts), "/".join("a" for _ in parts))


def test_a_pattern_of_many_folders_takes_no_time_on_a_deep_path() -> None:
    assert not fits("/".join("a" * 512), "/".join(["**", "a"] * 20 + ["b"]))


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1", files={"run-7/model.onnx": b"seven", "log.txt": b"done"})
    world.policies.kept["churn.yaml"] = CHURN.replace("{output: model}", '{output: model, path: "run-*"}')
    return world


def offered(world: World) -> Offer:
    found = world.resolver.offers(events.parse(json.loads(job_event("j1"))))
    assert isinstance(found, list)
    (offer,) = found
    return offer


def test_what_a_pattern_means_is_part_of_the_source(world: World) -> None:
    offer = offered(world)

    assert isinstance(offer, Candidate)
    assert offer.location == OUTPUTS / "azureml/j1/model/run-7"
    assert str(offer.source) == "job j1, output model, path run-7"
    assert offer.lineage.job_output_uri == "azureml://jobs/j1/outputs/model/paths/run-7"


def test_a_second_match_is_rejected_and_nothing_is_registered(world: World) -> None:
    world.store.put(OUTPUTS / "azureml/j1/model/run-8/model.onnx", b"eight")

    outcome = world.process(job_event("j1"))

    assert outcome.outcome == "rejected"
    assert outcome.reasons[0].startswith("several files or folders in the output fit 'run-*': 'run-7', 'run-8'")
    assert not world.registry.versions


def test_a_refused_output_that_is_written_again_is_new_work(world: World) -> None:
    world.store.put(OUTPUTS / "azureml/j1/model/run-8/model.onnx", b"eight")
    first = offered(world)
    world.store.put(OUTPUTS / "azureml/j1/model/run-8/model.onnx", b"ate")

    again = offered(world)

    assert isinstance(first, Refusal)
    assert isinstance(again, Refusal)
    assert first.fingerprint != again.fingerprint
