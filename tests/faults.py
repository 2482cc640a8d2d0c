"""Faults: one count of every write that the fakes take, one of every call, and one of them that goes wrong on purpose.

A test makes it and hands it to its fakes. A failed write is refused, or done with its answer lost; after it the worker
goes on, or is dead: then nothing it tries works until it is revived.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from registration.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Faults:
    """`writes` names every write that was tried, in order, as `<fake> <what>`; `calls` counts reads too.

    `struck` names every call that failed on purpose.
    """

    def __init__(self) -> None:
        self.writes: list[str] = []
        self.calls = 0
        self.struck: list[str] = []
        self._failing_call: int | None = None
        self._failing: Callable[[str], bool] | None = None
        self._done = self._dead = self._kills = False
        self._at_calls: dict[int, Callable[[], object]] = {}
        self._meanwhile: list[tuple[Callable[[str], bool], Callable[[], object]]] = []

    def fail_write(self, number: int, *, done: bool = False, dead: bool = False) -> None:
        """Let the write with this number from now on (1 is the next) fail, once."""
        wanted = len(self.writes) + number
        self._failing, self._done, self._kills = lambda _: len(self.writes) == wanted, done, dead

    def fail(self, what: str, *, done: bool = False, dead: bool = False) -> None:
        """Let the next write whose name begins with `what` fail, once."""
        self._failing, self._done, self._kills = lambda name: name.startswith(what), done, dead

    def fail_call(self, number: int, *, done: bool = False, dead: bool = False) -> None:
        """Let the call with this number from now on (1 is the next), a read or a write, fail, once."""
        self._failing_call, self._done, self._kills = self.calls + number, done, dead

    def calm(self) -> None:
        """Let no call fail that was to fail, and nobody act before one; a dead worker lives."""
        self._failing, self._failing_call, self._dead = None, None, False
        self._at_calls.clear()

    def meanwhile(self, what: str, act: Callable[[], object]) -> None:
        """Do `act` just before the next write whose name begins with `what`."""
        self._meanwhile.append((lambda name: name.startswith(what), act))

    def before_write(self, number: int, act: Callable[[], object]) -> None:
        """Do `act` just before the write with this number from now on (1 is the next)."""
        earlier = len(self.writes) + number - 1
        self._meanwhile.append((lambda _: len(self.writes) == earlier, act))

    def before_call(self, number: int, act: Callable[[], object]) -> None:
        """Do `act` just before the call with this number from now on (1 is the next), a read or a write."""
        self._at_calls[self.calls + number] = act

    @property
    def is_dead(self) -> bool:
        """Whether the worker died, and nobody has taken its place."""
        return self._dead

    def revive(self) -> None:
        """Start another worker in place of a dead one."""
        self._dead = False

    def reading(self) -> None:
        """Called by a fake before it answers."""
        if self._is_due():
            self._break("a read")

    def listing(self) -> None:
        """Called by a fake before it tells the names of what it keeps."""
        if self._is_due():
            self._break("a listing")

    @contextlib.contextmanager
    def writing(self, what: str) -> Iterator[None]:
        """Wraps every write of a fake."""
        is_due = self._is_due()
        self._interfere(what)
        self.writes.append(what)
        fails = is_due or (self._failing is not None and self._failing(what))
        if fails and not self._done:
            self._break(what)
        yield
        if fails:
            self._break(what)

    def _is_due(self) -> bool:
        if self._dead:
            raise UnavailableError("the worker is dead")
        if (act := self._at_calls.pop(self.calls + 1, None)) is not None:
            act()
        self.calls += 1
        return self.calls == self._failing_call

    def _interfere(self, what: str) -> None:
        due = [entry for entry in self._meanwhile if entry[0](what)]
        for entry in due:
            self._meanwhile.remove(entry)
            entry[1]()

    def _break(self, what: str) -> None:
        self._failing, self._failing_call, self._dead = None, None, self._kills
        self.struck.append(what)
        raise UnavailableError(f"{what} failed on purpose")
