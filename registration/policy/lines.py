"""Lines: where in a YAML text each key and each entry of a list stands, for messages that a person can jump to."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import yaml

from registration.documents import spelled

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from registration.errors import Problem
    from registration.policy.yaml_text import Path

_SAID = re.compile(r"\(line (\d+), column \d+\)$")


def located(problems: Iterable[Problem], text: str) -> list[Problem]:
    """The problems of `text`, each with the line of what it is about, where its message does not say it."""
    lines = _lines(text)
    return [
        problem if _SAID.search(problem.message) else replace(problem, line=_line(problem, lines))
        for problem in problems
    ]


def line_of(problem: Problem, text: str) -> int | None:
    """The line, from 1, that `problem` is about: its own, else that of what holds it; None if nothing in it is known.

    A problem of the YAML itself says its line; one of the whole document has none.
    """
    if said := _SAID.search(problem.message):
        return int(said[1])
    return _line(problem, _lines(text))


def _line(problem: Problem, lines: Mapping[str, int]) -> int | None:
    """The line of the place itself, else of the nearest that holds it."""
    place = problem.path
    while place:
        if place in lines:
            return lines[place]
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    return None


def _lines(text: str) -> dict[str, int]:
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        return (
            {} if root is None else {spelled(path): line for path, line in _walk(root, (), root.start_mark.line, set())}
        )
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}


def _walk(node: yaml.Node, path: Path, line: int, seen: set[int]) -> Iterator[tuple[Path, int]]:
    """Each node once: an alias is a node of another place, and a few of them can stand for billions."""
    yield path, line + 1
    if id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, inner in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield from _walk(inner, (*path, str(key.value)), key.start_mark.line, seen)
    elif isinstance(node, yaml.SequenceNode):
        for index, inner in enumerate(node.value):
            yield from _walk(inner, (*path, index), inner.start_mark.line, seen)
