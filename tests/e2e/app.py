"""The app under test, seen from outside only: events go in by its doors, everything else is read where it was written.

`App.raised` posts events as Event Grid does and says what came of them: the outcomes the ledger shows, which kinds of
ledger blobs were written, which model versions are new or changed. A test that expects nothing compares with `NOTHING`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueClient

from registration.manifest import MANIFEST_NAME
from sandbox import drops, names, raised
from sandbox.runs import Job, JobOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from azure.core.credentials import TokenCredential

    from sandbox.host_process import HostProcess
    from sandbox.model_store import ModelVersion
    from sandbox.sandbox import Sandbox

type Marks = dict[tuple[str, str], str]  # the ETag of every ledger blob, by container and name

JOBS, DROPS = "on_job_event", "on_drop_event"
QUARANTINE = "registrar-quarantine"
LEDGER = ("registrar-state", "registrar-decisions", QUARANTINE)
SETTLES_SECONDS = 30.0
MODEL = {"model.bin": b"not really a model"}


@dataclass(frozen=True)
class Came:
    """What came of events: outcomes, the kinds of ledger blobs written, and versions that are new or changed."""

    news: tuple[dict[str, Any], ...] = ()
    wrote: tuple[str, ...] = ()
    versions: tuple[ModelVersion, ...] = ()

    @property
    def outcome(self) -> dict[str, Any]:
        """The only outcome."""
        [only] = self.news
        return only

    @property
    def says(self) -> str:
        """The outcome and its reasons, for comparison with a sentence."""
        return f"{self.outcome['outcome']}: {'; '.join(self.outcome['reasons'])}"


NOTHING = Came()


@dataclass(frozen=True)
class App:
    """The app in its host; `queue` is the account that holds its work queue."""

    sandbox: Sandbox
    host: HostProcess
    policies: Path
    credential: TokenCredential
    ledger: BlobServiceClient
    queue: str = names.STATE_ACCOUNT

    def raised(self, function: str, *events: dict[str, Any]) -> Came:
        """Post `events` in one batch and wait until the app is at rest."""
        return self.came_of(lambda: self.post(function, *events))

    def post(self, function: str, *events: dict[str, Any]) -> None:
        """Post `events` in one batch; the host takes them."""
        answer = self.host.post_events(function, [*events])
        assert (answer.status, answer.body) == (202, "")

    def queued(self, message: str, *, queue: str = names.WORK_QUEUE) -> Came:
        """Put `message` in a queue, the work queue by default, past the doors and wait until the app is at rest."""
        client = QueueClient(f"https://{names.queue_host(self.queue)}", queue, credential=self.credential)
        with client:
            with contextlib.suppress(ResourceExistsError):  # the host makes the poison queue with its first message
                client.create_queue()
            return self.came_of(lambda: client.send_message(base64.b64encode(message.encode()).decode()))

    def came_of(self, act: Callable[[], object]) -> Came:
        """What came of `act`, whatever it does to the app."""
        before, versions = self._marks(), self._versions()
        act()
        self.host.idle(SETTLES_SECONDS)
        after = self._marks()
        written = sorted(blob for blob in after if after[blob] != before.get(blob))
        changed = tuple(version for version in self._versions() if version not in versions)
        assert before.keys() <= after.keys()
        return Came(tuple(self._news(written)), tuple(sorted(_kind(*blob) for blob in written)), changed)

    def champion(self, model: str) -> dict[str, Any]:
        """The champion of a model, with `candidate` from the decision that made it one."""
        champion = self._read("registrar-state", f"heads/{model}.json")["champion"]
        decision = self._read("registrar-decisions", f"{model}/{champion['decision']}.json")
        return {**champion, "candidate": decision["candidate"]}

    def kept_messages(self) -> list[str]:
        """Every message in quarantine."""
        kept = [name for container, name in self._marks() if container == QUARANTINE]
        return [self._read(QUARANTINE, name)["message"] for name in kept]

    def policy(self, name: str, match: Mapping[str, Any], **model: Any) -> Path:
        """Let a policy of one model be in force; a policy may be written as JSON."""
        document = {
            "apiVersion": "registrar/v1",
            "kind": "PromotionPolicy",
            "name": name,
            "match": {"any": [match]},
            "models": [{"name": name, "metrics": {"accuracy": _ACCURACY}, **model}],
        }
        path = self.policies / f"{name}.yaml"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def job(
        self,
        name: str,
        files: Mapping[str, bytes] = MODEL,
        *,
        output: str = "model",
        kind: str = "custom_model",
        **more: Any,
    ) -> Job:
        """A completed job of experiment `name` (unless `more` says else) with `files` in one output."""
        folder = f"azureml/{name}/{output}"
        self.upload(names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER, folder, files)
        described = {"experiment": name, "metrics": {"accuracy": 0.95}, "outputs": {output: JobOutput(kind)}}
        return self.sandbox.workspace.add_job(name, **{**described, **more})

    def upload(self, account: str, container: str, folder: str, files: Mapping[str, bytes]) -> list[drops.Blob]:
        """Write files below a folder of a container, in order."""
        url = f"https://{names.blob_host(account)}"
        with ContainerClient(url, container, credential=self.credential) as client:
            return [_put(client, f"{folder}/{path}", content) for path, content in files.items()]

    def drop(self, folder: str, manifest: Mapping[str, Any], files: Mapping[str, bytes] = MODEL) -> dict[str, Any]:
        """Drop files and then their manifest below vendor/`folder`; the event that storage raises for the manifest."""
        last = {MANIFEST_NAME: json.dumps(manifest).encode()}
        written = self.upload(names.DROP_ACCOUNT, names.DROP_CONTAINER, f"vendor/{folder}", {**files, **last})
        return raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, **written[-1])

    def receipt(self, folder: str) -> dict[str, Any]:
        """The receipt that lies in a dropped folder."""
        url = f"https://{names.blob_host(names.DROP_ACCOUNT)}"
        with ContainerClient(url, names.DROP_CONTAINER, credential=self.credential) as client:
            found: dict[str, Any] = json.loads(client.download_blob(f"vendor/{folder}/model.receipt.json").readall())
            return found

    def announced(self, model: str) -> list[dict[str, Any]]:
        """The outcome events about a model, in order of arrival."""
        return [event for event in self.sandbox.topic.events if event["data"].get("model") == model]

    def _marks(self) -> Marks:
        clients = map(self.ledger.get_container_client, LEDGER)
        return {(client.container_name, blob.name): blob.etag for client in clients for blob in client.list_blobs()}

    def _news(self, written: list[tuple[str, str]]) -> Iterator[dict[str, Any]]:
        for container, name in written:
            if container == QUARANTINE:
                yield {"outcome": "quarantined", "reasons": [self._read(container, name)["reason"]]}
            elif name.startswith("work/") and (work := self._read(container, name))["state"] == "finished":
                yield work["result"]

    def _read(self, container: str, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.ledger.get_blob_client(container, name).download_blob().readall())
        return document

    def _versions(self) -> list[ModelVersion]:
        models = self.sandbox.workspace.models
        return [version for model in models.containers() for version in models.versions(model.name)]


_ACCURACY = {"direction": "maximize", "min": 0.9, "vs_champion": {"max_regression": 0}}


def dropped_below(folder: str) -> dict[str, Any]:
    """The match of a policy for what is dropped below vendor/`folder`/."""
    return {"drop": {"account": names.DROP_ACCOUNT, "container": names.DROP_CONTAINER, "prefix": f"vendor/{folder}/"}}


def manifest(model: str, files: Mapping[str, bytes] = MODEL, **more: Any) -> dict[str, Any]:
    """A manifest that is true of `files`, but for what `more` says."""
    described = [
        {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in files.items()
    ]
    head = {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": model}
    return {**head, "files": described, "metrics": {"accuracy": 0.95}, **more}


def _put(client: ContainerClient, path: str, content: bytes) -> drops.Blob:
    said = client.get_blob_client(path).upload_blob(content, overwrite=True)
    return drops.Blob(path=path, etag=str(said["etag"]).strip('"'), size=len(content), api="PutBlob")


def _kind(container: str, name: str) -> str:
    if container == QUARANTINE:
        return "quarantine"
    folder = name.partition("/")[0]
    return "decision" if container == "registrar-decisions" and folder != "policies" else folder
