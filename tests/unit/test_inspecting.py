"""Inspecting: whoever changes the files of a champion is noticed, at the next pass and at every one after it."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_history
from registration.errors import LedgerConflictError, LedgerFormatError, UnavailableError
from registration.pending import Pending
from tests.answering import adopting
from tests.fakes import OUTPUTS
from tests.world import CHURN, COPIES, World, drop_event, job_event

if TYPE_CHECKING:
    from registration.artifacts.store import Location
    from registration.inspection import Inspection, Seen

FILES = {"labels.txt": b"labels", "model.onnx": b"weights"}
OUTPUT = OUTPUTS / "azureml/j1/model"
PINNED = CHURN.replace("    from: {output: model}\n", "    from: {output: model}\n    pin: copy\n")


@pytest.fixture
def world() -> World:
    """A world with one champion, made by a job."""
    world = World()
    world.job("j1", files=FILES)
    assert world.process(job_event("j1")).promoted
    return world


def look(world: World, model: str = "churn") -> Inspection:
    found = world.inspector.look(model)
    assert found is not None
    return found


def findings(world: World, model: str = "churn") -> list[tuple[str, str]]:
    last: Seen | None = look(world, model).last
    return [(finding.path, finding.message.partition(" since")[0]) for finding in last.findings] if last else []


def recorded(world: World) -> list[dict[str, Any]]:
    return world.state.documents("inspections/")


def test_files_that_nobody_touched_are_neither_read_nor_written_about(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.store, "range", None)

    assert (findings(world), world.inspector.news("churn"), recorded(world)) == ([], "", [])


@pytest.mark.parametrize(
    ("path", "data", "found"),
    [
        ("model.onnx", b"WEIGHTS", ("model.onnx", "was written again with other bytes")),
        ("model.onnx", b"longer weights", ("model.onnx", "has 14 bytes, and had 7")),
        ("extra.py", b"import os", ("extra.py", "was added")),
        ("labels.txt", None, ("labels.txt", "vanished")),
    ],
)
def test_what_somebody_did_to_the_files_is_found(
    world: World, path: str, data: bytes | None, found: tuple[str, str]
) -> None:
    world.change(OUTPUT / path, data)

    assert findings(world) == [found]


def test_a_change_is_recorded_once_and_told_at_every_pass(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.store.put(OUTPUT / "model.onnx", b"WEIGHTS")
    caplog.set_level(logging.INFO)

    told = [world.inspector.news("churn") for _ in range(3)]

    assert told == ["churn:1 is the champion and has other files than were judged"] * 3
    (document,) = recorded(world)
    assert (document["state"], len(document["seen"])) == ("changed", 1)
    assert sum(record.levelno == logging.ERROR for record in caplog.records) == 3
    counted = [record.__dict__.get("registrar_outcome") for record in caplog.records]
    assert counted.count("champion_changed") == 3


def test_the_same_bytes_written_again_are_no_change(world: World) -> None:
    world.store.put(OUTPUT / "model.onnx", FILES["model.onnx"])

    assert (findings(world), world.inspector.news("churn")) == ([], "")
    (document,) = recorded(world)
    assert document["state"] == "as_judged"


def test_files_that_are_right_again_are_told_no_more_and_the_change_stays_recorded(world: World) -> None:
    world.store.put(OUTPUT / "model.onnx", b"WEIGHTS")
    look(world)
    world.store.put(OUTPUT / "model.onnx", FILES["model.onnx"])

    assert world.inspector.news("churn") == ""

    (document,) = recorded(world)
    assert [len(seen["findings"]) for seen in document["seen"]] == [1, 0]


def test_what_a_job_writes_again_does_not_reach_a_pinned_champion(world: World) -> None:
    world.policies.kept["churn.yaml"] = PINNED
    world.job("j2", accuracy=0.95, files=FILES | {"model.onnx": b"better"})
    assert world.process(job_event("j2")).version == 2

    world.store.put(OUTPUTS / "azureml/j2/model/model.onnx", b"BETTER")

    assert findings(world) == []


def test_a_change_in_a_drops_copy_is_found(world: World) -> None:
    world.drop("vendor-a/1")
    world.process(drop_event("vendor-a/1"))
    (copy,) = [place for place in world.store.blobs if place.name.startswith(COPIES.name)]

    world.store.put(copy, b"X" * 10)

    assert findings(world, "digits") == [("model.onnx", "was written again with other bytes")]


def test_which_file_of_a_copy_it_is_nobody_can_tell(world: World) -> None:
    world.drop("vendor-a/1", files=FILES)
    world.process(drop_event("vendor-a/1"))
    copies = [place for place in world.store.blobs if place.name.startswith(COPIES.name)]

    world.store.put(next(place for place in copies if place.name.endswith("onnx")), b"WEIGHTS")

    assert findings(world, "digits") == [("", "some file has other bytes")]


def test_what_an_older_app_registered_is_compared_by_content(world: World) -> None:
    world.drop("vendor-a/1")
    work = world.process(drop_event("vendor-a/1")).work
    entry = world.state.read(f"work/{work}.json")
    assert entry is not None
    older = {key: value for key, value in entry.document["intent"].items() if key != "fingerprint"}
    world.state.replace(f"work/{work}.json", {**entry.document, "intent": older}, etag=entry.etag)

    assert world.inspector.news("digits") == ""
    assert [document["state"] for document in recorded(world)] == ["as_judged"]


def test_an_adopted_champion_is_passed_over_because_nobody_judged_its_files() -> None:
    world = World()
    world.registry.register_by_hand("churn", 3)
    world.process(adopting("churn", 3))

    assert world.champion("churn") == 3
    assert world.inspector.look("churn") is None


def test_a_dry_run_tells_and_writes_nothing(world: World) -> None:
    world.store.put(OUTPUT / "model.onnx", b"WEIGHTS")

    assert world.inspector.news("churn", dry_run=True)
    assert recorded(world) == []


@pytest.mark.parametrize("fault", [UnavailableError("storage is away"), LedgerConflictError("another sweep")])
def test_what_keeps_it_from_looking_is_logged_and_stops_nothing(
    world: World, fault: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_location: Location) -> None:
        raise fault

    monkeypatch.setattr(world.store, "files", fails)

    assert world.inspector.news("churn") == ""
    assert f"could not look at the files of the champion of churn: {fault}" in caplog.text


def test_a_version_whose_job_is_gone_is_passed_over(world: World) -> None:
    world.workspace.jobs.clear()

    assert world.inspector.look("churn") is None


def test_a_champion_that_came_after_is_looked_at_by_itself(world: World) -> None:
    world.store.put(OUTPUT / "model.onnx", b"WEIGHTS")
    look(world)
    world.job("j2", accuracy=0.95, files={"model.onnx": b"better"})
    world.process(job_event("j2"))

    assert world.inspector.news("churn") == ""
    assert [waiting.kind for waiting in waits(world)] == []


def waits(world: World) -> list[Any]:
    return list(Pending(world.ledger, world.questions, world.pauses, world.standstills, world.clock.now))


def test_a_person_finds_it_among_what_waits(world: World) -> None:
    world.store.put(OUTPUT / "model.onnx", b"WEIGHTS")
    look(world)

    world.clock.forward(timedelta(hours=1))
    (waiting,) = waits(world)

    assert (waiting.kind, waiting.model, waiting.source) == ("changed", "churn", "files of churn:1")
    assert waiting.reasons[0].startswith("model.onnx: was written again with other bytes")
    assert waiting.commands == ("registrar rollback churn --reason TEXT", "registrar explain churn:1")
    assert waiting.to_dict(now=world.clock.now)["age_seconds"] == 3600


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_history_says_it(world: World, options: list[str]) -> None:
    app = typer.Typer()
    cli_history.add_to(app, ledger=lambda: world.ledger)
    ran = CliRunner(env={"COLUMNS": "200"})
    before = ran.invoke(app, ["history", "churn", *options]).output
    world.store.put(OUTPUT / "model.onnx", b"WEIGHTS")
    look(world)

    after = ran.invoke(app, ["history", "churn", *options]).output

    if options:
        assert json.loads(before)["inspected"] is None
        assert json.loads(after)["inspected"]["state"] == "changed"
    else:
        assert "other files than were judged" not in before
        assert "Version 1 is the champion and has other files than were judged" in after


@pytest.mark.parametrize(
    "damage", [{"format": "registrar/inspection/v9"}, {"seen": 1}, {"seen": [{"at": 1}]}, {"version": "1"}]
)
def test_a_damaged_inspection_is_an_error_that_names_it(world: World, damage: dict[str, Any]) -> None:
    world.store.put(OUTPUT / "model.onnx", b"WEIGHTS")
    look(world)
    entry = world.state.read("inspections/churn/1.json")
    assert entry is not None
    world.state.replace("inspections/churn/1.json", {**entry.document, **damage}, etag=entry.etag)

    with pytest.raises(LedgerFormatError, match=r"inspections/churn/1\.json"):
        look(world)


def test_only_the_latest_listings_are_kept(world: World) -> None:
    for number in range(120):
        world.store.put(OUTPUT / "model.onnx", b"%07d" % number)
        look(world)

    (document,) = recorded(world)
    assert len(document["seen"]) == 100
    assert replace(look(world), seen=()).last is None
