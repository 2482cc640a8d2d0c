"""Damage: every benign file of the corpus, cut at every kilobyte and with bits turned, and validated.

    python -m bench.damage [--step BYTES] [--flips N] [--seed N]

A damaged file must never be safe where a promise names the digest of the whole one, its own digest must always be
that of its bytes, and the scan must never fail. Whether damage shows without a promise is counted beside it: turned
bits in numbers, or the end of a text, do not make a file of another kind. Files below 64 KiB are cut at 64 places.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from bench import corpus
from registration.artifacts.scan import Verdict
from tests.damage import FILES, flipped, judged, wrongs

if TYPE_CHECKING:
    from collections.abc import Iterator

KIB = 1024
FEWEST = 64  # cuts of a file that is smaller than as many kilobytes


def files() -> Iterator[tuple[str, str, bytes]]:
    """Kind, name and content: the corpus, and a small file of each format."""
    yield from corpus.benign()
    yield from (("small", f"small/{name}", data) for name, data in FILES.items())


def cut(data: bytes, step: int) -> Iterator[bytes]:
    """Cut at every step, and one byte before the end."""
    places = range(0, len(data), max(1, min(step, len(data) // FEWEST)))
    yield from (data[:place] for place in places)
    yield data[:-1]


def turned(data: bytes, count: int, chance: random.Random) -> Iterator[bytes]:
    """Each time with one to four bytes that are others."""
    for _ in range(count):
        damaged = data
        for _ in range(chance.randint(1, 4)):
            damaged = flipped(damaged, chance.randrange(len(data)), mask=chance.randint(1, 255))
        if damaged != data:
            yield damaged


class Counts:
    """What came of one way of damage, by kind of file."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.verdicts: Counter[tuple[str, Verdict]] = Counter()
        self.wrong: list[str] = []
        self.slowest = (0.0, "")

    def take(self, kind: str, name: str, whole: bytes, damaged: bytes) -> None:
        """Judge one damaged file."""
        begun = time.monotonic()
        self.verdicts[kind, judged(damaged, name).verdict] += 1
        self.slowest = max(self.slowest, (time.monotonic() - begun, name))
        self.wrong += [f"{name}, {len(damaged)} bytes: {wrong}" for wrong in wrongs(damaged, name, promised=whole)]

    def show(self) -> None:
        """One table."""
        print(f"\n{self.title}\n\n{'':24}" + "".join(f"{word:>14}" for word in Verdict))
        for kind in dict.fromkeys(kind for kind, _ in self.verdicts):
            print(f"{kind:24}" + "".join(f"{self.verdicts[kind, word]:14}" for word in Verdict))
        print(f"\nslowest: {self.slowest[0]:.2f} s, {self.slowest[1]}")
        print(f"wrong: {len(self.wrong)}", *self.wrong[:20], sep="\n  ")


def main() -> None:
    """Damage, judge, print; exit status 1 if anything came out wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.damage", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--step", type=int, default=KIB, help="bytes from one cut to the next")
    parser.add_argument("--flips", type=int, default=200, help="damaged copies of each file with turned bits")
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    chance = random.Random(said.seed)  # noqa: S311 - nothing is secret here
    cuts, flips = Counts("Cut; verdicts without a promise"), Counts("Turned bits; verdicts without a promise")
    for kind, name, data in files():
        for damaged in cut(data, said.step):
            cuts.take(kind, name, data, damaged)
        for damaged in turned(data, said.flips, chance):
            flips.take(kind, name, data, damaged)
    cuts.show()
    flips.show()
    sys.exit(1 if cuts.wrong or flips.wrong else 0)


if __name__ == "__main__":
    main()
