"""docs/deploy.md: its commands are commands, its variables are variables, its sums are right."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer

from registration import cli
from registration.policy import document

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^ *```bash\n(.*?)^ *```", PAGE, re.DOTALL | re.MULTILINE)
TIMES = "\N{MULTIPLICATION SIGN}"
TYPED = re.findall(r"\bregistrar (?:[a-z]+ ?)+(?: .+)?$", "\n".join(SHELL), re.MULTILINE)


def words(line: str) -> list[str]:
    """The words after `registrar`."""
    return shlex.split(line)[1:]


def row(meter: str) -> tuple[str, str]:
    """The count and the explanation of a meter in the table of a thousand jobs."""
    found = re.search(rf"^\| {re.escape(meter)} \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert found, meter
    return found[1].strip(), found[2].strip()


@pytest.mark.parametrize("block", SHELL)
def test_a_shell_can_read_every_block(block: str) -> None:
    read = subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False)

    assert (read.returncode, read.stderr) == (0, "")


@pytest.mark.parametrize("line", TYPED)
def test_every_command_of_ours_takes_what_it_is_given(line: str) -> None:
    command: Any = typer.main.get_command(cli.app)
    given = words(line)
    while hasattr(command, "commands"):
        command = command.commands[given.pop(0)]

    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in given if word.startswith("--")} <= known


def test_commands_of_ours_are_named() -> None:
    assert {words(line)[0] for line in TYPED} == {"doctor", "history", "policy"}


def test_every_variable_that_is_set_is_one_of_the_templates() -> None:
    read = re.findall(r"readEnvironmentVariable\('(\w+)'", (ROOT / "infra" / "main.bicepparam").read_text("utf-8"))

    named = set(re.findall(r"azd env set (\w+)", PAGE))

    assert named <= {*read, "AZURE_SUBSCRIPTION_ID"}
    assert "REGISTRAR_WORKSPACE" in named


def test_every_variable_that_is_read_is_an_output_or_a_setting() -> None:
    outputs = re.findall(r"^output (\w+)", (ROOT / "infra" / "main.bicep").read_text("utf-8"), re.MULTILINE)

    read = set(re.findall(r"\$\{?(REGISTRAR_\w+)", "\n".join(SHELL)))

    assert read <= set(outputs)


def test_the_policy_of_the_page_is_one() -> None:
    [text] = re.findall(r"^```yaml\n(apiVersion.*?)^```", PAGE, re.DOTALL | re.MULTILINE)

    assert document.parse(text, source="first.yaml").models[0].name == "first-model"


@pytest.mark.parametrize("meter", ["blob writes", "blob reads", "blob lists"])
def test_a_thousand_jobs_are_a_thousand_times_the_counts_of_one(meter: str) -> None:
    table = PAGE.partition("| event ")[2].partition("\n\n")[0]
    header, _, *rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    counts = {cells[0]: int(cells[header.index(meter) + 1]) for cells in rows}

    count, said = row(f"Storage: {meter}")

    each = (counts["a job, registered and promoted"], counts["the same event again"])
    assert count == f"{1000 * sum(each):,}"
    assert said == f"1,000 {TIMES} ({each[0]} + {each[1]})"


def test_the_sums_of_seconds_are_right() -> None:
    count, said = row("Functions: GB-seconds")

    numbers = [int(number.replace(",", "")) for number in re.findall(rf"([\d,]+) {TIMES} \d", said)]
    seconds = [int(number) for number in re.findall(rf"{TIMES} (\d+) s", said)]
    assert count == f"{2 * sum(map(int.__mul__, numbers, seconds)):,}"
