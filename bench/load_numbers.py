"""The numbers of one run: how fast, how late, how often again. Everything is counted from outside the app.

A latency runs from the moment the first event about a candidate is posted until its work record was finished, by the
record's Last-Modified: too short by less than a second. The lines of the host's log are counted by their
words.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.load_run import Seen

_DELIVERY = re.compile(r"Executed Functions\.register_candidate \(succeeded, (\d+) ms\)")
_COUNTED = re.compile(r"registration\.counts: counted (\w+): (.*)")
_AGAIN = re.compile(r"registration\.worker: attempt \d+ failed")
_FAILED = re.compile(r"Executed Functions\.\w+ \(failed\)")
_HELD = "is held by another worker"


@dataclass(frozen=True)
class Spread:
    """A few quantiles, in seconds."""

    p50: float
    p95: float
    p99: float
    slowest: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Spread:
        """The spread of `seconds`; zeros when there are none. A quantile is a value that occurred."""
        ordered = sorted(seconds) or [0.0]
        at = (ordered[min(len(ordered) - 1, int(len(ordered) * share))] for share in (0.50, 0.95, 0.99, 1))
        return cls(*(round(value, 3) for value in at))


@dataclass(frozen=True)
class Numbers:
    """What a run is summed up in; times in seconds."""

    events: int
    seconds: float
    events_a_second: float
    latency: Spread
    door: Spread
    delivery: Spread
    deliveries: int
    tried_again: int
    waited: int
    failed: int
    requests: int
    faults: Mapping[str, int]
    outcomes: Mapping[str, int]
    versions: int
    promotions: int

    @property
    def injected(self) -> int:
        """All faults together."""
        return sum(self.faults.values())

    def to_dict(self) -> dict[str, Any]:
        """As `--json` prints them."""
        return asdict(self)


def numbers(seen: Seen) -> Numbers:
    """Sum up a run."""
    seconds = seen.clock.ended - seen.clock.started
    outcomes = Counter(str((record.document["result"] or {}).get("outcome")) for record in seen.ledger.works.values())
    delivered = [int(milliseconds) / 1000 for milliseconds in _DELIVERY.findall(seen.log)]
    return Numbers(
        events=len(seen.sent),
        seconds=round(seconds, 1),
        events_a_second=round((len(seen.sent) - 1) / seconds, 2),
        latency=Spread.of(_latencies(seen)),
        door=Spread.of(sent.seconds for sent in seen.sent[1:]),
        delivery=Spread.of(delivered[1:]),
        deliveries=len(delivered),
        tried_again=len(_AGAIN.findall(seen.log)),
        waited=sum(_HELD in reason for said, reason in _COUNTED.findall(seen.log) if said == "waiting"),
        failed=len(_FAILED.findall(seen.log)),
        requests=seen.requests,
        faults=dict(sorted(seen.faults.items())),
        outcomes=dict(sorted(outcomes.items())),
        versions=sum(len(versions) for versions in seen.versions.values()),
        promotions=sum(head["champion_seq"] for head in seen.ledger.heads.values()),
    )


def _latencies(seen: Seen) -> list[float]:
    posted: dict[str, float] = {}
    for sent in seen.sent[1:]:
        if sent.posting.candidate is not None:
            posted[sent.posting.candidate] = min(sent.at, posted.get(sent.posting.candidate, sent.at))
    finished = {
        tuple(record.document["subject"]["source"]): record.written
        for record in seen.ledger.works.values()
        if record.document["state"] == "finished"
    }
    alone = seen.sent[0].posting.candidate
    known = ((posted.get(each.name), finished.get(each.source)) for each in seen.candidates if each.name != alone)
    return [max(0.0, end - start) for start, end in known if start is not None and end is not None]
