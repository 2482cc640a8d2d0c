"""Foreign text: JSON or YAML that another tool understands, read as plain values.

Numbers stay exact (`Decimal`). A key written twice is an error, as are half characters and texts or nestings that no
real config has. Nothing in here knows what the values mean.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from registration.documents import spelled
from registration.errors import ForeignConfigError, PolicyError, Problem
from registration.policy import yaml_text

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 1_000_000
DEEPEST = 40

type Path = tuple[str | int, ...]


class _Pairs(list[tuple[str, object]]):
    """A JSON object as it stands in the text, before anybody looked for repeated keys."""


def check_size(text: str, *, source: str) -> None:
    """Raise `ForeignConfigError` for a text longer than any real config."""
    if len(text.encode(errors="replace")) > MOST_BYTES:
        raise ForeignConfigError(source, [Problem("", f"has more than {MOST_BYTES:,} bytes, and was not read")])


def read_json(text: str, *, source: str) -> object:
    """The JSON value in `text`; raises `ForeignConfigError` naming the place."""
    check_size(text, source=source)
    try:
        raw = json.loads(
            text, object_pairs_hook=_Pairs, parse_float=_decimal, parse_int=_decimal, parse_constant=Decimal
        )
        problems: list[Problem] = []
        value = _plain(raw, (), problems)
    except json.JSONDecodeError as error:
        problems = [Problem("", f"is not JSON: {error.msg} (line {error.lineno}, column {error.colno})")]
    except RecursionError:
        problems = [Problem("", "is nested too deeply")]
    if problems:
        raise ForeignConfigError(source, problems)
    return value


def read_yaml(text: str, *, source: str) -> object:
    """The YAML or JSON value in `text`; raises `ForeignConfigError` naming the place."""
    check_size(text, source=source)
    if text.lstrip().startswith("{"):
        try:
            return read_json(text, source=source)
        except ForeignConfigError as error:
            if not error.problems[0].message.startswith("is not JSON"):
                raise
    try:
        return yaml_text.parse(text, source=source)
    except PolicyError as error:
        raise ForeignConfigError(source, error.problems) from None


def _decimal(written: str) -> Decimal:
    try:
        return Decimal(written)
    except InvalidOperation:  # an exponent of twenty digits
        return Decimal("NaN")


def _plain(value: object, path: Path, problems: list[Problem]) -> object:
    if len(path) > DEEPEST:
        raise RecursionError
    if isinstance(value, str):
        _whole(value, path, problems)
    if isinstance(value, _Pairs):
        return {key: _plain(inner, (*path, key), problems) for key, inner in _once(value, path, problems)}
    if isinstance(value, list):
        return [_plain(inner, (*path, index), problems) for index, inner in enumerate(value)]
    return value


def _once(pairs: _Pairs, path: Path, problems: list[Problem]) -> Iterator[tuple[str, object]]:
    seen: set[str] = set()
    for key, inner in pairs:
        if key in seen:
            problems.append(Problem(spelled((*path, key)), "appears twice"))
        _whole(key, path, problems)
        seen.add(key)
        yield key, inner


def _whole(text: str, path: Path, problems: list[Problem]) -> None:
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        problems.append(Problem(spelled(path), "has half of a character (a lone surrogate)"))
