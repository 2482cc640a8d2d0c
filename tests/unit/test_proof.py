"""Proof: a drop that names a job of the workspace is held to it, byte by byte; a stranger's job stays a claim."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from registration.sources.job import Job, JobOutput
from tests.fakes import OUTPUTS
from tests.world import World, drop_event

if TYPE_CHECKING:
    from registration.outcome import Outcome

OUTPUT = "azureml://jobs/j1/outputs/model"
FILES = {"labels.txt": b"labels", "data/model.onnx": b"weights"}


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1", files=FILES)
    told = {"azureml.git.commit": "9f2d1c47a0b3", "azureml.git.dirty": "False"}
    reads = ("azureml:rows:3", "azureml://datastores/d/paths/x/")
    job = replace(world.workspace.jobs["j1"], properties=told, environment="azureml:sklearn:7", datasets=reads)
    world.workspace.jobs["j1"] = job
    world.workspace.chosen["j1"] = {"C": "1.0"}
    return world


def dropped(world: World, *, files: dict[str, bytes] | None = None, **lineage: Any) -> Outcome:
    """The outcome of a drop of the job's own files that says this of its origin."""
    world.drop("vendor-a/1", files=FILES if files is None else files, lineage=lineage)
    return world.process(drop_event("vendor-a/1"))


def refused(world: World, *, files: dict[str, bytes] | None = None, **lineage: Any) -> tuple[str, ...]:
    """The codes for which such a drop is rejected; nothing of it is registered."""
    outcome = dropped(world, files=files, **lineage)
    assert (outcome.outcome, world.registry.versions) == ("rejected", {})
    return tuple(finding["code"] for finding in claims(world))


def claims(world: World) -> list[dict[str, Any]]:
    """What the last decision has against what a drop says of its job."""
    found = world.history("digits")[-1]["candidate"]["findings"]
    return [finding for finding in found if finding["code"].startswith("claim.")]


def properties(world: World) -> dict[str, str]:
    said = world.registry.versions["digits", 1].properties
    return {key.removeprefix("lineage."): value for key, value in said.items() if key.startswith("lineage.")}


def test_a_drop_of_a_jobs_own_bytes_has_the_lineage_of_the_job(world: World) -> None:
    assert dropped(world, run_uri=OUTPUT).outcome == "registered"

    said = properties(world)
    assert (said["attested_by"], said["job"], said["job_output_uri"]) == ("checked", "j1", OUTPUT)
    assert (said["git_commit"], said["environment"]) == ("9f2d1c47a0b3", "azureml:sklearn:7")
    assert (said["parameters"], said["experiment"]) == ('{"C": "1.0"}', "churn-nightly")
    assert said["drop"] == "dropsprod/incoming/vendor-a/1"
    assert "claimed" not in said


def test_what_is_borne_out_is_told_in_azure_mls_own_fields(world: World) -> None:
    dropped(world, run_uri=OUTPUT)

    made = world.registry.versions["digits", 1]
    assert (made.job, made.datasets) == ("j1", ("azureml:rows:3",))


def test_what_only_the_drop_speaks_of_is_kept_and_named(world: World) -> None:
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], datasets=())

    dropped(world, run_uri=OUTPUT, datasets=["azureml:theirs:1"], git_repository="https://git.example/churn")

    said = properties(world)
    assert (said["datasets"], said["claimed"]) == ('["azureml:theirs:1"]', '["datasets", "git_repository"]')
    assert world.registry.versions["digits", 1].datasets == ()


@pytest.mark.parametrize(
    ("uri", "files"),
    [
        (f"{OUTPUT}/paths/data", {"model.onnx": b"weights"}),
        (f"{OUTPUT}/paths/data/", {"model.onnx": b"weights"}),
        (f"{OUTPUT}/paths/data/model.onnx", {"model.onnx": b"weights"}),
        (f"{OUTPUT}/paths/data/model.onnx", {"renamed.onnx": b"weights"}),
        (OUTPUT, {"labels.txt": b"labels"}),
    ],
    ids=["a folder", "a folder with its slash", "a file", "a file by another name", "some of the files"],
)
def test_a_part_of_an_output_is_borne_out_as_well(world: World, uri: str, files: dict[str, bytes]) -> None:
    assert dropped(world, files=files, run_uri=uri).outcome == "registered"

    assert properties(world)["attested_by"] == "checked"


