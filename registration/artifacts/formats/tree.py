"""A tree: the files of an artifact, or of an archive, for formats that are several files together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registration.artifacts.context import Context
    from registration.artifacts.reader import Reader
    from registration.finding import Finding


class Tree(Protocol):
    """Files by relative path, with `/` between folders."""

    @property
    def paths(self) -> frozenset[str]:
        """Every file."""
        ...

    def open(self, path: str) -> Reader:
        """The bytes of one of `paths`; raises `UnreadableError` if they cannot be reached."""
        ...


@dataclass(frozen=True)
class TreeFormat:
    """A format of several files. Each file is scanned by itself too; `scan` adds what only the whole can tell.

    `matches` looks at paths and at nothing else.
    """

    name: str
    matches: Callable[[frozenset[str]], bool]
    scan: Callable[[Tree, Context], Iterator[Finding]]


def nothing_together(_tree: Tree, _context: Context) -> Iterator[Finding]:
    """The scan of a format of which each file tells all there is."""
    return iter(())
