"""`registrar validate --manifest` says of a drop what the registrar says of it: the same findings in the same words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_validate
from tests.unit.test_receipts import FOLDER, MODEL, NO_DOCUMENT, UNTRUE, WRONG_PATHS, WRONG_PLACES, document, listed
from tests.world import INCOMING, World, drop_event

if TYPE_CHECKING:
    from pathlib import Path

FAULTS = [
    *(said for said, _ in (*NO_DOCUMENT, *WRONG_PLACES, *UNTRUE) if said != document(model="churn")),
    *(document(files=[listed(path)]) for path, _ in WRONG_PATHS),
]


def locally(folder: Path, said: bytes) -> list[str]:
    """Where and what, as the command says of the drop in a folder."""
    (folder / "model.onnx").write_bytes(MODEL)
    (folder / "notes.txt").write_bytes(b"n")
    (folder / "model.manifest.json").write_bytes(said)
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_validate.add_to(app)
    result = CliRunner().invoke(app, ["validate", str(folder), "--manifest", "--json"])
    assert result.exit_code == 1
    return [told(found) for found in json.loads(result.stdout)["findings"] if found["level"] != "note"]


def told(finding: dict[str, str]) -> str:
    whole = f"{finding['path']}: {finding['message']}"
    return f"{whole}; {finding['action']}" if finding["action"] else whole


@pytest.mark.parametrize("said", FAULTS, ids=range(len(FAULTS)))
def test_a_fault_is_told_alike_before_and_after_the_drop(tmp_path: Path, said: bytes) -> None:
    world = World()
    world.store.put(INCOMING / f"{FOLDER}/model.onnx", MODEL)
    world.store.put(INCOMING / f"{FOLDER}/notes.txt", b"n")
    world.store.put(INCOMING / f"{FOLDER}/model.manifest.json", said)

    outcome = world.process(drop_event(FOLDER))

    found = locally(tmp_path, said)
    assert list(outcome.reasons) == [*found[:50], *([f"and {len(found) - 50} more"] if len(found) > 50 else [])]


def test_files_that_the_manifest_does_not_list_are_noted(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_bytes(b"n")
    (tmp_path / "model.onnx").write_bytes(MODEL)
    (tmp_path / "model.manifest.json").write_bytes(document())
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_validate.add_to(app)

    result = CliRunner().invoke(app, ["validate", str(tmp_path), "--manifest", "--json"])

    first = json.loads(result.stdout)["findings"][0]
    assert (first["code"], first["level"]) == ("drop.extra_file", "note")
    assert "'notes.txt'" in first["message"]
