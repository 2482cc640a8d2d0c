"""What candidates are compared with: a champion of their own environment, that of another one, or nothing."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from registration.policy import target
from registration.policy.target import Target

_PINNED = re.compile(r"pinned:([1-9][0-9]{0,17})", re.ASCII)
_WORDS = frozenset({"champion", "best", "none"})


def pinned(compare_to: str | Target) -> int | None:
    """The version that is pinned, if one is."""
    found = None if isinstance(compare_to, Target) else _PINNED.fullmatch(compare_to)
    return int(found[1]) if found else None


def _parsed(written: object) -> str | Target:
    if isinstance(written, dict):
        return target.parsed(written)
    if not isinstance(written, str) or (written not in _WORDS and not _PINNED.fullmatch(written)):
        raise ValueError('must be champion, best, none, "pinned:VERSION" or {registry: REGISTRY}')
    return written


def _written(compare_to: str | Target) -> str | dict[str, str]:
    return compare_to.written if isinstance(compare_to, Target) else compare_to


_SCHEMA: dict[str, Any] = {"anyOf": [{"type": "string"}, target.SCHEMA]}

type CompareTo = Annotated[str | Target, PlainValidator(_parsed), PlainSerializer(_written), WithJsonSchema(_SCHEMA)]
