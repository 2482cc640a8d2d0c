"""The verdict: what a person with access to the ledger, the registry and the topic finds after all deliveries.

`Witness.look` reads what is there, `complaints` says in sentences what should not be. Nothing is asked of a worker but
the outcomes that its deliveries had.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient

from registration.shared_evidence import text_in
from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.storage.blob import ContainerClient
    from crash_scene import Scene
    from crash_worker import Report

    from sandbox.model_store import ModelVersion
    from sandbox.registries import RegistryVersion
    from sandbox.sandbox import Sandbox

OUTCOMES = {
    "register": "registered",
    "reject": "rejected",
    "hold": "held",
    "rollback": "rolled_back",
    "revoke": "revoked",
}
NOTICES = {
    "register": {"Registrar.ModelRegistered", "Registrar.ChampionChanged"},
    "reject": {"Registrar.ModelRejected"},
    "hold": {"Registrar.ModelHeld"},
    "rollback": {"Registrar.ChampionChanged"},
    "revoke": {"Registrar.ModelRevoked", "Registrar.ChampionChanged"},
}
WRITES = {"create", "create_text", "replace", "put", "copy", "write", "project", "archive", "publish", "describe"}


@dataclass(frozen=True)
class Seen:
    """One model as it is: its head, the decisions that lead back from it, and everything about the works of it."""

    head: dict[str, Any]
    chain: dict[str, dict[str, Any]]  # digest: decision, the newest first
    works: dict[str, dict[str, Any]]
    versions: list[ModelVersion]
    events: list[dict[str, Any]]
    receipt: dict[str, Any] | None
    copies: dict[str, dict[str, bytes]]  # folder: file: content
    shared: list[RegistryVersion]

    def decision_from(self, name: str) -> dict[str, Any]:
        """The decision about what the source `name` offered; one without outcome and version if there is none."""
        for decision in self.chain.values():
            if any(name in str(part) for part in decision["candidate"]["source"]):
                return decision
        return {"outcome": None, "version": None}

    @property
    def champion(self) -> int | None:
        """The version that the head calls champion."""
        return (self.head.get("champion") or {}).get("version")

    @property
    def revoked(self) -> set[int]:
        """The versions that were revoked."""
        return {version for each in self.chain.values() for version in each.get("revoked", {}).get("versions", ())}

    @property
    def visible(self) -> dict[int, ModelVersion]:
        """The versions that are not archived, by number."""
        return {int(version.version): version for version in self.versions if not version.is_archived}


class Witness:
    """Looks from outside, with an identity of its own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        credential = DefaultAzureCredential()

        def container(account: str, name: str) -> ContainerClient:
            service = BlobServiceClient(f"https://{names.blob_host(account)}", credential=credential)
            return service.get_container_client(name)

        self._state = container(names.STATE_ACCOUNT, "registrar-state")
        self._decisions = container(names.STATE_ACCOUNT, "registrar-decisions")
        self._drops = container(names.DROP_ACCOUNT, names.DROP_CONTAINER)
        self._outputs = container(names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER)

    def look(self, scene: Scene) -> Seen:
        """All there is about the model of `scene`."""
        head = _json(self._state, f"heads/{scene.model}.json") or {}
        written = _folder(self._decisions, f"{scene.model}/")
        reserved = _folder(self._state, f"versions/{scene.model}/")
        decisions = {name.rpartition("/")[2].removesuffix(".json"): json.loads(text) for name, text in written.items()}
        works = {each["candidate"]["work"] for each in decisions.values()}
        works |= {json.loads(text)["work"] for text in reserved.values()}
        versions = self._sandbox.workspace.versions(scene.model)
        shas = (
            {str(each.properties.get("registrar.artifact_sha256")) for each in versions} if scene.is_copied else set()
        )
        return Seen(
            head,
            dict(_chain(head.get("log_digest"), decisions)),
            {work: _json(self._state, f"work/{work}.json") or {} for work in works},
            versions,
            [event for event in list(self._sandbox.topic.events) if event["data"]["model"] == scene.model],
            _json(self._drops, scene.receipt) if scene.receipt else None,
            {sha: _folder(self._outputs, f"registrar/{sha}/") for sha in shas},
            self._sandbox.workspace.registries.get(names.REGISTRY).versions(scene.model),
        )

    def unfinished(self) -> set[str]:
        """The models that have a work record, known from elsewhere or not, that is not finished."""
        found = self._state.list_blobs(name_starts_with="work/", include=["metadata"])
        left = [str(blob.name) for blob in found if (blob.metadata or {}).get("state") != "finished"]
        return {str((_json(self._state, name) or {"subject": {}})["subject"].get("model")) for name in left}


