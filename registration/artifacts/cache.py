"""Cache: the spans of a file that were read last, in bounded memory.

A span stays the bytes that it came as. Most of what is fetched over gaps is never looked at, so cutting it up would
cost more than reading it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registration.artifacts.ahead import Span


class Cache:
    """At most `most` windows, but always the span that was added last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._spans: OrderedDict[int, tuple[Span, bytes]] = OrderedDict()  # by number, as they came; last read last
        self._numbers: dict[int, int] = {}  # of the newest span that has a window
        self._came = 0
        self.windows = 0

    def __contains__(self, window: int) -> bool:
        return window in self._numbers

    def find(self, window: int) -> tuple[Span, bytes] | None:
        """The span with this window, and its bytes."""
        number = self._numbers.get(window)
        if number is None:
            return None
        self._spans.move_to_end(number)
        return self._spans[number]

    def add(self, span: Span, data: bytes) -> None:
        """Keep the bytes of `span`, and let go of what was not read for longest."""
        self._came += 1
        self._spans[self._came] = span, data
        self._numbers.update(dict.fromkeys(range(span.first, span.end), self._came))
        self.windows += span.windows
        while self.windows > self._most and len(self._spans) > 1:
            self._drop()

    def _drop(self) -> None:
        number, (span, _) = self._spans.popitem(last=False)
        self.windows -= span.windows
        for window in range(span.first, span.end):
            # Of spans that overlap, the newer one may be the first to go.
            if self._numbers.get(window) == number:
                del self._numbers[window]
