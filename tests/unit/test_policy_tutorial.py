"""The tutorial on policies: every policy in it is sound, every case holds, and every command answers as shown."""

from __future__ import annotations

import re
import shlex
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registration import cli
from registration.errors import RegistrarError
from registration.policy import cases, document, lint, yaml_text
from registration.policy.metrics import MetricPolicy
from tests.policy_texts import BARE

PAGE = (Path(__file__).parents[2] / "docs" / "policies.md").read_text(encoding="utf-8")
UNSOUND = {"broken.yaml", "odd.yaml"}
_BLOCK = re.compile(r"(?:<!-- (\S+) -->\n)?```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One example; `name` is the file that it is, if the page says so."""

    name: str | None
    kind: str
    text: str


BLOCKS = [Block(*found.groups()) for found in _BLOCK.finditer(PAGE)]
YAML = [block for block in BLOCKS if block.kind == "yaml"]
FILES = [block for block in BLOCKS if block.name]
CONSOLES = [block.text for block in BLOCKS if block.kind == "console"]
POLICIES = [block for block in YAML if not block.text.startswith(("cases:", "policy:"))]


def whole(text: str) -> str:
    """A policy; a part of one is what a model says."""
    return text if text.startswith("apiVersion:") else BARE + textwrap.indent(text, "    ")


def with_cases() -> list[tuple[str, str]]:
    """Each block of cases with the policy that stands above it."""
    pairs, policy = [], ""
    for block in YAML:
        if block.text.startswith("cases:"):
            pairs.append((policy, block.text))
        elif not block.text.startswith("policy:"):
            policy = whole(block.text)
    return pairs


def first_line(block: Block) -> str:
    return block.name or " ".join(block.text.split())[:60]


@pytest.mark.parametrize("block", POLICIES, ids=first_line)
def test_every_policy_is_sound_unless_the_page_says_otherwise(block: Block) -> None:
    remarks = lint.check({"p.yaml": whole(block.text)}).remarks

    assert bool(remarks) is (block.name in UNSOUND), remarks


@pytest.mark.parametrize(("policy", "text"), with_cases())
def test_every_case_holds(policy: str, text: str) -> None:
    asked = cases.parse(f"policy: p.yaml\n{text}", source="page")

    results = list(cases.judged(asked, document.parse(policy, source="p.yaml"), source="page"))

    assert results
    assert [result.mismatches for result in results if not result.passed] == []


def written(folder: Path) -> None:
    for block in FILES:
        path = folder / str(block.name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(block.text, encoding="utf-8")


def answered(command: str) -> str:
    """The command as it was typed, and what the terminal of 80 columns then shows."""
    ran = CliRunner().invoke(cli.app, shlex.split(command)[1:], env={"COLUMNS": "80"})
    told = f"registrar: {ran.exception}\n" if isinstance(ran.exception, RegistrarError) else ""
    return "\n".join(line.rstrip() for line in f"$ {command}\n{ran.output}{told}".splitlines())


@pytest.mark.parametrize("console", CONSOLES, ids=lambda text: text.partition("\n")[0])
def test_every_command_answers_as_shown(console: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    monkeypatch.chdir(tmp_path)

    commands = re.findall(r"^\$ (.+)$", console, re.MULTILINE)

    assert "\n".join(map(answered, commands)) == console.rstrip("\n")


def test_the_page_names_every_key_of_a_metric_and_of_a_model() -> None:
    parts = (document.ModelPolicy.model_fields, MetricPolicy.model_fields)
    keys = {info.alias or name for part in parts for name, info in part.items()}

    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", PAGE)] == []


def test_there_is_something_to_hold_the_page_to() -> None:
    assert len(CONSOLES) == 5
    assert len(with_cases()) == 10
    assert all(yaml_text.parse(block.text, source="page") for block in YAML)
