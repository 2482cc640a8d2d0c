"""The composition root: settings, clock, ids and clients are put together here and nowhere else."""

from __future__ import annotations

import logging
import threading
import uuid
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from azure.storage.blob import BlobServiceClient

from registration import names, settings
from registration.azure.blobs import BlobStore
from registration.azure.identity import Identity
from registration.azure.policies import BlobPolicies, place_of
from registration.azure.queues import WorkQueue
from registration.azure.registry import AzureRegistry
from registration.azure.rest import Rest
from registration.azure.shared import AzureSharedRegistries
from registration.azure.shelf import BlobShelf
from registration.azure.topic import OutcomeTopic
from registration.azure.workspace import AzureWorkspace
from registration.desk import Desk
from registration.ledger import Ledger
from registration.notices import Notifier
from registration.owed import Owed
from registration.pauses import Pauses
from registration.policy import catalog
from registration.policy.folder import FolderPolicies
from registration.question import Questions
from registration.registrar import Registrar
from registration.sharing import Sharing
from registration.sources.resolve import Resolver
from registration.standstill import Standstills
from registration.tracing import Untraced
from registration.versioning import Versioning
from registration.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from azure.core.credentials import TokenCredential

    from registration.deployments import Deployments
    from registration.doctor.errand import App
    from registration.leftovers import Leftovers
    from registration.outcome import Outcome
    from registration.places import Places
    from registration.policy.catalog import PolicySource
    from registration.requests import Requests
    from registration.settings import Settings
    from registration.tracing import Tracing

APP = Path(__file__).parent.parent
MAX_DELIVERIES = 10  # host.json's maxDequeueCount


class Parts:
    """Everything made from one set of settings, each part once."""

    def __init__(self, found: Settings, credential: TokenCredential) -> None:
        self.settings = found
        self.credential = credential

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger in the app's own storage account; it keeps evidence where the settings name formats."""
        if not self.settings.evidence:
            return Ledger(**self._shelves, new_owner=_new_owner)
        from registration.portable.keeping import KeepingLedger  # noqa: PLC0415 - most apps keep none

        kept = self.settings.evidence
        return KeepingLedger(**self._shelves, new_owner=_new_owner, formats=kept, workspace=self.settings.workspace)

    @cached_property
    def pauses(self) -> Pauses:
        """What people paused."""
        return Pauses(self.state)

    @cached_property
    def standstills(self) -> Standstills:
        """What waits for a policy in force to be mended."""
        return Standstills(self.state, self.settings.policy)

    @cached_property
    def questions(self) -> Questions:
        """What held works ask of people."""
        return Questions(self.state)

    @cached_property
    def store(self) -> BlobStore:
        """Blobs in any account the identity may read."""
        return BlobStore(self.credential, suffix=self.settings.storage_suffix)

    @cached_property
    def rest(self) -> Rest:
        """Reads of Azure ML."""
        return Rest(self.credential)

    @cached_property
    def shared(self) -> AzureSharedRegistries:
        """Registries that the identity may use."""
        rest = Rest(self.credential, service="a shared registry")
        return AzureSharedRegistries(rest, self.settings.workspace, lend=self.store.lend)

    @cached_property
    def workspace(self) -> AzureWorkspace:
        """The workspace whose jobs are heard."""
        return AzureWorkspace(self.rest, self.settings.workspace)

    @cached_property
    def policies(self) -> PolicySource:
        """Where the policies in force are read from, at each event anew but over one connection."""
        place = self.settings.policy
        return BlobPolicies(self.credential, place) if place.startswith("https://") else FolderPolicies(APP / place)

    @property
    def resolver(self) -> Resolver:
        """Reads the policies in force at each event."""
        return Resolver(self.settings, self.workspace, self.store, self.shared, lambda: catalog.load(self.policies))

    @cached_property
    def registrar(self) -> Registrar:
        """The registrar with all its parts."""
        return Registrar(
            resolver=self.resolver,
            workspace=self.workspace,
            store=self.store,
            ledger=self.ledger,
            versioning=self._versioning,
            owed=self._owed,
            workspace_id=self.settings.workspace,
            now=_now,
            pauses=self.pauses,
            questions=self.questions,
            observes=self.settings.observes,
            tracing=self.tracing,
        )

    @cached_property
    def tracing(self) -> Tracing:
        """Azure Monitor, where it is configured."""
        if self.settings.monitor is None:
            return Untraced()
        from registration.azure.monitor import to_azure_monitor  # noqa: PLC0415 - loads half a second of packages

        return to_azure_monitor(self.settings.monitor, self.credential)

    @property
    def deployments(self) -> Deployments:
        """What is deployed in the workspace."""
        from registration.azure.deployments import WorkspaceDeployments  # noqa: PLC0415 - the worker needs none

        return WorkspaceDeployments(self.rest, self.settings.workspace)

    @cached_property
    def requests(self) -> Requests:
        """What does what people ask for."""
        from registration.answers import Answers  # noqa: PLC0415 - candidates need none of it
        from registration.lifecycle import Lifecycle  # noqa: PLC0415 - as above
        from registration.requests import Requests  # noqa: PLC0415 - as above

        return Requests(
            ledger=self.ledger,
            pauses=self.pauses,
            versioning=self._versioning,
            workspace=self.workspace,
            owed=self._owed,
            workspace_id=self.settings.workspace,
            now=_now,
            answers=Answers(self.registrar, self.questions),
            lifecycle=Lifecycle(self.ledger, self._versioning, _now, self.settings.observes),
            observes=self.settings.observes,
        )

    @cached_property
    def worker(self) -> Worker:
        """The registrar and the requests, with their patience."""
        desk = Desk(self.registrar, {names.REQUEST: self._request, names.CHECKUP: self._errand})
        return Worker(desk, self.ledger, self.queue, self.settings.patience, self.standstills, self.tracing)

    @property
    def leftovers(self) -> Leftovers:
        """Settles what no event leads back to."""
        from registration.leftovers import Leftovers  # noqa: PLC0415 - the worker needs none

        return Leftovers(self.ledger, self._versioning, self._owed, self.settings.workspace, _now)

    @property
    def places(self) -> Places:
        """Where the files lie that a URI names."""
        from registration.places import Places  # noqa: PLC0415 - the worker needs none

        return Places(self.workspace, self._versioning.registry)

    @cached_property
    def queue(self) -> WorkQueue:
        """The queue of work to do."""
        return WorkQueue(self.credential, self.settings.queue_endpoint, names.WORK_QUEUE)

    @cached_property
    def _shelves(self) -> dict[str, BlobShelf]:
        service = BlobServiceClient(self.settings.blob_endpoint, credential=self.credential)
        places = {"state": names.STATE, "decisions": names.DECISIONS, "quarantine": names.QUARANTINE}
        return {shelf: BlobShelf(service.get_container_client(place)) for shelf, place in places.items()}

    def _request(self, said: object) -> Callable[[], Outcome]:
        return self.requests.read(said)

    def _errand(self, said: object) -> Callable[[], Outcome]:
        from registration.bootstrap_doctor import checkup  # noqa: PLC0415 - candidates need none
        from registration.doctor.errand import Errands  # noqa: PLC0415 - as above

        return Errands(self.state, checkup().run).read(said)

    @property
    def state(self) -> BlobShelf:
        """Where work records, heads and what people are told lie."""
        return self._shelves["state"]

    @property
    def _notifier(self) -> Notifier:
        topic = self.settings.outcome_topic
        return Notifier(self.store, OutcomeTopic(self.credential, topic) if topic else None)

    @property
    def _owed(self) -> Owed:
        sharing = Sharing(self.shared, self.ledger, self.settings.workspace, _now)
        return Owed(self.ledger, self._notifier, sharing)

    @cached_property
    def _versioning(self) -> Versioning:
        registry = AzureRegistry(self.credential, self.rest, self.settings.workspace_parts)
        return Versioning(registry, self.ledger, self.store, self.workspace, self.settings.champion_stage)


