"""Resolving: only events from configured sources are heard, and whichever event brings work, it is the same work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from registration import events
from registration.errors import NotVisibleYetError, PolicyError
from registration.events import NotOfInterest
from registration.sources.resolve import UnknownSourceError
from tests.fakes import ARTIFACTS, OUTPUTS
from tests.world import CHURN, INCOMING, OUTPUT_ACCOUNT, World, blob_event, drop_event, job_event, output_event

if TYPE_CHECKING:
    from registration.candidate import Candidate


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    return world


def ignored(world: World, message: str) -> str:
    offered = world.resolver.offers(events.parse(json.loads(message)))
    assert isinstance(offered, NotOfInterest)
    return offered.reason


def identity(candidate: Candidate) -> tuple[object, ...]:
    return candidate.source, candidate.location, candidate.model.name


def test_an_event_that_asks_for_no_work_is_handed_through(world: World) -> None:
    assert ignored(world, job_event("j1", kind="RunStatusChanged", status="Failed")).startswith("the job's status is")


def test_every_event_about_one_output_offers_the_same(world: World) -> None:
    messages = [
        job_event("j1"),
        job_event("j1", kind="RunStatusChanged", status="Completed"),
        output_event("j1", "model.onnx"),
        output_event("j1", "deep/er/file.bin"),
    ]

    assert len({identity(world.offer(message)) for message in messages}) == 1


@pytest.mark.parametrize("output", ["default", "artifacts"])
def test_a_run_artifact_offers_the_default_output_under_both_names(world: World, output: str) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("{output: model}", f"{{output: {output}, path: model}}")
    place = ARTIFACTS / "ExperimentRun/dcid.j1/model/model.onnx"

    offered = world.offer(blob_event(place, source=OUTPUT_ACCOUNT))

    assert identity(offered) == identity(world.offer(job_event("j1")))


def test_a_file_beside_the_path_that_a_policy_takes_offers_nothing(world: World) -> None:
    world.job("j1", files={"export/a": b"a", "exported/a": b"a"})
    world.policies.kept["churn.yaml"] = CHURN.replace("{output: model}", "{output: model, path: export}")

    assert ignored(world, output_event("j1", "exported/a")).endswith("outputs/model/paths/exported/a")
    assert world.offer(output_event("j1", "export/a"))


def test_an_output_that_no_policy_takes_offers_nothing_and_asks_for_no_job(world: World) -> None:
    world.workspace.jobs.clear()

    assert ignored(world, output_event("j1", "a", output="logs")) == "no model comes from a job output logs"


def test_a_blob_of_a_running_job_offers_nothing(world: World) -> None:
    world.job("j1", status="Running")

    assert ignored(world, output_event("j1", "model.onnx")) == "job j1 is Running, not Completed"


def test_a_job_reported_done_but_shown_running_is_not_visible_yet(world: World) -> None:
    world.job("j1", status="Running")

    with pytest.raises(NotVisibleYetError):
        world.offer(job_event("j1"))


def test_a_folder_that_only_looks_like_a_job_output_is_a_drop(world: World) -> None:
    elsewhere = INCOMING / "azureml/j1/model/model.onnx"

    assert ignored(world, blob_event(elsewhere)).startswith("no policy takes it for a drop")


def test_another_container_named_like_the_blobstore_holds_no_outputs(world: World) -> None:
    guid = "99999999-2222-4333-8444-555555555555"
    elsewhere = blob_event(OUTPUTS / "azureml/j1/model/a", source=OUTPUT_ACCOUNT).replace(OUTPUTS.container, "x" + guid)
    strange = elsewhere.replace("x" + guid, f"azureml-blobstore-{guid}")

    assert ignored(world, strange).startswith("no policy takes it for a drop")


@pytest.mark.parametrize("name", ["vendor-a/1/model.receipt.json", "vendor-a/1/model.onnx.sig", "registrar/abc/model"])
def test_our_own_writes_are_ignored(world: World, name: str) -> None:
    assert ignored(world, blob_event(INCOMING / name)) == "one of our own writes"


def test_another_workspace_is_not_heard(world: World) -> None:
    event = events.parse(json.loads(job_event("j1").replace("ml-Prod", "ml-Other")))

    with pytest.raises(UnknownSourceError, match="ml-other, which REGISTRAR_WORKSPACE does not name"):
        world.resolver.offers(event)


def test_another_storage_account_is_not_heard(world: World) -> None:
    event = events.parse(json.loads(drop_event("vendor-a/1").replace("dropsprod", "strangers")))

    with pytest.raises(UnknownSourceError, match="strangers, which REGISTRAR_DROP_ACCOUNTS does not name"):
        world.resolver.offers(event)


def test_the_spelling_of_an_id_does_not_matter(world: World) -> None:
    assert world.offer(job_event("j1").replace("ml-Prod", "ML-PROD").replace("resourceGroups", "resourcegroups"))


@pytest.mark.parametrize("message", [job_event("j1"), drop_event("vendor-a/1"), output_event("j1", "model.onnx")])
def test_a_broken_policy_breaks_every_event_that_needs_one(world: World, message: str) -> None:
    world.policies.kept["digits.yaml"] = "kind: PromotionPolicy"

    with pytest.raises(PolicyError, match=r"digits\.yaml"):
        world.resolver.offers(events.parse(json.loads(message)))


def test_a_published_policy_holds_from_the_next_event_on(world: World) -> None:
    resolver = world.resolver
    world.policies.kept["churn.yaml"] = CHURN.replace("churn-*", "other-*")

    offered = resolver.offers(events.parse(json.loads(job_event("j1"))))

    assert isinstance(offered, NotOfInterest)
