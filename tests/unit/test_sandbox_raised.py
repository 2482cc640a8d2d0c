"""Raised events: of the published shapes, fresh each time, and read back as what they were raised for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from registration import events
from registration.events import BlobCreated, JobFinished, NotOfInterest
from sandbox import names, raised

if TYPE_CHECKING:
    from sandbox.raised import Schema

FIXTURES = Path(__file__).parents[1] / "events"
FILE = {"eventgrid": "eventgrid", "cloudevents": "cloudevent"}
SCHEMAS: list[Schema] = ["eventgrid", "cloudevents"]
ETAG = "0x8DE77B0A1C2D3E4"


def blob(path: str = "vendor-a/digits/model.manifest.json", **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {"etag": ETAG, "size": 612, **changes}
    return raised.blob_created("sandboxdrops", "incoming", path, **facts)


def shape(event: dict[str, Any]) -> dict[str, Any]:
    """The keys, in any order, with the kind of each value; a job's own tags and properties are anything."""
    own = {"runTags", "runProperties"}
    inside = {
        key: shape(value) if isinstance(value, dict) and key not in own else kind(value) for key, value in event.items()
    }
    return dict(sorted(inside.items()))


def kind(value: object) -> str:
    return type(value).__name__


def published(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return loaded


@pytest.mark.parametrize("schema", SCHEMAS)
def test_run_completed_has_the_published_shape(schema: Schema) -> None:
    event = raised.run_completed("job-1", "wine-nightly", schema=schema)

    assert shape(event) == shape(published(f"run-completed-{FILE[schema]}"))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_run_status_changed_has_the_published_shape(schema: Schema) -> None:
    event = raised.run_status_changed("job-1", "wine-nightly", "failed", schema=schema)

    assert shape(event) == shape(published(f"run-status-changed-failed-{FILE[schema]}"))


@pytest.mark.parametrize(
    ("api", "schema", "example"),
    [
        ("PutBlockList", "eventgrid", "putblocklist-eventgrid"),
        ("PutBlockList", "cloudevents", "putblocklist-cloudevent"),
        ("PutBlob", "cloudevents", "putblob-cloudevent"),
        ("CopyBlob", "eventgrid", "copyblob-eventgrid"),
        ("CreateFile", "cloudevents", "createfile-cloudevent"),
        ("FlushWithClose", "eventgrid", "flushwithclose-eventgrid"),
        ("SftpCommit", "eventgrid", "sftpcommit-eventgrid"),
        ("SftpCommit", "cloudevents", "sftpcommit-cloudevent"),
    ],
)
def test_blob_created_has_the_published_shape(api: str, schema: Schema, example: str) -> None:
    event = blob(api=api, schema=schema)

    model = published(f"blob-created-{example}")
    assert shape(event) == shape(model)
    assert event.get("dataVersion") == model.get("dataVersion")


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_completed_job_is_read_back(schema: Schema) -> None:
    event = raised.run_completed("job-1", "wine-nightly", schema=schema, tags={"team": "cellar"})

    read = events.parse(event)

    assert isinstance(read, JobFinished)
    assert (read.job, read.experiment, read.tags) == ("job-1", "wine-nightly", {"team": "cellar"})
    assert read.workspace == names.WORKSPACE_ID.lower()


def test_a_job_that_still_runs_asks_for_no_work() -> None:
    event = raised.run_status_changed("job-1", "wine-nightly", "Running")

    assert isinstance(events.parse(event), NotOfInterest)


@pytest.mark.parametrize("api", ["PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit"])
@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_blob_is_read_back_whatever_wrote_it(api: str, schema: Schema) -> None:
    event = blob("vendor-a/50% off/ä #1/model.manifest.json", api=api, schema=schema)

    read = events.parse(event)

    assert isinstance(read, BlobCreated)
    assert (read.account, read.container, read.etag, read.size) == ("sandboxdrops", "incoming", ETAG, 612)
    assert read.path == "vendor-a/50% off/ä #1/model.manifest.json"


@pytest.mark.parametrize("given", [ETAG, f'"{ETAG}"'])
def test_the_etag_is_quoted_or_bare_as_asked(given: str) -> None:
    quoted, bare = blob(etag=given), blob(etag=given, quoted_etag=False)

    assert quoted["data"]["eTag"] == f'"{ETAG}"'
    assert bare["data"]["eTag"] == ETAG


def test_times_have_seven_digits_of_a_second() -> None:
    times = [blob()["eventTime"] for _ in range(200)]

    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", time) for time in times)


def test_the_same_write_raised_twice_is_two_events_in_order() -> None:
    first, second = blob(), blob()

    assert first["id"] != second["id"]
    assert first["data"]["sequencer"] < second["data"]["sequencer"]
