"""Helpers of the scan's tests: files in memory, a profile that allows what it is told, and readers that count."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.artifacts.formats.table import FORMATS
from registration.artifacts.reader import Memory, Pinned, Traffic
from registration.artifacts.scan import Report, scan
from registration.artifacts.store import Location, StoredFile
from tests.fakes import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@dataclass
class Zeros:
    """As many as a file is said to have. Notes the ranges, and how many of them and of their bytes came at once."""

    seconds: float = 0.002
    coming: list[int] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    most: int = 0
    at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def files(self, location: Location) -> Iterator[StoredFile]:
        raise NotImplementedError

    def range(self, file: StoredFile, *, offset: int, length: int) -> bytes:
        with self.lock:
            self.lengths.append(length)
            self.coming.append(length)
            self.most = max(self.most, sum(self.coming))
            self.at_once = max(self.at_once, len(self.coming))
        time.sleep(self.seconds)
        with self.lock:
            self.coming.remove(length)
        return bytes(min(length, file.size - offset))


def zeros(size: int, path: str = "model") -> StoredFile:
    return StoredFile(path, size, "etag", "acc", "incoming", path)
