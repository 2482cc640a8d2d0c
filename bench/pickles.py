"""What scanning a pickle costs: CPU time against pickletools.genops on the same bytes, and memory above the import.

genops only names the opcodes; the scan also follows what each does to stack and memo. Each case is measured `RUNS`
times in turn, and memory in a process of its own.
"""

from __future__ import annotations

import collections
import os
import pickle
import pickletools
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from registration.artifacts.pickles.alone import alone
from registration.artifacts.pickles.globals import named
from registration.artifacts.pickles.scan import scan
from registration.artifacts.reader import Memory, Reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.finding import Finding

RUNS = 5
GOAL_RATIO = 2.0
GOAL_MIB = 32
PEAK = """
import re, sys
from pathlib import Path
from bench.pickles import File, findings
from registration.artifacts.reader import Memory
def most():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
findings(Memory(b"N."))
before = most()
findings(File(sys.argv[1]))
print(most() - before)
"""


def words(count: int) -> dict[str, int]:
    """A vocabulary as a text vectorizer has it: 3 opcodes a word."""
    chosen = random.Random(1)  # noqa: S311 - nothing is secret here
    return {f"{chosen.randrange(36**6):x}{number}": number for number in range(count)}


def rows(count: int) -> list[object]:
    """Tuples in tuples: 9 opcodes each."""
    return [(number, number / 3, (f"row {number}", None)) for number in range(count)]


def objects(count: int) -> list[object]:
    """Instances with a state each."""
    return [collections.OrderedDict(number=number, name=f"object {number}") for number in range(count)]


CASES: dict[str, Callable[[], bytes]] = {
    "vocabulary": lambda: pickle.dumps(words(400_000), 4),
    "vocabulary, protocol 2": lambda: pickle.dumps(words(400_000), 2),
    "tuples": lambda: pickle.dumps(rows(110_000), 4),
    "tuples, protocol 2": lambda: pickle.dumps(rows(110_000), 2),
    "objects": lambda: pickle.dumps(objects(70_000), 4),
    "lists, protocol 0": lambda: pickle.dumps([[number, str(number)] for number in range(90_000)], 0),
}


class File(Reader):
    """A file on disk, read piece by piece as a blob would be."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._file = Path(path).open("rb")  # noqa: SIM115 - the process ends with the measurement

    @property
    def size(self) -> int:
        """From the file system."""
        return os.fstat(self._file.fileno()).st_size

    def _read(self, offset: int, length: int) -> bytes:
        return os.pread(self._file.fileno(), length, offset)


def findings(reader: Reader) -> list[Finding]:
    """Scan one pickle."""
    profile = named("base")
    return list(scan(reader, alone(profile), profile))


def seconds(work: Callable[[], object]) -> float:
    """CPU time, so that others on the machine count less."""
    started = time.process_time()
    work()
    return time.process_time() - started


def peak_mib(data: bytes) -> float:
    """How far the scan of `data` in a file makes a fresh process grow beyond its imports."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        done = subprocess.run([sys.executable, "-c", PEAK, file.name], check=True, capture_output=True)
    return int(done.stdout) / 1024


def main() -> None:
    """Print the table."""
    print(f"least of {RUNS} runs in turn, CPU seconds; goals: ratio {GOAL_RATIO}, {GOAL_MIB} MiB\n")
    print(f"{'case':24}{'opcodes':>11}{'genops':>9}{'scan':>8}{'ratio':>8}{'MiB':>7}")
    for name, make in CASES.items():
        data = make()
        opcodes = sum(1 for _ in pickletools.genops(data))
        runs = [(seconds(lambda: _drain(data)), seconds(lambda: findings(Memory(data)))) for _ in range(RUNS)]  # noqa: B023 - called at once
        genops, ours = (min(run[which] for run in runs) for which in (0, 1))
        print(f"{name:24}{opcodes:11,}{genops:9.2f}{ours:8.2f}{ours / genops:8.2f}{peak_mib(data):7.1f}", flush=True)


def _drain(data: bytes) -> None:
    collections.deque(pickletools.genops(data), maxlen=0)


if __name__ == "__main__":
    main()
