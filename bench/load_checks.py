"""The checks: what must be true when the load has settled, told from the records alone and never from the app.

Each is a claim with the exceptions found; a claim without exceptions holds.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.load_run import Seen
    from sandbox.model_store import ModelVersion

    type Find = Callable[[Seen], Iterator[str]]

ACCEPTED = 202
ANNOUNCED = {
    "registered": ["Registrar.ChampionChanged", "Registrar.ModelRegistered"],
    "rejected": ["Registrar.ModelRejected"],
}


@dataclass(frozen=True)
class Check:
    """A claim about the whole run, and every exception to it."""

    claim: str
    exceptions: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether there is no exception."""
        return not self.exceptions


def check(seen: Seen) -> list[Check]:
    """Every claim, held against what was seen."""
    return [Check(claim, tuple(find(seen))) for claim, find in CLAIMS.items()]


def works(seen: Seen) -> dict[tuple[str, ...], list[dict[str, Any]]]:
    """The work records by the source that offered."""
    found = defaultdict(list)
    for record in seen.ledger.works.values():
        work = record.document
        found[tuple(work["subject"]["source"])].append(work)
    return found


def _not_settled(seen: Seen) -> Iterator[str]:
    if not seen.clock.is_at_rest:
        yield "the queues were not empty when the patience ran out"
    for sent in seen.sent:
        if sent.status != ACCEPTED:
            yield f"a door answered {sent.status} to event {sent.posting.event.get('id')}"


def _lost(seen: Seen) -> Iterator[str]:
    found, given_up = works(seen), _given_up(seen)
    for candidate in seen.candidates:
        mine = found.get(candidate.source, [])
        if candidate.name in given_up and not mine:
            continue
        if [(work["state"], work["subject"]["model"]) for work in mine] != [("finished", candidate.of_model)]:
            states = [(work["work"], work["state"], work["subject"]["model"]) for work in mine]
            yield f"{candidate.name} has the work records {states} and is not in quarantine"


def _given_up(seen: Seen) -> set[str]:
    """The candidates one of whose messages is in quarantine, with a reason."""
    offers = {_text(sent.posting.event): sent.posting.candidate for sent in seen.sent if sent.posting.candidate}
    kept = (record.document for record in seen.ledger.quarantine)
    return {name for entry in kept if entry["reason"] and (name := offers.get(_text(_event(entry["message"]))))}


def _misjudged(seen: Seen) -> Iterator[str]:
    found = works(seen)
    for candidate in seen.candidates:
        for work in found.get(candidate.source, []):
            outcome = (work["result"] or {}).get("outcome")
            if outcome not in candidate.may_become:
                yield f"{candidate.name} became {outcome}, not one of {sorted(candidate.may_become)}"


def _uninvited(seen: Seen) -> Iterator[str]:
    offered = {candidate.source for candidate in seen.candidates}
    for source, mine in works(seen).items():
        if source not in offered:
            yield f"{source} offered nothing and has the work records {[work['work'] for work in mine]}"


def _not_kept(seen: Seen) -> Iterator[str]:
    kept = Counter(_text(_event(record.document["message"])) for record in seen.ledger.quarantine)
    unusable = {_text(sent.posting.event) for sent in seen.sent if sent.posting.is_unusable}
    for text in unusable:
        if kept[text] != 1:
            yield f"quarantine holds {kept[text]} copies of {text[:200]}"
    offers = {_text(sent.posting.event) for sent in seen.sent if sent.posting.candidate}
    for text in kept.keys() - unusable - offers:
        yield f"quarantine holds what nobody wanted kept: {text[:200]}"


def _broken_chains(seen: Seen) -> Iterator[str]:
    for model, head in seen.ledger.heads.items():
        entries = list(chain(seen, model))
        if [entry["seq"] for entry in entries] != list(range(1, head["log_seq"] + 1)):
            yield f"{model}: the chain has the places {[entry['seq'] for entry in entries]}, the head {head['log_seq']}"
    for name, record in seen.ledger.decisions.items():
        if hashlib.sha256(record.text).hexdigest() != name.partition("/")[2]:
            yield f"decision {name} is not what its name says"


def chain(seen: Seen, model: str) -> list[dict[str, Any]]:
    """The decisions that the head of a model leads back to, oldest first; it ends where one is missing."""
    entries: list[dict[str, Any]] = []
    digest = seen.ledger.heads[model]["log_digest"]
    while digest is not None and (found := seen.ledger.decisions.get(f"{model}/{digest}")) is not None:
        entries.append({**found.document, "digest": digest})
        digest = entries[-1]["previous"]
    return entries[::-1]


def _decided_twice(seen: Seen) -> Iterator[str]:
    decided = [entry for model in seen.ledger.heads for entry in chain(seen, model)]
    for work, times in Counter(entry["candidate"]["work"] for entry in decided).items():
        if times != 1:
            yield f"work {work} was decided {times} times"
    in_chain = {(entry["candidate"]["work"], entry["digest"]) for entry in decided}
    results = [record.document["result"] or {} for record in seen.ledger.works.values()]
    announced = {(result["work"], result["decision"]) for result in results if result.get("decision")}
    for work, digest in in_chain ^ announced:
        yield f"work {work} and decision {digest} stand in only one of chain and work records"


