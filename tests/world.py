"""A world: a whole registrar over the fakes, with one policy for jobs and one for drops.

`churn` comes from the output `model` of jobs of the experiments `churn-*`; `digits` is dropped under `vendor-a/`.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from registration import events, names
from registration.answers import Answers
from registration.artifacts.inventory import Artifact
from registration.artifacts.store import Location
from registration.artifacts.validation import validate
from registration.candidate import Candidate
from registration.desk import Desk
from registration.errors import ClaimHeldError, RegistrarError, UnavailableError
from registration.events import NotOfInterest
from registration.gathering import gathered
from registration.inspecting import Inspector
from registration.ledger import HELD_FOR, Ledger
from registration.leftovers import Leftovers
from registration.lifecycle import Lifecycle
from registration.notices import Notifier
from registration.owed import Owed
from registration.pauses import Pauses
from registration.places import Places
from registration.policy import catalog
from registration.question import Questions
from registration.record import Case
from registration.registrar import Registrar
from registration.requests import Requests
from registration.sharing import Sharing
from registration.sources.job import Job, JobOutput
from registration.sources.resolve import Resolver
from registration.standstill import Standstills
from registration.versioning import Versioning
from tests.fakes import (
    OUTPUTS,
    Clock,
    MemoryRegistry,
    MemoryShared,
    MemoryShelf,
    MemoryStore,
    MemoryTopic,
    MemoryWorkspace,
    TextPolicies,
)
from tests.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.outcome import Outcome

GROUP = "/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg-Models/providers"
WORKSPACE = f"{GROUP}/Microsoft.MachineLearningServices/workspaces/ml-Prod"
DROP_ACCOUNT = f"{GROUP}/Microsoft.Storage/storageAccounts/dropsprod"
OUTPUT_ACCOUNT = f"{GROUP}/Microsoft.Storage/storageAccounts/{OUTPUTS.account}"
INCOMING = Location("dropsprod", "incoming", "")
COPIES = OUTPUTS / "registrar"

CHURN = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: churn
match: {any: [{job: {experiment: "churn-*"}}]}
models:
  - name: churn
    from: {output: model}
    description: Who will leave.
    tags: {team: growth}
    metrics: {accuracy: {direction: maximize, min: 0.8, vs_champion: {max_regression: 0}}}
"""
DIGITS = """
apiVersion: registrar/v1
kind: PromotionPolicy
name: digits
match: {any: [{drop: {account: dropsprod, container: incoming, prefix: vendor-a/}}]}
models:
  - name: digits
    description: Reads digits.
    metrics: {accuracy: {direction: maximize, min: 0.8, vs_champion: {max_regression: 0}}}
"""


@dataclass(frozen=True)
class Trusted:
    """The configured sources."""

    workspace_id: str = WORKSPACE.lower()
    account_ids: frozenset[str] = frozenset({DROP_ACCOUNT.lower(), OUTPUT_ACCOUNT.lower()})


