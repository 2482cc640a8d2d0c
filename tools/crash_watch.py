"""A watch: it counts the calls that a worker makes through its ports, and stops the worker at some of them.

Stopped is either killed, by SIGKILL and from within, so that nothing at all happens afterwards; or made to stand until
the other end of its link says go on. Calls made before `begin` are neither counted nor met.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

STANDING = "standing"
READING = "store range"
FOLDERS = frozenset(
    {"work", "heads", "groups", "versions", "revocations", "policies", "failures", "pauses", "pulses", "questions"}
)
type Side = Literal["before", "after"]
type Deed = Literal["kill", "stand"]


@dataclass(frozen=True)
class Stop:
    """A call, named as by `numbered`, before it is made or after its answer, and what becomes of the worker there."""

    call: str
    side: Side
    deed: Deed


class Watch:
    """`calls` names every call since `begin`, in order. `link` hears that the worker stands and says when to go on."""

    def __init__(self, stops: tuple[Stop, ...], link: Connection[Any, Any]) -> None:
        self.calls: list[str] = []
        self._stops = stops
        self._link = link
        self._begun = False
        self._worker = threading.get_ident()
        self._counting = threading.Lock()

    def begin(self) -> None:
        """Count from now on."""
        self._begun = True

    def call[T](self, name: str, make: Callable[[], T]) -> T:
        """What `make` returns, or raises; the worker may not live to see it."""
        if not self._begun or not self._is_step(name):
            return make()
        with self._counting:
            self.calls.append(name)
            met = numbered(self.calls)[-1]
        self._meet(met, "before")
        try:
            return make()
        finally:
            self._meet(met, "after")

    def _is_step(self, name: str) -> bool:
        """The pulse is no step of the work; of what other threads do, reading the artifact is."""
        return threading.get_ident() == self._worker or name.startswith(READING)

    def _meet(self, call: str, side: Side) -> None:
        for stop in self._stops:
            if (stop.call, stop.side) == (call, side):
                self._stop(stop.deed)

    def _stop(self, deed: Deed) -> None:
        if deed == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        self._link.send(STANDING)
        self._link.recv()


def watched[P](port: P, *, name: str, watch: Watch, only: str | None = None) -> P:
    """`port`, with every call counted, or `only` those of one method. What it lists, it lists in one call."""
    return cast("P", _Watched(port, name, watch, only))


def numbered(calls: list[str]) -> list[str]:
    """The calls, each told apart from earlier ones of its name: `state read work/…`, `state read work/… (2)`."""
    seen: dict[str, int] = {}
    told = []
    for call in calls:
        seen[call] = seen.get(call, 0) + 1
        told.append(call if seen[call] == 1 else f"{call} ({seen[call]})")
    return told


class _Watched:
    def __init__(self, port: object, name: str, watch: Watch, only: str | None) -> None:
        self._port = port
        self._name = name
        self._watch = watch
        self._only = only

    def __getattr__(self, method: str) -> Callable[..., Any]:
        """The method of the port, counted."""
        made = getattr(self._port, method)
        if self._only not in {None, method}:
            return cast("Callable[..., Any]", made)

        def counted(*args: Any, **named: Any) -> Any:
            about = " ".join(filter(None, dict.fromkeys((self._name, method, *map(_about, (*args[:2], named))))))
            return self._watch.call(about, lambda: _whole(made(*args, **named)))

        return counted


def _whole(answer: object) -> object:
    return iter(list(answer)) if isinstance(answer, Iterator) else answer


def _about(what: object) -> str:
    """What a call is about, the same in every run: a document's kind, a file's name, an event's type, a status tag."""
    if isinstance(what, dict):
        return _told(what)
    if isinstance(what, str):
        folder = what.partition("/")[0]
        return f"{folder}/…" if folder in FOLDERS else ""
    file = str(getattr(what, "name", "")).rpartition("/")[2]
    return file if "." in file else ""


def _told(said: dict[str, Any]) -> str:
    if "owner" in said and "state" in said:  # a pulse has an owner too
        return _stage(said)
    tags = said.get("properties", said).get("tags", {})
    return str(tags.get("registrar.status", said.get("type", ""))).removeprefix("Registrar.")


def _stage(work: dict[str, Any]) -> str:
    """How far a work record has come, and why it is written."""
    if work["state"] != "claimed":
        return str(work["state"])
    return next((word for word in ("draft", "intent") if work.get(word)), "claimed")