def complaints(scene: Scene, seen: Seen, again: Report) -> list[str]:
    """What should not be; empty when all is well. `again` is the report of the deliveries after the stop."""
    if again.broke is not None:
        return [f"the worker of the redelivery broke: {again.broke.splitlines()[-1]}"]
    said = [*_deliveries(again), *_history(scene, seen), *_registry(seen)]
    for digest, decision in seen.chain.items():
        # The work record of a request is about the model that it names; others may have moved with it.
        if decision.get("request", decision)["model"] == scene.model:
            said += _work(seen, digest, decision)
        said += _told(seen, decision, more={"Registrar.ModelShared"} if scene.scenario.is_shared else set())
    return [*said, *_answered(scene, seen), *_copied(scene, seen), *(_shared(seen) if scene.scenario.is_shared else ())]


def _deliveries(again: Report) -> Iterator[str]:
    settled = [[outcome.outcome for outcome in outcomes] for outcomes in again.outcomes]
    later = {outcome for outcomes in settled[1:] for outcome in outcomes}
    if set(settled[-1]) != {"duplicate"} or later - {"duplicate", "ignored"}:
        yield f"the redeliveries ended as {', '.join(outcome for outcomes in settled for outcome in outcomes)}"
    wrote = [call for call in again.calls[-1] if call.split()[1] in WRITES]
    if wrote:
        yield f"the duplicate wrote: {', '.join(wrote)}"


def _history(scene: Scene, seen: Seen) -> Iterator[str]:
    works = Counter(decision["candidate"]["work"] for decision in seen.chain.values())
    promoted = [decision["version"] for decision in seen.chain.values() if decision["promoted"]]
    expected = len(scene.scenario.roles) + scene.scenario.is_asked
    if len(works) != expected or set(works.values()) != {1}:
        yield f"the history has {sorted(works.values())} decisions of {expected} works"
        return
    if (seen.head["log_seq"], seen.head["champion_seq"]) != (len(works), len(promoted)):
        yield f"the head moved {seen.head['log_seq']} times and its champion {seen.head['champion_seq']} times"
    outcome = OUTCOMES.get(seen.decision_from(scene.name("candidate"))["outcome"])
    if outcome not in scene.scenario.outcomes:
        yield f"the candidate was {outcome}"
    champion = seen.decision_from(scene.name(scene.scenario.ends))["version"]
    if {seen.champion, *promoted[:1]} != {champion}:
        yield f"the champion is {seen.champion}, not {champion} of the {scene.scenario.ends}"


def _registry(seen: Seen) -> Iterator[str]:
    made = [each for each in seen.chain.values() if each["outcome"] == "register"]
    owed = {each["version"]: each["candidate"]["work"] for each in made if each["version"] not in seen.revoked}
    found = {number: version.properties.get("registrar.work") for number, version in seen.visible.items()}
    if found != owed:
        yield f"visible are the versions {sorted(found)}, registered were {sorted(owed)}, or of other work"
    for version in seen.versions:
        if int(version.version) in seen.revoked and version.tags.get("registrar.status") != "revoked":
            yield f"version {version.version} was revoked, and shows {version.tags}"
    for number, version in seen.visible.items():
        tags = version.tags.get("registrar.champion"), version.tags.get("registrar.status")
        is_it = number == seen.champion
        wanted = ("Production", "true", "champion") if is_it else ("Development", "false", "former")
        if (version.stage, *tags) != wanted:
            yield f"version {number}, {'the' if is_it else 'no'} champion, shows {version.stage}, tags {tags}"