@dataclass
class World:
    """Azure in memory, and the registrar in it."""

    clock: Clock = field(default_factory=Clock)
    faults: Faults = field(default_factory=Faults)
    workspace: MemoryWorkspace = field(default_factory=MemoryWorkspace)
    policies: TextPolicies = field(default_factory=lambda: TextPolicies({"churn.yaml": CHURN, "digits.yaml": DIGITS}))
    observes: bool = False

    def __post_init__(self) -> None:
        owners = (f"worker-{number}" for number in itertools.count(1))
        self.state, self.decisions, self.quarantine = (
            MemoryShelf(name, self.clock, self.faults) for name in ("state", "decisions", "quarantine")
        )
        self.store, self.topic = MemoryStore(self.faults), MemoryTopic(self.faults)
        self.registry = MemoryRegistry(self.faults)
        self.shared = MemoryShared(self.registry, self.faults)
        self.ledger = Ledger(
            state=self.state, decisions=self.decisions, quarantine=self.quarantine, new_owner=owners.__next__
        )

    @property
    def resolver(self) -> Resolver:
        """Reads the world's policies at each event."""
        return Resolver(Trusted(), self.workspace, self.store, self.shared, lambda: catalog.load(self.policies))

    @property
    def versioning(self) -> Versioning:
        """Writes to the world's registry."""
        return Versioning(self.registry, self.ledger, self.store, self.workspace, "Production")

    @property
    def registrar(self) -> Registrar:
        """The registrar under test."""
        return Registrar(
            resolver=self.resolver,
            workspace=self.workspace,
            store=self.store,
            ledger=self.ledger,
            versioning=self.versioning,
            owed=self.owed,
            workspace_id=WORKSPACE,
            now=self.clock.iso,
            pauses=self.pauses,
            questions=self.questions,
            observes=self.observes,
        )

    @property
    def owed(self) -> Owed:
        """What pays what work owes."""
        sharing = Sharing(self.shared, self.ledger, WORKSPACE, self.clock.iso)
        return Owed(self.ledger, Notifier(self.store, self.topic), sharing)

    @property
    def pauses(self) -> Pauses:
        """What people paused."""
        return Pauses(self.state)

    @property
    def standstills(self) -> Standstills:
        """What waits for a policy in force to be mended."""
        return Standstills(self.state, "policies")

    @property
    def requests(self) -> Requests:
        """What does what people ask for."""
        return Requests(
            ledger=self.ledger,
            pauses=self.pauses,
            versioning=self.versioning,
            workspace=self.workspace,
            owed=self.owed,
            workspace_id=WORKSPACE,
            now=self.clock.iso,
            answers=Answers(self.registrar, self.questions),
            lifecycle=Lifecycle(self.ledger, self.versioning, self.clock.iso, self.observes),
            observes=self.observes,
        )

    @property
    def questions(self) -> Questions:
        """What held works ask of people."""
        return Questions(self.state)

    @property
    def inspector(self) -> Inspector:
        """Looks at the files of champions."""
        return Inspector(self.ledger, Places(self.workspace, self.registry), self.store, now=self.clock.iso)

    @property
    def leftovers(self) -> Leftovers:
        """Settles what no event leads back to."""
        return Leftovers(self.ledger, self.versioning, self.owed, WORKSPACE, self.clock.iso)

    @property
    def desk(self) -> Desk:
        """Where the worker's messages are opened."""
        return Desk(self.registrar, {names.REQUEST: self.requests.read})

    def process(self, message: str) -> Outcome:
        """The one outcome of a message."""
        (outcome,) = self.desk.process(message)
        return outcome

    def settle(self, message: str) -> Outcome:
        """The one outcome of a message, as `deliver` has it."""
        (outcome,) = self.deliver(message)
        return outcome

    def deliver(self, message: str) -> tuple[Outcome, ...]:
        """The outcomes of a message that the queue delivers again after each failure, as long as that may help."""
        for _ in range(4):
            try:
                return self.desk.process(message)
            except ClaimHeldError:
                self.clock.forward(HELD_FOR)
            except RegistrarError:
                self.faults.revive()
        return self.desk.process(message)

    def dies(self, message: str, *, before: str = "", after: str = "") -> None:
        """A worker dies just before or just after its first write whose name begins so; another takes its place."""
        self.faults.fail(before or after, done=bool(after), dead=True)
        with pytest.raises(UnavailableError, match="on purpose"):
            self.desk.process(message)
        self.faults.revive()

    def job(
        self, name: str, *, status: str = "Completed", accuracy: object = 0.9, files: Mapping[str, bytes] | None = None
    ) -> None:
        """A job of the experiment `churn-nightly` with its output; its files say its name if none are given."""
        outputs = {"default": JobOutput("uri_folder", None), "model": JobOutput("custom_model", None)}
        self.workspace.jobs[name] = Job(name, status, experiment="churn-nightly", outputs=outputs)
        self.workspace.logged[name] = {} if accuracy is None else {"accuracy": accuracy}
        for path, data in ({"model.onnx": name.encode()} if files is None else files).items():
            self.store.put(OUTPUTS / f"azureml/{name}/model/{path}", data)

    def drop(self, folder: str, *, files: Mapping[str, bytes] | None = None, **changes: object) -> None:
        """A whole drop, its manifest last; `changes` replace what the manifest says."""
        files = {"model.onnx": folder.encode()} if files is None else files
        for path, data in files.items():
            self.store.put(INCOMING / f"{folder}/{path}", data)
        self.manifest(folder, **({"files": [promise(path, data) for path, data in files.items()]} | changes))

    def manifest(self, folder: str, **changes: object) -> None:
        """The manifest of a drop, alone."""
        said = {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": "digits", "metrics": {"accuracy": 0.9}}
        document = json.dumps(said | changes).encode()
        self.store.put(INCOMING / f"{folder}/model.manifest.json", document)

    def change(self, place: Location, data: bytes | None) -> None:
        """What somebody does to a file; None deletes it."""
        if data is None:
            del self.store.blobs[place]
        else:
            self.store.put(place, data)

    def receipt(self, folder: str) -> dict[str, Any]:
        """The receipt beside a drop."""
        data, _ = self.store.blobs[INCOMING / f"{folder}/model.receipt.json"]
        receipt: dict[str, Any] = json.loads(data)
        return receipt

    def offer(self, message: str) -> Candidate:
        """The one candidate that an event offers."""
        offered = self.resolver.offers(events.parse(json.loads(message)))
        assert not isinstance(offered, NotOfInterest)
        (candidate,) = offered
        assert isinstance(candidate, Candidate)
        return candidate

    def case(self, message: str, *, work: str = "w1") -> Case:
        """The candidate that an event offers, with all that is known about it."""
        candidate = self.offer(message)
        promised = {promise.path for promise in candidate.promises}
        listed = self.store.files(candidate.location)
        artifact = Artifact.of(file for file in listed if not promised or file.path in promised)
        validation = validate(self.store, artifact, model_type=candidate.model.type, promises=candidate.promises)
        candidate, known = gathered(candidate, self.workspace)
        return Case(candidate, work, artifact, validation, known)

    def promote(self, model: str, version: int, *, work: str = "another") -> None:
        """Another worker's decision makes `version` the champion; it has shown nothing yet."""
        head = self.ledger.head(model)
        claim = self.ledger.claim(f"{work}-{version}", subject={"model": model})
        draft = self.ledger.draft(claim, head, {"version": version, "candidate": {"work": work}}).work.draft
        assert draft is not None
        self.ledger.append(head, draft.digest, promote=(version, work))

    def champion(self, model: str) -> int | None:
        """The version that the ledger says is champion."""
        champion = self.ledger.head(model).champion
        return champion.version if champion else None

    def shown(self, model: str) -> list[int]:
        """The versions that the registry shows as champion, by stage or by tag."""
        versions = [found for found in self.registry.versions.values() if found.model == model]
        return [
            found.version
            for found in versions
            if found.stage == "Production" or found.tags.get("registrar.champion") == "true"
        ]

    def history(self, model: str) -> list[dict[str, Any]]:
        """The decisions that the head names, oldest first."""
        found: list[dict[str, Any]] = []
        digest = self.ledger.head(model).log_digest
        while digest is not None:
            found.insert(0, self.ledger.decision(model, digest))
            digest = found[0]["previous"]
        return found

    def works(self) -> list[dict[str, Any]]:
        """Every work record."""
        return self.state.documents("work/")

    def told(self) -> list[str]:
        """The types of the outcome events published, in order."""
        return [event["type"] for event in self.topic.events]

    def everything(self) -> object:
        """All that is kept anywhere, to be compared with later."""
        shelves = [dict(shelf.kept) for shelf in (self.state, self.decisions, self.quarantine)]
        versions = {key: asdict(version) for key, version in self.registry.versions.items()}
        shared = dict(self.shared.versions_)
        return shelves, versions, set(self.registry.archived), dict(self.store.blobs), list(self.topic.events), shared


def promise(path: str, data: bytes, **changes: object) -> dict[str, object]:
    """What a manifest says of a file."""
    return {"path": path, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()} | changes


def job_event(job: str, *, kind: str = "RunCompleted", status: str | None = None, **changes: object) -> str:
    """An event of Azure ML about a job."""
    data = {"runId": job, "experimentName": "churn-nightly"} | ({"runStatus": status} if status else {})
    said = {"specversion": "1.0", "id": f"{kind}-{job}", "source": WORKSPACE, "time": "2026-03-02T08:00:00Z"}
    return json.dumps({**said, "type": f"Microsoft.MachineLearningServices.{kind}", "data": data, **changes})


def blob_event(location: Location, *, source: str = DROP_ACCOUNT, **changes: object) -> str:
    """An event of storage about a blob."""
    url = f"https://{location.account}.blob.core.windows.net/{location.container}/{location.name}"
    data = {"api": "PutBlob", "eTag": "0x8D", "contentLength": 1, "url": url}
    said = {"specversion": "1.0", "id": f"blob-{location.name}", "source": source, "time": "2026-03-02T08:00:00Z"}
    return json.dumps({**said, "type": "Microsoft.Storage.BlobCreated", "data": data, **changes})


def drop_event(folder: str) -> str:
    """The event that a drop's manifest raises."""
    return blob_event(INCOMING / f"{folder}/model.manifest.json")


def output_event(job: str, path: str, *, output: str = "model") -> str:
    """The event that a file of a job's own output raises."""
    return blob_event(OUTPUTS / f"azureml/{job}/{output}/{path}", source=OUTPUT_ACCOUNT)
