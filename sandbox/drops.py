"""A drop: a folder that an outside team uploads to storage, its manifest last.

`build_manifest` describes the files as they are; a caller may change what it says before `upload`, to drop something
untrue. Storage is reached with the identity and through the proxy of the caller's environment variables
(`Sandbox.environment`). No event is raised; `sandbox.raised.blob_created` takes each blob that an upload returns.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

from registration.manifest import MANIFEST_NAME, is_own_write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import IO

    from azure.storage.blob import ContainerClient

LARGEST_PUT: Final = 64 * 1024 * 1024  # bytes; the SDK writes a larger blob in blocks


class Blob(TypedDict):
    """A blob that was written: `path` in its container, bare `etag`, `size` in bytes, and the operation that wrote it.

    The keys are the parameters of `sandbox.raised.blob_created`.
    """

    path: str
    etag: str
    size: int
    api: Literal["PutBlob", "PutBlockList"]


def build_manifest(
    folder: Path,
    *,
    model: str,
    metrics: Mapping[str, float] | None = None,
    lineage: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The manifest of every file in `folder`, with true sizes and digests; see docs/formats/manifest.md.

    A manifest or receipt that is already there is not part of it. What it says is not checked.
    """
    return {
        "apiVersion": "registrar/v1",
        "kind": "DropManifest",
        "model": model,
        "files": [_described(path, name) for name, path in _files(folder)],
        "metrics": dict(metrics or {}),
        "lineage": dict(lineage or {}),
    }


def upload(account_url: str, container: str, prefix: str, folder: Path, manifest: Mapping[str, Any]) -> list[Blob]:
    """Upload the files of `folder` below `prefix`, then `manifest`: the blobs in the order they were written.

    Blobs that are there are overwritten. Raises azure-core's errors when storage refuses one; no manifest follows then.
    """
    written = upload_files(account_url, container, prefix, folder)
    content = json.dumps(manifest, indent=2).encode()
    with _container(account_url, container) as client:
        last = _put(client, _below(prefix, MANIFEST_NAME), content, size=len(content))
    return [*written, last]


def upload_files(account_url: str, container: str, prefix: str, folder: Path) -> list[Blob]:
    """Upload the files of `folder` and their signatures below `prefix`, by path; raises as `upload` does."""
    files = sorted({*_files(folder), *((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*.sig"))})
    with _container(account_url, container) as client:
        return [_put_file(client, _below(prefix, name), path) for name, path in files]


def tamper(account_url: str, container: str, path: str) -> Blob:
    """Overwrite a blob with as many bytes, one of them another. Raises ValueError when it is empty."""
    with _container(account_url, container) as client:
        content = bytearray(client.download_blob(path).readall())
        if not content:
            raise ValueError(f"{path} is empty: there is no byte to change")
        content[len(content) // 2] ^= 0xFF
        return _put(client, path, bytes(content), size=len(content))


def read_json(account_url: str, container: str, path: str) -> dict[str, Any]:
    """The JSON object in a blob, such as a receipt."""
    with _container(account_url, container) as client:
        document: dict[str, Any] = json.loads(client.download_blob(path).readall())
        return document


def _files(folder: Path) -> Iterable[tuple[str, Path]]:
    found = ((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    return sorted((name, path) for name, path in found if not _is_about_the_drop(name))


def _is_about_the_drop(name: str) -> bool:
    return name == MANIFEST_NAME or is_own_write(name)


def _described(path: Path, name: str) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"path": name, "size": path.stat().st_size, "sha256": digest}


def _below(prefix: str, name: str) -> str:
    folder = prefix.strip("/")
    return f"{folder}/{name}" if folder else name


@contextmanager
def _container(account_url: str, container: str) -> Iterator[ContainerClient]:
    # The SDKs take a second to import; a sandbox that only builds manifests does without them.
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - the line above
    from azure.storage.blob import ContainerClient  # noqa: PLC0415 - the line above

    with (
        DefaultAzureCredential() as credential,
        ContainerClient(account_url, container, credential=credential, max_single_put_size=LARGEST_PUT) as client,
    ):
        yield client


def _put_file(client: ContainerClient, path: str, file: Path) -> Blob:
    with file.open("rb") as content:
        return _put(client, path, content, size=file.stat().st_size)


def _put(client: ContainerClient, path: str, content: bytes | IO[bytes], *, size: int) -> Blob:
    answer = client.get_blob_client(path).upload_blob(content, length=size, overwrite=True)
    api: Literal["PutBlob", "PutBlockList"] = "PutBlob" if size <= LARGEST_PUT else "PutBlockList"
    return Blob(path=path, etag=str(answer["etag"]).strip('"'), size=size, api=api)
