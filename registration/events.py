"""An event: what Event Grid says happened, in its own schema or as a CloudEvent 1.0, parsed into one of four values.

This is the only file that knows those schemas. The doors ask `type_of` and hand the text on; the worker calls `parse`.
Published and captured events of one type disagree about the spelling of their keys (`runId`, `RunId`, `run_id`, even
inside one event), so every key is read without regard to case and underscores. `dataVersion` and `subject` are not
read: they differ between sources that mean the same.

Not promised: that the event is one this app was configured for. The caller compares `workspace` or `topic` with its
settings before it acts. Nothing here fetches the URL that an event names.

Schemas: https://learn.microsoft.com/azure/event-grid/event-schema-machine-learning and
https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urlsplit

from registration.errors import MalformedEventError
from registration.event_fields import UNSTORABLE, Fields, folded

if TYPE_CHECKING:
    from collections.abc import Mapping

RUN_COMPLETED: Final = "Microsoft.MachineLearningServices.RunCompleted"
RUN_STATUS_CHANGED: Final = "Microsoft.MachineLearningServices.RunStatusChanged"
MODEL_SHARED: Final = "Registrar.ModelShared"  # our own, of another environment
BLOB_CREATED: Final = "Microsoft.Storage.BlobCreated"
JOB_TYPES: Final = frozenset({RUN_COMPLETED, RUN_STATUS_CHANGED})
DROP_TYPES: Final = frozenset({BLOB_CREATED})

# The operations after which the blob is whole. CreateFile and SftpCreate announce an empty one.
COMMITS: Final = ("PutBlob", "PutBlockList", "CopyBlob", "FlushWithClose", "SftpCommit")
_EXTRAS: Final = frozenset({"runtags", "runproperties"})
_LONGEST_URL: Final = 8192  # characters; a blob name has up to 1,024, each of up to 12 when encoded

_ARM_ID: Final = r"/subscriptions/[^/]+/resourcegroups/[^/]+/providers/"
_WORKSPACE: Final = re.compile(_ARM_ID + r"microsoft\.machinelearningservices/workspaces/[^/]+")
_ACCOUNT: Final = re.compile(_ARM_ID + r"microsoft\.storage/storageaccounts/(?P<name>[^/]+)")
_JOB: Final = re.compile(r"(?!\.+$)[\w.-]{1,255}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
_BYTES: Final = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True)
class JobFinished:
    """A job completed. `workspace` is its ARM id in lower case; `tags` is None when the event carries none."""

    id: str
    workspace: str
    job: str
    experiment: str | None
    tags: Mapping[str, str] | None
    time: str


@dataclass(frozen=True)
class BlobCreated:
    """A blob was written in full. `topic` is the account's ARM id in lower case, `etag` bare, `size` in bytes."""

    id: str
    topic: str
    account: str
    container: str
    path: str
    etag: str
    size: int | None
    api: str
    time: str


@dataclass(frozen=True)
class VersionShared:
    """A version of `model`, as it is called there, is in the shared `registry`."""

    id: str
    registry: str
    model: str
    version: int


@dataclass(frozen=True)
class NotOfInterest:
    """A well-formed event that asks for no work, and why."""

    id: str
    type: str
    reason: str


type Event = JobFinished | BlobCreated | VersionShared | NotOfInterest


def parse(document: object) -> Event:
    """What one event (parsed JSON, not the array Event Grid posts) says.

    Raises MalformedEventError, its message beginning with the place (`data.runId: is required`), when it cannot be
    understood; the same event fails the same way for ever.
    """
    try:
        return _event(_header(Fields.of(document)))
    except RecursionError:
        raise MalformedEventError("event: is nested too deeply") from None


def type_of(text: str) -> str | None:
    """The event type that raw JSON text states, or None when it cannot be told. Never raises."""
    try:
        fields = Fields.of(json.loads(text))
        return fields.text(_schema(fields).type)
    except (ValueError, RecursionError, MalformedEventError):
        return None


def without_extras(document: object) -> object:
    """The event without the job's tags and properties, which may make it large; `document` itself if it has none."""
    if not isinstance(document, dict):
        return document
    slim = {key: _slim(value) if folded(key) == "data" else value for key, value in document.items()}
    return slim if any(slim[key] is not document[key] for key in document) else document


def _slim(data: object) -> object:
    if not isinstance(data, dict) or not any(folded(key) in _EXTRAS for key in data):
        return data
    return {key: value for key, value in data.items() if folded(key) not in _EXTRAS}


@dataclass(frozen=True)
class _Schema:
    """The names under which a schema keeps what both of them say."""

    type: str
    topic: str
    time: str


_CLOUD_EVENTS: Final = _Schema("type", "source", "time")
_EVENT_GRID: Final = _Schema("eventType", "topic", "eventTime")


@dataclass(frozen=True)
class _Header:
    """What every event says, whatever its type."""

    id: str
    type: str
    time: str
    fields: Fields
    schema: _Schema

    def topic(self, pattern: re.Pattern[str], *, what: str) -> re.Match[str]:
        found = pattern.fullmatch(self.fields.text(self.schema.topic).lower().rstrip("/"))
        if found is None:
            raise self.fields.wrong(self.schema.topic, f"is not the ARM id of {what}")
        return found


