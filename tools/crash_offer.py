"""An offer: a model as a job, a step of a pipeline, an outside team or another environment leaves it, and its message.

A pair is a job that leaves two models in two outputs.

Every offer is made of the same files, and says how good the model is where its kind says it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient

from registration import shared_evidence
from registration.artifacts.validation import content_digest
from registration.lineage import Lineage
from sandbox import names, raised
from sandbox.model_store import ModelDraft
from sandbox.runs import JobInput, JobOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from azure.storage.blob import ContainerClient

    from sandbox.sandbox import Sandbox

type Kind = Literal["job", "pair", "step", "manifest", "marker", "single_file", "shared"]
FILES = ("labels.json", "model.onnx")
SINGLE = "model.onnx"
STEP = "train"
MANIFEST, MARKER, RECEIPT = "model.manifest.json", "_SUCCESS", "model.receipt.json"
_OUTPUTS = (names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER)
_ELSEWHERE = f"{names.WORKSPACE_ID}-of-another-environment"


@dataclass(frozen=True)
class Ways:
    """What a policy says of offers of one kind: its `match`, what it takes of a job, and where a drop is answered.

    `files` are those of the model, by name.
    """

    match: str
    source: str = ""
    receipt: str | None = None
    files: tuple[str, ...] = FILES


def ways(kind: Kind, model: str, *, name: str) -> Ways:
    """How offers of `kind` come to `model`; `name` is what tells a drop from every other."""
    if kind in {"job", "pair", "step"}:
        step = f"step: {STEP}, " if kind == "step" else ""
        return Ways(f'job: {{experiment: "{model}"}}', f"    from: {{{step}output: model}}\n")
    if kind == "shared":
        return Ways(f"shared: {{registry: {names.REGISTRY}, name: {name}}}")
    place = f"account: {names.DROP_ACCOUNT}, container: {names.DROP_CONTAINER}, prefix: {name}/"
    more = {"marker": ", completeness: marker", "single_file": ', completeness: single_file, files: "*.onnx"'}
    drop = f"drop: {{{place}{more.get(kind, '')}}}"
    if kind == "single_file":
        return Ways(drop, receipt=f"{name}/{SINGLE}.receipt.json", files=(SINGLE,))
    return Ways(drop, receipt=f"{name}/{RECEIPT}")


class Offering:
    """Lays offers where they belong in `sandbox`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._workspace = sandbox.workspace
        self._outputs = _container(*_OUTPUTS)
        self._drops = _container(names.DROP_ACCOUNT, names.DROP_CONTAINER)
        self._make: dict[Kind, Callable[[str, str, Mapping[str, bytes], float], str]] = {
            "job": self._of_job,
            "pair": self._of_pair,
            "step": self._of_step,
            "manifest": self._with_manifest,
            "marker": self._with_marker,
            "single_file": self._single,
            "shared": self._shared,
        }

    def make(self, kind: Kind, model: str, *, name: str, accuracy: float) -> tuple[str, dict[str, bytes]]:
        """An offer for `model` under a `name` of its own: the message that tells of it, and its files."""
        files = {file: f"{file} of {name}".encode() for file in ways(kind, model, name=name).files}
        return self._make[kind](model, name, files, accuracy), files

    def _of_job(self, model: str, name: str, files: Mapping[str, bytes], accuracy: float) -> str:
        self._runs(name, files, experiment=model, metrics={"accuracy": accuracy})
        return json.dumps(raised.run_completed(name, model))

    def _of_pair(self, model: str, name: str, files: Mapping[str, bytes], accuracy: float) -> str:
        self._runs(name, files, outputs=("model", "right"), experiment=model, metrics={"accuracy": accuracy})
        return json.dumps(raised.run_completed(name, model))

    def _of_step(self, model: str, name: str, files: Mapping[str, bytes], accuracy: float) -> str:
        self._workspace.add_job(name, job_type="Pipeline", experiment=model)
        told: dict[str, Any] = {"parent": name, "display_name": STEP, "metrics": {"accuracy": accuracy}}
        self._runs(f"{name}-{STEP}", files, experiment=model, **told)
        return json.dumps(raised.run_completed(name, model))

    def _runs(
        self, run: str, files: Mapping[str, bytes], *, outputs: tuple[str, ...] = ("model",), **told: object
    ) -> None:
        for output in outputs:
            for file, content in files.items():
                self._outputs.upload_blob(f"azureml/{run}/{output}/{file}", content)
        read = {"rows": JobInput(uri=f"{names.WORKSPACE_ID}/data/rows/versions/3")}
        self._workspace.add_job(run, inputs=read, outputs={output: JobOutput() for output in outputs}, **told)

    def _with_manifest(self, model: str, name: str, files: Mapping[str, bytes], accuracy: float) -> str:
        promised = [
            {"path": file, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for file, content in files.items()
        ]
        told = {"model": model, "files": promised, "metrics": {"accuracy": accuracy}}
        manifest = {"apiVersion": "registrar/v1", "kind": "DropManifest", **told}
        self._lays(name, files)
        return self._completes(f"{name}/{MANIFEST}", json.dumps(manifest).encode())

    def _with_marker(self, _model: str, name: str, files: Mapping[str, bytes], accuracy: float) -> str:
        self._lays(name, files)
        return self._completes(f"{name}/{MARKER}", b"", accuracy=accuracy)

    def _single(self, _model: str, name: str, files: Mapping[str, bytes], accuracy: float) -> str:
        return self._completes(f"{name}/{SINGLE}", files[SINGLE], accuracy=accuracy)

    def _shared(self, _model: str, name: str, files: Mapping[str, bytes], accuracy: float) -> str:
        registry = self._workspace.registries.get(names.REGISTRY)
        uri = f"https://{names.blob_host(names.REGISTRY_ACCOUNT)}/{registry.name}/{name}"
        for file, content in files.items():
            self._outputs.upload_blob(f"shared/{name}/{file}", content)
        if self._workspace.registries.storage is not None:
            self._workspace.registries.storage.copy((*_OUTPUTS, f"shared/{name}"), uri)
        digests = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
        decision = _promoted(name, content_digest(digests), accuracy)
        said = shared_evidence.properties(decision, digests[FILES[0]], workspace=_ELSEWHERE)
        registry.put(name, "1", draft=ModelDraft(uri, properties=said))
        return json.dumps(raised.model_shared(names.REGISTRY, name, 1, workspace=_ELSEWHERE))

    def _lays(self, folder: str, files: Mapping[str, bytes]) -> None:
        for file, content in files.items():
            self._drops.upload_blob(f"{folder}/{file}", content)

    def _completes(self, path: str, content: bytes, *, accuracy: float | None = None) -> str:
        told = None if accuracy is None else {"registrar_metric_accuracy": str(accuracy)}
        etag = str(self._drops.upload_blob(path, content, metadata=told).get_blob_properties().etag)
        event = raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, path, etag=etag, size=len(content))
        return json.dumps(event)


def _promoted(name: str, sha256: str, accuracy: float) -> dict[str, Any]:
    """As much of a decision of another environment, which promoted `name`, as it shares."""
    candidate = {"work": name, "artifact_sha256": sha256, "metrics": {"accuracy": accuracy}}
    whole = {**candidate, "lineage": Lineage(job=f"{name}-job").stored()}
    about = {"seq": 1, "model": name, "version": 1, "decided_at": "2026-11-19T06:40:52Z"}
    return {**about, "policy": None, "candidate": whole}


def _container(account: str, name: str) -> ContainerClient:
    service = BlobServiceClient(f"https://{names.blob_host(account)}", credential=DefaultAzureCredential())
    return service.get_container_client(name)