def test_an_output_that_is_one_file_is_borne_out_as_well(world: World) -> None:
    world.job("j2", files={})
    world.store.put(OUTPUTS / "azureml/j2/model", b"weights")

    dropped(world, files={"model.onnx": b"weights"}, run_uri="azureml://jobs/j2/outputs/model")

    assert properties(world)["attested_by"] == "checked"


def test_the_best_model_of_automl_is_known_to_run_history_alone(world: World) -> None:
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], outputs={})
    world.workspace.history_only["j1"] = {"best_model": JobOutput("mlflow_model", None)}
    world.store.put(OUTPUTS / "azureml/j1/best_model/labels.txt", b"labels")

    dropped(world, files={"labels.txt": b"labels"}, run_uri="azureml://jobs/j1/outputs/best_model")

    assert properties(world)["attested_by"] == "checked"


def test_artifacts_of_a_run_are_found_as_mlflow_names_them(world: World) -> None:
    for path, data in FILES.items():
        world.store.put(world.workspace.output_location(world.workspace.jobs["j1"], "default") / f"m/{path}", data)  # type: ignore[operator]  # it is one

    dropped(world, run_uri="runs:/j1/m")

    assert properties(world)["attested_by"] == "checked"


@pytest.mark.parametrize(
    "files",
    [
        {**FILES, "data/model.onnx": b"WEIGHTS"},
        {**FILES, "data/model.onnx": b"longer weights"},
        {**FILES, "data/more.onnx": b"weights"},
    ],
    ids=["other bytes", "another size", "one more file"],
)
def test_bytes_that_the_job_did_not_make_are_refused(world: World, files: dict[str, bytes]) -> None:
    assert refused(world, files=files, run_uri=OUTPUT) == ("claim.bytes_differ",)


def test_a_refusal_says_which_file_and_what_to_do(world: World) -> None:
    outcome = dropped(world, files={**FILES, "labels.txt": b"LABELS"}, run_uri=OUTPUT)

    told = f"labels.txt: {OUTPUT} has other bytes there, so that job did not make these; drop what the job wrote"
    assert outcome.reasons[0].startswith(told)


def test_an_output_that_was_written_again_is_not_what_was_dropped(world: World) -> None:
    world.store.put(OUTPUTS / "azureml/j1/model/labels.txt", b"LABELS")

    assert refused(world, run_uri=OUTPUT) == ("claim.bytes_differ",)


@pytest.mark.parametrize("status", ["Failed", "Running", "Canceled"])
def test_a_job_that_did_not_complete_made_nothing(world: World, status: str) -> None:
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], status=status)

    assert refused(world, run_uri=OUTPUT) == ("claim.job_not_completed",)


def test_an_output_that_the_job_does_not_have_is_refused_with_those_it_has(world: World) -> None:
    outcome = dropped(world, run_uri="azureml://jobs/j1/outputs/weights")

    assert "the job j1 has no output 'weights'; it has: default, model" in outcome.reasons[0]


@pytest.mark.parametrize(
    ("claim", "place"),
    [
        ({"job": "j2"}, "lineage.job"),
        ({"git_commit": "c0ffee"}, "lineage.git_commit"),
        ({"environment": "azureml:sklearn:8"}, "lineage.environment"),
    ],
)
def test_a_drop_may_not_contradict_the_job_that_it_names(world: World, claim: dict[str, Any], place: str) -> None:
    outcome = dropped(world, run_uri=OUTPUT, **claim)

    (finding,) = claims(world)
    assert (outcome.outcome, finding["code"], finding["path"]) == ("rejected", "claim.contradicted", place)


