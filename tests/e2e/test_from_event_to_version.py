"""Every kind of event that brings a model becomes a version of it, once, with all that is known about it."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import names, node, raised
from sandbox.runs import JobInput, JobOutput
from tests.e2e.app import DROPS, JOBS, MODEL, NOTHING, dropped_below, manifest

if TYPE_CHECKING:
    from tests.e2e.app import App, Came

SECOND_CLIENT = Path(__file__).parent.parent / "contracts" / "second_client.mjs"
STORES = (
    f"azureml://subscriptions/{names.SUBSCRIPTION}/resourceGroups/{names.RESOURCE_GROUP}"
    f"/workspaces/{names.WORKSPACE}/datastores"
)
OUTPUT = {"from": {"output": "model"}}


def wants_job(name: str) -> dict[str, Any]:
    return {"job": {"experiment": name}}


def registered(came: Came, name: str, *, version: int = 1) -> bool:
    said = {"outcome": "registered", "model": name, "version": version}
    made = {(each.name, each.version) for each in came.versions}
    return said.items() <= came.outcome.items() and (name, str(version)) in made


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
def test_a_jobs_named_output_becomes_a_version(app: App, name: str, schema: raised.Schema) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)

    came = app.raised(JOBS, raised.run_completed(name, name, schema=schema))

    assert registered(came, name)
    assert came.wrote == ("decision", "heads", "policies", "versions", "work")
    assert came.versions[0].uri == f"{STORES}/workspaceblobstore/paths/azureml/{name}/model"


def test_a_path_inside_an_output_becomes_a_version(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **{"from": {"output": "model", "path": "best/model.bin"}})
    app.job(name, {"best/model.bin": b"best", "last/model.bin": b"last"})

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert registered(came, name)
    assert came.versions[0].uri.endswith(f"/paths/azureml/{name}/model/best/model.bin")


@pytest.mark.parametrize("output", ["artifacts", "default"])
def test_a_jobs_default_artifacts_become_a_version(app: App, name: str, output: str) -> None:
    app.policy(name, wants_job(name), **{"from": {"output": output, "path": "model"}})
    app.upload(names.WORKSPACE_ACCOUNT, names.ARTIFACT_CONTAINER, f"ExperimentRun/dcid.{name}/model", MODEL)
    app.sandbox.workspace.add_job(name, experiment=name, metrics={"accuracy": 0.95})

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert registered(came, name)
    assert came.versions[0].uri == f"{STORES}/workspaceartifactstore/paths/ExperimentRun/dcid.{name}/model"
    assert came.outcome["lineage_job_output_uri"] == f"azureml://jobs/{name}/outputs/artifacts/paths/model"


@pytest.mark.parametrize("folder", ["model", "1.0.0"])
def test_an_mlflow_folder_becomes_a_version(app: App, name: str, folder: str) -> None:
    app.policy(name, wants_job(name), type="mlflow_model", **OUTPUT)
    files = {"MLmodel": b"flavors: {}", "model.pkl": pickle.dumps([1])}
    app.job(name, files, output=folder, outputs={"model": JobOutput("mlflow_model", segment=folder)})

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert registered(came, name)
    [version] = came.versions
    assert (version.content.model_type, version.stage) == ("mlflow_model", "Production")


def test_a_triton_repository_becomes_a_version(app: App, name: str) -> None:
    app.policy(name, wants_job(name), type="triton_model", **{"from": {"output": "repository"}})
    app.job(name, {"churn/1/model.onnx": b"o", "churn/config.pbtxt": b"c"}, output="repository", kind="triton_model")

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert registered(came, name)
    assert came.versions[0].content.model_type == "triton_model"


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
def test_a_drop_becomes_a_version_of_its_own_copy(app: App, name: str, schema: raised.Schema) -> None:
    app.policy(name, dropped_below(name))
    event = app.drop(name, manifest(name))
    blob = {"etag": event["data"]["eTag"], "size": event["data"]["contentLength"]}
    path = f"vendor/{name}/model.manifest.json"

    came = app.raised(DROPS, raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, path, schema=schema, **blob))

    assert registered(came, name)
    sha256 = came.versions[0].properties["registrar.artifact_sha256"]
    assert came.versions[0].uri == f"{STORES}/workspaceblobstore/paths/registrar/{sha256}"
    told = ("outcome", "reasons", "model", "version", "promoted", "work", "decision")
    assert app.receipt(name).items() >= {"kind": "DropReceipt", **{key: came.outcome[key] for key in told}}.items()


def test_a_blob_in_a_jobs_own_output_brings_the_job(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)
    path = f"azureml/{name}/model/model.bin"

    came = app.raised(
        DROPS, raised.blob_created(names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER, path, etag="0x8D1", size=18)
    )

    assert registered(came, name)
    assert app.sandbox.workspace.version(name, 1).job == name


def test_a_blob_of_a_job_that_still_runs_brings_nothing(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name, status="Running")
    path = f"azureml/{name}/model/model.bin"

    came = app.raised(
        DROPS, raised.blob_created(names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER, path, etag="0x8D1", size=18)
    )

    assert came == NOTHING


def test_an_event_straight_in_the_queue_becomes_a_version(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)

    came = app.queued(json.dumps(raised.run_completed(name, name)))

    assert registered(came, name)


def test_an_event_too_large_for_the_queue_is_completed_from_the_job(app: App, name: str) -> None:
    app.policy(name, {"job": {"tags": {"purpose": name}}}, **OUTPUT)
    app.job(name, tags={"purpose": name}, properties={"azureml.git.commit": "c0ffee"})
    event = raised.run_completed(name, name, tags={"purpose": name})
    event["data"]["runProperties"] = {f"property-{number}": "x" * 1000 for number in range(65)}

    came = app.raised(JOBS, event)

    assert registered(came, name)
    assert came.versions[0].properties["lineage.git_commit"] == "c0ffee"


def test_one_event_delivered_twice_is_one_version(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)
    event = raised.run_completed(name, name)

    came = app.raised(JOBS, event, event)

    assert registered(came, name)
    assert len(came.versions) == 1
    assert app.raised(JOBS, event) == NOTHING


def test_two_events_about_one_job_are_one_version(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)
    completed = raised.run_completed(name, name)
    changed = raised.run_status_changed(name, name, "Completed", schema="cloudevents")

    came = app.raised(JOBS, completed, changed)

    assert registered(came, name)
    assert len(app.sandbox.workspace.versions(name)) == 1


def test_two_events_about_one_manifest_are_one_version(app: App, name: str) -> None:
    app.policy(name, dropped_below(name))
    put = app.drop(name, manifest(name))
    flushed = raised.blob_created(
        names.DROP_ACCOUNT,
        names.DROP_CONTAINER,
        f"vendor/{name}/model.manifest.json",
        etag=put["data"]["eTag"],
        size=put["data"]["contentLength"],
        api="FlushWithClose",
    )

    came = app.raised(DROPS, put, flushed)

    assert registered(came, name)
    assert len(app.sandbox.workspace.versions(name)) == 1


def test_a_late_delivery_after_a_policy_edit_stays_a_duplicate(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)
    app.raised(JOBS, raised.run_completed(name, name))
    app.policy(name, wants_job(name), metrics={"accuracy": {"min": 0.99}}, **OUTPUT)

    assert app.raised(JOBS, raised.run_completed(name, name)) == NOTHING


def test_one_job_can_feed_several_models(app: App, name: str) -> None:
    for model in (f"{name}-a", f"{name}-b"):
        app.policy(model, wants_job(name), **OUTPUT)
    app.job(name)

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert sorted(found["model"] for found in came.news) == [f"{name}-a", f"{name}-b"]
    assert len(came.versions) == 2


def test_another_client_sees_the_whole_lineage(app: App, name: str) -> None:
    app.policy(name, wants_job(name), tags={"team": "risk"}, **OUTPUT)
    app.job(
        name,
        properties={"azureml.git.commit": "c0ffee"},
        inputs={"rows": JobInput(uri="azureml:rows:3")},
        environment_id="azureml:training:7",
    )
    event = raised.run_completed(name, name)
    came = app.raised(JOBS, event)

    seen = as_the_javascript_sdk_sees_it(app, name)

    assert (seen["modelUri"], seen["jobName"]) == (f"{STORES}/workspaceblobstore/paths/azureml/{name}/model", name)
    assert seen["tags"].items() >= {"team": "risk", "metrics.accuracy": "0.95", "registrar.champion": "true"}.items()
    assert seen["properties"].pop("registrar.artifact_sha256") == app.champion(name)["candidate"]["artifact_sha256"]
    assert (
        seen["properties"].items()
        >= {
            "registrar.work": came.outcome["work"],
            "lineage.job": name,
            "lineage.job_output_uri": f"azureml://jobs/{name}/outputs/model",
            "lineage.experiment": name,
            "lineage.git_commit": "c0ffee",
            "lineage.datasets": '["azureml:rows:3"]',
            "lineage.environment": "azureml:training:7",
            "lineage.source_event": event["id"],
        }.items()
    )


def as_the_javascript_sdk_sees_it(app: App, name: str) -> dict[str, Any]:
    workspace = (names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    command = [node.find(), str(SECOND_CLIENT), *workspace, name, "1"]
    environment = {**os.environ, **app.sandbox.environment()}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


def test_a_better_model_takes_stage_and_tag_from_the_champion(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    for number, accuracy in enumerate((0.95, 0.97)):
        app.job(
            f"{name}-{number}",
            {"model.bin": f"model {number}".encode()},
            experiment=name,
            metrics={"accuracy": accuracy},
        )
        came = app.raised(JOBS, raised.run_completed(f"{name}-{number}", name))

    assert registered(came, name, version=2)
    shown = {
        each.version: (each.stage, each.tags["registrar.champion"]) for each in app.sandbox.workspace.versions(name)
    }
    assert shown == {"1": ("Development", "false"), "2": ("Production", "true")}
    assert app.champion(name)["version"] == 2


def test_a_worse_model_leaves_the_champion_alone(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(f"{name}-1", experiment=name, metrics={"accuracy": 0.95})
    app.raised(JOBS, raised.run_completed(f"{name}-1", name))
    app.job(f"{name}-2", {"model.bin": b"worse"}, experiment=name, metrics={"accuracy": 0.94})

    came = app.raised(JOBS, raised.run_completed(f"{name}-2", name))

    assert came.says.startswith("rejected: accuracy 0.94 is 0.01 worse than the champion's 0.95")
    assert came.versions == ()
    assert app.champion(name)["version"] == 1


def test_the_champions_bytes_offered_again_are_a_duplicate(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    for number in (1, 2):
        app.job(f"{name}-{number}", experiment=name)
        came = app.raised(JOBS, raised.run_completed(f"{name}-{number}", name))

    assert came.says == "duplicate: the same bytes as the champion, version 1"
    assert (came.wrote, came.versions) == (("work",), ())


def test_outcomes_are_announced_as_cloud_events(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)

    came = app.raised(JOBS, raised.run_completed(name, name))

    made, promoted = app.announced(name)
    assert [made["type"], promoted["type"]] == ["Registrar.ModelRegistered", "Registrar.ChampionChanged"]
    for event in (made, promoted):
        assert (event["specversion"], event["source"]) == ("1.0", names.WORKSPACE_ID)
        assert (event["subject"], event["data"]) == (f"models/{name}/versions/1", came.outcome)
    assert made["id"] != promoted["id"]


def test_a_notice_that_failed_is_sent_again_under_the_same_id(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)
    app.sandbox.workspace.delay_next("POST", "/api/events$", 0)
    app.sandbox.workspace.fail_next("POST", "/api/events$", 403)

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert registered(came, name)
    made, again, promoted = app.announced(name)
    assert (made["type"], promoted["type"]) == ("Registrar.ModelRegistered", "Registrar.ChampionChanged")
    assert again == made


def test_a_registry_that_fails_after_the_head_moved_is_caught_up_with(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)
    version = f"/models/{name}/versions/1$"
    app.sandbox.workspace.delay_next("PUT", version, 0)  # the version is made,
    app.sandbox.workspace.fail_next("PUT", version, 403)  # but cannot be shown as the champion

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert registered(came, name)
    assert [each.stage for each in app.sandbox.workspace.versions(name)] == ["Production"]
    assert len(app.announced(name)) == 2


def test_a_registry_that_fails_before_the_head_moved_is_caught_up_with(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)
    app.sandbox.workspace.fail_next("PUT", f"/models/{name}/versions/1$", 403)

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert registered(came, name)
    assert [each.stage for each in app.sandbox.workspace.versions(name)] == ["Production"]


def test_a_number_that_somebody_took_by_hand_is_left_to_them(app: App, name: str) -> None:
    app.policy(name, wants_job(name), adopt="none", **OUTPUT)
    app.job(name)
    theirs = app.sandbox.workspace.add_version(name, 1, uri="azureml://datastores/workspaceblobstore/paths/theirs")

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert registered(came, name, version=2)
    assert app.sandbox.workspace.version(name, 1) == theirs
