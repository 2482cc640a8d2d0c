"""Promotions: the decisions of a model that made a version its champion, each found from the one that came after it.

A decision names the latest promotion before it as `last_promotion`, whether that champion reigns still or not. What
older versions of the app wrote does not: there `previous` leads on, a request for each decision. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.head import Head

LAST = "last_promotion"
type Record = Mapping[str, Any]
type Read = Callable[[str], Record]  # a decision by its digest; raises `LedgerFormatError` for a missing or damaged one


def promoted(record: Record) -> bool:
    """Whether a decision moved the champion; those of engine 1 registered a version only to promote it."""
    said = record.get("promoted", record.get("version") is not None)
    return said is True


def walk(head: Head, read: Read) -> Iterator[tuple[str, Record]]:
    """Every promotion that `head` leads back to, newest first, with its digest; one request for each."""
    digest, known = _latest(head, read)
    while digest is not None:
        record = read(digest) if known is None else known
        yield digest, record
        digest, known = _before(record, read)


def latest(head: Head, read: Read) -> str | None:
    """The latest promotion in the history of `head`; a request only for a model that lost its champion."""
    return _latest(head, read)[0]


def _latest(head: Head, read: Read) -> tuple[str | None, Record | None]:
    if head.champion is not None:
        return head.champion.decision, None
    if not head.champion_seq or head.log_digest is None:
        return None, None
    # The decision that left the model without a champion, or a later one: no promotion itself.
    return _before(read(head.log_digest), read)


def _before(record: Record, read: Read) -> tuple[str | None, Record | None]:
    """The latest promotion before the decision `record`, with its record where it was read on the way."""
    while LAST not in record:
        previous = record.get("previous")
        if previous is None:
            return None, None
        record = read(previous)
        if promoted(record):
            return previous, record
    return record[LAST], None
