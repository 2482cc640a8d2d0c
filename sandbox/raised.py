"""Raised events: what Event Grid would deliver when a job of the sandbox ends or a blob of it is written.

Each is one JSON object, ready to be posted in an array or on its own, in Event Grid's schema or as a CloudEvent; no two
have the same id. Keys and the kind of every value are those of the published examples:
https://learn.microsoft.com/azure/event-grid/event-schema-machine-learning,
https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage and, for PutBlob's access tier, test.http of
Azure-Samples/functions-quickstart-python-azd-eventgrid-blob. Nothing is sent, and whether the job or the blob exists is
not looked up.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from sandbox import names, timestamps
from sandbox.runs import Job

if TYPE_CHECKING:
    from collections.abc import Mapping

type Schema = Literal["eventgrid", "cloudevents"]

_HIERARCHICAL: Final = frozenset({"CreateFile", "FlushWithClose"})
_SFTP: Final = frozenset({"SftpCreate", "SftpCommit"})


def run_completed(
    job: str, experiment: str, *, schema: Schema = "eventgrid", tags: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A job has completed. The event states no status, as documented."""
    data = _run(Job(job, experiment=experiment, tags=tags or {}))
    return _of_run("RunCompleted", data, schema=schema)


def run_status_changed(job: str, experiment: str, status: str, *, schema: Schema = "eventgrid") -> dict[str, Any]:
    """A job has another status, such as `Running`, `Completed` or `Failed`."""
    data = {**_run(Job(job, experiment=experiment)), "runStatus": status}
    return _of_run("RunStatusChanged", data, schema=schema)


def blob_created(  # noqa: PLR0913 - what storage knows of one write
    account: str,
    container: str,
    path: str,
    *,
    etag: str,
    size: int,
    api: str = "PutBlob",
    schema: Schema = "eventgrid",
    quoted_etag: bool = True,
) -> dict[str, Any]:
    """A blob was written by `api`, such as `PutBlockList`, `FlushWithClose` or `SftpCommit`.

    `etag` may come with or without quotes; published events show both, and `quoted_etag` chooses. `size` is in bytes.
    """
    bare = etag.strip('"')
    event_id = str(uuid.uuid4())
    data = _write(api, event_id=event_id, etag=f'"{bare}"' if quoted_etag else bare, size=size)
    data["url"] = f"https://{_host(account, api)}/{container}/{quote(path)}"
    return _event(
        "Microsoft.Storage.BlobCreated",
        {**data, **_order(api)},
        topic=names.storage_account_id(account),
        subject=f"/blobServices/default/containers/{container}/blobs/{path}",
        schema=schema,
        event_id=event_id,
        data_version=_data_version(api),
    )


def model_shared(registry: str, model: str, version: int, *, workspace: str) -> dict[str, Any]:
    """The app of another `workspace` shared a version; a CloudEvent of our own."""
    kind, event_id = "Registrar.ModelShared", str(uuid.uuid4())
    subject = f"models/{model}/versions/{version}"
    data = {"shared": {"registry": registry, "model": model, "version": version}}
    return _event(kind, data, topic=workspace, subject=subject, schema="cloudevents", event_id=event_id)


def _run(job: Job) -> dict[str, Any]:
    return {
        "experimentId": job.experiment_id,
        "experimentName": job.experiment,
        "runId": job.name,
        "runType": None,
        "runTags": dict(job.tags),
        "runProperties": {},
    }


def _of_run(kind: str, data: dict[str, Any], *, schema: Schema) -> dict[str, Any]:
    return _event(
        f"Microsoft.MachineLearningServices.{kind}",
        data,
        topic=names.WORKSPACE_ID,
        subject=f"experiments/{data['experimentId']}/runs/{data['runId']}",
        schema=schema,
        event_id=str(uuid.uuid4()),
    )


def _write(api: str, *, event_id: str, etag: str, size: int) -> dict[str, Any]:
    """An SFTP client sends no request id of its own; storage's is the event's id with its last digits cleared."""
    return {
        "api": api,
        **({} if api in _SFTP else {"clientRequestId": str(uuid.uuid4())}),
        "requestId": f"{event_id[:-6]}000000",
        "eTag": etag,
        "contentType": "application/octet-stream",
        "contentLength": size,
        **({"contentOffset": 0} if api in _HIERARCHICAL | _SFTP else {}),
        "blobType": "BlockBlob",
        **({"accessTier": "Hot"} if api == "PutBlob" else {}),
    }


def _order(api: str) -> dict[str, Any]:
    return {
        "sequencer": f"{0:032x}{timestamps.now():016x}",
        **({"identity": "localuser"} if api in _SFTP else {}),
        "storageDiagnostics": {"batchId": f"{str(uuid.uuid4())[:-6]}000000"},
    }


def _host(account: str, api: str) -> str:
    host = names.blob_host(account)
    return host.replace(".blob.", ".dfs.") if api in _HIERARCHICAL else host


def _data_version(api: str) -> str:
    if api in _HIERARCHICAL:
        return "2"
    return "3" if api in _SFTP else ""


def _event(  # noqa: PLR0913 - the fields of an event
    kind: str,
    data: dict[str, Any],
    *,
    topic: str,
    subject: str,
    schema: Schema,
    event_id: str,
    data_version: str = "",
) -> dict[str, Any]:
    if schema == "cloudevents":
        head = {"source": topic, "subject": subject, "type": kind, "time": _now(), "id": event_id}
        return {**head, "data": data, "specversion": "1.0"}
    head = {"topic": topic, "subject": subject, "eventType": kind, "eventTime": _now(), "id": event_id}
    return {**head, "data": data, "dataVersion": data_version, "metadataVersion": "1"}


def _now() -> str:
    """Seven digits of a second, none cut: `2026-03-02T06:01:05.1200000Z`."""
    whole, _, fraction = timestamps.zulu_time(timestamps.now()).removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<7}Z"
