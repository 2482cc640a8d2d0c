"""The context of a scan: what a format may ask for while it looks at one file or member, and how it says what it found.

The walk makes one for each file and each member. A format hands members back to the walk through `scan_inner`; it never
calls another format itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from registration.finding import Finding, Level
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from registration.artifacts.formats.tree import Tree
    from registration.artifacts.limits import Limits, Tally
    from registration.artifacts.reader import Reader
    from registration.errors import UnreadableError


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
    """Where the walk is; `visit` and `visit_tree` go on with it, `depth` counts the containers around this member."""

    path: str
    profile: Profile
    limits: Limits
    tally: Tally
    visit: Callable[[Reader, Context], Iterator[Finding]]
    visit_tree: Callable[[Tree, Context], Iterator[Finding]]
    depth: int = 0
    member: str = ""
    # A pickle in a torch file adds the keys of the tensors that it names by persistent id: they are numbers, which the
    # container need not look into, with the bytes of one number. None means that persistent ids have no meaning here.
    storages: dict[str, int] | None = None

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

    def stopped(self, stop: UnreadableError) -> Finding:
        """Why this file or member could not be followed to its end."""
        return self.finding(stop.code, str(stop), offset=stop.offset, level=Level.UNSCANNABLE)

    def about(self, member: str, *, storages: dict[str, int] | None = None) -> Context:
        """This context one member deeper, to say something of a member or to look into it."""
        name = f"{self.member}!{member}" if self.member else member
        return replace(self, depth=self.depth + 1, member=name, storages=storages)

    def scan_inner(self, reader: Reader, member: str, *, storages: dict[str, int] | None = None) -> Iterator[Finding]:
        """Detect and scan what lies inside, under its own name; raises `TooLargeError` with the last member allowed."""
        self.tally.member()
        yield from self.visit(reader, self.about(member, storages=storages))

    def scan_tree(self, tree: Tree) -> Iterator[Finding]:
        """What the files of an archive tell together; each is scanned by itself through `scan_inner`."""
        yield from self.visit_tree(tree, self)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
