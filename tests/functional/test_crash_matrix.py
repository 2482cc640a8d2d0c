"""The crash matrix, a small slice of it: real workers, really killed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MATRIX = Path(__file__).resolve().parents[2] / "tools" / "crash_matrix.py"
PATIENCE_SECONDS = 180  # the other cores may be busy

pytestmark = pytest.mark.sandbox


def played(*arguments: str) -> tuple[int, str]:
    """The exit status of the tool and what it printed."""
    command = [sys.executable, str(MATRIX), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    return done.returncode, done.stdout


@pytest.fixture(scope="module")
def slice_() -> tuple[int, list[dict[str, Any]]]:
    """Exit status and results of two scenarios at two points each."""
    scenarios, points = (
        ("--scenario", "drop", "--scenario", "twins"),
        ("--point", "draft", "--point", "registry create"),
    )
    status, printed = played("--json", *scenarios, *points)
    return status, json.loads(printed)["results"]


def test_a_worker_killed_around_a_write_leaves_a_story_that_ends_well(slice_: tuple[int, list[dict[str, Any]]]) -> None:
    status, results = slice_

    killed = [each for each in results if each["scenario"] == "drop"]

    assert status == 0
    assert {each["point"] for each in killed} == {"registry create", "state replace work/… draft"}
    assert [each["side"] for each in killed] == ["before", "after"] * 2
    assert [each["complaints"] for each in killed] == [[]] * 4


def test_a_version_written_late_is_mended_by_the_next_delivery(slice_: tuple[int, list[dict[str, Any]]]) -> None:
    _, results = slice_

    late = {each["side"]: each for each in results if (each["scenario"], each["point"]) == ("twins", "registry create")}

    assert {side: each["colour"] for side, each in late.items()} == {"before": "green", "after": "green"}


def test_an_unknown_scenario_is_refused() -> None:
    assert played("--scenario", "no such thing")[0] == 2
