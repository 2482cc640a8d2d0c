"""Crashes: whichever write fails, and however, the message comes again and the story ends as if nothing had failed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.world import World, drop_event, job_event

FOLDER = "vendor-a/1"


@dataclass(frozen=True)
class Story:
    """A message, and how it ends after `writes` writes: the model's decisions and versions then, whoever made them."""

    model: str
    message: str
    writes: int
    decisions: int
    versions: int
    registers: bool = True

    @property
    def notices(self) -> set[str]:
        """The events that the outcome owes."""
        promoted = {"Registrar.ModelRegistered", "Registrar.ChampionChanged"}
        return promoted if self.registers else {"Registrar.ModelRejected"}


STORIES = {
    "first": Story("churn", job_event("j1"), writes=12, decisions=1, versions=1),
    "better": Story("churn", job_event("j2"), writes=13, decisions=2, versions=2),
    "worse": Story("churn", job_event("j3"), writes=7, decisions=2, versions=1, registers=False),
    "drop": Story("digits", drop_event(FOLDER), writes=14, decisions=1, versions=1),
}
POINTS = [
    pytest.param(name, k, id=f"{name}-{k}") for name, story in STORIES.items() for k in range(1, story.writes + 1)
]


def begun(name: str) -> World:
    """The world as it is before the story's message comes."""
    world = World()
    for job, accuracy in {"j1": 0.9, "j2": 0.95, "j3": 0.5}.items():
        world.job(job, accuracy=accuracy)
    world.drop(FOLDER)
    if name in {"better", "worse"}:
        world.process(job_event("j1"))
        world.topic.events.clear()
    return world


def assert_ended_well(world: World, story: Story) -> None:
    """One decision, one version, the champion shown, every notice told and told alike each time."""
    outcomes = [work["result"]["outcome"] for work in world.works() if work["subject"]["model"] == story.model]
    assert {work["state"] for work in world.works()} == {"finished"}
    assert outcomes[-1] == ("registered" if story.registers else "rejected")
    assert len(world.history(story.model)) == story.decisions
    assert set(world.told()) == story.notices
    assert len({event["id"] for event in world.topic.events}) == len(story.notices)


def assert_shown(world: World, story: Story) -> None:
    """As many versions as there should be, and of them only the champion is shown as such. Numbers may be left out."""
    versions = [version for version in world.registry.versions.values() if version.model == story.model]
    champion = world.champion(story.model)
    assert len(versions) == story.versions
    assert champion == max(world.registry.visible(story.model))
    assert [version.version for version in versions if version.stage == "Production"] == [champion]
    assert [version.version for version in versions if version.tags["registrar.champion"] == "true"] == [champion]


@pytest.mark.parametrize("name", STORIES)
def test_every_write_of_a_story_is_a_crash_point(name: str) -> None:
    world = begun(name)
    before = len(world.faults.writes)

    world.settle(STORIES[name].message)

    assert len(world.faults.writes) - before == STORIES[name].writes
    assert_ended_well(world, STORIES[name])
    assert_shown(world, STORIES[name])


@pytest.mark.parametrize("dead", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize(("name", "number"), POINTS)
def test_a_story_ends_well_whichever_write_fails(name: str, number: int, done: bool, dead: bool) -> None:
    world, story = begun(name), STORIES[name]
    world.faults.fail_write(number, done=done, dead=dead)

    world.settle(story.message)

    assert_ended_well(world, story)
    assert_shown(world, story)


@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("number", range(1, STORIES["drop"].writes + 1))
def test_a_drop_has_its_receipt_whichever_write_fails(number: int, done: bool) -> None:
    world = begun("drop")
    world.faults.fail_write(number, done=done)

    world.settle(STORIES["drop"].message)

    assert world.receipt(FOLDER)["outcome"] == "registered"
