"""A publication: what changes where the app reads its policies, whether it may, and the writing of it.

`propose` holds the files of a deployer against what is published; `carry_out` writes the difference, each file only if
nobody wrote it since it was read. Not promised: that all files change at once. Between two of them the app may read
the old and the new; if these do not agree, it holds nothing back for good: messages wait and come again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from registration.errors import PolicyError
from registration.policy import difference, document, lint

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from registration.policy.cases import CaseResult
    from registration.policy.difference import Change
    from registration.policy.document import Policy
    from registration.policy.lint import Checked
    from registration.policy.published import Published, PublishedText


class Kind(StrEnum):
    """What becomes of a published file. `relaid`: another text that means the same. `kept`: there, and not here."""

    NEW = "new"
    CHANGED = "changed"
    RELAID = "relaid"
    SAME = "same"
    REMOVED = "removed"
    KEPT = "kept"


@dataclass(frozen=True)
class Item:
    """One file of a publication. `text` is what is to be published, None if nothing is; `etag` that of what is there.

    `broken` says why what is published cannot be compared in words.
    """

    name: str
    kind: Kind
    text: str | None = None
    etag: str | None = None
    changes: tuple[Change, ...] = ()
    broken: str = ""

    @property
    def is_written(self) -> bool:
        """Whether carrying it out writes anything."""
        return self.kind not in {Kind.SAME, Kind.KEPT}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, without the text."""
        changes = [change.to_dict() for change in self.changes]
        return {"name": self.name, "kind": self.kind.value, "changes": changes, "broken": self.broken or None}


@dataclass(frozen=True)
class Proposal:
    """What publishing would do, and what was found about it."""

    checked: Checked
    cases: tuple[CaseResult, ...] = ()
    items: tuple[Item, ...] = ()

    @property
    def is_fit(self) -> bool:
        """Whether it may be published: no error, and no case that fails."""
        return not self.checked.errors and all(case.passed for case in self.cases)

    @property
    def due(self) -> tuple[Item, ...]:
        """What has to be written: first what is put, then what is removed."""
        due = (item for item in self.items if item.is_written)
        return tuple(sorted(due, key=lambda item: item.kind is Kind.REMOVED))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        cases = [case.to_dict() for case in self.cases]
        return {**self.checked.to_dict(), "cases": cases, "files": [item.to_dict() for item in self.items]}


def propose(
    files: Mapping[str, str],
    place: Published,
    *,
    cases: Callable[[], Iterable[CaseResult]],
    prune: bool,
    allow: Collection[str],
) -> Proposal:
    """What publishing `files` at `place` does.

    What is there is read, and `cases` run, only if each of `files` is a policy. All that will be published is checked
    together; remarks with a code in `allow` are left out. `prune` removes what is there and not among the files.
    Raises what `place` raises, and `PolicyError` if a policy stays that is no text.
    """
    alone = lint.check(files)
    if len(alone.policies) < len(files):
        return Proposal(alone)
    there = tuple(place.published())
    items = plan(files, there, prune=prune)
    return Proposal(lint.check(outcome(items, there)).without(allow), tuple(cases()), items)


def plan(files: Mapping[str, str], published: Iterable[PublishedText], *, prune: bool) -> tuple[Item, ...]:
    """What publishing `files` does to each name, here or there; `prune` removes what is there and not here.

    Raises `PolicyError` if one of `files` cannot be read.
    """
    there = {one.name: one for one in published}
    here = [_item(name, text, there.get(name)) for name, text in files.items()]
    return (*here, *(_left(one, prune=prune) for name, one in there.items() if name not in files))


def outcome(items: Iterable[Item], published: Iterable[PublishedText]) -> dict[str, str]:
    """The texts that will be published when `items` were carried out, by name; raises `PolicyError` as `text`."""
    there = {one.name: one for one in published}
    staying = (item for item in items if item.kind is not Kind.REMOVED)
    return {item.name: there[item.name].text if item.text is None else item.text for item in staying}


def carry_out(proposal: Proposal, place: Published) -> Iterator[Item]:
    """Write what is due, and say each item when it is done.

    Raises `PublicationConflictError` at the first that somebody else wrote meanwhile; what was said is done.
    """
    for item in proposal.due:
        if item.text is not None:
            place.put(item.name, item.text, etag=item.etag)
        elif item.etag is not None:
            place.remove(item.name, etag=item.etag)
        yield item


def _item(name: str, text: str, there: PublishedText | None) -> Item:
    policy = document.parse(text, source=name)
    if there is None:
        return Item(name, Kind.NEW, text, changes=difference.between(None, policy))
    if there.data == text.encode():
        return Item(name, Kind.SAME, text, there.etag)
    old, broken = _published(there)
    if broken:
        return Item(name, Kind.CHANGED, text, there.etag, broken=broken)
    changes = difference.between(old, policy)
    return Item(name, Kind.CHANGED if changes else Kind.RELAID, text, there.etag, changes)


def _left(there: PublishedText, *, prune: bool) -> Item:
    if not prune:
        return Item(there.name, Kind.KEPT, etag=there.etag)
    old, broken = _published(there)
    changes = difference.between(old, None) if old else ()
    return Item(there.name, Kind.REMOVED, etag=there.etag, changes=changes, broken=broken)


def _published(there: PublishedText) -> tuple[Policy | None, str]:
    try:
        return document.parse(there.text, source=there.name), ""
    except PolicyError as wrong:
        return None, str(wrong)
