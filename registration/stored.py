"""A stored document of the ledger as it is read back: the text parsed, and every member what it should be.

Made by shelves (`parsed`) and by the ledger's values (`made`). Whatever a person, a broken copy or a newer version of
the app left in a blob ends in one `LedgerFormatError` that names the blob, and nothing is guessed. What the members
say is not checked here.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from registration.errors import LedgerFormatError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import UnionType

    from _typeshed import DataclassInstance

type Kind = type | UnionType

_RESTORE = "restore an earlier version of the blob"


def parsed(text: str | bytes, *, name: str) -> dict[str, Any]:
    """The JSON object in `text`; raises `LedgerFormatError` naming the document `name` if there is none."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as wrong:
        raise damaged(name, f"is not JSON (line {wrong.lineno} column {wrong.colno})") from wrong
    except (ValueError, RecursionError) as wrong:
        raise damaged(name, "is not JSON") from wrong
    if not isinstance(document, dict):
        raise damaged(name, "is JSON, but not an object")
    return document


def made[T: DataclassInstance](
    kind: type[T], data: Mapping[str, Any], *, shape: Mapping[str, Kind], name: str, at: str = ""
) -> T:
    """`kind` of the members it knows: a newer version may have added some, and must survive a roll-back.

    Raises `LedgerFormatError` when a member without a default is missing or one is not of the kind that `shape` says.
    `at` is where `data` stands in the document `name`.
    """
    required = {field.name for field in fields(kind) if field.default is MISSING}
    for member in sorted(required - data.keys()):
        raise damaged(name, f"has no {at}{member}")
    for member, wanted in shape.items():
        if member in data and not _is(data[member], wanted):
            raise damaged(name, f"has {data[member]!r:.60} as {at}{member}")
    return kind(**{field.name: data[field.name] for field in fields(kind) if field.name in data})


def read_format(data: Mapping[str, Any], format_: str, *, name: str) -> None:
    """Raise `LedgerFormatError` if the document `name` has another format than `format_`."""
    if (found := data.get("format")) != format_:
        what = f"{name} in the ledger holds {found!r:.60} where this version reads {format_!r}"
        raise LedgerFormatError(f"{what}: deploy the version of the app that wrote it")


def member[T: DataclassInstance](
    kind: type[T], data: object, *, shape: Mapping[str, Kind], name: str, at: str
) -> T | None:
    """The value that stands at `at` in the document `name`, None if it is null; raises as `made` does."""
    if data is None:
        return None
    if not isinstance(data, dict):
        raise damaged(name, f"has {data!r:.60} as {at}")
    return made(kind, data, shape=shape, name=name, at=f"{at}.")


def damaged(name: str, what: str) -> LedgerFormatError:
    """The error for the document `name`, of which `what` is wrong."""
    return LedgerFormatError(f"{name} {what}: {_RESTORE}")


def _is(value: object, wanted: Kind) -> bool:
    # JSON's true and false are numbers to Python alone.
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))
