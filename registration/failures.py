"""Failures: of several things that are all tried, those that failed. The first is raised when all had their turn."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)


class Failures:
    """Those of things that go by the name of `what`. `at_once` is what is not kept, but raised where it happens."""

    def __init__(self, what: str, *, at_once: tuple[type[Exception], ...] = ()) -> None:
        self._what = what
        self._at_once = at_once
        self._met: list[Exception] = []

    def keep(self, failure: Exception) -> None:
        """Keep what failed already."""
        self._met.append(failure)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Try one thing; its failure keeps no other waiting."""
        try:
            yield
        except self._at_once:
            raise
        except Exception as failure:  # noqa: BLE001 - raised or logged by `raise_first`
            self.keep(failure)

    def raise_first(self, *, rank: Callable[[Exception], tuple[bool, ...]] = lambda _failure: ()) -> None:
        """Raise the first failure, by `rank` and then as they came, and log the others; nothing if all went well."""
        failures = sorted(self._met, key=rank)
        for other in failures[1:]:
            log.error("another %s failed", self._what, exc_info=other)
        if failures:
            raise failures[0]
