"""Jobs: a completed job offers what its policies take from it; any other job offers nothing, now or for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from registration.candidate import Candidate, JobSource, Refusal
from registration.errors import NotVisibleYetError
from registration.events import NotOfInterest
from registration.policy import catalog
from registration.sources import jobs
from registration.sources.jobs import Announcement
from tests.fakes import ARTIFACTS, OUTPUTS
from tests.world import CHURN, World

ANNOUNCED = Announcement("j1", "/ws", "e1", "RunCompleted")
MERELY_A_BLOB = replace(ANNOUNCED, certain=False)


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    return world


def offers(world: World, announced: Announcement = ANNOUNCED) -> list[Candidate | Refusal] | NotOfInterest:
    return jobs.offers(announced, workspace=world.workspace, files=world.store, catalog=catalog.load(world.policies))


def candidate(world: World) -> Candidate:
    offered = offers(world)
    assert isinstance(offered, list)
    (only,) = offered
    assert isinstance(only, Candidate)
    return only


def take_from(world: World, source: str) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("{output: model}", source)


def test_a_completed_job_offers_the_output_its_policy_names(world: World) -> None:
    offered = candidate(world)

    assert offered.source == JobSource("/ws", "j1", "model", "")
    assert offered.location == OUTPUTS / "azureml/j1/model"
    assert (offered.model.name, offered.policy.name, offered.event) == ("churn", "churn.yaml", "e1")


def test_a_path_in_the_policy_narrows_the_output(world: World) -> None:
    take_from(world, "{output: model, path: export/model.onnx}")

    offered = candidate(world)

    assert offered.source == JobSource("/ws", "j1", "model", "export/model.onnx")
    assert offered.location == OUTPUTS / "azureml/j1/model/export/model.onnx"
    assert offered.lineage.job_output_uri == "azureml://jobs/j1/outputs/model/paths/export/model.onnx"


@pytest.mark.parametrize("name", ["default", "artifacts"])
def test_default_artifacts_have_one_identity_under_both_names(world: World, name: str) -> None:
    take_from(world, f"{{output: {name}, path: model}}")

    offered = candidate(world)

    assert offered.source == JobSource("/ws", "j1", "default", "model")
    assert offered.location == ARTIFACTS / "ExperimentRun/dcid.j1/model"
    assert offered.lineage.job_output_uri == "azureml://jobs/j1/outputs/artifacts/paths/model"


@pytest.mark.parametrize("key", ["azureml.git.commit", "mlflow.source.git.commit"])
def test_lineage_is_what_the_job_says_of_itself(world: World, key: str) -> None:
    told = {"properties": {key: "abc123"}, "environment": "env:3", "datasets": ("azureml:data:1",)}
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], **told)  # type: ignore[arg-type]  # mixed values

    lineage = candidate(world).lineage

    assert (lineage.job, lineage.experiment, lineage.git_commit) == ("j1", "churn-nightly", "abc123")
    assert (lineage.environment, lineage.datasets, lineage.source_event) == ("env:3", ("azureml:data:1",), "e1")


def test_a_missing_output_is_refused_with_those_there_are(world: World) -> None:
    take_from(world, "{output: weights}")

    offered = offers(world)

    assert isinstance(offered, list)
    (refusal,) = offered
    assert isinstance(refusal, Refusal)
    (finding,) = refusal.findings
    assert (refusal.model, finding.code) == ("churn", "job.output_missing")
    assert finding.message == "the job has no output 'weights'; it has: default, model"


def test_each_model_of_a_policy_is_offered(world: World) -> None:
    second = "  - {name: churn-lite, from: {output: default}}\n"
    world.policies.kept["churn.yaml"] = CHURN + second

    offered = offers(world)

    assert isinstance(offered, list)
    assert [one.model.name for one in offered if isinstance(one, Candidate)] == ["churn", "churn-lite"]


def test_an_unknown_job_is_not_visible_yet(world: World) -> None:
    world.workspace.jobs.clear()

    with pytest.raises(NotVisibleYetError, match="does not show job j1"):
        offers(world, ANNOUNCED)


def test_an_unknown_job_that_a_blob_merely_hints_at_offers_nothing(world: World) -> None:
    world.workspace.jobs.clear()

    assert offers(world, MERELY_A_BLOB) == NotOfInterest("e1", "RunCompleted", "the workspace has no job j1")


def test_an_output_in_a_datastore_of_another_workspace_is_refused(world: World) -> None:
    world.workspace.elsewhere.add("model")

    offered = offers(world)

    assert isinstance(offered, list)
    (refusal,) = offered
    assert isinstance(refusal, Refusal)
    (finding,) = refusal.findings
    assert (refusal.model, finding.code) == ("churn", "job.output_elsewhere")
    assert finding.message == "output 'model' lies in a datastore of another workspace, or in none of blobs"


@pytest.mark.parametrize("status", ["Failed", "Canceled", "NotResponding", "failed"])
def test_a_job_that_ended_without_a_model_offers_nothing(world: World, status: str) -> None:
    world.job("j1", status=status)

    assert offers(world) == NotOfInterest("e1", "RunCompleted", f"job j1 is {status}, not Completed")


@pytest.mark.parametrize("status", ["Running", "Finalizing", "Queued"])
def test_a_job_reported_done_but_shown_running_is_not_visible_yet(world: World, status: str) -> None:
    world.job("j1", status=status)

    with pytest.raises(NotVisibleYetError, match=f"the workspace shows it as {status}"):
        offers(world)


def test_a_blob_of_a_running_job_offers_nothing(world: World) -> None:
    world.job("j1", status="Running")

    assert offers(world, MERELY_A_BLOB) == NotOfInterest("e1", "RunCompleted", "job j1 is Running, not Completed")


def test_a_status_counts_in_any_case(world: World) -> None:
    world.job("j1", status="completed")

    assert candidate(world).source.identity[2] == "j1"


def test_a_step_of_a_pipeline_offers_nothing(world: World) -> None:
    world.workspace.jobs["j1"] = jobs.Job("j1", status=None)

    assert offers(world) == NotOfInterest(
        "e1", "RunCompleted", "job j1 is part of another, whose end offers what is in it"
    )


def test_a_job_that_no_policy_matches_offers_nothing(world: World) -> None:
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], experiment="other")

    assert offers(world) == NotOfInterest("e1", "RunCompleted", "no policy matches job j1 of experiment other")
