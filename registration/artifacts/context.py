"""The context of a scan: what a format may ask for while it looks at one file or member, and how it says what it found.

The walk makes one for each file and each member. A format hands members back to the walk through `scan_inner`; it never
calls another format itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from registration.finding import Finding, Level
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registration.artifacts.limits import Limits, Tally
    from registration.artifacts.reader import Reader


LONGEST = 300  # characters of a message or a member's name


class Profile(Protocol):
    """The exact names that pickles of one kind of model may refer to."""

    @property
    def name(self) -> str:
        """As policies and the command line call it."""
        ...

    def allows(self, module: str, name: str) -> bool:
        """Whether `module` and `name` are on the list, exactly."""
        ...


@dataclass(frozen=True)
class Context:
    """Where the walk is. `visit` is the walk itself; `depth` counts the containers around this member."""

    path: str
    profile: Profile
    limits: Limits
    tally: Tally
    visit: Callable[[Reader, Context], Iterator[Finding]]
    depth: int = 0
    member: str = ""
    # Keys of tensors that a torch pickle names by persistent id: numbers, which the container need not look into.
    storages: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The name that the innermost file goes by."""
        return (self.member or self.path).rpartition("!")[2]

    def finding(
        self, code: str, message: str, *, offset: int | None = None, level: Level = Level.UNSAFE, action: str = ""
    ) -> Finding:
        """A finding about this file or member. What a file says of itself is cut and made one printable line."""
        said, member = (_cut(shown(text)) for text in (message, self.member))
        return Finding(code, self.path, said, member, offset, level, action)

    def scan_inner(self, reader: Reader, member: str) -> Iterator[Finding]:
        """Detect and scan what lies inside, under its own name; raises `TooLargeError` with the last member allowed."""
        self.tally.member()
        name = f"{self.member}!{member}" if self.member else member
        inner = Context(
            self.path, self.profile, self.limits, self.tally, self.visit, self.depth + 1, name, self.storages
        )
        yield from self.visit(reader, inner)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
