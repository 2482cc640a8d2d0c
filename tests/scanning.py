"""Helpers of the scan's tests: files in memory, a profile that allows what it is told, and readers that count."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.artifacts.formats.table import FORMATS
from registration.artifacts.reader import Memory, Pinned, Traffic
from registration.artifacts.scan import Report, scan
from registration.artifacts.store import Location
from tests.fakes import MemoryStore

if TYPE_CHECKING:
    from registration.artifacts.context import Profile
    from registration.artifacts.limits import Limits

HERE = Location("acc", "incoming", "file")


@dataclass(frozen=True)
class Allowing:
    """A profile of exactly these (module, name) pairs."""

    pairs: frozenset[tuple[str, str]] = frozenset()
    name: str = "test"

    def allows(self, module: str, name: str) -> bool:
        return (module, name) in self.pairs


NOTHING = Allowing()


def report(data: bytes, path: str = "model.bin", *, profile: Profile = NOTHING, limits: Limits | None = None) -> Report:
    """What a scan says of `data` under the name `path`."""
    return scan(Memory(data, path), profile=profile, limits=limits, formats=FORMATS)


def codes(found: Report) -> list[str]:
    """The code of every finding, in order."""
    return [finding.code for finding in found.findings]


def pinned(data: bytes) -> tuple[Pinned, MemoryStore, Traffic]:
    """A reader of `data` in a store, the store, and what reading costs."""
    store, traffic = MemoryStore(), Traffic()
    store.put(HERE, data)
    (file,) = store.files(HERE)
    return Pinned(store, file, traffic=traffic), store, traffic


def some_bytes(count: int) -> bytes:
    """The same bytes each time, with no pattern."""
    return random.Random(5).randbytes(count)  # noqa: S311 - nothing is secret here


def pinned_report(data: bytes, path: str = "model.bin") -> tuple[Report, Traffic]:
    """The same for `data` in a store, and what reading it cost."""
    reader, _, traffic = pinned(data)
    reader.path = path
    return scan(reader, profile=NOTHING, formats=FORMATS), traffic
