"""One run of the load: a sandbox of its own, the events posted, and what was seen until everything was at rest.

The first event is settled alone, before the clock starts and before anything fails: no number holds the import of the
SDK. Then events are posted by several senders at once, as fast as the doors answer.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import load_ledger, load_upload
from bench.load_candidates import plan
from bench.load_models import MODELS, write_policies
from bench.load_traffic import NOBODYS_JOB, Mix, Posting, traffic
from sandbox import names, stage
from sandbox.host_client import HostProcessError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.load_candidates import Candidate
    from bench.load_ledger import Ledger
    from sandbox.host_client import HostClient
    from sandbox.model_store import ModelVersion
    from sandbox.stage import Stage

FAULT_RATE = 0.05
SENDERS = 16
SECONDS_AN_EVENT = 3.0  # more than that, and the run is given up
LEAST_SECONDS = 60.0
SETTINGS = {
    "REGISTRAR_FIRST_PAUSE_SECONDS": "1",
    "PYTHON_THREADPOOL_THREAD_COUNT": "12",
}  # as many as host.json hands out
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Sent:
    """An event that was posted: when, in seconds since 1970, and how long the door took to answer."""

    posting: Posting
    at: float
    seconds: float
    status: int


@dataclass(frozen=True)
class Clock:
    """When a run started and ended, in seconds since 1970, and whether it ended because everything was at rest."""

    started: float
    ended: float
    is_at_rest: bool


@dataclass(frozen=True)
class Seen:
    """Everything a run left behind; `log` is the host's."""

    candidates: tuple[Candidate, ...]
    sent: tuple[Sent, ...]
    clock: Clock
    ledger: Ledger
    receipts: Mapping[str, dict[str, Any]]
    versions: Mapping[str, list[ModelVersion]]
    topic: tuple[dict[str, Any], ...]
    faults: Mapping[str, int]
    requests: int
    counters: Mapping[str, int]
    log: str


def run(events: int, *, seed: int, say: Callable[[str], None]) -> Seen:
    """Post so many events and see what comes of them; raises `stage.COULD_NOT_START`."""
    with tempfile.TemporaryDirectory(prefix="registrar-load-") as scratch, stage.environment(SETTINGS):
        write_policies(Path(scratch))
        with stage.up(Path(scratch), say=say) as here:
            return _load(here, events, seed=seed, say=say)


def _load(here: Stage, events: int, *, seed: int, say: Callable[[str], None]) -> Seen:
    mix = Mix.of(events)
    candidates = plan(mix.candidates, seed=seed)
    say(f"uploading {len(candidates)} candidates")
    here.sandbox.workspace.add_job(NOBODYS_JOB, experiment=NOBODYS_JOB)
    postings = traffic(mix, candidates, load_upload.upload(candidates, here.sandbox.workspace), seed=seed)
    first = _sent_alone(here, postings)
    _let_fail(here, seed=seed)
    started = time.time()
    sent = _send(here.host, [each for each in postings if each is not first.posting], say)
    is_at_rest = _rest(here.host, max(LEAST_SECONDS, events * SECONDS_AN_EVENT), say)
    clock = Clock(started, ended=time.time(), is_at_rest=is_at_rest)
    return _seen(here, candidates, (first, *sent), clock)


def _seen(here: Stage, candidates: list[Candidate], sent: tuple[Sent, ...], clock: Clock) -> Seen:
    folders = [candidate.folder for candidate in candidates if candidate.model.is_drop]
    return Seen(
        candidates=tuple(candidates),
        sent=sent,
        clock=clock,
        ledger=load_ledger.read(),
        receipts=load_ledger.receipts(folders),
        versions={model.name: here.sandbox.workspace.versions(model.name) for model in MODELS},
        topic=tuple(here.sandbox.topic.events),
        faults=dict(here.sandbox.faults.met),
        requests=len(here.sandbox.faults.requests),
        counters=here.host.status()["counters"],
        log=here.host.log.read_text(encoding="utf-8", errors="replace"),
    )


def _sent_alone(here: Stage, postings: list[Posting]) -> Sent:
    """The first event that offers a candidate, settled."""
    first = next(each for each in postings if each.candidate is not None)
    sent = _post(here.host, first)
    here.host.idle(stage.SETTLES_SECONDS)
    return sent


def _let_fail(here: Stage, *, seed: int) -> None:
    """Azure ML fails at random from here on; answers of the topic get lost, so that notices are sent twice."""
    here.sandbox.faults.clear()
    here.sandbox.workspace.fail_some(FAULT_RATE, seed=seed)
    here.sandbox.faults.fail_some(FAULT_RATE, (), hosts=(names.TOPIC_HOST,), seed=seed)


def _send(host: HostClient, postings: list[Posting], say: Callable[[str], None]) -> list[Sent]:
    say(f"posting {len(postings)} events")
    with ThreadPoolExecutor(SENDERS) as pool:
        return list(pool.map(lambda posting: _post(host, posting), postings))


def _post(host: HostClient, posting: Posting) -> Sent:
    at = time.time()
    answer = host.post_events(posting.function, [posting.event])
    return Sent(posting, at, time.time() - at, answer.status)


def _rest(host: HostClient, patience: float, say: Callable[[str], None]) -> bool:
    """Wait until no function runs and the queues are empty, delayed messages included; False if that takes too long."""
    deadline = time.monotonic() + patience
    while (left := _left(host)) and time.monotonic() < deadline:
        say(f"{left} messages left")
        time.sleep(_LOOK_SECONDS)
    try:
        host.idle(max(_LOOK_SECONDS, deadline - time.monotonic()))
    except HostProcessError:
        return False
    return True


def _left(host: HostClient) -> int:
    return sum(host.status()["queues"].values())
