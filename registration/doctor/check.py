"""A check: one thing the doctor looked at. Made by every module beside this one, shown by the command line.

Names are words joined by dots, from the whole to the part: `ledger.registrar-state.write`. They stay the same from one
version to the next as far as the thing they name does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class State(StrEnum):
    """How it is. `warning`: it works, and somebody should look. `skipped`: it could not be looked at, and why."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Check:
    """What was seen, and what to do next: a sentence, and commands to type as they are."""

    name: str
    state: State
    seen: str
    next: str = ""
    commands: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, said: Mapping[str, Any]) -> Check:
        """The check that `to_dict` wrote."""
        next_, commands = said.get("next") or "", tuple(map(str, said.get("commands") or ()))
        return cls(str(said["name"]), State(said["state"]), str(said["seen"]), str(next_), commands)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        said = {"name": self.name, "state": self.state.value, "seen": self.seen}
        return {**said, "next": self.next or None, "commands": list(self.commands)}


def ok(name: str, seen: str) -> Check:
    """All is well."""
    return Check(name, State.OK, seen)


def warning(name: str, seen: str, *, then: str = "", commands: Iterable[str] = ()) -> Check:
    """It works, and somebody should look; `then` is what to do."""
    return Check(name, State.WARNING, seen, then, tuple(commands))


def failed(name: str, seen: str, *, then: str, commands: Iterable[str] = ()) -> Check:
    """It does not work; `then` is what to do."""
    return Check(name, State.FAILED, seen, then, tuple(commands))


def skipped(name: str, why: str, *, then: str = "") -> Check:
    """It could not be looked at."""
    return Check(name, State.SKIPPED, why, then, ())
