"""Drops from end to end: a registered version and a receipt, or a receipt that says exactly why not."""

from __future__ import annotations

import pytest

from registration.errors import (
    UnavailableError,
)
from tests.world import COPIES, INCOMING, World, drop_event, promise

FOLDER = "vendor-a/1"


@pytest.fixture
def world() -> World:
    return World()


def findings(world: World, model: str) -> list[str]:
    """The codes of the findings in the last decision about `model`, but notes."""
    found = world.history(model)[-1]["candidate"]["findings"]
    return [finding["code"] for finding in found if finding["level"] != "note"]


def test_a_drop_is_registered_with_a_receipt_beside_it(world: World) -> None:
    world.drop(FOLDER)

    outcome = world.process(drop_event(FOLDER))

    assert (outcome.outcome, outcome.version) == ("registered", 1)
    assert (world.receipt(FOLDER)["outcome"], world.receipt(FOLDER)["version"]) == ("registered", 1)
    assert world.receipt(FOLDER)["decision"] == outcome.decision


def test_a_broken_manifest_is_rejected_in_a_receipt_that_names_the_place(world: World) -> None:
    world.manifest(FOLDER, files=[promise("/etc/passwd", b"x")])

    outcome = world.process(drop_event(FOLDER))

    (reason,) = world.receipt(FOLDER)["reasons"]
    assert outcome.outcome == world.receipt(FOLDER)["outcome"] == "rejected"
    assert reason.startswith("files[0].path: '/etc/passwd' is absolute")
    assert not world.registry.versions


def test_a_model_that_is_not_granted_to_the_place_is_rejected(world: World) -> None:
    world.drop(FOLDER, model="churn")

    outcome = world.process(drop_event(FOLDER))

    assert outcome.outcome == world.receipt(FOLDER)["outcome"] == "rejected"
    assert "model: 'churn' is not granted" in world.receipt(FOLDER)["reasons"][0]
    assert (world.history("churn"), world.registry.versions) == ([], {})


BROKEN = {
    "drop.file_missing": promise("gone.bin", b"x"),
    "drop.size_mismatch": promise("model.onnx", b"x", size=2),
    "drop.digest_mismatch": promise("model.onnx", b"abc"),
}


@pytest.mark.parametrize(("code", "said"), BROKEN.items())
def test_a_drop_that_breaks_its_promise_is_rejected_with_the_finding_on_record(
    world: World, code: str, said: dict[str, object]
) -> None:
    world.store.put(INCOMING / f"{FOLDER}/model.onnx", b"xyz")
    world.manifest(FOLDER, files=[said])

    outcome = world.process(drop_event(FOLDER))

    assert (outcome.outcome, findings(world, "digits")) == ("rejected", [code])
    assert world.receipt(FOLDER)["reasons"] == list(outcome.reasons)
    assert not world.registry.versions


def test_a_broken_promise_is_rejected_even_if_the_bytes_are_the_champions(world: World) -> None:
    world.drop(FOLDER, files={"model.onnx": b"xyz"})
    world.process(drop_event(FOLDER))
    world.store.put(INCOMING / "vendor-a/2/model.onnx", b"xyz")
    world.manifest("vendor-a/2", files=[promise("model.onnx", b"abc")])

    assert world.process(drop_event("vendor-a/2")).outcome == "rejected"


def test_a_file_planted_in_the_copy_is_a_finding_and_the_version_is_archived(world: World) -> None:
    world.drop(FOLDER)
    copy = COPIES / str(world.case(drop_event(FOLDER)).validation.sha256)
    world.store.put(copy / "setup.py", b"import os")

    outcome = world.process(drop_event(FOLDER))

    assert (outcome.outcome, outcome.reasons[0][:8], findings(world, "digits")) == (
        "rejected",
        "setup.py",
        ["artifact.changed"],
    )
    assert (world.champion("digits"), world.registry.visible("digits")) == (None, [])
    assert world.registry.versions["digits", 1].tags["registrar.status"] == "artifact_changed"
    assert world.receipt(FOLDER)["outcome"] == "rejected"


def test_a_drop_whose_manifest_was_replaced_meanwhile_is_rejected_without_a_receipt(world: World) -> None:
    world.drop(FOLDER)
    world.faults.meanwhile("registry create", lambda: world.drop(FOLDER))

    outcome = world.process(drop_event(FOLDER))

    assert (outcome.outcome, findings(world, "digits")) == ("rejected", ["drop.replaced"])
    assert (world.champion("digits"), world.registry.visible("digits")) == (None, [])
    assert INCOMING / f"{FOLDER}/model.receipt.json" not in world.store.blobs
    assert world.told() == ["Registrar.ModelRejected"]


def test_the_manifest_that_replaced_another_is_settled_by_its_own_event(world: World) -> None:
    world.drop(FOLDER)
    world.faults.meanwhile("registry create", lambda: world.drop(FOLDER))
    world.process(drop_event(FOLDER))

    outcome = world.process(drop_event(FOLDER))

    assert (outcome.outcome, outcome.version, world.champion("digits")) == ("registered", 2, 2)
    assert world.receipt(FOLDER)["manifest_etag"] == world.store.blobs[INCOMING / f"{FOLDER}/model.manifest.json"][1]


