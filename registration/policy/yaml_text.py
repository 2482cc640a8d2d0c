"""YAML text: the strict part of YAML that a policy may use, parsed into plain values.

Mappings, lists, text, true/false and numbers; numbers stay exact (`Decimal`). YAML's surprises are refused with the
line they stand on: a key written twice (parsers silently keep the last), an empty value, aliases and merge keys,
`!tags`, several documents. Plain words follow YAML 1.2, so `on` and `no` are text. Keys are always text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import yaml

from registration.documents import spelled
from registration.errors import PolicyError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

type Path = tuple[str | int, ...]

_NUMBER = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NON_FINITE = {".inf": "Infinity", "+.inf": "Infinity", "-.inf": "-Infinity", ".nan": "NaN"}
_WORDS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_EMPTY = {"", "~", "null", "Null", "NULL"}
_STANDARD = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}


def parse(text: str, *, source: str) -> object:
    """The one document in `text`.

    Raises `PolicyError`, naming line and column, when `text` is not YAML or uses what is refused here.
    """
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        reader = _Reader()
        value = None if root is None else reader.value(root, ())
    except yaml.MarkedYAMLError as error:
        raise PolicyError(source, [Problem("", f"is not YAML: {_told(error)}")]) from None
    except RecursionError:
        raise PolicyError(source, [Problem("", "is nested too deeply")]) from None
    # PyYAML lets a ValueError out of an escape such as "\\U00110000", which is no character.
    except (yaml.YAMLError, ValueError) as error:
        raise PolicyError(source, [Problem("", f"is not YAML: {' '.join(str(error).split())}")]) from None
    if reader.problems:
        raise PolicyError(source, reader.problems)
    return value


@dataclass
class _Reader:
    """Turns nodes into values, and collects what is refused on the way."""

    problems: list[Problem] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)  # ids of the nodes so far: an alias is the same node again

    def value(self, node: yaml.Node, path: Path) -> object:
        if id(node) in self.seen:
            self._refuse(path, node, "is an alias of another place, which is not allowed; write the value again")
            return None
        self.seen.add(id(node))
        if node.tag not in _STANDARD:
            self._refuse(path, node, f"the YAML tag {node.tag} is not allowed; write the plain value")
        if isinstance(node, yaml.MappingNode):
            return {key: self.value(inner, (*path, key)) for key, inner in self._entries(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self.value(inner, (*path, index)) for index, inner in enumerate(node.value)]
        return self._scalar(node, path)

    def _entries(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        first_line: dict[str, int] = {}
        for key, inner in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                self._refuse(path, key, "a key must be plain text; merge keys and composed keys are not allowed")
                continue
            if key.value in first_line:
                self._refuse((*path, key.value), key, f"appears twice, first on line {first_line[key.value]}")
                continue
            first_line[key.value] = key.start_mark.line + 1
            yield key.value, inner

    def _scalar(self, node: yaml.Node, path: Path) -> object:
        written = str(node.value)
        if not isinstance(node, yaml.ScalarNode) or node.style is not None:
            return written
        if written in _EMPTY:
            self._refuse(path, node, "is empty; give it a value or remove the key")
        return _WORDS[written] if written in _WORDS else self._number(node, path)

    def _number(self, node: yaml.ScalarNode, path: Path) -> Decimal | str:
        if node.value.lower() in _NON_FINITE:
            return Decimal(_NON_FINITE[node.value.lower()])
        if not _NUMBER.fullmatch(node.value):
            return str(node.value)
        try:
            return Decimal(node.value)
        except InvalidOperation:
            self._refuse(path, node, "is a number of a size that cannot be handled")
            return Decimal(0)

    def _refuse(self, path: Path, node: yaml.Node, message: str) -> None:
        self.problems.append(Problem(spelled(path), f"{message} ({_place(node.start_mark)})"))


def _told(error: yaml.MarkedYAMLError) -> str:
    said = "; ".join(part for part in (error.context, error.problem) if part)
    mark = error.problem_mark or error.context_mark
    return f"{said} ({_place(mark)})" if mark else said


def _place(mark: yaml.error.Mark) -> str:
    return f"line {mark.line + 1}, column {mark.column + 1}"
