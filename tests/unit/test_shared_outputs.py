"""A place that several jobs write to: what one of them wrote is told from what came later, or the reader is warned."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from registration.sources.job import Job, JobOutput
from tests.fakes import OUTPUTS, MemoryWorkspace
from tests.world import CHURN, World, job_event

if TYPE_CHECKING:
    from registration.artifacts.store import Location

PLACE = OUTPUTS / "models/churn"


class Chosen(MemoryWorkspace):
    """A workspace whose jobs write to one place that their author chose."""

    chosen_place: Location = PLACE

    def output_location(self, job: Job, output: str) -> Location | None:
        return self.chosen_place if output == "model" else super().output_location(job, output)


@pytest.fixture
def world() -> World:
    world = World(workspace=Chosen())
    world.job("j1")
    ended = world.clock.now
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], ended=ended)
    write(world, PLACE, late=timedelta(seconds=-30))
    return world


def write(world: World, place: Location, *, late: timedelta) -> None:
    """Somebody writes the model, so much later than the job ended."""
    world.store.put(place / "model.onnx", b"j1")
    world.store.written[place / "model.onnx"] = world.clock.now + late


def findings(world: World) -> list[dict[str, Any]]:
    found = world.history("churn")[-1]["candidate"]["findings"]
    return [finding for finding in found if finding["code"].startswith("output.")]


@pytest.mark.parametrize("late", [timedelta(seconds=-30), timedelta(seconds=30)])
def test_what_a_job_wrote_to_a_shared_place_is_registered_with_a_note(world: World, late: timedelta) -> None:
    write(world, PLACE, late=late)

    assert world.process(job_event("j1")).outcome == "registered"

    (note,) = findings(world)
    assert (note["code"], note["level"]) == ("output.shared", "note")
    assert note["message"] == f"the output lies in {PLACE}, where other jobs may write too"


def test_what_was_written_after_the_job_ended_is_not_the_jobs(world: World) -> None:
    write(world, PLACE, late=timedelta(minutes=5))

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, world.registry.versions) == ("rejected", {})
    told = "model.onnx: was written at 2026-03-02 08:05:00, after the job ended at 2026-03-02 08:00:00; let every job"
    assert outcome.reasons[0].startswith(told)


def test_a_pinned_model_needs_no_note(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("    from:", "    pin: copy\n    from:")

    assert world.process(job_event("j1")).outcome == "registered"
    assert findings(world) == []


@pytest.mark.parametrize("place", [OUTPUTS / "azureml/child-of-j1/model", OUTPUTS / "models/j1/churn"])
def test_a_place_of_the_jobs_own_is_not_shared(world: World, place: Location) -> None:
    assert isinstance(world.workspace, Chosen)
    world.workspace.chosen_place = place
    write(world, place, late=timedelta(days=1))

    assert world.process(job_event("j1")).outcome == "registered"
    assert findings(world) == []


def test_a_job_that_does_not_say_when_it_ended_is_only_noted(world: World) -> None:
    outputs = {"model": JobOutput("custom_model", None)}
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], ended=None, outputs=outputs)
    write(world, PLACE, late=timedelta(days=1))

    assert world.process(job_event("j1")).outcome == "registered"
    assert [finding["code"] for finding in findings(world)] == ["output.shared"]
