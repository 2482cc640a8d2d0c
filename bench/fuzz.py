"""Fuzzing: atheris over each parser, in turn, beginning with the small files that the tests damage.

    python -m bench.fuzz [--seconds N] [--only TARGET ...] [--list]

atheris is installed below `.bench/`, and what it found worth keeping lies in `.bench/fuzz/<target>`, so that a later
run goes on from there. An input that broke a parser is written to `.bench/fuzz/<target>.found`. Exit status 1 if any
did. A parser is broken by an exception that is not its own, by 20 seconds for one input, or by 1 GiB of memory.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

from bench.environments import FOLDER, ROOT, environment
from tests.damage import FILES

if TYPE_CHECKING:
    from pathlib import Path

KEPT = FOLDER / "fuzz"
LONGEST = 16 * 1024  # bytes of an input
OPTIONS = ("-timeout=20", "-rss_limit_mb=1024", f"-max_len={LONGEST}", "-print_final_stats=1", "-verbosity=0")
# Where each document that is no file of a model begins; the parsers of files begin with those that the tests damage.
DOCUMENTS = {
    "manifest": """{"apiVersion": "registrar/v1", "kind": "DropManifest", "model": "m", "metrics": {"a": 1},
        "files": [{"path": "a", "size": 1,
        "sha256": "0000000000000000000000000000000000000000000000000000000000000000"}]}""",
    "event": """{"id": "1", "eventType": "Microsoft.MachineLearningServices.RunCompleted", "topic": "/subscriptions/s",
        "subject": "experiments/e/runs/r", "eventTime": "2026-01-01T00:00:00Z", "data": {"runId": "r"}}""",
    "bundle": """{"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {"publicKey": {"hint": ""}}, "dsseEnvelope": {"payload": "e30=",
        "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": "AA=="}]}}""",
    "statement": """{"_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "m", "digest": {"sha256": "0"}}],
        "predicateType": "https://model_signing/signature/v1.0", "predicate": {"resources": []}}""",
}


class Parser:
    """One parser, and the folders of its inputs."""

    def __init__(self, python: Path, name: str) -> None:
        slug = re.sub(r"[^a-z0-9]+", "-", name)
        self.name, self._python = name, python
        self._kept, self._found = KEPT / slug, KEPT / f"{slug}.found"

    def held(self, seconds: int) -> bool:
        """Fuzz it and print what came of it; whether nothing broke it."""
        self._seed()
        before = set(self._found.iterdir())
        done = one(self._python, self.name, *OPTIONS, f"-max_total_time={seconds}", f"-artifact_prefix={self._found}/",
                   str(self._kept))  # fmt: skip
        runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
        print(f"{self.name:28}{runs[1] if runs else '-':>12}{len(list(self._kept.iterdir())):8}   ", end="")
        if not done.returncode:
            print("held", flush=True)
            return True
        print("broken by", *(path.name for path in set(self._found.iterdir()) - before))
        print(*done.stderr.splitlines()[-40:], sep="\n    ", flush=True)
        return False

    def _seed(self) -> None:
        for folder in (self._kept, self._found):
            folder.mkdir(parents=True, exist_ok=True)
        said = DOCUMENTS.get(self.name)
        seeds = FILES.values() if said is None else [said.encode()]
        for number, data in enumerate(seeds):
            if len(data) <= LONGEST:
                (self._kept / f"seed-{number}").write_bytes(data)


def one(python: Path, *said: str) -> subprocess.CompletedProcess[str]:
    """`bench/fuzz_one.py` with our packages and atheris'; our lines of Python are the same version."""
    paths = os.pathsep.join((str(ROOT), sysconfig.get_path("purelib")))
    command, around = [str(python), "bench/fuzz_one.py", *said], os.environ | {"PYTHONPATH": paths}
    return subprocess.run(command, cwd=ROOT, env=around, check=False, capture_output=True, text=True)


def main() -> None:
    """Fuzz what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each parser")
    parser.add_argument("--only", nargs="+", metavar="TARGET", help="these parsers")
    parser.add_argument("--list", action="store_true", help="print the names of the parsers and end")
    said, made = parser.parse_args(), environment("atheris")
    if made.python is None:
        sys.exit(f"atheris cannot be had: {made.why}")
    names = one(made.python, "--list").stdout.splitlines()
    if said.list:
        print(*names, sep="\n")
        return
    print(f"atheris {made.version}, {said.seconds} s each\n\n{'parser':28}{'inputs':>12}{'kept':>8}", flush=True)
    held = [Parser(made.python, name).held(said.seconds) for name in said.only or names]
    sys.exit(0 if all(held) else 1)


if __name__ == "__main__":
    main()
