"""What cannot be used leaves a record that says why, and nothing else: no version, no decision, no lost message."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import names, raised
from sandbox.runs import JobOutput
from tests.e2e.app import DROPS, JOBS, MODEL, NOTHING, dropped_below, manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.app import App, Came

OUTPUT = {"from": {"output": "model"}}
REFUSED = ("work",)
JUDGED = ("decision", "heads", "policies", "work")


def wants_job(name: str) -> dict[str, Any]:
    return {"job": {"experiment": name}}


def is_only_quarantined(came: Came) -> bool:
    return (came.outcome["outcome"], came.wrote, came.versions) == ("quarantined", ("quarantine",), ())


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ('{"id": ', "line 1 column 8"),
        ("", "line 1 column 1"),
        ("[]", "event: must be an object"),
        ('{"id": "1"}', "unknown schema"),
        ("null", "event: must be an object"),
        ('{"registrar": {"envelope": 9}, "event": {}}', "registrar.envelope: must be 1"),
    ],
)
def test_a_message_that_is_no_event_is_quarantined(app: App, message: str, reason: str) -> None:
    came = app.queued(message)

    assert is_only_quarantined(came)
    assert reason in came.says


@pytest.mark.parametrize("body", ['{"id": ', "[[]]", '["text"]'])
def test_a_request_that_is_no_batch_of_events_is_refused_by_the_host(app: App, body: str) -> None:
    came = app.came_of(lambda: refused(app, body))

    assert came == NOTHING


def refused(app: App, body: str) -> None:
    assert app.host.post_events(JOBS, body).status == 500


def test_an_event_of_another_type_goes_no_further_than_the_door(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)
    event = {**raised.run_completed(name, name), "eventType": "Microsoft.MachineLearningServices.ModelRegistered"}

    assert app.raised(JOBS, event) == NOTHING


def test_an_event_of_an_unknown_schema_is_quarantined(app: App, name: str) -> None:
    event = raised.run_completed(name, name)
    del event["eventType"]

    came = app.raised(JOBS, event)

    assert is_only_quarantined(came)
    assert "unknown schema" in came.says


@pytest.mark.parametrize("missing", ["runId", "data"])
def test_an_event_without_a_member_is_quarantined_with_its_name(app: App, name: str, missing: str) -> None:
    event = raised.run_completed(name, name)
    del (event if missing == "data" else event["data"])[missing]

    came = app.raised(JOBS, event)

    assert is_only_quarantined(came)
    assert f"{missing}: is required" in came.says


def test_a_usable_event_in_a_batch_with_an_unusable_one_is_worked_on(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name)
    unusable = raised.run_completed(name, name)
    del unusable["data"]

    came = app.raised(JOBS, unusable, raised.run_completed(name, name))

    assert sorted(found["outcome"] for found in came.news) == ["quarantined", "registered"]


@pytest.mark.parametrize("place", ["workspace", "account"])
def test_an_event_from_a_source_that_is_not_configured_is_quarantined(app: App, name: str, place: str) -> None:
    app.policy(name, dropped_below(name))
    event = app.drop(name, manifest(name)) if place == "account" else raised.run_completed(name, name)
    there = event["topic"].rpartition("/")[0] + "/elsewhere"
    event["topic"] = there
    event["data"]["url"] = event["data"].get("url", "").replace(names.DROP_ACCOUNT, "elsewhere")

    came = app.raised(DROPS if place == "account" else JOBS, event)

    assert is_only_quarantined(came)
    assert "the event comes from" in came.says
    assert there.lower() in came.says


def test_an_event_about_a_job_nobody_asked_for_brings_nothing(app: App, name: str) -> None:
    app.policy(name, wants_job("another-experiment"), **OUTPUT)
    app.job(name)

    assert app.raised(JOBS, raised.run_completed(name, name)) == NOTHING


@pytest.mark.parametrize("status", ["Failed", "Canceled", "Running"])
def test_a_status_that_is_not_completed_brings_nothing(app: App, name: str, status: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name, status=status)

    assert app.raised(JOBS, raised.run_status_changed(name, name, status)) == NOTHING


def test_a_job_without_the_output_is_rejected(app: App, name: str) -> None:
    app.policy(name, wants_job(name), **{"from": {"output": "modle"}})
    app.job(name)

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert came.says == "rejected: the job has no output 'modle'; it has: default, model"
    assert (came.wrote, came.versions) == (REFUSED, ())


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ({"accuracy": float("nan")}, "the candidate's accuracy is NaN"),
        ({"accuracy": float("inf")}, "the candidate's accuracy is Infinity"),
        ({"loss": 0.1}, "the candidate's accuracy is missing"),
        ({}, "the candidate's accuracy is missing"),
        ({"accuracy": 0.89}, "accuracy 0.89 is below the minimum 0.9"),
    ],
)
def test_a_job_is_rejected_for_what_it_measured(app: App, name: str, metrics: Mapping[str, float], reason: str) -> None:
    app.policy(name, wants_job(name), **OUTPUT)
    app.job(name, metrics=metrics)

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert came.outcome["outcome"] == "rejected"
    assert reason in came.says
    assert (came.wrote, came.versions) == (JUDGED, ())
    assert [event["type"] for event in app.announced(name)] == ["Registrar.ModelRejected"]


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ({"accuracy": "very good"}, "the candidate's accuracy is text, not a number"),
        ({"accuracy": "NaN"}, "the candidate's accuracy is NaN"),
        ({}, "the candidate's accuracy is missing"),
    ],
)
def test_a_drop_is_rejected_for_what_it_claims_to_measure(
    app: App, name: str, metrics: Mapping[str, Any], reason: str
) -> None:
    app.policy(name, dropped_below(name))

    came = app.raised(DROPS, app.drop(name, manifest(name, metrics=metrics)))

    assert came.outcome["outcome"] == app.receipt(name)["outcome"] == "rejected"
    assert reason in came.says
    assert (came.wrote, came.versions) == (JUDGED, ())


def file(path: str) -> dict[str, Any]:
    return {"path": path, "size": 1, "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"files": [file("../model.bin")]}, "files[0].path: '../model.bin' has a segment '.' or '..'"),
        ({"files": [file("/etc/passwd")]}, "files[0].path: '/etc/passwd' is absolute"),
        ({"files": [file("a.bin"), file("A.bin")]}, "files[1].path: 'A.bin' can be the same file as files[0].path"),
        ({"files": []}, "files: must list 1 to "),
        ({"metric": {}}, "metric: unknown key; did you mean 'metrics'?"),
        ({"kind": "Manifest"}, "kind: must be 'DropManifest'"),
    ],
)
def test_a_manifest_that_breaks_the_contract_is_refused(
    app: App, name: str, said: Mapping[str, Any], reason: str
) -> None:
    app.policy(name, dropped_below(name))

    came = app.raised(DROPS, app.drop(name, {**manifest(name), **said}))

    assert came.outcome["outcome"] == "rejected"
    assert reason in came.says
    assert app.receipt(name)["reasons"] == came.outcome["reasons"]
    assert (came.wrote, came.versions) == (REFUSED, ())


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff", "is not UTF-8 (byte 0)"),
        (b"[]", "must be a mapping"),
        (b" " * (1024 * 1024 + 1), "is longer than 1048576 bytes"),
    ],
)
def test_a_manifest_that_is_no_manifest_is_refused(app: App, name: str, document: bytes, reason: str) -> None:
    app.policy(name, dropped_below(name))
    event = uploaded(app, name, document)

    came = app.raised(DROPS, event)

    assert came.outcome["outcome"] == app.receipt(name)["outcome"] == "rejected"
    assert reason in came.says
    assert (came.wrote, came.versions) == (REFUSED, ())


def uploaded(app: App, name: str, document: bytes) -> dict[str, Any]:
    files = {"model.manifest.json": document}
    [blob] = app.upload(names.DROP_ACCOUNT, names.DROP_CONTAINER, f"vendor/{name}", files)
    return raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, **blob)


@pytest.mark.parametrize(
    ("there", "reason"),
    [
        ({}, "model.bin: the manifest lists this file, but it is not in the drop"),
        ({"model.bin": b"short"}, "model.bin: the manifest says 18 bytes, the file has 5"),
        ({"model.bin": b"not REALLY a model"}, "model.bin: the manifest says sha256 "),
    ],
)
def test_a_drop_that_is_not_what_its_manifest_says_is_rejected(
    app: App, name: str, there: Mapping[str, bytes], reason: str
) -> None:
    app.policy(name, dropped_below(name))

    came = app.raised(DROPS, app.drop(name, manifest(name, MODEL), there))

    assert came.outcome["outcome"] == app.receipt(name)["outcome"] == "rejected"
    assert reason in came.says
    assert (came.wrote, came.versions) == (JUDGED, ())


def test_a_model_that_is_not_granted_to_the_place_is_refused(app: App, name: str) -> None:
    app.policy(name, dropped_below(name))

    came = app.raised(DROPS, app.drop(name, manifest("somebody-elses-model")))

    reason = (
        f"model: 'somebody-elses-model' is not granted to this location; granted: {name}; "
        "name one of these, or ask the platform team for a policy"
    )
    assert came.says == f"rejected: {reason}"
    assert app.receipt(name)["reasons"] == [reason]
    assert (came.wrote, came.versions) == (REFUSED, ())


def test_a_drop_that_no_policy_names_brings_nothing(app: App, name: str) -> None:
    app.policy(name, dropped_below("another-folder"))

    assert app.raised(DROPS, app.drop(name, manifest(name))) == NOTHING


def test_a_file_without_its_manifest_brings_nothing(app: App, name: str) -> None:
    app.policy(name, dropped_below(name))
    [blob] = app.upload(names.DROP_ACCOUNT, names.DROP_CONTAINER, f"vendor/{name}", MODEL)

    assert app.raised(DROPS, raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, **blob)) == NOTHING


def test_our_own_receipt_brings_nothing(app: App, name: str) -> None:
    app.policy(name, dropped_below(name))
    app.raised(DROPS, app.drop(name, manifest(name)))
    path = f"vendor/{name}/model.receipt.json"

    came = app.raised(DROPS, raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, path, etag="0x8D", size=9))

    assert came == NOTHING


def test_an_mlflow_model_without_its_description_is_rejected(app: App, name: str) -> None:
    app.policy(name, wants_job(name), type="mlflow_model", **OUTPUT)
    app.job(name)

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert came.says == "rejected: MLmodel: an mlflow_model is a folder with a file MLmodel at its top"
    assert (came.wrote, came.versions) == (JUDGED, ())


def test_a_triton_model_without_a_version_is_rejected(app: App, name: str) -> None:
    app.policy(name, wants_job(name), type="triton_model", **OUTPUT)
    app.job(name)

    came = app.raised(JOBS, raised.run_completed(name, name))

    assert came.says.startswith("rejected: a triton_model is a repository")
    assert (came.wrote, came.versions) == (JUDGED, ())


def test_a_broken_policy_keeps_the_message_until_it_is_mended(app: App, name: str) -> None:
    path = app.policy(name, wants_job(name), metrics={"accuracy": {"mim": 0.9}}, **OUTPUT)
    app.job(name)
    said = f"{path.parent.name}/{path.name}: models[0].metrics.accuracy.mim: unknown key; did you mean 'min'?"

    def broken_then_mended() -> None:
        app.post(JOBS, raised.run_completed(name, name))
        wait_until_logged(app, said)
        app.policy(name, wants_job(name), **OUTPUT)

    came = app.came_of(broken_then_mended)

    assert came.outcome["outcome"] == "registered"


def wait_until_logged(app: App, text: str) -> None:
    deadline = time.monotonic() + 20
    while text not in app.host.log.read_text(encoding="utf-8"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_job_that_is_never_seen_ends_in_quarantine(hasty: App, name: str) -> None:
    hasty.policy(name, wants_job(name), **OUTPUT)
    event = raised.run_completed(name, name)

    came = hasty.raised(JOBS, event)

    assert is_only_quarantined(came)
    assert came.says == f"quarantined: the workspace does not show job {name}"
    assert event["id"] in "".join(hasty.kept_messages())


def test_a_job_that_never_completes_ends_in_quarantine(hasty: App, name: str) -> None:
    hasty.policy(name, wants_job(name), **OUTPUT)
    hasty.job(name, status="Running")

    came = hasty.raised(JOBS, raised.run_completed(name, name))

    assert is_only_quarantined(came)


@pytest.mark.parametrize("schema", ["eventgrid", "cloudevents"])
def test_what_a_service_will_never_do_is_in_quarantine_at_once(hasty: App, name: str, schema: raised.Schema) -> None:
    hasty.policy(name, wants_job(name), **OUTPUT)
    hasty.job(name)
    event = raised.run_completed(name, name, schema=schema)
    hasty.sandbox.workspace.fail_next("GET", f"/jobs/{name}$", 400)

    came = hasty.raised(JOBS, event)

    assert came.says.startswith("quarantined: Azure ML answered 400")
    assert is_only_quarantined(came)
    assert json.dumps(event, separators=(",", ":")) in hasty.kept_messages()


def test_a_message_that_the_host_gave_up_is_kept_with_why(hasty: App, name: str) -> None:
    message = json.dumps(raised.run_completed(name, name))

    came = hasty.queued(message, queue=f"{names.WORK_QUEUE}-poison")

    assert is_only_quarantined(came)
    assert "deliveries failed" in came.says
    assert message in hasty.kept_messages()


def test_an_output_that_stays_empty_ends_in_quarantine(hasty: App, name: str) -> None:
    hasty.policy(name, wants_job(name), **OUTPUT)
    hasty.sandbox.workspace.add_job(name, experiment=name, outputs={"model": JobOutput("custom_model")})

    came = hasty.raised(JOBS, raised.run_completed(name, name))

    assert is_only_quarantined(came)
    assert f"job {name}, output model shows no files" in hasty.host.log.read_text(encoding="utf-8")
