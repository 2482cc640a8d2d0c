"""Drops without a manifest: a marker completes a folder, or a file is a model by itself, where a policy says so."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from registration.candidate import DropSource, FileSource
from registration.errors import ArtifactChangedError
from tests.world import DIGITS, INCOMING, World, blob_event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.outcome import Outcome

FOLDER = INCOMING / "vendor-a/1"
FILE = INCOMING / "vendor-a/digits.onnx"
GOOD = {"registrar_metric_accuracy": "0.9", "Registrar_Lineage_Git_Commit": "c0ffee"}


def with_drop(said: str) -> World:
    world = World()
    world.policies.kept["digits.yaml"] = DIGITS.replace("prefix: vendor-a/", f"prefix: vendor-a/, {said}")
    return world


@pytest.fixture
def marked() -> World:
    return with_drop("completeness: marker")


@pytest.fixture
def single() -> World:
    return with_drop('completeness: single_file, files: "*.onnx"')


def mark(
    world: World, files: Mapping[str, bytes], *, said: Mapping[str, str] = GOOD, marker: str = "_SUCCESS"
) -> Outcome:
    """The outcome of a folder with these files, and then its marker."""
    for path, data in files.items():
        world.store.put(FOLDER / path, data)
    world.store.put(FOLDER / marker, b"", metadata=said)
    return world.process(blob_event(FOLDER / marker))


def leave(world: World, *, said: Mapping[str, str] = GOOD) -> Outcome:
    """The outcome of a file with this metadata."""
    world.store.put(FILE, b"onnx", metadata=said)
    return world.process(blob_event(FILE))


def receipt(world: World, place: str = "vendor-a/1/model.receipt.json") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.store.blobs[INCOMING / place][0])
    return found


def test_a_marker_completes_a_folder_of_which_everything_else_is_the_model(marked: World) -> None:
    outcome = mark(marked, {"a/model.onnx": b"x", "vocabulary.txt": b"y", "old.sig": b"z"})

    files = marked.history("digits")[0]["candidate"]["files"]
    assert (outcome.outcome, [file["path"] for file in files]) == ("registered", ["a/model.onnx", "vocabulary.txt"])
    assert marked.registry.versions["digits", 1].properties["lineage.git_commit"] == "c0ffee"
    assert receipt(marked)["manifest_etag"] == marked.store.blobs[FOLDER / "_SUCCESS"][1]


def test_a_marker_may_have_another_name() -> None:
    world = with_drop("completeness: marker, marker: DONE")

    assert mark(world, {"model.onnx": b"x"}, marker="DONE").outcome == "registered"
    assert mark(world, {"model.onnx": b"x"}).outcome == "ignored"


def test_without_metrics_the_policys_metrics_are_missing(marked: World) -> None:
    outcome = mark(marked, {"model.onnx": b"x"}, said={})

    assert outcome.outcome == receipt(marked)["outcome"] == "rejected"
    assert "the candidate's accuracy is missing" in outcome.reasons[0]


def test_the_same_marker_heard_again_is_a_duplicate_and_a_new_one_a_new_offer(marked: World) -> None:
    mark(marked, {"model.onnx": b"x"}, said={"registrar_metric_accuracy": "0.1"})
    again = marked.process(blob_event(FOLDER / "_SUCCESS"))

    marked.store.put(FOLDER / "_SUCCESS", b"", metadata=GOOD)
    anew = marked.process(blob_event(FOLDER / "_SUCCESS"))

    assert (again.outcome, anew.outcome, receipt(marked)["outcome"]) == ("duplicate", "registered", "registered")


def test_files_written_again_under_the_same_marker_are_other_work(marked: World) -> None:
    mark(marked, {"model.onnx": b"x"})
    marked.store.put(FOLDER / "model.onnx", b"y")

    assert marked.process(blob_event(FOLDER / "_SUCCESS")).outcome == "registered"
    assert len(marked.works()) == 2


def test_a_marker_that_is_replaced_while_the_drop_is_judged_gets_an_answer_of_its_own(marked: World) -> None:
    replacing = lambda: marked.store.put(FOLDER / "_SUCCESS", b"", metadata=GOOD)  # noqa: E731 - said where it is used
    marked.faults.meanwhile("registry create", replacing)

    outcome = mark(marked, {"model.onnx": b"x"})

    assert (outcome.outcome, marked.registry.visible("digits")) == ("rejected", [])
    assert outcome.reasons == ("_SUCCESS: was replaced while this drop was judged; the new one counts",)
    assert FOLDER / "model.receipt.json" not in marked.store.blobs


REFUSED: list[tuple[str, dict[str, bytes], str]] = [
    ("", {}, "_SUCCESS: there is no file in the folder but the marker; upload the files of the model first"),
    (", limits: {files: 1}", {"a": b"1", "b": b"2", "c": b"3"}, "there are more than 1 files, which is the most"),
    (", limits: {bytes: 2}", {"a": b"123"}, "the files have 3 bytes together; a drop may have 2 here"),
    ("", {"a\\b": b"1"}, "a\\b: holds a backslash"),
    ("", {"a": b"1", "A": b"2"}, "a: can be the same file as 'A'; rename one of them"),
]


@pytest.mark.parametrize(("limits", "files", "reason"), REFUSED)
def test_a_marked_folder_that_breaks_the_contract_is_refused_by_its_listing(
    limits: str, files: dict[str, bytes], reason: str
) -> None:
    world = with_drop(f"completeness: marker{limits}")

    outcome = mark(world, files)

    assert outcome.outcome == receipt(world)["outcome"] == "rejected"
    assert receipt(world)["reasons"][0].startswith(reason)
    assert (world.store.opened, world.registry.versions) == ([], {})


def test_where_several_models_are_fed_only_a_manifest_can_say_which(marked: World) -> None:
    marked.policies.kept["other.yaml"] = marked.policies.kept["digits.yaml"].replace("digits", "other")

    outcome = mark(marked, {"model.onnx": b"x"})

    assert receipt(marked)["reasons"] == list(outcome.reasons)
    assert outcome.reasons[0].startswith(
        "_SUCCESS: the policies give this place to several models (digits, other), and only a manifest can say which; "
    )


def test_a_single_file_is_a_model_with_a_receipt_beside_it(single: World) -> None:
    outcome = leave(single)

    assert (outcome.outcome, outcome.version) == ("registered", 1)
    assert [file["path"] for file in single.history("digits")[0]["candidate"]["files"]] == ["digits.onnx"]
    assert single.registry.versions["digits", 1].properties["lineage.attested_by"] == "metadata"
    told = receipt(single, "vendor-a/digits.onnx.receipt.json")
    assert (told["outcome"], told["manifest_etag"]) == ("registered", single.store.blobs[FILE][1])


@pytest.mark.parametrize("name", ["digits.onnx.receipt.json", "digits.bin", "digits.onnx.sig"])
def test_what_is_no_model_is_not_taken_for_one(single: World, name: str) -> None:
    single.store.put(INCOMING / f"vendor-a/{name}", b"x", metadata=GOOD)

    assert single.process(blob_event(INCOMING / f"vendor-a/{name}")).outcome == "ignored"


@pytest.mark.parametrize("name", ["model.manifest.json", "a.receipt.json"])
def test_not_even_where_every_file_is(name: str) -> None:
    world = with_drop('completeness: single_file, files: "*"')
    world.store.put(INCOMING / f"vendor-a/{name}", b"{}", metadata=GOOD)

    assert world.process(blob_event(INCOMING / f"vendor-a/{name}")).outcome == "ignored"


def test_a_manifest_starts_nothing_where_the_policy_asks_for_something_else(single: World, marked: World) -> None:
    for world in (single, marked):
        world.drop("vendor-a/1")

        assert world.process(blob_event(FOLDER / "model.manifest.json")).outcome == "ignored"


def test_a_single_file_may_bring_its_own_digest(single: World) -> None:
    right = {**GOOD, "registrar_sha256": hashlib.sha256(b"onnx").hexdigest()}

    assert leave(single, said=right).outcome == "registered"
    assert leave(single, said={**GOOD, "registrar_sha256": "0" * 64}).reasons[0] == (
        "digits.onnx: its metadata say sha256 000000000000…, the file has 87e93f89f2be…; "
        "upload it again with its true registrar_sha256"
    )


def test_metadata_written_after_it_was_read_are_other_work(single: World) -> None:
    single.store.put(FILE, b"onnx", metadata=GOOD)
    offer = single.offer(blob_event(FILE))
    single.store.put(FILE, b"onnx", metadata=GOOD)

    with pytest.raises(ArtifactChangedError):
        single.registrar.settle_together((offer,))


WRONG: list[tuple[dict[str, str], str]] = [
    ({"registrar_metric_accuracy": "high"}, "registrar_metric_accuracy: is not a number; write it as 0.93"),
    ({"registrar_accuracy": "1"}, "registrar_accuracy: unknown name; known names: registrar_metric_NAME"),
    ({"registrar_lineage_commit": "c"}, "registrar_lineage_commit: unknown key; did you mean 'git_commit'?"),
    ({"registrar_lineage_git_dirty": "maybe"}, "registrar_lineage_git_dirty: must be true or false"),
    ({"registrar_lineage_datasets": "[1"}, "registrar_lineage_datasets: is not JSON"),
    ({"registrar_lineage_job": "https://x/?sig=hunter2"}, "registrar_lineage_job: carries a credential"),
    ({"registrar_sha256": "abc"}, "registrar_sha256: must be 64 hexadecimal digits"),
    (
        {"registrar_metric_a": "1", "Registrar_Metric_A": "2"},
        "Registrar_Metric_A: says the same as registrar_metric_a; remove one of them",
    ),
]


@pytest.mark.parametrize(("said", "reason"), WRONG)
def test_metadata_that_cannot_be_used_are_answered_with_their_name(
    single: World, said: dict[str, str], reason: str
) -> None:
    outcome = leave(single, said=said)

    told = receipt(single, "vendor-a/digits.onnx.receipt.json")
    assert outcome.outcome == told["outcome"] == "rejected"
    assert told["model"] == "digits"
    assert any(each.startswith(f"digits.onnx: metadata {reason}") for each in told["reasons"])
    assert all(
        each.endswith("write the metadata of digits.onnx anew by uploading it again") for each in told["reasons"]
    )
    assert "hunter2" not in json.dumps(told)


@pytest.mark.parametrize(
    ("metric", "key"), [("Accuracy", "ACCURACY"), ("val/f1-score", "val_f1_score"), ("macro_f1", "Macro_F1")]
)
def test_a_metric_is_known_by_the_name_that_metadata_can_have(single: World, metric: str, key: str) -> None:
    text = single.policies.kept["digits.yaml"]
    single.policies.kept["digits.yaml"] = text.replace("{accuracy:", f'{{"{metric}":')

    assert leave(single, said={f"registrar_metric_{key}": "0.9"}).outcome == "registered"


@pytest.mark.parametrize("value", ["NaN", "-Infinity"])
def test_a_metric_that_is_not_finite_is_judged_by_the_policy(single: World, value: str) -> None:
    outcome = leave(single, said={"registrar_metric_accuracy": value})

    assert outcome.reasons == (f"the candidate's accuracy is {value}",)


def test_somebody_elses_metadata_are_not_read(single: World) -> None:
    assert leave(single, said={**GOOD, "team": "\x00?sig=abc", "registrarx": "1"}).outcome == "registered"


@pytest.mark.parametrize("source", [DropSource(FOLDER, marker="_SUCCESS"), FileSource(FILE)])
def test_an_event_leads_back_to_what_was_dropped(source: DropSource | FileSource) -> None:
    found = World().resolver.event_of(list(source.identity))

    assert found is not None
    assert found.about == str(source.sign)
