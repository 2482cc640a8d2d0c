"""Ahead: spans of a file on their way before anybody asks for them, fetched beside the reader that will.

A span is some windows in a row. Only a few are on their way at once, more of them the further the reader comes, and
one that the reader has passed is not fetched any more.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

LONGEST = 32  # windows of a span: 2 MiB; longer ones would cost fewer requests, and more memory
DEEPEST = 6  # spans on their way, 12 MiB: as many as memory allows, for lines with a latency
NEAR = 32  # windows, 2 MiB: to read over a gap takes no longer than the first byte of another request


class Span(NamedTuple):
    """So many windows from `first` on."""

    first: int
    windows: int

    @property
    def end(self) -> int:
        """The window behind it."""
        return self.first + self.windows


class Ahead:
    """`load` fetches the bytes of a span; `spans` come in the order in which they will be asked for."""

    def __init__(self, load: Callable[[Span], bytes], spans: Iterable[Span]) -> None:
        self._load = load
        self._spans = iter(spans)
        self._coming: deque[tuple[Span, Future[bytes]]] = deque()
        self._depth = 1
        self._threads = ThreadPoolExecutor(DEEPEST)

    def take(self, number: int) -> tuple[Span, bytes] | None:
        """The span with the window `number`, waited for, or None if it is in none of them; those before are dropped.

        Raises as `load` does.
        """
        while self._coming and self._coming[0][0].end <= number:
            self._coming.popleft()[1].cancel()
        self._fill(number)
        if not self._coming or number < self._coming[0][0].first:
            return None
        span, data = self._coming.popleft()
        found = data.result()
        self._depth = min(2 * self._depth, DEEPEST)
        self._fill(number)
        return span, found

    def stop(self) -> None:
        """Fetch nothing more, and wait for what is on its way."""
        self._spans = iter(())
        self._threads.shutdown(cancel_futures=True)
        self._coming.clear()

    def _fill(self, number: int) -> None:
        while len(self._coming) < self._depth and (span := next(self._spans, None)) is not None:
            if span.end > number:
                self._coming.append((span, self._threads.submit(self._load, span)))


def straight_on(number: int, last: int) -> Iterator[Span]:
    """Everything from the window `number` to the `last`."""
    return (Span(first, min(LONGEST, last + 1 - first)) for first in range(number, last + 1, LONGEST))


def together(looks: Iterable[Span]) -> Iterator[Span]:
    """`looks`, in order of their place, those near each other as one."""
    begin = end = -1
    for look in looks:
        if begin < 0 or look.first > end + NEAR:
            yield from _cut(begin, end)
            begin, end = look.first, look.end
        end = max(end, look.end)
        while end - begin >= LONGEST:
            yield Span(begin, LONGEST)
            begin += LONGEST
    yield from _cut(begin, end)


def _cut(begin: int, end: int) -> Iterator[Span]:
    if 0 <= begin < end:
        yield Span(begin, end - begin)
