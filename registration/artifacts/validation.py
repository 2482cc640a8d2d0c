"""Validation: every file of an artifact is read once, hashed, and held against what was promised about it.

It answers with findings, never with an exception: an artifact that breaks a promise is refused by the decision. What
it does not promise yet: it does not judge what the bytes would do when they are loaded.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.artifacts.inventory import Artifact
    from registration.artifacts.store import ArtifactStore, StoredFile


@dataclass(frozen=True)
class Promise:
    """What a manifest says of one file: `size` in bytes and lower-case hexadecimal `sha256`."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Validation:
    """`sha256` identifies the content: equal for the same paths and bytes, wherever they lie.

    It is None, and nothing was read, when the listing alone shows that the artifact is not what was promised.
    """

    sha256: str | None
    digests: Mapping[str, str]
    findings: tuple[Finding, ...]


def validate(store: ArtifactStore, artifact: Artifact, *, model_type: str, promises: tuple[Promise, ...]) -> Validation:
    """Hash every file and collect every finding.

    Raises `ArtifactChangedError` when a file is written while it is read.
    """
    findings = (*_unlike(promises, artifact), *_misshapen(model_type, artifact.paths))
    if findings:
        return Validation(sha256=None, digests={}, findings=findings)
    digests = {file.path: hashed(store, file) for file in artifact.files}
    return Validation(sha256=content_digest(digests), digests=digests, findings=tuple(_altered(promises, digests)))


def hashed(store: ArtifactStore, file: StoredFile) -> str:
    """The sha256 of one file, streamed."""
    total = hashlib.sha256()
    for chunk in store.chunks(file):
        total.update(chunk)
    return total.hexdigest()


def content_digest(digests: Mapping[str, str]) -> str:
    """The sha256 of what `sha256sum` prints for the files in path order, `<sha256>  <path>` a line."""
    lines = (_sum_line(path, sha256) for path, sha256 in sorted(digests.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sum_line(path: str, sha256: str) -> str:
    # sha256sum marks a line whose path it had to escape, so no path can imitate the line of another file.
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    return f"{'' if escaped == path else '\\'}{sha256}  {escaped}\n"


def _unlike(promises: tuple[Promise, ...], artifact: Artifact) -> Iterator[Finding]:
    sizes = {file.path: file.size for file in artifact.files}
    for promise in promises:
        size = sizes.get(promise.path)
        if size is None:
            yield Finding("drop.file_missing", promise.path, "the manifest lists this file, but it is not in the drop")
        elif size != promise.size:
            message = f"the manifest says {promise.size} bytes, the file has {size}"
            yield Finding("drop.size_mismatch", promise.path, message)


def _altered(promises: tuple[Promise, ...], digests: Mapping[str, str]) -> Iterator[Finding]:
    for promise in promises:
        if (found := digests[promise.path]) != promise.sha256:
            message = f"the manifest says sha256 {promise.sha256[:12]}…, the file has {found[:12]}…"
            yield Finding("drop.digest_mismatch", promise.path, message)


def _misshapen(model_type: str, paths: frozenset[str]) -> Iterator[Finding]:
    if model_type == "mlflow_model" and "MLmodel" not in paths:
        yield Finding("mlflow.no_mlmodel", "MLmodel", "an mlflow_model is a folder with a file MLmodel at its top")
    if model_type == "triton_model" and not any(_is_triton_version(path) for path in paths):
        message = "a triton_model is a repository: <model>/<version number>/<model file>"
        yield Finding("triton.no_version", "", message)


def _is_triton_version(path: str) -> bool:
    parts = path.split("/")
    return len(parts) >= 3 and parts[1].isdecimal()  # noqa: PLR2004 - repository, version, file
