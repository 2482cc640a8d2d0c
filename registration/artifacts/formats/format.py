"""A format: how content is recognised, and what looks for danger in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.limits import Tally
    from registration.artifacts.reader import Reader
    from registration.finding import Finding

LOOK = 64 * 1024


@dataclass(frozen=True)
class Look:
    """What detection sees of a file or member: its head and tail, and the reader for those who need more.

    `name` is what the innermost file goes by, with its folders; `tally` adds up what costs more than a look.
    """

    reader: Reader
    name: str = ""
    tally: Tally | None = None

    @cached_property
    def head(self) -> bytes:
        """The first 64 KiB, or all there is."""
        return self.reader.read(0, LOOK)

    @cached_property
    def tail(self) -> bytes:
        """The last 64 KiB, or all there is; empty for what is unpacked as it is read, whose end is far away."""
        if not self.reader.is_ranged:
            return b""
        return self.reader.read(max(0, self.reader.size - LOOK), LOOK)

    @property
    def is_whole(self) -> bool:
        """Whether the head is all there is."""
        return len(self.head) < LOOK


@dataclass(frozen=True)
class Format:
    """`matches` must be cheap and must not raise for any content; `scan` may raise `UnreadableError` to give up.

    A `weak` format has no magic number: it is asked only when no other format claims the content, or always if it
    `hides`, since content can be made to be it and another one. `extensions` are the names such files usually go by,
    lower case with the dot. `holds_code` says that loading such a file can run what its author wants, so it must not
    hide under the name of another format. Of what `is_data` the head is looked at, or little more.
    """

    name: str
    matches: Callable[[Look], bool]
    scan: Callable[[Reader, Context], Iterator[Finding]]
    extensions: frozenset[str] = frozenset()
    weak: bool = False
    holds_code: bool = False
    hides: bool = False
    is_data: bool = False


def extension(name: str) -> str:
    """The last extension of a file's name, lower case with the dot, or nothing."""
    return PurePosixPath(name).suffix.lower()


def nothing(_reader: Reader, _context: Context) -> Iterator[Finding]:
    """The scan of a format that holds no code."""
    return iter(())
