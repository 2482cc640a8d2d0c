"""Reading: what the verdict on a large model costs, against downloading it and running picklescan.

    python -m bench.read [--full] [--share N] [--runs N]

Files lie on a throw-away server on loopback and are read by the app's own blob storage and Reader. Every measurement is
a process of its own, all in turn, and the fastest of the runs counts. Sizes are an eighth unless `--full` is given.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.environments import Environment, environment
from bench.large_files import LARGE, MIB, small_pickle, torch, write
from bench.read_once import WARM
from registration.artifacts.hashing import DEEPEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

ROOT = Path(__file__).resolve().parent.parent
GOAL_MIB = 32
GOAL_SLOWER = 1.1
LINES = {"fast": (0, 0), "throttled": (20, 80)}  # ms of latency, MB/s of a connection
PLAIN = {"download", "stream"}
PICKLESCAN = """
import sys, time
from picklescan.scanner import scan_file_path
scan_file_path(sys.argv[2])
begun = time.monotonic()
try:
    scan_file_path(sys.argv[1])
finally:
    print(time.monotonic() - begun)
"""


@dataclass(frozen=True)
class Place:
    """A folder, and the port at which it is served."""

    folder: Path
    line: str
    port: str
    runs: int

    def best(self, what: str, name: str, size: int) -> dict[str, Any]:
        """The fastest run, with the most memory that any took. What the line alone decides is measured once."""
        runs = 1 if any(LINES[self.line]) and what in PLAIN else self.runs
        told = [self._once(what, name, size) for _ in range(runs)]
        return min(told, key=lambda each: float(each["seconds"])) | {"mib": max(each["mib"] for each in told)}

    def peer(self, tool: Environment, path: Path) -> float | None:
        """Seconds that picklescan takes for a file that is here already; None if there is no picklescan."""
        if tool.python is None:
            return None
        command = [str(tool.python), "-c", PICKLESCAN, str(path), str(self.folder / WARM)]
        runs = [subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(self.runs)]
        return min(float(run.stdout.split()[-1]) for run in runs)

    def _once(self, what: str, name: str, size: int) -> dict[str, Any]:
        command = [sys.executable, "-m", "bench.read_once", what, self.port, name, str(size), str(self.folder)]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        return dict(json.loads(done.stdout))


@contextlib.contextmanager
def served(folder: Path, line: str, runs: int) -> Iterator[Place]:
    """The folder on a server in a process of its own, ended afterwards."""
    command = [sys.executable, "-m", "bench.range_server", str(folder), *map(str, LINES[line])]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield Place(folder, line, server.stdout.readline().strip() if server.stdout else "", runs)
        finally:
            server.terminate()


@dataclass(frozen=True)
class Case:
    """A file, and what its verdict may cost."""

    title: str
    name: str
    size: int
    make: Callable[[BinaryIO, int], None]
    requests: int
    mib: float
    times: float

    def goal(self) -> str:
        """In words."""
        return f"{self.requests} requests, {self.mib:.2f} MiB, {self.times:.3g}x"

    def missed(self, told: dict[str, Any], times: float | None) -> list[str]:
        """What is not as it should be."""
        over = {
            "requests": told["requests"] > self.requests,
            "bytes": told["bytes"] > self.mib * MIB,
            "ratio": times is not None and times < self.times,
            "memory": told["mib"] > GOAL_MIB,
            "verdict": told["found"] != "safe",
        }
        return [name for name, is_over in over.items() if is_over]


# Requests and MiB: few for what has an index in front, 10 and 1 for what must be walked.
_LEAST = {"torch zip, 64 tensors": (2, 0.5), "torch zip, 1000 tensors": (3, 0.5), "safetensors, 300 tensors": (2, 0.5)}
_STREAMED = ("ONNX, 300 initializers", "npz, 1000 arrays")  # all of which is near what has to be looked at


def cases(share: float) -> Iterator[Case]:
    """Every large file, at this share of its full size."""
    for title, (name, mib, make) in LARGE.items():
        requests, most = _LEAST.get(title, (10, 1.0))
        if title not in _STREAMED:
            times = 100.0 if mib == 1024 else 40.0  # noqa: PLR2004 - MiB
            yield Case(title, name, int(mib * share) * MIB, make, requests, most, times)
    for kib in (4, 900, 3900):
        yield Case(
            f"small pickle, {kib} KiB", "small.pkl", kib * 1024, small_pickle, 1, kib * 1.2 / 1024 + 0.1, 1 / 1.2
        )


def show_verdicts(places: tuple[Place, ...], share: float, tool: Environment) -> None:
    """The first table: a file on each line."""
    print(f"{'file':28}{'line':>10}{'MiB':>7}{'requests':>10}{'MiB read':>10}{'s':>8}{'download':>10}{'picklescan':>12}"
          f"{'ratio':>8}{'memory':>8}   goal, and what misses it")  # fmt: skip
    for case in cases(share):
        path = places[0].folder / case.name
        size = write(path, case.make, case.size)
        peer = places[0].peer(tool, path)
        for place in places:
            show_verdict(place, case, size, peer)
        path.unlink()


def show_verdict(place: Place, case: Case, size: int, peer: float | None) -> None:
    """One row of it; what picklescan takes does not depend on the line."""
    told = place.best("scan", case.name, size)
    download = place.best("download", case.name, size)["seconds"]
    times = None if peer is None else (download + peer) / told["seconds"]
    missed = ", ".join(case.missed(told, times))
    outcome = f"missed ({missed})" if missed else "met"
    theirs, ratio = ("-", "-") if peer is None or times is None else (f"{peer:.3f}", f"{times:.1f}x")
    print(f"{case.title:28}{place.line:>10}{size / MIB:7.1f}{told['requests']:10}{told['bytes'] / MIB:10.2f}"
          f"{told['seconds']:8.3f}{download:10.3f}{theirs:>12}{ratio:>8}{told['mib']:8.1f}   "
          f"{case.goal()}: {outcome}", flush=True)  # fmt: skip


def show_streamed(place: Place, share: float) -> None:
    """Rows of the second table: what is looked at everywhere must cost no more than reading all of it."""
    for title in _STREAMED:
        name, mib, make = LARGE[title]
        path = place.folder / name
        size = write(path, make, int(mib * share) * MIB)
        told, streamed, downloaded = (place.best(what, name, size) for what in ("scan", "stream", "download"))
        ratio = told["seconds"] / streamed["seconds"]
        over = {"ratio": ratio > GOAL_SLOWER, "memory": told["mib"] > GOAL_MIB, "verdict": told["found"] != "safe"}
        missed = ", ".join(word for word, is_over in over.items() if is_over)
        print(f"{title:28}{place.line:>10}{size / MIB:7.1f}{told['requests']:10}{told['seconds']:8.3f}"
              f"{streamed['seconds']:9.3f}{downloaded['seconds']:10.3f}{ratio:8.2f}{told['mib']:8.1f}   "
              f"{GOAL_SLOWER}: {f'missed ({missed})' if missed else 'met'}", flush=True)  # fmt: skip
        path.unlink()


def show_whole(place: Place, goal: float, size: int) -> None:
    """One row of the third table: every byte hashed, and scanned on the way."""
    took = {what: place.best(what, "whole.pt", size) for what in ("validate", "digest", "stream", "fetch", "deep")}
    ours, hashed, deep = (took[what]["seconds"] for what in ("validate", "digest", "deep"))
    fetched = min(took["stream"]["seconds"], took["fetch"]["seconds"])
    ratio = ours / max(hashed, fetched)
    extra = took["validate"]["bytes"] - size
    print(f"{place.line:12}{ours:10.2f}{hashed:9.2f}{fetched:10.2f}{ratio:8.2f}"
          f"{goal:7.2f}  {'met' if ratio <= goal else 'missed':8}{deep:10.2f}{extra / MIB:12.2f}"
          f"{took['validate']['requests']:10}{took['validate']['mib']:8.1f}", flush=True)  # fmt: skip


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.read", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--full", action="store_true", help="1 GiB and 256 MiB, as the goals are meant")
    parser.add_argument("--share", type=float, default=0.125, help="of the full sizes; an eighth if not said")
    parser.add_argument("--runs", type=int, default=3, help="of each measurement; the fastest counts")
    said = parser.parse_args()
    share = 1.0 if said.full else said.share
    tool = environment("picklescan")
    print(f"picklescan {tool.version}" if tool.python else f"picklescan cannot be had: {tool.why}")
    print(f"sizes at {share:g} of full; the goals for ratios are meant for full sizes; fastest of {said.runs} runs")
    print(f"ratio: (download + picklescan) / our verdict. Memory: MiB above the imports (goal: {GOAL_MIB})\n")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        (folder / WARM).write_text("some text\n" * 99, encoding="utf-8")
        with contextlib.ExitStack() as servers:
            show_verdicts(tuple(servers.enter_context(served(folder, line, said.runs)) for line in LINES), share, tool)
        print(f"\n{'file':28}{'line':>10}{'MiB':>7}{'requests':>10}{'s':>8}{'stream':>9}{'download':>10}{'ratio':>8}"
              f"{'memory':>8}   goal; ratio: to one plain connection that streams all of it")  # fmt: skip
        for line in LINES:
            with served(folder, line, said.runs) as place:
                show_streamed(place, share)
        size = write(folder / "whole.pt", torch, int(1024 * share) * MIB)
        print(f"\nsha256 of all of a torch zip of {size / MIB:.0f} MiB, with the scan on the way\n")
        print(f"{'line':12}{'all, s':>10}{'hash, s':>9}{'fetch, s':>10}{'ratio':>8}{'goal':>7}  {'':8}"
              f"{'deep, s':>10}{'MiB beside':>12}{'requests':>10}{'memory':>8}")  # fmt: skip
        for line, goal in (("fast", 2.2), ("throttled", 1.1)):
            with served(folder, line, said.runs) as place:
                show_whole(place, goal, size)
    print("\nratio: to the larger of hashing as many bytes in memory and the fastest plain download, over one or"
          f"\neight connections. deep: plain download over {DEEPEST}, the most that ours opens")  # fmt: skip


if __name__ == "__main__":
    main()
