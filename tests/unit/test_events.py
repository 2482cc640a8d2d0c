"""Events: every published spelling is understood, everything else is refused with the place."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration import events
from registration.errors import MalformedEventError
from registration.events import BlobCreated, JobFinished, NotOfInterest

FIXTURES = Path(__file__).parents[1] / "events"
PROVIDERS = "/subscriptions/5f0c1a52-3b7e-4d5e-9a54-2f6c0e7d1b90/resourcegroups/rg-models/providers"
WORKSPACE = f"{PROVIDERS}/microsoft.machinelearningservices/workspaces/ml-prod"
ACCOUNT = f"{PROVIDERS}/microsoft.storage/storageaccounts/dropsprod"
MANIFEST = "vendor-a/churn/2026-03-02/model.manifest.json"
SCHEMAS = ["eventgrid", "cloudevent"]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(), SCALARS, max_size=2)


def event(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return loaded


def with_data(name: str, **changes: object) -> dict[str, Any]:
    """The event with fields of its data replaced; None removes one."""
    changed = event(name)
    changed["data"] = {key: value for key, value in (changed["data"] | changes).items() if value is not None}
    return changed


def job(document: object) -> JobFinished:
    parsed = events.parse(document)
    assert isinstance(parsed, JobFinished)
    return parsed


def blob(document: object) -> BlobCreated:
    parsed = events.parse(document)
    assert isinstance(parsed, BlobCreated)
    return parsed


def test_every_fixture_names_its_public_origin() -> None:
    table = (FIXTURES / "README.md").read_text()

    unnamed = [path.name for path in FIXTURES.glob("*.json") if f"| `{path.name}` |" not in table]

    assert not unnamed


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("kind", ["run-completed", "run-completed-mixed-keys", "run-status-changed-completed"])
def test_a_finished_job_reads_the_same_in_both_schemas(kind: str, schema: str) -> None:
    parsed = job(event(f"{kind}-{schema}"))

    assert (parsed.workspace, parsed.job, parsed.experiment) == (WORKSPACE, "calm_river_7x2k9f", "churn-training")
    assert parsed.time == "2026-03-02T08:15:30.123456+00:00"


@pytest.mark.parametrize("schema", SCHEMAS)
@pytest.mark.parametrize("status", ["failed", "running"])
def test_a_status_other_than_completed_is_of_no_interest(status: str, schema: str) -> None:
    parsed = events.parse(event(f"run-status-changed-{status}-{schema}"))

    assert isinstance(parsed, NotOfInterest)
    assert status in parsed.reason.lower()


def test_a_run_completed_that_says_failed_is_of_no_interest() -> None:
    parsed = events.parse(event("run-completed-pascalcase-failed-eventgrid"))

    assert isinstance(parsed, NotOfInterest)


def test_pascal_case_data_is_read() -> None:
    parsed = job(with_data("run-completed-pascalcase-failed-eventgrid", RunStatus="COMPLETED"))

    assert parsed.job == "calm_river_7x2k9f"
    assert parsed.tags == {"githuB_REPOSITORY": "churn"}


def test_tags_beside_camel_case_keys_may_be_in_pascal_case() -> None:
    parsed = job(event("run-completed-mixed-keys-eventgrid"))

    assert parsed.tags == {"register": "true", "team": "growth"}


def test_absent_tags_are_not_empty_tags() -> None:
    absent = job(event("run-completed-without-extras-eventgrid"))
    empty = job(event("run-completed-eventgrid"))

    assert (absent.tags, empty.tags) == (None, {})


def test_tags_that_are_not_text_become_text_and_null_ones_are_left_out() -> None:
    parsed = job(with_data("run-completed-eventgrid", runTags={"a": 1, "b": True, "c": None, "d": ["x"]}))

    assert parsed.tags == {"a": "1", "b": "true", "d": '["x"]'}


def test_an_experiment_need_not_be_named() -> None:
    parsed = job(with_data("run-completed-eventgrid", experimentName=None))

    assert parsed.experiment is None


def test_a_whole_number_is_taken_for_text() -> None:
    assert job(with_data("run-completed-eventgrid", runId=42)).job == "42"


@pytest.mark.parametrize(
    "name",
    [
        "putblocklist-eventgrid",
        "putblocklist-cloudevent",
        "bare-etag-eventgrid",
        "putblob-cloudevent",
        "copyblob-eventgrid",
        "snake-keys-cloudevent",
        "flushwithclose-eventgrid",
        "sftpcommit-eventgrid",
        "sftpcommit-cloudevent",
    ],
)
def test_a_blob_written_in_full_reads_the_same_in_every_spelling(name: str) -> None:
    parsed = blob(event(f"blob-created-{name}"))

    assert (parsed.topic, parsed.account) == (ACCOUNT, "dropsprod")
    assert (parsed.container, parsed.path) == ("incoming", MANIFEST)
    assert (parsed.etag, parsed.time[:23]) == ("0x8DE5A3C1B0F4D27", "2026-03-02T08:15:30.123")


@pytest.mark.parametrize("name", ["createfile-eventgrid", "createfile-cloudevent", "sftpcreate-eventgrid"])
def test_an_announced_empty_file_is_of_no_interest(name: str) -> None:
    parsed = events.parse(event(f"blob-created-{name}"))

    assert isinstance(parsed, NotOfInterest)


def test_an_unknown_storage_operation_is_of_no_interest_and_named() -> None:
    parsed = events.parse(with_data("blob-created-putblob-cloudevent", api="PutBlobFromTape"))

    assert isinstance(parsed, NotOfInterest)
    assert "PutBlobFromTape" in parsed.reason


@pytest.mark.parametrize(
    "name",
    [
        "model-registered-eventgrid",
        "model-registered-cloudevent",
        "blob-deleted-cloudevent",
        "subscription-validation-eventgrid",
    ],
)
def test_other_types_are_of_no_interest(name: str) -> None:
    document = event(name)

    parsed = events.parse(document)

    assert isinstance(parsed, NotOfInterest)
    assert parsed.id == document["id"]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://dropsprod.blob.core.windows.net/incoming/a%20b/100%25.json", "a b/100%.json"),
        ("https://dropsprod.blob.core.windows.net/incoming/a+b", "a+b"),
        ("https://dropsprod.blob.core.windows.net/incoming/a%252Fb", "a%2Fb"),
        ("https://dropsprod.blob.core.windows.net/incoming/gr%C3%BC%C3%9Fe", "grüße"),
        ("https://dropsprod.z12.blob.storage.azure.net/incoming/a", "a"),
        ("https://DropsProd.dfs.core.windows.net/incoming/a", "a"),
    ],
)
def test_the_path_is_percent_decoded_once(url: str, path: str) -> None:
    assert blob(with_data("blob-created-putblob-cloudevent", url=url)).path == path


@pytest.mark.parametrize("size", [912, "912"])
def test_a_size_may_be_a_number_or_text(size: object) -> None:
    assert blob(with_data("blob-created-putblob-cloudevent", contentLength=size)).size == 912


def test_a_size_may_be_missing() -> None:
    assert blob(with_data("blob-created-putblob-cloudevent", contentLength=None)).size is None


@pytest.mark.parametrize("size", [-1, True, 9.5, "12 KB", [912], 10**17])
def test_a_size_that_is_no_number_of_bytes_is_malformed(size: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^data\.contentLength: "):
        events.parse(with_data("blob-created-putblob-cloudevent", contentLength=size))


@pytest.mark.parametrize(
    "url",
    [
        "https://other.blob.core.windows.net/incoming/a",
        "https://dropsprod.example.com/incoming/a",
        "https://user@dropsprod.blob.core.windows.net/incoming/a",
        "https://dropsprod.blob.core.windows.net/incoming/a?sig=secret",
        "https://dropsprod.blob.core.windows.net/incoming/a#b",
        "https://dropsprod.blob.core.windows.net/incoming/",
        "https://dropsprod.blob.core.windows.net/incoming",
        "https://dropsprod.blob.core.windows.net//a",
        "https://dropsprod.blob.core.windows.net/incoming/../registrar-state/a",
        "https://dropsprod.blob.core.windows.net/incoming/%2e%2e/a",
        "https://dropsprod.blob.core.windows.net/incoming/a%00b",
        "https://dropsprod.blob.core.windows.net/incoming/a%ff",
        "https://[dropsprod.blob.core.windows.net/incoming/a",
        "ftp://dropsprod.blob.core.windows.net/incoming/a",
        "incoming/a",
        "https://dropsprod.blob.core.windows.net/incoming/" + "a" * 9000,
        7,
        None,
    ],
)
def test_a_url_that_names_no_blob_of_the_account_is_malformed(url: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^data\.url: ") as refused:
        events.parse(with_data("blob-created-putblob-cloudevent", url=url))

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("etag", [None, "", '""', ["0x8"]])
def test_an_etag_is_required(etag: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^data\.eTag: "):
        events.parse(with_data("blob-created-putblob-cloudevent", eTag=etag))


@pytest.mark.parametrize("run", [None, "", "..", "a/b", "a b", "a?b", "a%2e", True, ["J"], {"id": "J"}, "x" * 300])
def test_a_run_id_that_is_no_job_name_is_malformed(run: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^data\.runId: "):
        events.parse(with_data("run-completed-eventgrid", runId=run))


@pytest.mark.parametrize("tags", ["register=true", ["register"], 1])
def test_tags_that_are_no_object_are_malformed(tags: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^data\.runTags: must be an object$"):
        events.parse(with_data("run-completed-eventgrid", runTags=tags))


def test_a_status_change_without_a_status_is_malformed() -> None:
    with pytest.raises(MalformedEventError, match=r"^data\.runStatus: is required$"):
        events.parse(with_data("run-status-changed-completed-eventgrid", runStatus=None))


@pytest.mark.parametrize("data", [None, [], "{}", 5])
def test_data_that_is_no_object_is_malformed(data: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^data: "):
        events.parse(event("run-completed-cloudevent") | {"data": data})


@pytest.mark.parametrize("document", [None, [], [event("run-completed-eventgrid")], "RunCompleted", 5, True])
def test_a_document_that_is_no_object_is_malformed(document: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^event: must be an object$"):
        events.parse(document)


def test_an_unknown_schema_is_malformed() -> None:
    with pytest.raises(MalformedEventError, match="unknown schema"):
        events.parse({"type": events.RUN_COMPLETED, "id": "1"})


@pytest.mark.parametrize("version", ["0.3", "10", "", None, 1.0])
def test_another_specversion_than_1_is_malformed(version: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^specversion: "):
        events.parse(event("run-completed-cloudevent") | {"specversion": version})


def test_a_misspelt_specversion_is_read() -> None:
    document = event("run-completed-cloudevent")
    document["specVersion"] = document.pop("specversion")

    assert job(document).job == "calm_river_7x2k9f"


def test_a_cloud_event_may_have_no_subject() -> None:
    document = event("run-completed-cloudevent")
    del document["subject"]

    assert job(document).job == "calm_river_7x2k9f"


def test_an_extension_called_eventtype_does_not_make_a_cloud_event_another_one() -> None:
    assert job(event("run-completed-cloudevent") | {"eventtype": "other"}).job == "calm_river_7x2k9f"


def test_the_data_version_is_not_read() -> None:
    assert job(event("run-completed-eventgrid") | {"dataVersion": ["?"]}).job == "calm_river_7x2k9f"


def test_a_slash_after_the_workspace_changes_nothing() -> None:
    document = event("run-completed-eventgrid")

    assert job(document | {"topic": document["topic"] + "/"}).workspace == WORKSPACE


@pytest.mark.parametrize("topic", [None, "", "models/churn:3", ACCOUNT, WORKSPACE + "/jobs/j", 3])
def test_a_job_event_from_no_workspace_is_malformed(topic: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^topic: "):
        events.parse(event("run-completed-eventgrid") | {"topic": topic})


def test_a_blob_event_from_a_custom_topic_is_malformed() -> None:
    topic = f"{PROVIDERS}/Microsoft.EventGrid/topics/forwarded"

    with pytest.raises(MalformedEventError, match=r"^source: is not the ARM id of a storage account$"):
        events.parse(event("blob-created-putblob-cloudevent") | {"source": topic})


@pytest.mark.parametrize("identity", [None, "", {}, "a\nb", "\ud800", "x" * 2000])
def test_an_event_without_a_usable_id_is_malformed(identity: object) -> None:
    with pytest.raises(MalformedEventError, match=r"^id: "):
        events.parse(event("run-completed-eventgrid") | {"id": identity})


def test_one_key_in_two_spellings_with_different_values_is_malformed() -> None:
    with pytest.raises(MalformedEventError, match=r"^data\.runId: is given twice"):
        events.parse(with_data("run-completed-eventgrid", RunId="another"))


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("2026-03-02T08:15:30.1234567Z", "2026-03-02T08:15:30.123456+00:00"),
        ("2026-03-02T10:15:30+02:00", "2026-03-02T08:15:30.000000+00:00"),
        ("2026-03-02T08:15:30", "2026-03-02T08:15:30"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
        ("last Monday", "last Monday"),
        (None, ""),
        (1772439330, ""),
    ],
)
def test_a_time_is_normalised_if_it_is_a_moment_and_never_refused(said: object, kept: str) -> None:
    assert job(event("run-completed-eventgrid") | {"eventTime": said}).time == kept


def test_tags_nested_too_deeply_are_malformed() -> None:
    deep: list[Any] = []
    for _ in range(200_000):
        deep = [deep]

    with pytest.raises(MalformedEventError, match="nested too deeply"):
        events.parse(with_data("run-completed-eventgrid", runTags={"deep": deep}))


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_the_type_is_told_without_judging_the_rest(path: Path) -> None:
    document = json.loads(path.read_text())
    stated = document.get("eventType", document.get("type"))
    bare = {key: value for key, value in document.items() if key in {"eventType", "type", "specversion"}}

    assert events.type_of(json.dumps(bare)) == stated


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", '{"id": "1"}', '{"eventType": 1.5}', "[" * 200_000, '{"a": 1' + "0" * 5000]
)
def test_a_type_that_cannot_be_told_is_none(text: str) -> None:
    assert events.type_of(text) is None


@pytest.mark.parametrize("name", ["run-completed-mixed-keys-cloudevent", "run-completed-pascalcase-failed-eventgrid"])
def test_extras_are_left_out_in_any_spelling(name: str) -> None:
    document = event(name)

    slim = events.without_extras(document)

    assert isinstance(slim, dict)
    assert {key.lower() for key in document["data"]} - {key.lower() for key in slim["data"]} == {
        "runtags",
        "runproperties",
    }
    assert slim | {"data": document["data"]} == document


@pytest.mark.parametrize("document", [event("blob-created-putblob-cloudevent"), {"data": [1]}, [], "text", None])
def test_an_event_without_extras_stays_itself(document: object) -> None:
    assert events.without_extras(document) is document


@given(name=st.sampled_from(sorted(FIXTURES.glob("*.json"))), data=st.data())
def test_an_event_with_any_field_spoilt_is_parsed_or_malformed(name: Path, data: st.DataObject) -> None:
    document = json.loads(name.read_text())
    place = document if data.draw(st.booleans()) else document["data"]
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)

    with contextlib.suppress(MalformedEventError):
        assert isinstance(events.parse(document), JobFinished | BlobCreated | NotOfInterest)


@given(st.text())
def test_no_text_makes_the_doors_fail(text: str) -> None:
    assert events.type_of(text) is None
