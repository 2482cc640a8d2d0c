"""The ledger as anybody with the right to read could see it when the load has settled. It is read, never asked."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient

from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.storage.blob import ContainerClient

_AT_ONCE = 4


@dataclass(frozen=True)
class Record:
    """A ledger blob: its name, its exact bytes, and when it was last written, in seconds since 1970 (whole ones)."""

    name: str
    text: bytes
    written: float

    @property
    def document(self) -> dict[str, Any]:
        """The bytes, parsed."""
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed


@dataclass(frozen=True)
class Ledger:
    """`works` by key, `heads` by model, `decisions` by `model/digest`, and what is in `quarantine`."""

    works: Mapping[str, Record]
    heads: Mapping[str, dict[str, Any]]
    decisions: Mapping[str, Record]
    quarantine: tuple[Record, ...]


def read() -> Ledger:
    """Everything as it is now, with the identity of this process."""
    account = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
    with DefaultAzureCredential() as credential, BlobServiceClient(account, credential) as service:
        state, decisions, quarantine = (
            service.get_container_client(f"registrar-{name}") for name in ("state", "decisions", "quarantine")
        )
        return Ledger(
            works={_stem(record.name): record for record in _records(state, "work/")},
            heads={_stem(record.name): record.document for record in _records(state, "heads/")},
            decisions={
                record.name.removesuffix(".json"): record
                for record in _records(decisions, "")
                if not record.name.startswith("policies/")
            },
            quarantine=tuple(_records(quarantine, "")),
        )


def receipts(folders: list[str]) -> dict[str, dict[str, Any]]:
    """The receipts that lie in these folders of the drop container, by folder."""
    account = f"https://{names.blob_host(names.DROP_ACCOUNT)}"
    with DefaultAzureCredential() as credential, BlobServiceClient(account, credential) as service:
        found = _records(service.get_container_client(names.DROP_CONTAINER), "", ending="/model.receipt.json")
        by_folder = {record.name.rpartition("/")[0]: record.document for record in found}
    return {folder: by_folder[folder] for folder in folders if folder in by_folder}


def _stem(name: str) -> str:
    return name.partition("/")[2].removesuffix(".json")


def _records(container: ContainerClient, prefix: str, *, ending: str = "") -> list[Record]:
    listed = [blob for blob in container.list_blobs(name_starts_with=prefix) if blob.name.endswith(ending)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        texts = pool.map(lambda blob: container.download_blob(blob.name).readall(), listed)
        return [
            Record(blob.name, text, blob.last_modified.timestamp()) for blob, text in zip(listed, texts, strict=True)
        ]
