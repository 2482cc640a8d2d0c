"""A page: a policy of plain values as YAML that a person would write, with comments above it.

Made for what importers hand out. `yaml_text.parse` reads it back as the same values, whatever text they hold.
"""

from __future__ import annotations

import re
import textwrap
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from registration.policy import number
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from registration.errors import Problem

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+(?:\.[0-9]+)?%", re.ASCII)
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}  # text for us, but not for every YAML reader
_WIDTH = 120
_LONGEST_FLOW = 90
_DEEPEST_FLOW = 2


def commented(policy: Mapping[str, Any], *, source: str, tool: str, warnings: Sequence[Problem]) -> str:
    """The policy under a head that says where it came from and every warning, each a comment."""
    verdict = "Read every warning before you use it." if warnings else "Nothing was lost on the way."
    head = [*_comment(f"Imported from {source}, {tool}. {verdict}")]
    for one in warnings:
        head += _comment(f"warning: {one}", hanging="  ")
    return "\n".join(head) + "\n" + body(policy)


def body(policy: Mapping[str, Any]) -> str:
    """The policy alone, keys in the order given."""
    return "\n".join(_block(policy, "")) + "\n"


def _comment(text: str, *, hanging: str = "") -> list[str]:
    return textwrap.wrap(
        shown(text),
        _WIDTH,
        initial_indent="# ",
        subsequent_indent=f"# {hanging}",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _block(value: Any, indent: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _entry(f"{indent}{_scalar(key)}:", inner, indent)
        return
    for item in value:
        first, *others = [_flow(item)] if _depth(item) == 0 else _block(item, "")
        yield f"{indent}- {first}"
        yield from (f"{indent}  {line}" for line in others)


def _entry(key: str, value: Any, indent: str) -> Iterator[str]:
    if _is_short(value):
        yield f"{key} {_flow(value)}"
        return
    yield key
    yield from _block(value, f"{indent}  ")


def _is_short(value: Any) -> bool:
    return not value or _depth(value) == 0 or (_depth(value) <= _DEEPEST_FLOW and len(_flow(value)) <= _LONGEST_FLOW)


def _depth(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max((_depth(inner) for inner in (value.values() if isinstance(value, dict) else value)), default=0)


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: str | bool | Decimal) -> str:  # noqa: FBT001 a value to write, not a switch
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return number.text(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    return sign if sign.isprintable() else f"\\U{ord(sign):08x}"
