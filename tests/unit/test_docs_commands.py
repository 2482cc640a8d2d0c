"""What the documents tell people to type exists, and what commands print for machines is told."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import typer

from registration import cli
from tests.unit.test_docs import DOCS, PAGES, name_of, section
from tests.unit.test_history import Tale, tale

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["tale"]
WRITTEN = re.compile(r"(?:^|`|[$(] )registrar ([a-z]+[^`|#\n]*)", re.MULTILINE)
ENDS = ".,;:`)'"


def typed(page: Path) -> Iterator[list[str]]:
    """The words of every command line of a page, but for lists of commands such as in a chart."""
    for line in WRITTEN.findall(page.read_text(encoding="utf-8")):
        yield [word.rstrip(ENDS) for word in line.split()]


def unknown(words: list[str]) -> list[str]:
    """What of a command line no command takes."""
    command: Any = typer.main.get_command(cli.app)
    while words and hasattr(command, "commands"):
        if words[0] not in command.commands:
            return words[:1]
        command, words = command.commands[words[0]], words[1:]
    taken = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return [option for word in words if word.startswith("--") and (option := word.partition("=")[0]) not in taken]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_is_written_down_exists_with_its_options(page: Path) -> None:
    assert [left for words in typed(page) if (left := unknown(words))] == []


def test_command_lines_are_found_where_people_copy_them() -> None:
    found = [words[0] for page in PAGES for words in typed(page)]

    assert len(found) > 100
    assert {"history", "policy", "approve", "doctor", "demo"} <= set(found)


@pytest.mark.parametrize("words", ["history", "history churn", "history churn --at 2026-03-02", "explain churn:1"])
def test_the_members_that_machines_get_are_documented(tale: Tale, words: str) -> None:
    told = section(DOCS / "commands.md", "What `history` and `explain` print")

    said = json.loads(tale.run(*words.split(), "--json").output)

    first = said.get("decisions", said.get("models", [{}]))[0]
    assert {*said, *first} - set(re.findall(r"`(\w+)`", told)) == set()