def _schema(fields: Fields) -> _Schema:
    # A CloudEvent may carry an extension attribute called `eventtype`; an Event Grid event has no specversion.
    if fields.has("specversion"):
        return _CLOUD_EVENTS
    if fields.has("eventType"):
        return _EVENT_GRID
    raise MalformedEventError("event: unknown schema; it has neither specversion nor eventType")


def _header(fields: Fields) -> _Header:
    schema = _schema(fields)
    if schema is _CLOUD_EVENTS and not fields.text("specversion").startswith("1."):
        raise fields.wrong("specversion", "is not one this app reads; it reads CloudEvents 1.x")
    return _Header(fields.text("id"), fields.text(schema.type), _time(fields.get(schema.time)), fields, schema)


def _event(header: _Header) -> Event:
    if header.type in JOB_TYPES:
        return _job_event(header, header.fields.inside("data"))
    if header.type in DROP_TYPES:
        return _blob_event(header, header.fields.inside("data"))
    if header.type == MODEL_SHARED:
        return _shared_event(header, header.fields.inside("data").inside("shared"))
    return NotOfInterest(header.id, header.type, "events of this type are not acted upon")


def _job_event(header: _Header, data: Fields) -> JobFinished | NotOfInterest:
    workspace = header.topic(_WORKSPACE, what="a workspace").group()
    job = data.text("runId")
    if not _JOB.fullmatch(job):
        raise data.wrong("runId", "is not a job name")
    status = _status(header, data)
    if status.casefold() != "completed":
        return NotOfInterest(header.id, header.type, f"the job's status is {status}, not Completed")
    return JobFinished(header.id, workspace, job, data.text_or_none("experimentName"), _tags(data), header.time)


def _status(header: _Header, data: Fields) -> str:
    """RunCompleted need not state a status: it is raised for success only. One that it does state counts."""
    if header.type == RUN_COMPLETED:
        return data.text_or_none("runStatus") or "Completed"
    return data.text("runStatus")


def _tags(data: Fields) -> Mapping[str, str] | None:
    tags = data.get("runTags")
    if tags is None:
        return None
    if not isinstance(tags, dict):
        raise data.wrong("runTags", "must be an object")
    said = {key: value for key, value in tags.items() if value is not None}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}


def _blob_event(header: _Header, data: Fields) -> BlobCreated | NotOfInterest:
    topic = header.topic(_ACCOUNT, what="a storage account")
    api = data.text("api")
    if api not in COMMITS:
        return NotOfInterest(header.id, header.type, f"{api} does not mean that the blob is complete")
    account = topic["name"]
    container, path = _blob(data, account=account)
    etag = data.text("eTag").strip('"')
    if not etag:
        raise data.wrong("eTag", "is required")
    return BlobCreated(header.id, topic.group(), account, container, path, etag, _size(data), api, header.time)


def _shared_event(header: _Header, shared: Fields) -> VersionShared:
    number = shared.text("version")
    if not _NUMBER.fullmatch(number):
        raise shared.wrong("version", "must be a whole number above 0")
    return VersionShared(header.id, shared.text("registry"), shared.text("model"), int(number))


def _blob(data: Fields, *, account: str) -> tuple[str, str]:
    """Container and path of the blob, percent-decoded once, from `data.url`."""
    url = _url(data)
    host = (url.hostname or "").split(".")
    if url.scheme not in {"https", "http"} or not {"blob", "dfs"} & set(host[1:]):
        raise data.wrong("url", "is not the URL of a blob")
    if host[0] != account:
        raise data.wrong("url", f"names another storage account than the event's ({account})")
    container, _, path = url.path.removeprefix("/").partition("/")
    container, path = _decoded(data, container), _decoded(data, path)
    if not container or not path or {".", ".."} & set(path.split("/")):
        raise data.wrong("url", "names no blob in a container")
    return container, path


def _url(data: Fields) -> SplitResult:
    text = data.text("url", longest=_LONGEST_URL)
    try:
        url = urlsplit(text)
    except ValueError:
        raise data.wrong("url", "is not a URL") from None
    # An unencoded `?` or `#` would silently shorten the blob's name to that of another blob.
    if url.query or url.fragment or url.username is not None:
        raise data.wrong("url", "must be only host and path")
    return url


def _decoded(data: Fields, text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise data.wrong("url", "is not UTF-8 once percent-decoded") from None
    if UNSTORABLE.search(decoded):
        raise data.wrong("url", "holds a control character")
    return decoded


def _size(data: Fields) -> int | None:
    value = data.get("contentLength")
    if value is None:
        return None
    if not _BYTES.fullmatch(str(value)):
        raise data.wrong("contentLength", "must be a number of bytes")
    return int(str(value))


def _time(value: object) -> str:
    """ISO 8601 in UTC with microseconds if the text is a moment, otherwise the text as it came."""
    if not isinstance(value, str):
        return ""
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC).isoformat(timespec="microseconds") if moment.tzinfo else value
    except (ValueError, OverflowError):
        return value
