"""What the scan says of a pickle in memory, and which names it saw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, override

from registration.artifacts.pickles.alone import alone
from registration.artifacts.pickles.globals import Profile
from registration.artifacts.pickles.globals import named as profile_named
from registration.artifacts.pickles.machine import Machine
from registration.artifacts.pickles.scan import scan
from registration.artifacts.reader import Memory
from registration.errors import UnreadableError

if TYPE_CHECKING:
    from registration.artifacts.limits import Limits
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

NOTHING = Profile("nothing", {})
SKLEARN = profile_named("sklearn")


def found(pickle: bytes, *, profile: str = "all", storages: dict[str, int] | None = None) -> list[Finding]:
    """Every finding under the profile of this name."""
    listed = profile_named(profile)
    return list(scan(Memory(pickle, "model.pkl"), replace(alone(listed, path="model.pkl"), storages=storages), listed))


class Counting(Memory):
    """Bytes at hand, and how many of them were asked for."""

    read_bytes = 0

    @override
    def _read(self, offset: int, length: int) -> bytes:
        data = super()._read(offset, length)
        self.read_bytes += len(data)
        return data


def scan_of(reader: Reader, *, limits: Limits | None = None) -> list[Finding]:
    """Every finding about what `reader` holds."""
    listed = profile_named("all")
    return list(scan(reader, alone(listed, limits=limits), listed))


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def pairs(pickle: bytes) -> set[tuple[str, str]]:
    """Every (module, name) that the first pickle refers to."""
    return followed(pickle)[0]


def followed(pickle: bytes) -> tuple[set[tuple[str, str]], bool]:
    """The names of the first pickle, and whether it could be followed to its end without anything being said."""
    machine = Machine(Memory(pickle), replace(alone(NOTHING), storages={}), NOTHING)
    try:
        is_clean = not any(finding.code != "pickle.unlisted_global" for finding in machine.run())
    except UnreadableError:
        is_clean = False
    return {(target.module, target.name) for target in machine.names.table}, is_clean
