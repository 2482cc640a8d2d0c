"""A finding: one thing validation has to say about an artifact.

Validation makes findings, the decision counts them, receipts and records show them. A finding is a value: it never
stops a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """What a finding means for the verdict on the artifact."""

    UNSAFE = "unsafe"  # proven bad, or a name that is listed as dangerous
    UNSCANNABLE = "unscannable"  # nobody can tell from here
    UNLISTED = "unlisted"  # a name that the allow-list does not have
    NOTE = "note"  # told, and changes nothing


@dataclass(frozen=True)
class Finding:
    """`code` is stable and has a row in docs/errors.md; `path` is the file (empty for the whole artifact).

    `member` is the place inside a container, outermost first and parted by `!`; `offset` counts bytes from the start of
    the file or the member; `action` says what to do about it.
    """

    code: str
    path: str
    message: str
    member: str = ""
    offset: int | None = None
    level: Level = Level.UNSAFE
    action: str = ""

    @property
    def place(self) -> str:
        """The file, and the member inside it."""
        return f"{self.path}!{self.member}" if self.member else self.path

    def __str__(self) -> str:
        said = f"{self.message}; {self.action}" if self.action else self.message
        return f"{self.place}: {said}" if self.place else said
