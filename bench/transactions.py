"""What one event costs in transactions: `python -m bench.transactions`.

Counts what the app asks of storage and of Azure ML for each kind of event, in the sandbox, by the meters that Azure
bills them by. docs/deploy.md shows the table; a test compares. The first event of a model is not counted: its ledger
documents are made then.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient

from sandbox import names, raised, stage
from sandbox.host_process import HostProcess, Pace
from sandbox.sandbox import Sandbox
from tests.e2e.app import DROPS, JOBS, App, dropped_below, manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

QUEUE_ACCOUNT: Final = names.WORKSPACE_ACCOUNT
METERS: Final = ("write", "read", "list", "queue", "arm")
_SECONDS: Final = 60.0


@dataclass(frozen=True)
class Bench:
    """The app in a sandbox whose storage is watched, with one policy for jobs and one for drops, both named `name`."""

    app: App
    name: str
    seen: Callable[[], list[tuple[str, str, str]]]

    def counted(self, act: Callable[[], object]) -> Counter[str]:
        """What `act` makes the app ask for, by meter."""
        self.app.host.idle(_SECONDS)
        self.seen()
        before = len(self.app.sandbox.faults.requests)
        act()
        self.app.host.idle(_SECONDS)
        asked = self.app.sandbox.faults.requests[before:]
        counts = Counter(filter(None, map(_meter, self.seen())))
        # The host looks for messages all the time; each that it took was got once and deleted once.
        counts["queue"] += counts.pop("deleted", 0) * 2
        counts["arm"] = sum(host in {names.ARM_HOST, names.DATAPLANE_HOST} for _, host, _ in asked)
        return counts


def _meter(request: tuple[str, str, str]) -> str | None:
    method, host, target = request
    if ".queue." in host:
        return {"POST": "queue", "DELETE": "deleted"}.get(method)
    if "comp=list" in target:
        return "list"
    return "write" if method in {"PUT", "DELETE"} else "read"


def events(bench: Bench) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Each kind of event: the outcome it is recorded with, its name, and what raises it."""
    name, app = bench.name, bench.app

    def job(key: str, accuracy: float) -> Callable[[], object]:
        app.job(f"{name}-{key}", {"model.bin": key.encode()}, experiment=name, metrics={"accuracy": accuracy})
        event = raised.run_completed(f"{name}-{key}", name)
        return lambda: app.post(JOBS, event)

    def drop(key: str, accuracy: float) -> Callable[[], object]:
        files = {"model.bin": key.encode()}
        event = app.drop(f"{name}/{key}", manifest(f"{name}-drop", files, metrics={"accuracy": accuracy}), files)
        return lambda: app.post(DROPS, event)

    for first in (job("first", 0.91), drop("first", 0.91)):
        first()
        app.host.idle(_SECONDS)
    better = job("better", 0.95)
    yield "registered", "a job, registered and promoted", better
    yield "", "the same event again", better
    yield "rejected", "a job, rejected", job("worse", 0.1)
    yield "registered", "a drop of one file, registered and promoted", drop("better", 0.95)
    yield "", "a job that no policy wants", _unwanted(app, name)


def _unwanted(app: App, name: str) -> Callable[[], object]:
    app.job(f"{name}-other", experiment=f"other-{name}")
    event = raised.run_completed(f"{name}-other", f"other-{name}")
    return lambda: app.post(JOBS, event)


def measured(sandbox: Sandbox, folder: Path, name: str) -> dict[str, Counter[str]]:
    """The counts of each kind of event; `name` is used by nothing else in the sandbox.

    The app's queue is in an account where no other app of the sandbox listens.
    """
    policies = folder / "policies"
    policies.mkdir()
    queues = f"https://{names.queue_host(QUEUE_ACCOUNT)}"
    ours = {"REGISTRAR_POLICY": str(policies), "REGISTRAR_STORAGE__queueServiceUri": queues}
    variables = {**sandbox.environment(), **ours}
    with sandbox.watched_storage() as seen, stage.environment(variables):
        host = HostProcess.start(app=stage.APP, environment=variables, pace=Pace(polling=0.1))
        ledger = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
        with host, DefaultAzureCredential() as credential, BlobServiceClient(ledger, credential) as service:
            app = App(sandbox, host, policies, credential, service, QUEUE_ACCOUNT)
            _policies(app, name)
            bench = Bench(app, name, seen)
            return {kind: _checked(bench, outcome, act) for outcome, kind, act in events(bench)}


def _checked(bench: Bench, outcome: str, act: Callable[[], object]) -> Counter[str]:
    """The counts of an event that came out as it should; raises `StageError` if it did not."""
    counts: Counter[str] = Counter()
    came = bench.app.came_of(lambda: counts.update(bench.counted(act)))
    found = "".join(str(news["outcome"]) for news in came.news)
    if found != outcome:
        raise stage.StageError(f"expected {outcome or 'nothing'}, and it was {found or 'nothing'}")
    return counts


def _policies(app: App, name: str) -> None:
    app.policy(name, {"job": {"experiment": name}}, **{"from": {"output": "model"}})
    app.policy(f"{name}-drop", dropped_below(name))


def main() -> int:
    """Print the table, or JSON with `--json`."""
    with tempfile.TemporaryDirectory() as folder, Sandbox.start(directory=Path(folder)) as sandbox:
        found = measured(sandbox, Path(folder), "bench")
    if "--json" in sys.argv:
        print(json.dumps(found))
        return 0
    print(table(found))
    return 0


def table(found: Mapping[str, Mapping[str, Any]]) -> str:
    """The table of docs/deploy.md."""
    rows = (
        f"| {kind} | " + " | ".join(str(counts[meter]) for meter in METERS) + " |" for kind, counts in found.items()
    )
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
