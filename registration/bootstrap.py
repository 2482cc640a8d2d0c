"""The composition root: settings, clock, ids and clients are put together here and nowhere else."""

from __future__ import annotations

import logging
import threading
import uuid
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient

from registration import settings
from registration.azure.blobs import BlobStore
from registration.azure.policies import BlobPolicies
from registration.azure.queues import WorkQueue
from registration.azure.registry import AzureRegistry
from registration.azure.rest import Rest
from registration.azure.shelf import BlobShelf
from registration.azure.topic import OutcomeTopic
from registration.azure.workspace import AzureWorkspace
from registration.ledger import Ledger
from registration.notices import Notifier
from registration.policy import catalog
from registration.policy.folder import FolderPolicies
from registration.registrar import Registrar
from registration.sources.resolve import Resolver
from registration.versioning import Versioning
from registration.worker import Worker

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

    from registration.policy.catalog import PolicySource
    from registration.settings import Settings

APP = Path(__file__).parent.parent
WORK_QUEUE = "registrar-work"  # as in function_app.py
MAX_DELIVERIES = 10  # host.json's maxDequeueCount


class Parts:
    """Everything made from one set of settings, each part once."""

    def __init__(self, found: Settings, credential: TokenCredential) -> None:
        self.settings = found
        self.credential = credential

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger in the app's own storage account."""
        service = BlobServiceClient(self.settings.blob_endpoint, credential=self.credential)
        shelves = {
            name: BlobShelf(service.get_container_client(f"registrar-{name}"))
            for name in ("state", "decisions", "quarantine")
        }
        return Ledger(**shelves, new_owner=lambda: uuid.uuid4().hex)

    @cached_property
    def store(self) -> BlobStore:
        """Blobs in any account the identity may read."""
        return BlobStore(self.credential, suffix=self.settings.storage_suffix)

    @cached_property
    def rest(self) -> Rest:
        """Reads of Azure ML."""
        return Rest(self.credential)

    @cached_property
    def workspace(self) -> AzureWorkspace:
        """The workspace whose jobs are heard."""
        return AzureWorkspace(self.rest, self.settings.workspace)

    @property
    def policies(self) -> PolicySource:
        """Where the policies in force are read from."""
        place = self.settings.policy
        return BlobPolicies(self.credential, place) if place.startswith("https://") else FolderPolicies(APP / place)

    @cached_property
    def registrar(self) -> Registrar:
        """The registrar with all its parts."""
        topic = self.settings.outcome_topic
        return Registrar(
            resolver=Resolver(self.settings, self.workspace, self.store, lambda: catalog.load(self.policies)),
            workspace=self.workspace,
            store=self.store,
            ledger=self.ledger,
            versioning=self._versioning,
            notifier=Notifier(self.store, OutcomeTopic(self.credential, topic) if topic else None),
            workspace_id=self.settings.workspace,
            now=lambda: datetime.now(UTC).isoformat(),
        )

    @cached_property
    def worker(self) -> Worker:
        """The registrar with its patience."""
        return Worker(self.registrar, self.ledger, self.queue, self.settings.patience)

    @cached_property
    def queue(self) -> WorkQueue:
        """The queue of work to do."""
        return WorkQueue(self.credential, self.settings.queue_endpoint, WORK_QUEUE)

    @property
    def _versioning(self) -> Versioning:
        registry = AzureRegistry(self.credential, self.rest, self.settings.workspace_parts)
        return Versioning(registry, self.ledger, self.store, self.workspace, self.settings.champion_stage)


_lock = threading.Lock()
_parts: list[Parts] = []


def parts() -> Parts:
    """The parts of this process, made on first use from its environment; raises `SettingsError`."""
    with _lock:
        if not _parts:
            # The SDKs log every request at INFO, tokens aside; that is noise here and a bill in Application Insights.
            logging.getLogger("azure").setLevel(logging.WARNING)
            _parts.append(Parts(settings.from_environment(), DefaultAzureCredential()))
        return _parts[0]


def registrar() -> Registrar:
    """The registrar of this process."""
    return parts().registrar


def worker() -> Worker:
    """The worker of this process."""
    return parts().worker


def quarantine(message: str) -> None:
    """Keep a message that the host gave up, with why its latest delivery failed."""
    ledger = parts().ledger
    unknown = f"every one of {MAX_DELIVERIES} deliveries failed; the log of register_candidate says why"
    ledger.quarantine(message, reason=ledger.failure(message) or unknown, attempts=MAX_DELIVERIES)
