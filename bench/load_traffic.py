"""The traffic: the events of a load in the order they are posted, and what each of them is about.

Of a number of events, three in ten repeat an earlier one (the same event again, RunStatusChanged beside RunCompleted,
a second BlobCreated of a manifest), some cannot be understood and some concern nobody; the others offer a candidate
each, in both schemas. Repeats come right after what they repeat or much later; nothing comes in order.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox import names, raised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.load_candidates import Candidate
    from sandbox.drops import Blob

JOBS, DROPS = "on_job_event", "on_drop_event"
SCHEMAS: tuple[raised.Schema, ...] = ("eventgrid", "cloudevents")
NOBODYS_JOB = "load-nobodys"  # its experiment has the same name
_NEAR, _FAR = 3, 120  # places in the order
_OTHERS = names.WORKSPACE_ID.replace(names.WORKSPACE, "ws-of-others")


@dataclass(frozen=True)
class Posting:
    """One event for one door. `candidate` is the name of what it offers; `is_unusable` events must be quarantined."""

    function: str
    event: Mapping[str, Any]
    candidate: str | None = None
    is_unusable: bool = False


@dataclass(frozen=True)
class Mix:
    """How many events of each kind there are."""

    candidates: int
    repeats: int
    unusable: int
    unmatched: int

    @classmethod
    def of(cls, events: int) -> Mix:
        """The mix of so many events."""
        repeats, unusable, unmatched = (round(events * share) for share in (0.30, 0.03, 0.05))
        return cls(events - repeats - unusable - unmatched, repeats, unusable, unmatched)


def traffic(mix: Mix, candidates: list[Candidate], written: Mapping[str, list[Blob]], *, seed: int) -> list[Posting]:
    """All events in the order they are posted; `written` are each candidate's blobs, its manifest last."""
    dice = random.Random(seed)  # noqa: S311 - to be repeatable
    firsts = [_offer(candidate, written[candidate.name][-1], schema=dice.choice(SCHEMAS)) for candidate in candidates]
    ordered = [(number + dice.uniform(0, _NEAR), posting) for number, posting in enumerate(firsts)]
    for number in dice.choices(range(len(firsts)), k=mix.repeats):
        again = _repeat(firsts[number], candidates[number], written[candidates[number].name][-1], dice)
        ordered.append((number + dice.uniform(0, dice.choice((_NEAR, _FAR))), again))
    rest = [_unusable(dice.choice(candidates), dice) for _ in range(mix.unusable)]
    rest += [_unmatched(dice.choice(candidates), written, dice) for _ in range(mix.unmatched)]
    ordered += [(dice.uniform(0, len(firsts)), posting) for posting in rest]
    return [posting for _, posting in sorted(ordered, key=lambda each: each[0])]


def _offer(candidate: Candidate, last: Blob, *, schema: raised.Schema) -> Posting:
    if candidate.model.is_drop:
        return Posting(DROPS, _created(last, schema=schema), candidate.name)
    return Posting(JOBS, raised.run_completed(candidate.name, candidate.model.place, schema=schema), candidate.name)


def _repeat(first: Posting, candidate: Candidate, last: Blob, dice: random.Random) -> Posting:
    schema = dice.choice(SCHEMAS)
    if dice.random() < 1 / 3:
        return first
    if candidate.model.is_drop:
        return Posting(DROPS, _created(last, schema=schema), candidate.name)
    event = raised.run_status_changed(candidate.name, candidate.model.place, "Completed", schema=schema)
    return Posting(JOBS, event, candidate.name)


def _unusable(candidate: Candidate, dice: random.Random) -> Posting:
    job = raised.run_completed(candidate.name, candidate.model.place)
    blob = _created(_blob(candidate), schema="eventgrid")
    ways: tuple[Callable[[], Posting], ...] = (
        lambda: Posting(JOBS, {**job, "data": {**job["data"], "runId": None}}, is_unusable=True),
        lambda: Posting(JOBS, {**job, "topic": _OTHERS}, is_unusable=True),
        lambda: Posting(DROPS, {**blob, "data": {**blob["data"], "url": "https://example.com/?"}}, is_unusable=True),
        lambda: Posting(DROPS, {"id": str(uuid.uuid4()), "data": {}}, is_unusable=True),
    )
    return dice.choice(ways)()


def _unmatched(candidate: Candidate, written: Mapping[str, list[Blob]], dice: random.Random) -> Posting:
    """Events that are fine and concern nobody: no record may come of them."""
    first = written[candidate.name][0]
    ways: tuple[Callable[[], Posting], ...] = (
        lambda: Posting(JOBS, raised.run_status_changed(candidate.name, candidate.model.place, "Running")),
        lambda: Posting(JOBS, {**raised.run_completed(candidate.name, candidate.model.place), **_REGISTERED}),
        lambda: Posting(JOBS, raised.run_completed(NOBODYS_JOB, NOBODYS_JOB, schema=dice.choice(SCHEMAS))),
        lambda: Posting(DROPS, _created({**first, "path": f"nobodys/{first['path']}"}, schema=dice.choice(SCHEMAS))),
        lambda: Posting(DROPS, _created({**_blob(candidate), "api": "PutBlockList"}, schema=dice.choice(SCHEMAS))),
    )
    return dice.choice(ways)()


_REGISTERED = {"eventType": "Microsoft.MachineLearningServices.ModelRegistered"}


def _blob(candidate: Candidate) -> Blob:
    path = f"nobodys/{candidate.name}/model.manifest.json"
    return {"path": path, "etag": "0x8DE000000000000", "size": 300, "api": "PutBlob"}


def _created(blob: Blob, *, schema: raised.Schema) -> dict[str, Any]:
    return raised.blob_created(names.DROP_ACCOUNT, names.DROP_CONTAINER, **blob, schema=schema)