def _work(seen: Seen, digest: str, decision: dict[str, Any]) -> Iterator[str]:
    record = seen.works[decision["candidate"]["work"]]
    result = record.get("result") or {}
    if record.get("state") != "finished" or record.get("outbox"):
        yield f"the work record is {record.get('state')} with {len(record.get('outbox') or ())} notices"
    about = max(seen.revoked) if decision["outcome"] == "revoke" else decision["version"]
    expected = (OUTCOMES[decision["outcome"]], about, digest)
    if (result.get("outcome"), result.get("version"), result.get("decision")) != expected:
        yield f"the work record says {result.get('outcome')} {result.get('version')}, not {expected}"
    intent = (record.get("intent") or {}).get("version")
    if decision["outcome"] == "register" and intent != decision["version"]:
        yield f"the work record intends version {intent}, not {decision['version']}"


def _told(seen: Seen, decision: dict[str, Any], *, more: set[str]) -> Iterator[str]:
    ids: dict[str, set[str]] = defaultdict(set)
    for event in seen.events:
        if event["data"]["work"] == decision["candidate"]["work"]:
            ids[event["type"]].add(event["id"])
            if event["type"] != "Registrar.ModelRevoked" and event["data"]["version"] != decision["version"]:
                yield f"{event['type']} told of version {event['data']['version']}, not {decision['version']}"
    if ids.keys() != NOTICES[decision["outcome"]] | more:
        yield f"told was {sorted(ids) or 'nothing'} of a candidate to {decision['outcome']}"
    for kind, told in ids.items():
        if len(told) != 1:
            yield f"{kind} has {len(told)} ids"


def _shared(seen: Seen) -> Iterator[str]:
    """What is wrong in the shared registry: each promotion is there once, whole, and called as its work says."""
    found = sorted((str(each.content.properties.get("registrar.decision")), each.id) for each in seen.shared)
    owed = sorted((digest, _share(seen, decision)) for digest, decision in seen.chain.items())
    if found != owed:
        yield f"the shared registry has {found}, and the works say {owed}"
    for version in seen.shared:
        if text_in(version.content.properties) is None:
            yield f"{version.id} has no whole evidence"


def _share(seen: Seen, decision: dict[str, Any]) -> str:
    shares = seen.works[decision["candidate"]["work"]].get("shares") or [{}]
    return str(shares[0].get("id"))


def _answered(scene: Scene, seen: Seen) -> Iterator[str]:
    receipt = seen.receipt or {}
    if scene.receipt and (receipt.get("outcome"), receipt.get("version")) != ("registered", seen.champion):
        yield f"the receipt says {receipt.get('outcome')} {receipt.get('version')}"


def _copied(scene: Scene, seen: Seen) -> Iterator[str]:
    if scene.is_copied and not seen.copies:
        yield "there is no copy"
    for folder, files in seen.copies.items():
        if {name.rpartition("/")[2]: content for name, content in files.items()} != scene.files:
            yield f"the copy in {folder} holds {sorted(files)} or other bytes"


def _chain(digest: str | None, decisions: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    while digest is not None and digest in decisions:
        yield digest, decisions[digest]
        digest = decisions[digest]["previous"]


def _folder(container: ContainerClient, prefix: str) -> dict[str, bytes]:
    found = container.list_blob_names(name_starts_with=prefix)
    return {name: container.download_blob(name).readall() for name in found}


def _json(container: ContainerClient, name: str) -> dict[str, Any] | None:
    try:
        document: dict[str, Any] = json.loads(container.download_blob(name).readall())
    except ResourceNotFoundError:
        return None
    return document
