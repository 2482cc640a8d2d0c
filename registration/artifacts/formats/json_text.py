"""JSON inside a model file, read strictly: one value, no key twice, bounded in size and depth."""

from __future__ import annotations

import json
from typing import Any

from registration.errors import UnreadableError


def parse(data: bytes, *, code: str, what: str) -> Any:
    """The value in `data`; raises `UnreadableError` with `code`, saying what is wrong with `what`."""
    try:
        return json.loads(data.decode(), object_pairs_hook=_unique)
    except UnicodeDecodeError as broken:
        problem = f"is not UTF-8 (byte {broken.start})"
    except json.JSONDecodeError as broken:
        problem = f"is not JSON: line {broken.lineno} column {broken.colno}: {broken.msg}"
    except RecursionError:
        problem = "is nested too deeply"
    except ValueError as broken:
        problem = str(broken)
    raise UnreadableError(code, f"{what} {problem}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # Readers differ in which of two equal keys they believe.
    entries = dict(pairs)
    if len(entries) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"gives the key {twice!r} twice in one object")
    return entries
