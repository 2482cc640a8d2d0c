"""The inventory of a candidate: one listing of its files, and a fingerprint that tells two listings apart.

It is taken before anything is read, and again after a job's output has been registered: equal inventories mean that
what was judged is what was registered.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from registration.finding import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registration.artifacts.store import StoredFile

MOST_FILES: Final = 100_000
_FEWER: Final = "pack files into an archive, or write only the model into the output"
SIGNATURE_NAME: Final = "model.sig"  # at the top of a folder; it is listed and read, and is no part of the model


@dataclass(frozen=True)
class Artifact:
    """The files of one candidate, in path order; `extra` are the first few paths listed beside them.

    Where there are more than MOST_FILES it `is_cut`: the rest was not listed, and nobody may judge it.
    """

    files: tuple[StoredFile, ...]
    extra: tuple[str, ...] = ()
    is_cut: bool = False

    @classmethod
    def of(cls, files: Iterable[StoredFile]) -> Artifact:
        """An artifact of `files`, put in path order; of more than MOST_FILES those that come first."""
        found = iter(files)
        kept = tuple(sorted(islice(found, MOST_FILES)))
        return cls(kept, is_cut=next(found, None) is not None)

    @property
    def excess(self) -> tuple[Finding, ...]:
        """That it is cut, if it is."""
        message = f"there are more than {MOST_FILES} files, which is the most that an artifact may have"
        return (Finding("artifact.too_many_files", "", message, action=_FEWER),) if self.is_cut else ()

    @property
    def size(self) -> int:
        """Bytes in all files together."""
        return sum(file.size for file in self.files)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Bytes of each file."""
        return tuple(file.size for file in self.files)

    @property
    def paths(self) -> frozenset[str]:
        """The relative path of every file."""
        return frozenset(file.path for file in self.files)

    @property
    def fingerprint(self) -> str:
        """Changes when a file is added, removed, resized or written again, even with the same bytes."""
        listed: list[object] = [[file.path, file.size, file.etag] for file in self.files]
        return digest([*listed, "and more"] if self.is_cut else listed)


def digest(value: object) -> str:
    """The sha256 of `value` as canonical JSON: sorted keys, no spaces, ASCII."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
