"""Jobs: a completed job offers what its policies take from it; any other job offers nothing, now or for ever."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from registration import events
from registration.candidate import Candidate, JobSource, Refusal
from registration.errors import NotVisibleYetError, PermanentError, UnavailableError
from registration.events import NotOfInterest
from registration.policy import catalog
from registration.sources import jobs
from registration.sources.job import Job
from registration.sources.jobs import Announcement, PartlyOfferedError
from tests.answering import adopted, held, say
from tests.fakes import ARTIFACTS, OUTPUTS
from tests.world import CHURN, WORKSPACE, World, job_event, output_event

if TYPE_CHECKING:
    from registration.artifacts.store import Location
    from registration.finding import Finding

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


def refusal(world: World) -> Finding:
    offered = offers(world)
    assert isinstance(offered, list)
    (only,) = offered
    assert isinstance(only, Refusal)
    assert only.model == "churn"
    (finding,) = only.findings
    return finding


def take_from(world: World, source: str) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("{output: model}", source)


def test_a_completed_job_offers_the_output_its_policy_names(world: World) -> None:
    offered = candidate(world)

    assert offered.source == JobSource("/ws", "j1", "model", "")
    assert offered.location == OUTPUTS / "azureml/j1/model"
    assert (offered.model.name, offered.policy.name, offered.event) == ("churn", "churn.yaml", "e1")


def test_a_path_in_the_policy_narrows_the_output(world: World) -> None:
    world.job("j1", files={"export/model.onnx": b"weights"})
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

    finding = refusal(world)

    assert finding.code == "job.output_missing"
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
    world.workspace.jobs["j1"] = Job("j1", status=None)

    assert offers(world) == NotOfInterest(
        "e1", "RunCompleted", "job j1 is part of another, whose end offers what is in it"
    )


def test_a_job_that_no_policy_matches_offers_nothing(world: World) -> None:
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], experiment="other")

    assert offers(world) == NotOfInterest("e1", "RunCompleted", "no policy matches job j1 of experiment other")


def test_a_path_that_is_not_in_the_output_is_refused_with_what_there_is(world: World) -> None:
    take_from(world, "{output: model, path: model.joblib}")

    finding = refusal(world)

    assert finding.code == "job.path_missing"
    assert finding.message == "nothing in the output fits 'model.joblib'; it holds: 'model.onnx'"


@pytest.mark.parametrize("path", ["model", "'*'"])
def test_an_output_that_is_one_file_is_offered_whole(world: World, path: str) -> None:
    world.store.blobs.clear()
    world.store.put(OUTPUTS / "azureml/j1/model", b"weights")
    take_from(world, f"{{output: model, path: {path}}}")

    offered = candidate(world)

    assert offered.location == OUTPUTS / "azureml/j1/model"
    assert offered.lineage.job_output_uri == "azureml://jobs/j1/outputs/model"


@pytest.mark.parametrize("type_", ["mlflow_model", "custom_model"])
def test_the_file_mlmodel_stands_for_the_folder_of_an_mlflow_model(world: World, type_: str) -> None:
    world.job("j1", files={"m/MLmodel": b"flavors: {}"})
    take_from(world, f"{{output: model, path: m/MLmodel}}\n    type: {type_}")

    assert candidate(world).location.name.endswith("/m" if type_ == "mlflow_model" else "/m/MLmodel")


WORDS = "  - {name: words, from: {output: default, path: '*.txt'}, metrics: {accuracy: {min: 0.5}}}\n"


def test_an_output_that_shows_nothing_keeps_no_other_model_waiting(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN + WORDS

    with pytest.raises(NotVisibleYetError, match=r"shows no files, so none can fit '\*\.txt'"):
        world.process(job_event("j1"))

    assert list(world.registry.versions) == [("churn", 1)]


def test_it_keeps_those_of_its_group_waiting(world: World) -> None:
    grouped = CHURN.replace("description: Who will leave.", "group: g")
    world.policies.kept["churn.yaml"] = grouped + WORDS.replace("{name: words", "{group: g, name: words")

    with pytest.raises(NotVisibleYetError):
        world.process(job_event("j1"))

    assert world.registry.versions == {}


def test_a_blob_leads_to_what_is_ready_of_its_own_output_only(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN + WORDS

    with pytest.raises(PartlyOfferedError) as partly:
        world.resolver.offers(events.parse(json.loads(output_event("j1", "model.onnx"))))

    assert [offer.source for offer in partly.value.ready] == [JobSource(WORKSPACE.lower(), "j1", "model", "")]


def test_what_was_held_is_approved_though_another_output_shows_nothing(world: World) -> None:
    adopted(world)
    world.policies.kept["churn.yaml"] = CHURN + WORDS
    with pytest.raises(NotVisibleYetError):
        world.process(job_event("j1"))
    (work,) = (found["work"] for found in world.works() if (found["result"] or {}).get("outcome") == "held")

    assert say(world, "approve", work).outcome == "registered"


WORDS_FIRST = CHURN.replace("models:\n", f"models:\n{WORDS}")


def fail(world: World, monkeypatch: pytest.MonkeyPatch, **failures: Exception) -> None:
    """Let the workspace not tell where these outputs lie."""
    lies_at = world.workspace.output_location

    def output_location(job: Job, output: str) -> Location | None:
        if output in failures:
            raise failures[output]
        return lies_at(job, output)

    monkeypatch.setattr(world.workspace, "output_location", output_location)


@pytest.mark.parametrize("policy", [CHURN + WORDS, WORDS_FIRST])
def test_what_is_refused_for_good_takes_no_attempt_from_another_model(
    world: World, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    world.policies.kept["churn.yaml"] = policy
    fail(world, monkeypatch, default=PermanentError("no"), model=UnavailableError("later"))

    with pytest.raises(UnavailableError, match="later"):
        world.process(job_event("j1"))


@pytest.mark.parametrize("policy", [CHURN + WORDS, WORDS_FIRST])
@pytest.mark.parametrize("shows_words", [True, False])
def test_an_approval_waits_for_a_workspace_that_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, policy: str, *, shows_words: bool
) -> None:
    adopted(world)
    work = held(world)
    world.policies.kept["churn.yaml"] = policy
    if shows_words:
        world.store.put(ARTIFACTS / "ExperimentRun/dcid.j1/words.txt", b"-")
    fail(world, monkeypatch, model=UnavailableError("503"))

    with pytest.raises(UnavailableError, match="503"):
        say(world, "approve", work)
