"""Drops: a manifest that keeps to its contract and its place is a candidate; any other is refused, naming the place."""

from __future__ import annotations

import json

import pytest

from registration import events
from registration.artifacts.validation import Promise
from registration.candidate import Candidate, DropSource, Refusal
from registration.events import BlobCreated, NotOfInterest
from registration.policy import catalog
from registration.sources import drops
from tests.world import DIGITS, INCOMING, World, blob_event, promise

FOLDER = "vendor-a/1"


@pytest.fixture
def world() -> World:
    return World()


def offers(world: World, path: str = f"{FOLDER}/model.manifest.json") -> Candidate | Refusal | NotOfInterest:
    blob = events.parse(json.loads(blob_event(INCOMING / path)))
    assert isinstance(blob, BlobCreated)
    offered = drops.offers(blob, store=world.store, catalog=catalog.load(world.policies))
    return offered if isinstance(offered, NotOfInterest) else offered[0]


def candidate(world: World) -> Candidate:
    offered = offers(world)
    assert isinstance(offered, Candidate)
    return offered


def refusal(world: World) -> Refusal:
    offered = offers(world)
    assert isinstance(offered, Refusal)
    return offered


def test_a_drop_offers_its_folder_with_what_its_manifest_promises(world: World) -> None:
    world.drop(FOLDER, files={"model.onnx": b"bytes"}, tags={"team": "a"}, description="A better one.")

    offered = candidate(world)

    assert offered.source == DropSource(INCOMING / FOLDER)
    assert offered.promises == (Promise(**promise("model.onnx", b"bytes")),)  # type: ignore[arg-type]  # mixed values
    assert (offered.metrics, offered.tags, offered.description) == ({"accuracy": 0.9}, {"team": "a"}, "A better one.")


def test_the_etag_of_the_manifest_stands_for_the_whole_drop(world: World) -> None:
    world.drop(FOLDER)

    assert candidate(world).listing_etag == world.store.blobs[INCOMING / f"{FOLDER}/model.manifest.json"][1]


def test_lineage_is_what_the_team_says_of_it(world: World) -> None:
    said = {"job": "their-job", "run_uri": "runs:/their-job/model", "git_commit": "abc", "environment": "env:1"}
    world.drop(FOLDER, lineage={**said, "datasets": ["d1"]})

    lineage = candidate(world).lineage

    assert (lineage.job, lineage.job_output_uri) == ("their-job", "runs:/their-job/model")
    assert (lineage.git_commit, lineage.datasets, lineage.environment) == ("abc", ("d1",), "env:1")


def test_lineage_names_where_a_drop_lies_and_who_says_it_made_it(world: World) -> None:
    world.drop(FOLDER, producer="Vendor A", lineage={"git_dirty": False, "parameters": {"C": "1.0"}})

    lineage = candidate(world).lineage

    assert (lineage.drop, lineage.producer) == (f"dropsprod/incoming/{FOLDER}", "Vendor A")
    assert (lineage.git_dirty, lineage.parameters) == (False, {"C": "1.0"})


def test_a_manifest_in_the_root_of_its_container_is_a_drop_too(world: World) -> None:
    world.policies.kept["digits.yaml"] = DIGITS.replace(", prefix: vendor-a/", "")
    world.store.put(INCOMING / "model.onnx", b"x")
    document = {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": "digits"}
    document |= {"files": [promise("model.onnx", b"x")]}  # type: ignore[dict-item]  # a list beside texts
    world.store.put(INCOMING / "model.manifest.json", json.dumps(document).encode())

    offered = offers(world, "model.manifest.json")

    assert isinstance(offered, Candidate)
    assert offered.source == DropSource(INCOMING)


def test_a_broken_manifest_is_refused_with_every_place(world: World) -> None:
    world.manifest(FOLDER, files=[promise("../up", b"x"), promise("ok", b"x", size=-1)], extra=1)

    refused = refusal(world)

    assert {finding.code for finding in refused.findings} == {"manifest.invalid"}
    assert {finding.path for finding in refused.findings} == {"files[0].path", "files[1].size", "extra"}
    assert refused.model is None


def test_a_manifest_that_is_no_json_is_refused(world: World) -> None:
    world.store.put(INCOMING / f"{FOLDER}/model.manifest.json", b"{")

    (finding,) = refusal(world).findings

    assert str(finding).startswith("model.manifest.json: is not JSON: line 1 column 2")


def test_a_manifest_too_large_to_read_is_refused(world: World) -> None:
    world.store.put(INCOMING / f"{FOLDER}/model.manifest.json", b" " * (2 * 1024 * 1024))

    (finding,) = refusal(world).findings

    assert "is longer than 1048576 bytes" in finding.message


def test_a_model_that_is_not_granted_to_the_place_is_refused(world: World) -> None:
    world.drop(FOLDER, model="churn")

    (finding,) = refusal(world).findings

    assert (finding.code, finding.path) == ("manifest.model_not_granted", "model")
    assert finding.message == "'churn' is not granted to this location; granted: digits"


def test_a_file_that_is_no_manifest_offers_nothing(world: World) -> None:
    world.drop(FOLDER)

    offered = offers(world, f"{FOLDER}/model.onnx")

    assert isinstance(offered, NotOfInterest)
    assert offered.reason == f"no policy takes it for a drop, nor for the end of one: incoming/{FOLDER}/model.onnx"


@pytest.mark.parametrize(
    "path", ["vendor-b/1/model.manifest.json", "model.manifest.json", "vendor-a-2/model.manifest.json"]
)
def test_a_manifest_outside_every_policy_offers_nothing(world: World, path: str) -> None:
    offered = offers(world, path)

    assert isinstance(offered, NotOfInterest)
    assert offered.reason == f"no policy matches a drop at incoming/{path}"


def test_a_manifest_that_is_gone_offers_nothing(world: World) -> None:
    offered = offers(world)

    assert isinstance(offered, NotOfInterest)
    assert offered.reason == f"the manifest dropsprod/incoming/{FOLDER}/model.manifest.json is gone"
