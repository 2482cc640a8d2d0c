"""The observer: what the ledger shows from outside, before and after an event.

It reads what a person or an auditor could read, never the app's memory, so a story told from it cannot flatter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure.storage.blob import ContainerClient


@dataclass(frozen=True)
class Snapshot:
    """`results` are those of finished work, `kept` what is in quarantine, `marks` the ETag of every ledger blob."""

    results: Mapping[str, dict[str, Any]]
    kept: Mapping[str, dict[str, Any]]
    marks: frozenset[tuple[str, str]]

    def news_since(self, before: Snapshot) -> list[dict[str, Any]]:
        """The outcomes that were not there before, as the app recorded them."""
        settled = [result for name, result in self.results.items() if name not in before.results]
        kept = [
            {"event": None, "outcome": "quarantined", "model": None, "version": None, "reasons": [document["reason"]]}
            for name, document in self.kept.items()
            if name not in before.kept
        ]
        return [*settled, *kept]


class Observer:
    """Looks at the three ledger containers with the identity of this process."""

    def __init__(self) -> None:
        # Imported here so that the command line starts without the Azure clients.
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415
        from azure.storage.blob import BlobServiceClient  # noqa: PLC0415

        account = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
        service = BlobServiceClient(account, credential=DefaultAzureCredential())
        self._state, self._decisions, self._quarantine = (
            service.get_container_client(f"registrar-{name}") for name in ("state", "decisions", "quarantine")
        )

    def look(self) -> Snapshot:
        """Everything as it is now."""
        works = _documents(self._state, "work/")
        results = {name: work["result"] for name, work in works.items() if work["state"] == "finished"}
        shelves = (self._state, self._decisions, self._quarantine)
        marks = frozenset(mark for shelf in shelves for mark in _marks(shelf))
        return Snapshot(results, _documents(self._quarantine, ""), marks)

    def champion(self, model: str) -> tuple[int, dict[str, Any]]:
        """The champion's version and the decision that promoted it; raises KeyError when there is none."""
        head = _documents(self._state, f"heads/{model}.json")[f"heads/{model}.json"]
        champion = head["champion"]
        name = f"{model}/{champion['decision']}.json"
        return champion["version"], _documents(self._decisions, name)[name]


def _documents(shelf: ContainerClient, prefix: str) -> dict[str, dict[str, Any]]:
    found = shelf.list_blob_names(name_starts_with=prefix)
    return {name: json.loads(shelf.download_blob(name).readall()) for name in found}


def _marks(shelf: ContainerClient) -> set[tuple[str, str]]:
    return {(str(blob.name), str(blob.etag)) for blob in shelf.list_blobs()}
