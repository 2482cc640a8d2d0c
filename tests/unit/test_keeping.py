"""Portable evidence beside decisions: kept where the settings say, once, and never in the way of a decision."""

from __future__ import annotations

import json

import pytest

from registration import cli_evidence, settings
from registration.portable.formats import FORMATS
from registration.portable.keeping import KeepingLedger
from tests.world import WORKSPACE, World, drop_event, job_event


def a_world() -> World:
    """A world that keeps evidence, with a job that is done."""
    world = World()
    shelves = {"state": world.state, "decisions": world.decisions, "quarantine": world.quarantine}
    world.ledger = KeepingLedger(**shelves, new_owner=lambda: "w", formats=FORMATS, workspace=WORKSPACE)
    world.job("j1")
    return world


@pytest.fixture
def world() -> World:
    return a_world()


def kept(world: World) -> dict[str, str]:
    """The evidence by its ending."""
    names = (name for name in world.decisions.kept if name.startswith("evidence/"))
    return {name.split(".")[1]: world.decisions.kept[name][0] for name in names}


def test_every_format_is_kept_beside_the_decision(world: World) -> None:
    outcome = world.process(job_event("j1"))

    assert set(kept(world)) == set(FORMATS)
    assert f"evidence/churn/{outcome.decision}.svr.json" in world.decisions.kept
    assert json.loads(kept(world)["intoto"])["subject"][0]["name"] == "churn:1"


def test_what_was_not_registered_has_no_verification_result(world: World) -> None:
    world.job("j2", accuracy=0.1)

    world.process(job_event("j2"))

    assert set(kept(world)) == {"intoto", "openlineage", "cyclonedx"}


def test_a_duplicate_writes_nothing(world: World) -> None:
    world.process(job_event("j1"))
    before = dict(world.decisions.kept)

    world.process(job_event("j1"))

    assert world.decisions.kept == before


def test_a_rejection_by_its_listing_is_decided_without_evidence(world: World) -> None:
    world.drop("vendor-a/1", size=99)

    outcome = world.process(drop_event("vendor-a/1"))

    assert (outcome.outcome, kept(world)) == ("rejected", {})


@pytest.mark.parametrize("done", [False, True])
def test_a_worker_that_dies_at_any_write_leaves_the_evidence_to_the_next(done: bool) -> None:
    whole = a_world()
    whole.process(job_event("j1"))

    for number in range(1, len(whole.faults.writes) + 1):
        world = a_world()
        world.faults.fail_write(number, done=done, dead=True)
        world.settle(job_event("j1"))
        assert set(kept(world)) == set(FORMATS), whole.faults.writes[number - 1]


def test_settings_and_command_know_every_format_there_is() -> None:
    assert tuple(FORMATS) == settings.EVIDENCE == tuple(cli_evidence.Format)
