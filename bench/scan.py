"""Scanning: what is found in hostile models and what is held against benign ones, by us and by other scanners.

    python -m bench.scan [--all]

The others are picklescan and fickling, and with `--all` modelscan and modelaudit too, which take minutes.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from bench import corpus
from bench.environments import TOOLS, environment
from bench.scanners import ask
from registration.artifacts import profiles, scan
from registration.artifacts.reader import Memory
from registration.artifacts.scan import Verdict

ORDINARY = ("picklescan", "fickling")
OURS = {Verdict.UNSAFE: "flagged", Verdict.UNSCANNABLE: "unscannable", Verdict.SAFE: "clean"}
WORDS = ("flagged", "unscannable", "error", "unsure", "skipped", "clean")
WIDTH = 16


class Column:
    """What one scanner said of every file, or why it said nothing."""

    def __init__(self, title: str, said: dict[str, str], why: str = "") -> None:
        self.title = title
        self.said = said
        self.why = why


def ours(files: list[tuple[str, str, bytes]]) -> Column:
    """Our verdicts under the default profile."""
    profile = profiles.named(profiles.DEFAULT)
    said = {name: OURS[scan.scan(Memory(data, name), profile=profile).verdict] for _, name, data in files}
    return Column("registrar", said)


def theirs(tool: str, folder: Path) -> Column:
    """What another scanner says of the same files."""
    made = environment(tool)
    if made.python is None:
        return Column(tool, {}, made.why)
    try:
        return Column(f"{tool} {made.version}", ask(made, folder))
    except subprocess.CalledProcessError as failed:
        return Column(tool, {}, (failed.stderr.strip().splitlines() or ["it failed"])[-1])


def columns(files: list[tuple[str, str, bytes]], tools: list[str]) -> list[Column]:
    """Every scanner on the same files."""
    with tempfile.TemporaryDirectory() as made:
        for _, name, data in files:
            (Path(made) / name).write_bytes(data)
        return [ours(files), *(theirs(tool, Path(made)) for tool in tools)]


def show(title: str, files: list[tuple[str, str, bytes]], asked: list[Column], *, counted: frozenset[str]) -> None:
    """One table: for each kind how many answers are among `counted`, then how often each was given."""
    print(f"{title}: {len(files)} files\n")
    there = [column for column in asked if not column.why]
    print(f"{'':28}{'files':>6}" + "".join(f"{column.title:>{WIDTH + 4}}" for column in there))
    for kind, count in Counter(kind for kind, _, _ in files).items():
        names = [name for each, name, _ in files if each == kind]
        hits = [sum(column.said[name] in counted for name in names) for column in there]
        print(f"{kind:28}{count:6}" + "".join(f"{hit:{WIDTH + 4}}" for hit in hits))
    print()
    for word in WORDS:
        counts = [Counter(column.said.values())[word] for column in there]
        print(f"{word:28}{'':6}" + "".join(f"{count:{WIDTH + 4}}" for count in counts))
    for column in asked:
        print(f"\n{column.title}: could not be asked: {column.why}" if column.why else "", end="")
    print("\n")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.scan", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--all", action="store_true", help=f"ask {', '.join(TOOLS)}; else {' and '.join(ORDINARY)}")
    tools = list(TOOLS if parser.parse_args().all else ORDINARY)
    hostile, benign = list(corpus.hostile()), list(corpus.benign())
    for files in (hostile, benign):
        assert len({name for _, name, _ in files}) == len(files)  # noqa: S101 - two of a name would be counted as one
    asked = columns(hostile, tools)
    show("Hostile or malformed; rows count what was not let through", hostile, asked, counted=_HELD)
    let = [name for _, name, _ in hostile if asked[0].said[name] == "clean"]
    print(f"let through by us: {', '.join(let) or 'none'}\n")
    asked = columns(benign, tools)
    show("Benign; rows count what was not called clean", benign, asked, counted=frozenset(WORDS) - {"clean"})
    held = [name for _, name, _ in benign if asked[0].said[name] != "clean"]
    print(f"held against benign files by us: {', '.join(held) or 'none'}")


_HELD = frozenset({"flagged", "unscannable", "error"})

if __name__ == "__main__":
    main()
