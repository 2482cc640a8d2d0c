"""What people answer to held candidates, from the command as they type it to the registry and the receipt."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.app import DROPS, dropped_below, manifest

if TYPE_CHECKING:
    from tests.e2e.app import App


def registrar(*words: str) -> dict[str, Any]:
    """What a command prints for machines, in a process of its own."""
    command = [sys.executable, "-c", "from registration.cli import main; main()", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


@pytest.fixture
def held(app: App, name: str) -> str:
    """The work of a drop that no rule judged."""
    app.policy(name, dropped_below(name), metrics={})
    came = app.raised(DROPS, app.drop(name, manifest(name)))
    assert (came.outcome["outcome"], app.receipt(name)["outcome"]) == ("held", "held")
    return str(came.outcome["work"])


def test_a_held_drop_is_pending_until_its_approval_registers_it(app: App, name: str, held: str) -> None:
    before = {each["work"] for each in registrar("pending")["pending"]}

    came = app.came_of(lambda: registrar("approve", held, "--reason", "looked at by hand", "--yes"))

    assert [(each["outcome"], each["version"]) for each in came.news] == [("registered", 1)] * 2
    assert app.receipt(name)["outcome"] == "registered"
    assert [version.stage for version in came.versions] == ["Production"]
    assert [event["type"] for event in app.announced(name)] == [
        "Registrar.ModelHeld",
        "Registrar.ModelRegistered",
        "Registrar.ChampionChanged",
    ]
    assert held in before
    assert held not in {each["work"] for each in registrar("pending")["pending"]}


def test_a_rejection_tells_the_team_why(app: App, name: str, held: str) -> None:
    came = app.came_of(lambda: registrar("reject", held, "--reason", "too large", "--yes"))

    assert (came.versions, app.receipt(name)["outcome"]) == ((), "rejected")
    assert app.receipt(name)["reasons"][0].endswith(" rejected it: too large")


def test_a_policy_of_now_decides_again(app: App, name: str, held: str) -> None:
    app.policy(name, dropped_below(name))

    came = app.came_of(lambda: registrar("replay", "--new-epoch", held, "--reason", "the policy has rules now"))

    assert {each["outcome"] for each in came.news} == {"registered"}
    assert app.receipt(name)["version"] == 1
