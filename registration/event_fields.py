"""Fields: a JSON object whose keys are read without regard to case and underscores, as events have them.

`events` makes them of what Event Grid delivers. Text is checked here once: its length, and that it can be stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registration.errors import MalformedEventError

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_TEXT: Final = 1024  # characters
UNSTORABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def folded(key: str) -> str:
    """A key as it is compared: `runId`, `RunId` and `run_id` are one."""
    return key.replace("_", "").lower()


@dataclass(frozen=True)
class Fields:
    """A JSON object by folded key, at `path` of its event.

    A key given twice under two spellings is refused when it is read, unless both say the same. Every method raises
    MalformedEventError, its message beginning with the place.
    """

    path: str
    entries: Mapping[str, list[object]]

    @classmethod
    def of(cls, value: object, *, path: str = "") -> Fields:
        """The fields of an object."""
        if not isinstance(value, dict):
            raise MalformedEventError(f"{path or 'event'}: must be an object")
        entries: dict[str, list[object]] = {}
        for key, entry in value.items():
            entries.setdefault(folded(key), []).append(entry)
        return cls(path, entries)

    def has(self, name: str) -> bool:
        """Whether the key is there, whatever it holds."""
        return folded(name) in self.entries

    def get(self, name: str) -> object:
        """The value, or None when it is absent or null."""
        values = self.entries.get(folded(name), [None])
        if any(value != values[0] for value in values):
            raise self.wrong(name, "is given twice with different values")
        return values[0]

    def text(self, name: str, *, longest: int = LONGEST_TEXT) -> str:
        """Text that has to be there."""
        value = self.text_or_none(name, longest=longest)
        if value is None:
            raise self.wrong(name, "is required")
        return value

    def text_or_none(self, name: str, *, longest: int = LONGEST_TEXT) -> str | None:
        """Text, or a whole number as text; None when absent, null or empty."""
        value = self.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            raise self.wrong(name, "must be text")
        text = "" if value is None else str(value)
        if len(text) > longest:
            raise self.wrong(name, f"is longer than {longest} characters")
        if UNSTORABLE.search(text):
            raise self.wrong(name, "holds a control character")
        return text or None

    def inside(self, name: str) -> Fields:
        """The fields of an object that has to be there."""
        if self.get(name) is None:
            raise self.wrong(name, "is required")
        return Fields.of(self.get(name), path=name)

    def wrong(self, name: str, message: str) -> MalformedEventError:
        """The error that says what is wrong with a field."""
        return MalformedEventError(f"{self.path}.{name}: {message}" if self.path else f"{name}: {message}")
