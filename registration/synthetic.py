"""A synthetic event: what the sweep puts on the work queue in the place of an event that never came.

It is a CloudEvent that `registration.events` parses like any other. Its text follows from the source alone, so the
same omission found twice gives the same message, and quarantine keeps it once. It carries no time: nobody knows when
the event should have come.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from registration.artifacts.inventory import digest
from registration.events import BLOB_CREATED, MODEL_SHARED, RUN_COMPLETED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.artifacts.store import Location

PREFIX = "registrar-sweep-"


@dataclass(frozen=True)
class Synthetic:
    """The event `id` as text; `about` names its source for people."""

    id: str
    text: str
    about: str


def run_completed(workspace: str, job: str) -> Synthetic:
    """That a job of the workspace with this ARM id completed."""
    data = {"runId": job, "runStatus": "Completed"}
    return _event(PREFIX + job, RUN_COMPLETED, workspace, data, about=f"job {job}")


def blob_created(topic: str, blob: Location) -> Synthetic:
    """That a blob was written in the storage account with this ARM id.

    The ETag says `unknown` and the size is left out: the worker reads the blob itself, and nothing fetches the URL.
    """
    url = f"https://{blob.account}.blob.core.windows.net/{blob.container}/{quote(blob.name)}"
    data = {"api": "PutBlob", "eTag": "unknown", "url": url}
    # A path may be longer than an id, so its digest stands for it.
    id_ = PREFIX + digest([blob.account, blob.container, blob.name])
    return _event(id_, BLOB_CREATED, topic, data, about=str(blob))


def model_shared(workspace: str, registry: str, model: str, version: int) -> Synthetic:
    """That a version is in a shared registry; `workspace` is the ARM id of the one that looked there."""
    shared = {"registry": registry, "model": model, "version": version}
    id_ = PREFIX + digest(["shared", registry, model, version])
    return _event(id_, MODEL_SHARED, workspace, {"shared": shared}, about=f"registry {registry}, {model}:{version}")


def _event(id_: str, kind: str, source: str, data: Mapping[str, Any], *, about: str) -> Synthetic:
    event = {"specversion": "1.0", "id": id_, "type": kind, "source": source, "data": data}
    return Synthetic(id_, json.dumps(event), about)
