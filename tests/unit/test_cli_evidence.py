"""`registrar evidence`: what it prints, and what it refuses to vouch for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_evidence
from registration.errors import InputError
from registration.portable.formats import FORMATS
from tests.world import WORKSPACE, World, job_event

if TYPE_CHECKING:
    from typer.testing import Result


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    return world


def run(world: World, *arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_evidence.add_to(app, records=lambda: (world.ledger, WORKSPACE))
    return CliRunner().invoke(app, ["evidence", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_printed_as_one_json_document(world: World, name: str) -> None:
    world.process(job_event("j1"))

    result = run(world, "churn:1", "--format", name)

    assert result.exit_code == 0
    assert isinstance(json.loads(result.stdout), dict)


def test_a_work_is_named_by_its_key(world: World) -> None:
    outcome = world.process(job_event("j1"))

    assert run(world, str(outcome.work)).stdout == run(world, "churn:1", "--format", "intoto").stdout


def test_a_record_that_was_changed_is_not_vouched_for(world: World) -> None:
    outcome = world.process(job_event("j1"))
    name = f"churn/{outcome.decision}.json"
    text, etag, written = world.decisions.kept[name]
    world.decisions.kept[name] = (text.replace('"promoted":true', '"promoted":false'), etag, written)

    with pytest.raises(InputError, match="cannot be believed"):
        run(world, "churn:1")


def test_what_was_never_decided_has_no_evidence(world: World) -> None:
    world.job("j2", files={})

    with pytest.raises(InputError, match="no decision about 'churn'"):
        run(world, "churn:1")


def test_an_unknown_format_is_a_usage_error(world: World) -> None:
    assert run(world, "churn:1", "--format", "spdx").exit_code == 2
