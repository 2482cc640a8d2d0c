"""The page that compares with other tools: every feature has its answer, and every answer exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from registration import cli
from registration.policy.schema import json_schema
from registration.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "compare.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE))
ROWS = [
    (title, row.strip("| ").split(" | "))
    for title, body in SECTIONS.items()
    for row in re.findall(r"^\| .+ \|$", body, re.MULTILINE)[1:]
]
ANSWERS = ("`registrar ", "policy `", "setting `", "](", "not here", "the app")


def keys_of(schema: object) -> set[str]:
    """Every key that a policy may have, wherever it stands."""
    if isinstance(schema, dict):
        own = set(schema.get("properties", {}))
        return own.union(*map(keys_of, schema.values()))
    return set[str]().union(*map(keys_of, schema)) if isinstance(schema, list) else set()


def commands(command: Any, *, said: str = "") -> set[str]:
    found: set[str] = set()
    for name, inner in command.commands.items():
        found |= commands(inner, said=f"{name} ") if hasattr(inner, "commands") else {f"{said}{name}"}
    return found


def test_each_tool_of_the_list_has_its_section_and_no_other() -> None:
    listed = re.findall(r"^\| \[(.+?)\]\(#", TEXT, re.MULTILINE)

    assert listed == list(SECTIONS)


@pytest.mark.parametrize(("tool", "row"), ROWS, ids=[f"{tool}: {row[0]}" for tool, row in ROWS])
def test_every_feature_is_answered(tool: str, row: list[str]) -> None:
    assert len(row) == 2, tool
    assert any(answer in row[1] for answer in ANSWERS), row


def test_every_command_that_is_named_exists() -> None:
    known = commands(typer.main.get_command(cli.app))
    named = set(re.findall(r"`registrar ((?:policy |manifest )?\w+)", TEXT))

    assert named
    assert named <= known


def test_every_policy_key_that_is_named_exists() -> None:
    known = keys_of(json_schema())
    named = {part for keys in re.findall(r"policy `([^`]+)`", TEXT) for part in re.split(r"\[\]\.|\.", keys)}

    assert named - {"<name>"} <= known


def test_every_setting_that_is_named_exists() -> None:
    known = {str(field.alias) for field in Settings.model_fields.values()}

    assert set(re.findall(r"`(REGISTRAR_\w+)`", TEXT)) <= known
