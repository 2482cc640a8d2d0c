"""Policies published to a blob prefix, in a container that only deployers write."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerClient

from registration.azure.faults import answering
from registration.errors import PolicyError, Problem
from registration.policy.folder import is_policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential


class BlobPolicies:
    """Every policy below `url`, `https://<account>.blob.<suffix>/<container>[/<prefix>]`."""

    def __init__(self, credential: TokenCredential, url: str) -> None:
        parts = urlsplit(url)
        container, _, prefix = parts.path.strip("/").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._container = ContainerClient(f"https://{parts.netloc}", container, credential=credential)

    def texts(self) -> Iterator[tuple[str, str]]:
        """The name and text of every policy; raises `PolicyError` when there is no such container, or no text in it."""
        with answering("the policy container"):
            try:
                for blob in self._container.list_blobs(name_starts_with=self._prefix):
                    if is_policy(blob.name):
                        yield blob.name, _text(blob.name, self._container.download_blob(blob.name).readall())
            except ResourceNotFoundError as missing:
                problem = Problem("", "no such container, or a policy in it vanished; REGISTRAR_POLICY names it")
                raise PolicyError(self._container.url, [problem]) from missing


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as broken:
        raise PolicyError(name, [Problem("", f"is not UTF-8 (byte {broken.start})")]) from None
