"""The upload: every candidate's files, manifest and job are there before the first event is posted."""

from __future__ import annotations

import json
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient, ContainerClient

from bench.load_models import OUTPUT
from registration.manifest import MANIFEST_NAME
from sandbox import drops, names
from sandbox.drops import Blob
from sandbox.runs import JobOutput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.load_candidates import Candidate
    from sandbox.workspace import Workspace

_AT_ONCE = 8


def upload(candidates: list[Candidate], workspace: Workspace) -> dict[str, list[Blob]]:
    """Put all candidates where they belong; the blobs of each, in the order they were written, by its name."""
    with DefaultAzureCredential() as credential, ThreadPoolExecutor(_AT_ONCE) as pool:
        places = {
            is_drop: BlobServiceClient(f"https://{names.blob_host(account)}", credential).get_container_client(
                container
            )
            for is_drop, account, container in (
                (True, names.DROP_ACCOUNT, names.DROP_CONTAINER),
                (False, names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER),
            )
        }
        written = pool.map(lambda each: _Upload(each, places[each.model.is_drop]).put(), candidates)
        for candidate in candidates:
            _add_job(candidate, workspace)
        return {candidate.name: blobs for candidate, blobs in zip(candidates, written, strict=True)}


def _add_job(candidate: Candidate, workspace: Workspace) -> None:
    if not candidate.model.is_drop:
        workspace.add_job(
            candidate.name,
            experiment=candidate.model.place,
            metrics={"accuracy": candidate.accuracy},
            outputs={} if candidate.flaw == "no_output" else {OUTPUT: JobOutput(candidate.model.kind)},
        )


@dataclass(frozen=True)
class _Upload:
    """One candidate on its way into a container. `sandbox.drops` makes a client for each; here hundreds share one."""

    candidate: Candidate
    container: ContainerClient

    def put(self) -> list[Blob]:
        written = [self._blob(name, content) for name, content in self.candidate.files.items()]
        if self.candidate.model.is_drop:
            written.append(self._blob(MANIFEST_NAME, json.dumps(self._manifest()).encode()))
        return written

    def _manifest(self) -> Mapping[str, object]:
        with tempfile.TemporaryDirectory() as scratch:
            for name, content in self.candidate.files.items():
                (Path(scratch) / name).write_bytes(content)
            metrics = {"accuracy": self.candidate.accuracy}
            made = drops.build_manifest(Path(scratch), model=self.candidate.model.name, metrics=metrics)
            return self.candidate.changed(made)

    def _blob(self, name: str, content: bytes) -> Blob:
        path = f"{self.candidate.folder}/{name}"
        said = self.container.get_blob_client(path).upload_blob(content, overwrite=True)
        return Blob(path=path, etag=str(said["etag"]).strip('"'), size=len(content), api="PutBlob")
