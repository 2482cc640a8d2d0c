"""The filters of the subscriptions, applied as Event Grid applies them: what the code would work on is let through.

How filters work: https://learn.microsoft.com/azure/event-grid/event-filtering. An event that lacks the key of an
advanced filter is dropped.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from registration import events, manifest
from sandbox import raised
from tests.infra.project import ROOT, Project
from tests.infra.rules_events import SUBSCRIPTION

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDED = [
    json.loads(path.read_text("utf-8")) for path in sorted((ROOT / "tests" / "events").glob("*-eventgrid.json"))
]
FINISHED = [
    event
    for found in RECORDED
    for event in (found if isinstance(found, list) else [found])
    if events.type_of(json.dumps(event)) in events.JOB_TYPES and isinstance(events.parse(event), events.JobFinished)
]
ACCOUNT, CONTAINER = "drops", "incoming"


def filters(place: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The filter of every subscription, with the variables of `place` put in."""
    for _, one in Project(ROOT).made(SUBSCRIPTION):
        said = one.body["properties"]["filter"]
        yield {key: filled(value, place) if isinstance(value, str) else value for key, value in said.items()}


def filled(text: str, place: dict[str, str]) -> str:
    whole = text[1:-1] if text.startswith("'") else f"${{{text}}}"
    return re.sub(r"\$\{place\.(\w+)\}", lambda found: place[found[1]], whole)


def lets_through(said: dict[str, Any], event: dict[str, Any]) -> bool:
    subject = str(event["subject"])
    return (
        event["eventType"] in said["includedEventTypes"]
        and subject.startswith(said.get("subjectBeginsWith", ""))
        and subject.endswith(said.get("subjectEndsWith", ""))
        and all(advanced(one, event) for one in said.get("advancedFilters", []))
    )


def advanced(one: dict[str, Any], event: dict[str, Any]) -> bool:
    assert one["operatorType"] == "StringIn"
    found = event["data"].get(one["key"].removeprefix("data."))
    return str(found).lower() in [str(value).lower() for value in one["values"]]


def heard(event: dict[str, Any], *, folder: str = "", suffix: str = f"/{manifest.MANIFEST_NAME}") -> bool:
    place = {"container": CONTAINER, "folder": folder, "suffix": suffix}
    return any(lets_through(said, event) for said in filters(place))


def written(path: str, api: str = "PutBlob") -> dict[str, Any]:
    return raised.blob_created(ACCOUNT, CONTAINER, path, etag="0x1", size=1, api=api)


@pytest.mark.parametrize("event", FINISHED)
def test_a_job_that_the_code_would_work_on_is_heard(event: dict[str, Any]) -> None:
    assert heard(event)


@pytest.mark.parametrize("status", ["Running", "Failed", "Canceled", "Finalizing", "Preparing"])
def test_a_job_that_is_not_done_is_not_heard(status: str) -> None:
    assert not heard(raised.run_status_changed("job", "experiment", status))


@pytest.mark.parametrize("api", events.COMMITS)
def test_a_manifest_is_heard_however_it_was_written(api: str) -> None:
    assert heard(written("vendor/churn/model.manifest.json", api))


@pytest.mark.parametrize("api", ["CreateFile", "SftpCreate"])
def test_an_empty_file_that_is_only_announced_is_not_heard(api: str) -> None:
    assert not heard(written("vendor/churn/model.manifest.json", api))


@pytest.mark.parametrize("path", ["churn/model.receipt.json", "churn/model.manifest.json.sig", "churn/model.sig"])
def test_own_writes_and_signatures_are_not_heard(path: str) -> None:
    assert not heard(written(path))


def test_a_neighbour_with_a_longer_name_is_not_heard() -> None:
    assert heard(written("vendor/churn/model.manifest.json"), folder="vendor/")
    assert not heard(written("vendor-b/churn/model.manifest.json"), folder="vendor/")


def test_of_job_outputs_the_copies_of_drops_are_not_heard() -> None:
    outputs = re.findall(r"folder: '([^']+)', suffix: '([^']*)'", Project(ROOT).text("infra/events.bicep"))

    (folder, suffix), *_ = outputs
    assert heard(written("azureml/job/model/model.onnx"), folder=folder, suffix=suffix)
    assert not heard(written("registrar/5a/model.onnx"), folder=folder, suffix=suffix)