def _judged_against_another(seen: Seen) -> Iterator[str]:
    """Each decision must have met the champion that the one before it left."""
    for model, head in seen.ledger.heads.items():
        champion, changes = None, 0
        for entry in chain(seen, model):
            met = entry["champion"] and (entry["champion"]["version"], entry["champion"]["decision"])
            if met != champion:
                yield f"{model} seq {entry['seq']} met champion {met}, but it was {champion}"
            if entry["version"] is not None:
                champion, changes = (entry["version"], entry["digest"]), changes + 1
        named = head["champion"] and (head["champion"]["version"], head["champion"]["decision"])
        if (named, head["champion_seq"]) != (champion, changes):
            yield f"{model}: the head says {named}, change {head['champion_seq']}; the chain {champion}, {changes}"


def _wrong_versions(seen: Seen) -> Iterator[str]:
    results = [record.document["result"] or {} for record in seen.ledger.works.values()]
    for model, versions in seen.versions.items():
        registered = {
            (result["work"], str(result["version"]))
            for result in results
            if (result.get("outcome"), result.get("model")) == ("registered", model)
        }
        shown = {(each.properties.get("registrar.work"), each.version) for each in versions if not each.is_archived}
        for work, number in registered ^ shown:
            place = "ledger" if (work, number) in registered else "registry"
            yield f"{model}:{number} of work {work} is only in the {place}"
        yield from _shared_works(model, versions)


def _shared_works(model: str, versions: list[ModelVersion]) -> Iterator[str]:
    for work, times in Counter(each.properties.get("registrar.work") for each in versions).items():
        if times != 1:
            yield f"{model}: {times} versions are of work {work}"
    for each in versions:
        if each.is_archived and each.tags.get("registrar.status") not in {"superseded", "artifact_changed"}:
            yield f"{model}:{each.version} is archived without a reason: {dict(each.tags)}"


def _wrong_champions(seen: Seen) -> Iterator[str]:
    for model, versions in seen.versions.items():
        champion = seen.ledger.heads.get(model, {}).get("champion")
        wanted = [str(champion["version"])] if champion else []
        tagged = [each.version for each in versions if each.tags.get("registrar.champion") == "true"]
        staged = [each.version for each in versions if each.stage == "Production"]
        if not tagged == staged == wanted:
            yield f"{model}: the head says {wanted}, the tags {tagged}, the stages {staged}"


def _wrong_notices(seen: Seen) -> Iterator[str]:
    sent: dict[tuple[str, str], set[str]] = defaultdict(set)
    for event in seen.topic:
        sent[event["data"]["work"], event["type"]].add(event["id"])
    wanted = {
        (record.document["work"], type_)
        for record in seen.ledger.works.values()
        for type_ in ANNOUNCED.get((record.document["result"] or {}).get("outcome", ""), [])
    }
    for work, type_ in sent.keys() ^ wanted:
        yield f"{type_} of work {work} was {'never sent' if (work, type_) in wanted else 'sent and not due'}"
    for (work, type_), ids in sent.items():
        if len(ids) != 1:
            yield f"{type_} of work {work} came under {len(ids)} ids"
    if len({id_ for ids in sent.values() for id_ in ids}) != sum(map(len, sent.values())):
        yield "two notices share an id"


def _wrong_receipts(seen: Seen) -> Iterator[str]:
    found = works(seen)
    for candidate in (each for each in seen.candidates if each.model.is_drop):
        for work in found.get(candidate.source, []):
            if not _answers(seen.receipts.get(candidate.folder), work):
                yield f"{candidate.name}: the receipt does not say what the record of work {work['work']} says"


def _answers(receipt: dict[str, Any] | None, work: dict[str, Any]) -> bool:
    said = ("outcome", "version", "work", "decision", "reasons")
    return receipt is not None and all(receipt[name] == (work["result"] or {}).get(name) for name in said)


def _event(message: str) -> object:
    """The event in a queue message, with or without its envelope."""
    document = json.loads(message)
    return document["event"] if document.keys() == {"registrar", "event"} else document


def _text(event: object) -> str:
    return json.dumps(event, sort_keys=True)


CLAIMS: dict[str, Find] = {
    "every door took every event, and everything came to rest": _not_settled,
    "no candidate is lost: one finished work record each, or a quarantine entry with a reason": _lost,
    "every outcome is one that the candidate may have": _misjudged,
    "what offers nothing left no work record": _uninvited,
    "every event that cannot be used is in quarantine once, and nothing else is": _not_kept,
    "every model's decisions form one whole chain, and each is what its name says": _broken_chains,
    "each work has one decision, and its record names it": _decided_twice,
    "each decision was made against the champion that the one before it left": _judged_against_another,
    "active versions are the registered works, one each; archived ones say why": _wrong_versions,
    "exactly one version shows as champion, and it is the head's": _wrong_champions,
    "every outcome event was sent at least once, always under its own id": _wrong_notices,
    "every drop has the receipt of its outcome": _wrong_receipts,
}
