"""Complaints: what should not be in a world in which everything is settled, each a sentence; none if all is well.

It is read as a person would who may read everything: work records, chains, versions, events, receipts. Nothing is
asked of a worker. What hands did in the registry is known, and not laid at the app's door.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from registration import history
from registration.manifest import MANIFEST_NAME
from registration.rollback import archived_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from registration.history import History
    from registration.registry import ModelVersion
    from registration.step import Step
    from tests.fakes import MemoryRegistry
    from tests.world import World

OUTCOMES = {
    "register": "registered",
    "reject": "rejected",
    "hold": "held",
    "rollback": "rolled_back",
    "revoke": "revoked",
}
TOLD = {"register": "ModelRegistered", "reject": "ModelRejected", "hold": "ModelHeld", "revoke": "ModelRevoked"}
type Key = tuple[str, int]


@dataclass
class Hands:
    """What people did to versions in the registry.

    Those that they `moved` were archived, restored or deleted. `shown` got other tags and stage, which a duplicate may
    mend; of these `crowned` ones got those of the champion.
    """

    moved: set[Key] = field(default_factory=set)
    shown: set[Key] = field(default_factory=set)
    crowned: set[Key] = field(default_factory=set)

    def do(self, what: str, key: Key, registry: MemoryRegistry) -> None:
        """Do it to one version, and remember it."""
        found = registry.versions[key]
        match what:
            case "strip":
                registry.versions[key] = replace(found, stage="None", tags={})
            case "crown":
                tags = {**found.tags, "registrar.champion": "true"}
                registry.versions[key] = replace(found, stage="Production", tags=tags)
                self.crowned.add(key)
            case "archive":
                registry.archived.add(key)
            case "restore" | "delete":
                registry.archived.discard(key)
        if what == "delete":
            del registry.versions[key]
        (self.shown if what in {"strip", "crown"} else self.moved).add(key)


def complaints(world: World, hands: Hands) -> list[str]:
    """What should not be."""
    pasts = {model: history.read(world.ledger, model) for model in world.ledger.models()}
    said = [*_of_works(world, pasts.values()), *_of_events(world, pasts), *_of_receipts(world), *_of_groups(pasts)]
    for model, past in pasts.items():
        of_model = (
            *_of_chain(world, past),
            *_of_offers(past),
            *_of_shares(world, past),
            *_of_versions(world, past, hands),
        )
        said += [f"{model}: {each}" for each in of_model]
    return said


def _of_chain(world: World, past: History) -> Iterator[str]:
    """It is whole, decides each work once, each against the champion of then, and no revoked file is promoted again."""
    yield from map(str, past.breaks)
    if not world.ledger.is_mirrored(past.head):
        yield "people do not find the head of its group"
    for work, number in Counter(step.work for step in past.steps if step.work).items():
        if number > 1 + _is_revocation(world, work):
            yield f"work {work} was decided {number} times"
    champion, denied = None, set[str]()
    for step in past.steps:
        if not _is_rejection(step) and step.compared_with != champion:
            yield f"decision {step.seq} was made against {step.compared_with}, and {champion} was champion"
        if step.promoted and past.digest_of(step.version or 0) in denied:
            yield f"decision {step.seq} promoted version {step.version}, whose files were revoked before"
        denied |= {step.revoked} if step.revoked else set()
        champion = step.version if step.promoted else None if step.vacated else champion
    if champion != past.champion:
        yield f"the champion is {past.champion}, and the history leads to {champion}"


def _of_offers(past: History) -> Iterator[str]:
    """The same files from the same place are one version, however often they were decided about."""
    made: dict[str, set[int | None]] = defaultdict(set)
    for step in past.steps:
        if step.outcome == "register" and step.is_judged:
            made[json.dumps([step.source, step.candidate.get("fingerprint")])].add(step.version)
    yield from (f"{offer} became the versions {found}" for offer, found in made.items() if len(found) > 1)


def _of_shares(world: World, past: History) -> Iterator[str]:
    """Each promotion that was to be shared is there once; what was revoked before it was, need not be."""
    there = Counter(found.properties.get("registrar.decision") for found in world.shared.versions_.values())
    for step in past.steps:
        owed, found = bool(step.promoted and step.record.get("share")), there[step.digest]
        is_withheld = found == 0 and past.digest_of(step.version or 0) in world.ledger.revoked()
        if found != owed and not is_withheld:
            yield f"decision {step.seq} was shared {found} times"


def _of_versions(world: World, past: History, hands: Hands) -> Iterator[str]:
    """Those that were registered or adopted, not put away and not revoked are visible, and show who is champion."""
    made = {step.version for step in past.steps if step.version and step.outcome == "register"}
    gone = {number for step in past.steps for number in step.revoked_versions} | archived_in(past)
    owed = {number for number in made if number == past.champion or number not in gone}
    ours = {number: found for (model, number), found in world.registry.versions.items() if _is_of(past, model, found)}
    for number, found in ours.items():
        if (past.model, number) not in hands.moved:
            is_visible = (past.model, number) not in world.registry.archived
            yield from _of_version(world, past, found, hands) if is_visible else ()
            if is_visible != (number in owed):
                yield f"version {number} is {'' if is_visible else 'not '}visible, registered are {sorted(owed)}"
    yield from (
        f"version {each} is gone"
        for each in owed
        if not {(past.model, each)} & {*world.registry.versions, *hands.moved}
    )
    works = Counter(found.work for found in ours.values())
    yield from (f"work {work} made {many} versions" for work, many in works.items() if many > 1)


def _of_version(world: World, past: History, found: ModelVersion, hands: Hands) -> Iterator[str]:
    """What a visible version shows."""
    champion, status = (found.tags.get(f"registrar.{name}") for name in ("champion", "status"))
    shows, name = (found.stage, champion, status), f"version {found.version}"
    if found.version == past.champion:
        if shows != ("Production", "true", "champion"):
            yield f"{name} is the champion, and shows {shows}"
        return
    seems = found.stage == "Production" or champion == "true" or status in {"champion", "pending"}
    if seems and (past.model, found.version) not in hands.crowned:
        yield f"{name} is not the champion, and shows {shows}"
    if found.properties.get("registrar.artifact_sha256") in world.ledger.revoked():
        yield f"{name} is visible, and its files were revoked"


def _of_works(world: World, pasts: Iterable[History]) -> Iterator[str]:
    """Every one is finished, owes nothing and says what its decision says."""
    decided = {step.digest: step for past in pasts for step in past.steps}
    works = {step.work for step in decided.values()}
    for work in world.works():
        what = f"work {work['work'][:12]} of {work['subject']['model']} from {work['subject']['source'][0]}"
        shares = [share for share in work["shares"] if share["id"] is None and not share["withheld"]]
        if _is_left_to_people(work):
            continue
        if work["state"] != "finished" or work["outbox"] or shares:
            yield f"{what} is {work['state']}, and owes {work['outbox']} and {shares}"
        elif work["result"]["decision"] is not None:
            yield from _of_result(what, work["result"], decided.get(work["result"]["decision"]))
        elif work["work"] in works:
            yield f"{what} says {work['result']['outcome']} without a decision, and has one"


def _of_result(what: str, result: dict[str, Any], step: Step | None) -> Iterator[str]:
    if step is None:
        yield f"{what} names a decision that is in no history"
        return
    expected = "adopted" if step.record.get("adopted") else OUTCOMES[step.outcome]
    if result["outcome"] != expected:
        yield f"{what} says {result['outcome']}, and its decision {step.outcome}"
    if step.outcome != "revoke" and result["version"] != step.version:
        yield f"{what} says version {result['version']}, and its decision {step.version}"


def _is_left_to_people(work: dict[str, Any]) -> bool:
    """Whether it follows an answer that was begun and declined, because other files lie there: it waits for another."""
    return (work["state"], work["owner"], work["result"]) == ("claimed", "", None) and work["subject"].get(
        "epoch", 0
    ) > 0


def _of_events(world: World, pasts: Mapping[str, History]) -> Iterator[str]:
    """Each decision was told as it owes, each event under one id and in one way, and no work was answered twice."""
    ids: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    texts: dict[str, set[str]] = defaultdict(set)
    answers: dict[tuple[str, str], set[str]] = defaultdict(set)
    for event in world.topic.events:
        data, kind = event["data"], event["type"].removeprefix("Registrar.")
        ids[str(data["decision"]), kind, str(data["work"])].add(event["id"])
        texts[event["id"]].add(json.dumps(event, sort_keys=True))
        answers[str(data["work"]), str(data["model"])].add(str(data["decision"]))
    yield from (f"event {id_} was told in {len(found)} ways" for id_, found in texts.items() if len(found) > 1)
    yield from (f"{about} was told under {len(found)} ids" for about, found in ids.items() if len(found) > 1)
    for (work, model), found in answers.items():
        if len(found) > 1 and not _is_revocation(world, work):
            yield f"work {work} of {model} was answered {found}"
    told = {(digest, kind) for digest, kind, _ in ids}
    for model, past in pasts.items():
        for step in past.steps:
            found = {kind for digest, kind in told if digest == step.digest} - {"ModelShared"}
            if found != _owed(step):
                yield f"{model}: of decision {step.seq}, {step.outcome}, was told {found}, not {_owed(step)}"


def _owed(step: Step) -> set[str]:
    """The kinds of events that a decision owes, beside those of shares."""
    said = {TOLD[step.outcome]} if step.outcome in TOLD and not step.record.get("adopted") else set()
    return said | ({"ChampionChanged"} if step.promoted or step.vacated else set())


def _of_receipts(world: World) -> Iterator[str]:
    """The receipt of a drop says what became of it last."""
    signs = {place.name: etag for place, (_, etag) in world.store.blobs.items() if place.name.endswith(MANIFEST_NAME)}
    for name, etag in signs.items():
        folder = name.removesuffix(f"/{MANIFEST_NAME}")
        works = [each for each in world.works() if folder in each["subject"]["source"]]
        answered = [each for each in works if (each["result"] or {}).get("manifest_etag") == etag]
        if not answered:
            yield f"{folder} was never answered"
            continue
        last = max(answered, key=lambda each: int(each["subject"].get("epoch", 0)))["result"]
        receipt = world.receipt(folder)
        if any(receipt[name] != last[name] for name in ("work", "outcome", "version")):
            yield f"the receipt of {folder} says {receipt['outcome']}, its work {last['outcome']}"


def _of_groups(pasts: Mapping[str, History]) -> Iterator[str]:
    """Of what was decided at one time, nothing is promoted beside what was not accepted."""
    for one, other in itertools.permutations(pasts.values(), 2):
        beside = {step.decided_at: step for step in other.steps if one.model in step.with_others}
        for step in one.steps:
            fellow = beside.get(step.decided_at)
            if step.promoted and fellow and fellow.outcome in {"reject", "hold"}:
                yield f"{one.model}:{step.version} was promoted, and {other.model} was to {fellow.outcome}"


def _is_of(past: History, model: str, found: ModelVersion) -> bool:
    return model == past.model and found.work is not None


def _is_revocation(world: World, work: str) -> bool:
    """Whether it is a request that may have two entries in one history: one moves the champion, one denies files."""
    found = world.ledger.work(work)
    return found is not None and (found.subject.get("request") or {}).get("action") == "revoke"


def _is_rejection(step: Step) -> bool:
    """A person's rejection repeats what the decision that held the candidate was made against."""
    return any(request.get("action") == "reject" for request in step.record.get("requests", ()))