def test_a_drop_that_lost_a_file_after_its_version_was_made_leaves_no_version_visible(world: World) -> None:
    world.drop(FOLDER)
    world.faults.fail("registry create", done=True)
    with pytest.raises(UnavailableError):
        world.process(drop_event(FOLDER))
    del world.store.blobs[INCOMING / f"{FOLDER}/model.onnx"]

    outcome = world.process(drop_event(FOLDER))

    assert (outcome.outcome, findings(world, "digits")) == ("rejected", ["drop.file_missing"])
    assert world.registry.visible("digits") == []


def test_a_size_that_does_not_match_is_told_by_the_listing_and_nothing_is_read(world: World) -> None:
    world.drop(FOLDER, files={"a.bin": b"xyz", "model.onnx": b"xyz"})
    world.manifest(FOLDER, files=[promise("a.bin", b"xyz"), promise("model.onnx", b"xyz", size=2)])

    world.process(drop_event(FOLDER))

    assert findings(world, "digits") == ["drop.size_mismatch"]
    assert world.history("digits")[-1]["candidate"]["artifact_sha256"] is None
    assert world.store.opened == []


def test_the_decision_keeps_every_reason_of_an_outcome_that_counts_them(world: World) -> None:
    world.manifest(FOLDER, files=[promise(f"{number:02}.bin", b"x") for number in range(60)])

    outcome = world.process(drop_event(FOLDER))

    assert (len(outcome.reasons), outcome.reasons[-1]) == (51, "and 10 more")
    assert world.receipt(FOLDER)["reasons"] == world.topic.events[0]["data"]["reasons"] == list(outcome.reasons)
    assert len(world.history("digits")[-1]["reasons"]) == len(findings(world, "digits")) == 60


def test_what_a_drop_claims_of_jobs_is_marked_as_its_claim_and_no_event_repeats_it(world: World) -> None:
    world.drop(FOLDER, lineage={"job": "J", "run_uri": "azureml://jobs/J/outputs/model"})

    outcome = world.process(drop_event(FOLDER))

    assert world.registry.versions["digits", 1].properties["lineage.attested_by"] == "manifest"
    assert outcome.lineage_job_output_uri is None


def test_a_receipt_that_cannot_be_written_does_not_keep_the_topic_from_being_told(world: World) -> None:
    world.drop(FOLDER)
    world.faults.fail("store write")

    with pytest.raises(UnavailableError, match="store write"):
        world.process(drop_event(FOLDER))

    assert world.told() == ["Registrar.ModelRegistered", "Registrar.ChampionChanged"]
    assert world.works()[0]["state"] == "decided"


def test_files_that_a_manifest_does_not_list_are_left_out(world: World) -> None:
    world.drop(FOLDER)
    world.store.put(INCOMING / f"{FOLDER}/notes.txt", b"x")

    world.process(drop_event(FOLDER))

    assert [file["path"] for file in world.history("digits")[0]["candidate"]["files"]] == ["model.onnx"]


def test_a_manifest_written_again_is_new_work(world: World) -> None:
    world.manifest(FOLDER, files=[promise("model.onnx", b"xyz")])
    world.process(drop_event(FOLDER))
    world.drop(FOLDER, files={"model.onnx": b"xyz"})

    assert world.process(drop_event(FOLDER)).outcome == "registered"
    assert world.receipt(FOLDER)["outcome"] == "registered"


def test_tags_of_a_drop_cannot_pass_for_ours(world: World) -> None:
    world.drop(FOLDER, tags={"registrar.champion": "true"})

    assert world.process(drop_event(FOLDER)).outcome == "rejected"
    assert world.receipt(FOLDER)["reasons"][0].startswith("tags: 'registrar.champion' is reserved")


def test_metrics_in_the_tags_of_a_drop_are_dropped(world: World) -> None:
    world.drop(FOLDER, tags={"metrics.auc": "1.0", "metrics.accuracy": "1.0"})

    world.process(drop_event(FOLDER))

    tags = world.registry.versions["digits", 1].tags
    assert (tags["metrics.accuracy"], "metrics.auc" in tags) == ("0.9", False)


def test_a_metric_that_is_no_text_is_rejected(world: World) -> None:
    world.drop(FOLDER, metrics={"accuracy": "\ud800"})

    assert world.process(drop_event(FOLDER)).outcome == "rejected"


@pytest.mark.parametrize("what", ["topic Registrar.ModelRegistered", "topic Registrar.ChampionChanged", "store write"])
def test_a_notice_that_failed_is_delivered_the_next_time(world: World, what: str) -> None:
    world.drop(FOLDER)
    world.faults.fail(what)
    with pytest.raises(UnavailableError):
        world.process(drop_event(FOLDER))

    outcome = world.process(drop_event(FOLDER))

    assert outcome.outcome == "registered"
    assert set(world.told()) == {"Registrar.ModelRegistered", "Registrar.ChampionChanged"}
    assert world.receipt(FOLDER)["outcome"] == "registered"
    assert world.works()[0]["state"] == "finished"