def _new_owner() -> str:
    return uuid.uuid4().hex


def _now() -> str:
    return datetime.now(UTC).isoformat()


_lock = threading.Lock()
_parts: list[Parts] = []


def parts() -> Parts:
    """The parts of this process, made on first use from its environment; raises `SettingsError`."""
    with _lock:
        if not _parts:
            # The SDKs log every request at INFO, tokens aside; that is noise here and a bill in Application Insights.
            logging.getLogger("azure").setLevel(logging.WARNING)
            _parts.append(Parts(settings.from_environment(), Identity()))
        return _parts[0]


def published(url: str) -> BlobPolicies:
    """The policies published at `url`, under the identity that is signed in; raises `InputError` for another URL."""
    return BlobPolicies(Identity(), place_of(url))


def blobs(suffix: str) -> BlobStore:
    """Blobs under the identity that is signed in, without any settings; `suffix` is the cloud's storage suffix."""
    logging.getLogger("azure").setLevel(logging.WARNING)
    return BlobStore(Identity(), suffix=suffix)


def app(found: Settings) -> App:
    """The app that has these settings, as somebody who is signed in may ask it."""
    from registration.doctor.errand import App  # noqa: PLC0415 - the worker needs none

    made = Parts(found, Identity())
    return App(made.queue.send, made.state)


def worker() -> Worker:
    """The worker of this process."""
    found = parts()
    with _lock:  # of several first messages at once, one configures the telemetry
        return found.worker


def quarantine(message: str) -> None:
    """Keep a message that the host gave up, with why its latest delivery failed."""
    ledger = parts().ledger
    unknown = f"every one of {MAX_DELIVERIES} deliveries failed; the log of register_candidate says why"
    ledger.quarantine(message, reason=ledger.failure(message) or unknown, attempts=MAX_DELIVERIES)