@pytest.mark.parametrize(
    "claim",
    [
        {"job": "j1"},
        {"git_commit": "9F2D1C4"},
        {"environment": "azureml://registries/shared/environments/sklearn/versions/7"},
        {"environment": "conda.yaml of ours"},
    ],
)
def test_the_same_said_otherwise_is_no_contradiction(world: World, claim: dict[str, Any]) -> None:
    assert dropped(world, run_uri=OUTPUT, **claim).outcome == "registered"


@pytest.mark.parametrize(
    ("lineage", "why"),
    [
        ({"run_uri": "azureml://jobs/gone/outputs/model"}, "the workspace has no job gone"),
        ({"run_uri": "azureml://jobs/no job's name/outputs/model"}, "the workspace has no job no job's name"),
        ({"job": "j1"}, "the job j1 is in the workspace, but lineage.run_uri names none of its outputs"),
    ],
)
def test_what_cannot_be_checked_stays_a_claim_and_is_noted(world: World, lineage: dict[str, Any], why: str) -> None:
    assert dropped(world, **lineage).outcome == "registered"

    (finding,) = claims(world)
    assert (finding["code"], finding["level"]) == ("claim.unchecked", "note")
    assert finding["message"].endswith(why)
    assert properties(world)["attested_by"] == "manifest"
    assert world.registry.versions["digits", 1].job is None


def test_a_step_is_looked_up_in_run_history_and_has_the_code_of_its_pipeline(world: World) -> None:
    told = world.workspace.jobs["j1"]
    world.workspace.inner["j1"] = replace(told, properties={}, experiment=None, parent="p1")
    world.workspace.jobs |= {"j1": Job("j1", None), "p1": replace(told, name="p1", outputs={})}

    assert dropped(world, run_uri=OUTPUT).outcome == "registered"

    said = properties(world)
    assert (said["attested_by"], said["job"], said["parent_job"]) == ("checked", "j1", "p1")
    assert (said["git_commit"], said["experiment"]) == ("9f2d1c47a0b3", "churn-nightly")


def test_a_part_that_run_history_does_not_know_is_not_held_against_the_drop(world: World) -> None:
    world.workspace.jobs["j1"] = Job("j1", None)

    assert dropped(world, run_uri=OUTPUT).outcome == "registered"
    assert properties(world)["attested_by"] == "manifest"


def test_an_output_in_another_workspace_cannot_be_looked_into(world: World) -> None:
    world.workspace.elsewhere.add("model")

    assert dropped(world, run_uri=OUTPUT).outcome == "registered"
    assert properties(world)["attested_by"] == "manifest"


@pytest.mark.parametrize("lineage", [{"job": "nightly-7731"}, {"run_uri": "https://mlflow.example/#/runs/1"}, {}])
def test_somebody_elses_job_is_nothing_to_speak_of(world: World, lineage: dict[str, Any]) -> None:
    dropped(world, **lineage)

    assert claims(world) == []


def test_a_policy_can_refuse_what_only_the_drop_says(world: World) -> None:
    text = world.policies.kept["digits.yaml"]
    world.policies.kept["digits.yaml"] = f"{text}    require: {{lineage: [attested]}}\n"

    claimed = dropped(world, job="nightly-7731")
    world.drop("vendor-a/2", files=FILES, lineage={"run_uri": OUTPUT})

    assert claimed.reasons == ("where the candidate comes from, only its manifest says",)
    assert world.process(drop_event("vendor-a/2")).outcome == "registered"


def test_a_drop_that_is_rejected_by_its_listing_is_not_looked_up(world: World) -> None:
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], outputs={"other": JobOutput("uri_folder", None)})
    world.drop("vendor-a/1", files=FILES, lineage={"run_uri": OUTPUT})
    world.store.blobs.pop(next(place for place in world.store.blobs if place.name == "vendor-a/1/labels.txt"))

    world.process(drop_event("vendor-a/1"))

    assert claims(world) == []
    assert world.registry.versions == {}
