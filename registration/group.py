"""A group: the heads of several models in one document, so that they move together. The format is docs/formats/head.md.

A document is a place and no more: what lies in it was brought there by `heads`, and says nothing about any policy.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from registration import names
from registration.head import Head
from registration.stored import damaged, read_format

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = "registrar/group/v1"


@dataclass(frozen=True)
class Group:
    """`heads` lie here; those of `leaving` are on their way out, and nobody moves them. A new one has no `etag`."""

    group: str
    heads: Mapping[str, Head] = field(default_factory=dict)
    leaving: Mapping[str, Head] = field(default_factory=dict)
    etag: str = field(default="", compare=False)

    def find(self, model: str) -> Head:
        """The head of a model that lies here, or did; raises `LedgerFormatError` if there is none."""
        found = self.heads.get(model) or self.leaving.get(model)
        if found is None:
            raise damaged(names.group(self.group), f"has no head of {model}")
        return found

    def moved(self, heads: Iterable[Head]) -> Group:
        """With these heads in the place of those that lie here, or beside them."""
        by_model = {head.model: head for head in heads}
        left = {model: head for model, head in self.leaving.items() if model not in by_model}
        return replace(self, heads={**self.heads, **by_model}, leaving=left)

    def parted(self, model: str) -> Group:
        """With the head of `model` set apart."""
        left = {name: head for name, head in self.heads.items() if name != model}
        return replace(self, heads=left, leaving={**self.leaving, model: self.heads[model]})

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, etag: str, name: str) -> Group:
        """The group stored as `name`, back as a value; raises `LedgerFormatError` for another format or a damage."""
        read_format(data, FORMAT, name=name)
        if not isinstance(group := data.get("group"), str):
            raise damaged(name, f"has {group!r:.60} as group")
        parts = (data.get("heads"), data.get("leaving", {}))
        heads, leaving = (_heads(part, group=group, etag=etag, name=name) for part in parts)
        return cls(group, heads, leaving, etag)

    def to_dict(self) -> dict[str, Any]:
        """As stored, without the ETag."""
        parts = {"heads": self.heads, "leaving": self.leaving}
        told = {part: {model: head.standing() for model, head in heads.items()} for part, heads in parts.items()}
        return {"format": FORMAT, "group": self.group, **told}


def _heads(part: object, *, group: str, etag: str, name: str) -> dict[str, Head]:
    if not isinstance(part, dict) or not all(isinstance(said, dict) for said in part.values()):
        raise damaged(name, f"has {part!r:.60} where heads should be")
    return {
        str(model): Head.standing_in(said, model=str(model), group=group, etag=etag, name=name)
        for model, said in part.items()
    }
