"""How an explanation reads on eighty columns: nothing is wider, no name is torn, and what would have helped is said."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from registration import explanation, history_pages
from tests.turning import rollback
from tests.world import CHURN, World, job_event

POLICY = CHURN.replace(
    "max_regression: 0}}}",
    'max_regression: 1%}, slices: {"*": {vs_champion: {max_regression: 0.5%}}}}}\n'
    "    budget: {cumulative_regression: {accuracy: 3%}}\n"
    "    then: {fail: register_only}",
)
SHADOW = CHURN.replace("name: churn\nmatch", "name: stricter\nmode: shadow\nmatch").replace("0.8", "0.95")


def page(world: World, said: str) -> list[str]:
    screen = io.StringIO()
    Console(file=screen, width=80).print(history_pages.explanation(explanation.find(world.ledger, said)))
    return [line.rstrip() for line in screen.getvalue().splitlines()]


@pytest.fixture
def told() -> list[str]:
    """The page of a version that failed and was only registered."""
    world = World()
    world.policies.kept |= {"churn.yaml": POLICY, "stricter.yaml": SHADOW}
    for job, accuracy in {"j1": 0.9512345678, "j2": 0.93}.items():
        world.job(job, accuracy=accuracy)
        world.workspace.logged[job] = {"accuracy": accuracy, "slices/country:DE/accuracy": accuracy}
        world.process(job_event(job))
    return page(world, "churn:2")


def test_no_line_is_wider_than_the_terminal(told: list[str]) -> None:
    assert max(map(len, told)) <= 80


def test_the_names_of_rules_break_at_their_dots(told: list[str]) -> None:
    names = [line[:30].strip() for line in told if line[:30].strip().startswith((".", "metrics.", "budget."))]

    assert ".slices[country=DE]" in names
    assert all(not name.endswith(("cou", "champ", "regre")) for name in names)


def test_what_would_have_helped_is_said(told: list[str]) -> None:
    text = " ".join(" ".join(told).split())

    assert "needs accuracy >= 0.941722222122, had 0.93; would pass if max_regression were at least 2.3%" in text


def test_a_version_that_was_only_registered_is_not_called_a_champion(told: list[str]) -> None:
    assert "version   2, registered and not promoted; version 1 is the champion" in told


def test_what_shadows_said_is_told(told: list[str]) -> None:
    assert any(line.startswith("shadow    stricter.yaml would reject: accuracy 0.93 is below") for line in told)


def test_what_no_rule_was_judged_in_says_so_and_shows_no_rules() -> None:
    world = World()
    for job, accuracy in {"j1": 0.9, "j2": 0.95}.items():
        world.job(job, accuracy=accuracy)
        world.process(job_event(job))
    back = world.process(rollback(world))

    told = page(world, str(back.work))

    assert "policy    none: no rule was asked" in told
    assert not [line for line in told if line.startswith(("compared", "digest", " rule"))]
