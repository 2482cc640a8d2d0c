"""Policies published to a blob prefix, in a container that only deployers write."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure.storage.blob import ContainerClient

from registration.azure.faults import answering

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential


class BlobPolicies:
    """Every `.yaml` below `url`, `https://<account>.blob.<suffix>/<container>[/<prefix>]`."""

    def __init__(self, credential: TokenCredential, url: str) -> None:
        parts = urlsplit(url)
        container, _, prefix = parts.path.strip("/").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._container = ContainerClient(f"https://{parts.netloc}", container, credential=credential)

    def texts(self) -> Iterator[tuple[str, str]]:
        """The name and text of every policy."""
        with answering("the policy container"):
            for blob in self._container.list_blobs(name_starts_with=self._prefix):
                if blob.name.endswith((".yaml", ".yml")):
                    yield blob.name, self._container.download_blob(blob.name).readall().decode()
