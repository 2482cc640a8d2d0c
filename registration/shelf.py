"""A shelf: the port to one container of the ledger. Documents with ETags, conditional writes, the server's clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime


@dataclass(frozen=True)
class Entry:
    """A stored document, its ETag, when it was written and when it was read, both by the server's clock."""

    document: dict[str, Any]
    etag: str
    written: datetime
    now: datetime


class Shelf(Protocol):
    """A container of JSON documents with conditional writes; raises `UnavailableError` when it does not answer."""

    def read(self, name: str) -> Entry | None:
        """The document `name`, or None; raises `LedgerFormatError` for what is no JSON object."""
        ...

    def text(self, name: str) -> str | None:
        """What `name` holds, whatever it is, or None; bytes that are no UTF-8 are shown as replaced."""
        ...

    def create(self, name: str, document: Mapping[str, Any]) -> Entry:
        """Write `name` if it does not exist; raises `LedgerConflictError` if it does."""
        ...

    def replace(self, name: str, document: Mapping[str, Any], *, etag: str) -> Entry:
        """Write `name` if it still has `etag`; raises `LedgerConflictError` if not."""
        ...

    def create_text(self, name: str, text: str) -> None:
        """Write `name` as text if it does not exist; leave what is there if it does."""
        ...

    def names(self, prefix: str) -> Iterator[tuple[str, str]]:
        """Every name that begins with `prefix`, with the document's `state`, empty if it has none; nothing is read."""
        ...


def put(shelf: Shelf, name: str, document: Mapping[str, Any], *, etag: str) -> Entry:
    """Write `name` in the place of what was read with `etag`, or of nothing if that is empty.

    Raises `LedgerConflictError` if another writer was first.
    """
    return shelf.replace(name, document, etag=etag) if etag else shelf.create(name, document)
