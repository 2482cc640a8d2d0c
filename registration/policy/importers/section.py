"""A section: one mapping of a foreign config, with its place, and what nobody has asked it for yet.

Importers take what they know, by kind, and end with `rest`: every other key becomes a warning. Null counts as absent,
because that is how these tools write a default.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, cast

from registration.documents import spelled
from registration.errors import ForeignConfigError, Problem
from registration.policy import number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from registration.policy.importers.foreign import Path


@dataclass
class Section:
    """The entries of a mapping at `path` of the config that errors call `source`; `warnings` is the whole import's.

    `camel` also finds `metrics_specs` under `metricsSpecs`, as protobuf's JSON writes it.
    """

    source: str
    entries: dict[str, object]
    warnings: list[Problem]
    path: Path = ()
    camel: bool = False
    taken: set[str] = field(default_factory=set)

    def take(self, key: str) -> object:
        """The value of `key`, whatever it is; None if there is none."""
        self.taken.update(self._spellings(key))
        return next((found for one in self._spellings(key) if (found := self.entries.get(one)) is not None), None)

    def text(self, key: str) -> str | None:
        """The text under `key`."""
        value = self.take(key)
        if value is not None and not isinstance(value, str):
            raise self.error(key, message="must be text")
        return value

    def required_text(self, key: str) -> str:
        """The text under `key`, which must be there and not be empty."""
        if value := self.text(key):
            return value
        raise self.error(key, message="is required")

    def flag(self, key: str) -> bool | None:
        """The true or false under `key`."""
        value = self.take(key)
        if value is not None and not isinstance(value, bool):
            raise self.error(key, message="must be true or false")
        return value

    def number(self, key: str) -> Decimal | None:
        """The number under `key`, as the double that the other tool would compute with."""
        value = self.take(key)
        return None if value is None else self.double(key, value)

    def double(self, key: str, value: object) -> Decimal:
        """`value`, found under `key`, as a finite double."""
        read = number.read(float(value) if isinstance(value, Decimal) else value)
        if isinstance(read, number.Flaw):
            raise self.error(key, message=f"{read.says}; a finite number is needed")
        return read

    def texts(self, key: str) -> list[str]:
        """The list of texts under `key`; one text alone is a list of one."""
        values = self._many(key)
        for index, value in enumerate(values):
            if not isinstance(value, str) or not value.strip():
                raise self.error(key, index, message="must be text, and not empty")
        return cast("list[str]", values)

    def section(self, key: str) -> Section | None:
        """The mapping under `key`."""
        value = self.take(key)
        return None if value is None else self.child(value, key)

    def required_section(self, key: str) -> Section:
        """The mapping under `key`, which must be there."""
        found = self.section(key)
        if found is None:
            raise self.error(key, message="is required")
        return found

    def sections(self, key: str) -> list[Section]:
        """The list of mappings under `key`; one mapping alone is a list of one."""
        return [self.child(value, key, index) for index, value in enumerate(self._many(key))]

    def pairs(self, key: str) -> Iterator[tuple[str, object, Path]]:
        """Key, value and place of each entry of protobuf's map under `key`.

        It is an object in JSON, and messages of a `key` and a `value` in the text format.
        """
        value = self.take(key)
        if isinstance(value, dict) and set(value) != {"key", "value"}:
            yield from ((name, inner, (key, name)) for name, inner in value.items())
            return
        for index, entry in enumerate(self.sections(key)):
            yield entry.text("key") or "", entry.take("value"), (key, index, "value")
            entry.rest("is no part of a map's entry")

    def child(self, value: object, *steps: str | int) -> Section:
        """`value`, found at `steps` below here, as a section."""
        if not isinstance(value, dict):
            raise self.error(*steps, message="must be a mapping of keys to values")
        return Section(self.source, value, self.warnings, (*self.path, *steps), self.camel)

    def place(self, *steps: str | int) -> str:
        """How messages call the place at `steps` below here."""
        return spelled((*self.path, *steps))

    def warn(self, *steps: str | int, message: str) -> None:
        """Tell that what stands at `steps` is different in the policy, or not there."""
        self.warnings.append(Problem(self.place(*steps), message))

    def once(self, message: str) -> None:
        """Tell, once in an import, how the other tool behaves as a whole."""
        if Problem("", message) not in self.warnings:
            self.warnings.append(Problem("", message))

    def error(self, *steps: str | int, message: str) -> ForeignConfigError:
        """What to raise for what stands at `steps`."""
        return ForeignConfigError(self.source, [Problem(self.place(*steps), message)])

    def require_any(self, what: str, keys: Collection[str]) -> None:
        """Raise `ForeignConfigError` unless one of `keys` is there: a config of something else is no `what`."""
        if self.entries and self.entries.keys().isdisjoint(one for key in keys for one in self._spellings(key)):
            raise self.error(message=f"is not {what}: it has none of {', '.join(keys)}")

    def rest(self, message: str, *, likeness: float = 0.8) -> None:
        """Warn of every key that nobody took; one that is as much like a known one as that is taken for a slip."""
        for key in self.entries:
            if key not in self.taken:
                near = difflib.get_close_matches(key, sorted(self.taken), n=1, cutoff=likeness)
                self.warn(key, message=f"{message}; was {near[0]} meant?" if near else message)

    def _spellings(self, key: str) -> tuple[str, ...]:
        return (key, _camel(key)) if self.camel else (key,)

    def _many(self, key: str) -> list[object]:
        value = self.take(key)
        return [] if value is None else value if isinstance(value, list) else [value]


def _camel(key: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), key)
