"""A clause: one behaviour of a service that the code relies on, and how to see whether it is so."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from registration.doctor.check import Check, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.doctor.contract.bench import Bench
    from registration.doctor.wire import Answer


@dataclass(frozen=True)
class Seen:
    """What was seen. `state` is `ok` if the clause holds, `failed` if not, `skipped` if there was nothing to see."""

    state: State
    what: str


class Needs(StrEnum):
    """What has to be writable for a clause to be settled."""

    NOTHING = "nothing"
    VERSIONS = "versions"
    BLOBS = "blobs"


@dataclass(frozen=True)
class Clause:
    """`says` is what is relied on; `settle` looks, and `needs` that something can be written before."""

    code: str
    says: str
    settle: Callable[[Bench], Seen]
    needs: Needs = Needs.NOTHING

    @property
    def name(self) -> str:
        """The name of its check."""
        return f"contract.{self.code}"

    def check(self, bench: Bench) -> Check:
        """Settle it, if what it needs can be written."""
        why_not = bench.refusals.get(self.needs)
        seen = unsettled(f"nothing can be written: {why_not}") if why_not else self.settle(bench)
        if seen.state is State.FAILED:
            return Check(
                self.name, seen.state, f"{self.says}: no, {seen.what}", "See docs/verified.md for what relies on it."
            )
        return Check(self.name, seen.state, f"{self.says}: {seen.what}")


def settled(*, holds: bool, what: str) -> Seen:
    """Whether it holds, with what was seen."""
    return Seen(State.OK if holds else State.FAILED, what)


def unsettled(why: str) -> Seen:
    """Nothing was there to see it by."""
    return Seen(State.SKIPPED, why)


def words(answer: Answer) -> str:
    """An answer in a few words."""
    if answer.status is None:
        return f"no answer: {answer.said}"
    return " ".join(filter(None, (str(answer.status), answer.code, answer.said[:200])))
