"""Where registries keep files: a storage account of their own, which nobody has a role on. A SAS is the only way in.

The copy of a version is a copy of its files here too. The SDK is loaded when the first file is copied, not before.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from azure.storage.blob import BlobServiceClient, ContainerClient

_LASTS: Final = timedelta(hours=1)


class RegistryStorage:
    """Copies files and lends containers. `keys` are those of the accounts it reads and writes."""

    def __init__(self, *, proxy: str, authority: Path, keys: Mapping[str, str]) -> None:
        self._network: dict[str, Any] = {"proxies": {"https": proxy}, "connection_verify": str(authority)}
        self._keys = keys

    def copy(self, source: tuple[str, str, str], target: str) -> None:
        """Copy what lies at `source` (account, container and path, a file or a folder) to the blob URL `target`."""
        account, container, path = source
        here = self._service(account).get_container_client(container)
        there, folder = self._place(target)
        for name in list(here.list_blob_names(name_starts_with=path)):
            rest = name.removeprefix(path)
            if not rest or rest.startswith("/") or path.endswith("/"):
                there.upload_blob(f"{folder}{rest}", here.download_blob(name).readall(), overwrite=True)

    def lent(self, url: str) -> str:
        """`url` with a SAS that reads and lists its container for an hour."""
        from azure.storage.blob import ContainerSasPermissions, generate_container_sas  # noqa: PLC0415 - slow to load

        container = urlsplit(url).path.strip("/").partition("/")[0]
        sas = generate_container_sas(
            names.REGISTRY_ACCOUNT,
            container,
            self._keys[names.REGISTRY_ACCOUNT],
            permission=ContainerSasPermissions(read=True, list=True),
            expiry=datetime.now(UTC) + _LASTS,
        )
        return f"{url}?{sas}"

    def _place(self, url: str) -> tuple[ContainerClient, str]:
        from azure.core.exceptions import ResourceExistsError  # noqa: PLC0415 - as above

        container, _, path = urlsplit(url).path.strip("/").partition("/")
        client = self._registries.get_container_client(container)
        with suppress(ResourceExistsError):
            client.create_container()
        return client, path

    @cached_property
    def _registries(self) -> BlobServiceClient:
        return self._service(names.REGISTRY_ACCOUNT)

    def _service(self, account: str) -> BlobServiceClient:
        from azure.storage.blob import BlobServiceClient  # noqa: PLC0415 - as above

        host = f"https://{names.blob_host(account)}"
        return BlobServiceClient(host, credential=self._keys[account], **self._network)
