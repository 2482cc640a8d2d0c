"""Heads: where each lies, and how they move. Alone under its model's name, or with others in the document of a group.

- `heads/{model}.json` is the head, or names the group it lies in and copies it for people.
- `groups/{group}.json` holds the heads of its members. Several move by one compare-and-swap of it.

A head joins a group when `heads/{model}.json` says so, written on the condition that it is what was copied into the
group. It leaves when it becomes a head again, after it was set apart in the group, where nobody moves it. ADR 0014.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from registration import names
from registration.errors import LedgerConflictError
from registration.group import Group
from registration.head import Head
from registration.shelf import put
from registration.stored import damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from registration.shelf import Shelf


@dataclass(frozen=True)
class Heads:
    """The heads on the state shelf. `decided` gives the decisions that must have been in the history of a model."""

    shelf: Shelf
    decided: Callable[[str], Iterator[str]]

    def read(self, model: str) -> Head:
        """The head of `model`, wherever it lies; raises `LedgerFormatError` if it is damaged, or gone."""
        head = self._named(model)
        return head if head.group is None else self._document(head.group).find(model)

    def together(self, models: Sequence[str], *, group: str) -> tuple[Head, ...]:
        """The heads of `models` as they stand at one moment in the document of `group`, brought there if need be.

        Raises `LedgerConflictError` if one of them leaves again meanwhile.
        """
        for model in models:
            while not self._has_joined(model, group):
                pass
        document = self._document(group)
        if any(model not in document.heads for model in models):
            raise LedgerConflictError(f"a head left the group {group}")
        return tuple(document.heads[model] for model in models)

    def move(self, *heads: Head) -> tuple[Head, ...]:
        """Write heads that were advanced, all by one compare-and-swap: several must lie in one group.

        Raises `LedgerConflictError`, and none has moved, if any of them did since it was read.
        """
        (group,) = {head.group for head in heads}
        if group is None:
            (head,) = heads
            return (self._put(head),)
        written = self._moved(group, heads)
        for head in written:
            self.mirror(head)
        return written

    def mirror(self, head: Head) -> None:
        """See that people find a head that lies in a group where they look for it, unless they find a newer one."""
        if head.group is None:
            return
        known = self._named(head.model)
        if known.group != head.group or known == head or known.log_seq > head.log_seq:
            return
        with contextlib.suppress(LedgerConflictError):  # it left, or another worker is at it
            self._put(replace(head, etag=known.etag))

    def is_mirrored(self, head: Head) -> bool:
        """Whether people find `head` as it is."""
        return head.group is None or self._named(head.model) == head

    def _moved(self, group: str, heads: Sequence[Head]) -> tuple[Head, ...]:
        document = self._document(group)
        for head in heads:
            if head.model in document.leaving:
                self._leave(head.model, group)
            if head.model not in document.heads or head.etag != document.etag:
                raise LedgerConflictError(f"{names.group(group)} was written by another worker")
        written = self._write(document.moved(heads))
        return tuple(written.heads[head.model] for head in heads)

    def _has_joined(self, model: str, group: str) -> bool:
        """Whether the head of `model` lies in `group`; it is one step nearer if not.

        Raises `LedgerFormatError` if it should lie in a group whose document is gone, or has it no more.
        """
        # Read before the head: then a copy that is older than the head has a lost ETag, and never gets there.
        document = self._found(group) or Group(group)
        head = self._named(model)
        try:
            if head.group is None:
                self._write(document.moved([head]))
                self._put(replace(head, group=group))
                return True
            if head.group != group or model in document.leaving:
                self._leave(model, head.group)
                return False
        except LedgerConflictError:
            return False
        if model in document.heads:
            return True
        self._document(group).find(model)  # it joined, or left, after the document was read; or it is lost
        return False

    def _leave(self, model: str, group: str) -> None:
        """Let the head of `model` lie by itself again; raises `LedgerConflictError` if others write meanwhile."""
        copy = self._named(model)
        if copy.group != group:
            return
        document = self._document(group)
        if model in document.heads:
            document = self._write(document.parted(model))
        self._put(replace(document.find(model), group=None, etag=copy.etag))

    def _named(self, model: str) -> Head:
        """What lies under the name of `model`: its head, or the copy of it."""
        name = names.head(model)
        found = self.shelf.read(name)
        if found is None and (decided := next(self.decided(model), None)):
            found = self.shelf.read(name)
            if found is None:  # a history begun anew would take anything for its first champion
                raise damaged(name, f"is gone, though {decided} was in the history")
        if found is None:
            return Head(model)
        head = Head.from_dict(found.document, etag=found.etag, name=name)
        if head.model != model:
            raise damaged(name, f"is about the model {head.model!r:.60}")
        return head

    def _put(self, head: Head) -> Head:
        entry = put(self.shelf, names.head(head.model), head.to_dict(), etag=head.etag)
        return replace(head, etag=entry.etag)

    def _document(self, group: str) -> Group:
        found = self._found(group)
        if found is None:
            raise damaged(names.group(group), "is gone, though a head lies in it")
        return found

    def _found(self, group: str) -> Group | None:
        name = names.group(group)
        found = self.shelf.read(name)
        document = Group.from_dict(found.document, etag=found.etag, name=name) if found else None
        if document is not None and document.group != group:
            raise damaged(name, f"is about the group {document.group!r:.60}")
        return document

    def _write(self, document: Group) -> Group:
        name = names.group(document.group)
        entry = put(self.shelf, name, document.to_dict(), etag=document.etag)
        return Group.from_dict(document.to_dict(), etag=entry.etag, name=name)
