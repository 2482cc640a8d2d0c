"""Tracing: a port through which the story tells how long its steps take. Nothing is decided by it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


class Tracing(Protocol):
    """Where traces, durations and counts go; never raises."""

    def work(self, key: str) -> AbstractContextManager[None]:
        """The time one delivery spends on the work `key`; all deliveries of one work share one trace."""
        ...

    def step(self, name: str) -> AbstractContextManager[None]:
        """The time one step takes."""
        ...

    def count(self, outcome: str) -> None:
        """One more offer ended as `outcome`."""
        ...


class Untraced:
    """Tells nobody."""

    def work(self, key: str) -> AbstractContextManager[None]:  # noqa: ARG002 - nobody is told
        """Nothing around the work."""
        return contextlib.nullcontext()

    def step(self, name: str) -> AbstractContextManager[None]:  # noqa: ARG002 - as above
        """Nothing around the step."""
        return contextlib.nullcontext()

    def count(self, outcome: str) -> None:
        """Nothing."""


UNTRACED = Untraced()
