"""The sweep, as the command shows it."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_sweep
from registration.errors import InputError, UnavailableError
from registration.names import WATERMARK
from tests.sweeping import Azure


@pytest.fixture
def azure() -> Azure:
    return Azure()


def command(azure: Azure) -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_sweep.add_to(app, made=lambda: azure.sweep)
    return app


def test_the_command_says_what_it_found_in_eighty_columns(azure: Azure) -> None:
    azure.job("j1")

    result = CliRunner(env={"COLUMNS": "80"}).invoke(command(azure), ["sweep"])

    assert (result.exit_code, len(azure.queue)) == (0, 1)
    assert "enqueued job j1" in result.stderr
    assert "coverage 0.0%" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80


def test_whoever_may_not_write_the_ledger_sends_what_was_missed_and_fails_at_the_watermark(azure: Azure) -> None:
    azure.job("j1")
    before = azure.world.state.text(WATERMARK)
    azure.world.faults.fail(f"state {WATERMARK}")

    result = CliRunner().invoke(command(azure), ["sweep"])

    assert isinstance(result.exception, UnavailableError)
    assert len(azure.queue) == 1
    assert azure.world.state.text(WATERMARK) == before


def test_the_first_sweep_says_that_it_leaves_what_ended_before_it(azure: Azure) -> None:
    azure.world.state.kept.clear()

    first = CliRunner(env={"COLUMNS": "200"}).invoke(command(azure), ["sweep"])
    second = CliRunner(env={"COLUMNS": "200"}).invoke(command(azure), ["sweep"])

    assert "the first sweep leaves what ended before" in first.stderr
    assert second.stderr == ""


def test_the_command_prints_one_object_for_machines(azure: Azure) -> None:
    azure.job("j1")

    result = CliRunner().invoke(command(azure), ["sweep", "--json", "--dry-run"])

    found = {"eligible": 1, "decided": 0, "enqueued": 1, "stuck": 0, "repaired": 0, "archived": 0}
    found |= {"given_up": 0, "changed": 0, "coverage": 0, "dry_run": True}
    assert (json.loads(result.stdout), result.stderr, azure.queue) == (found, "", [])


@pytest.mark.parametrize("since", ["2026-02-20", "2026-02-20T12:00+01:00", "2026-02-20T11:00Z"])
def test_the_command_looks_back_as_far_as_it_is_told(azure: Azure, since: str) -> None:
    then = datetime.fromisoformat("2026-02-21T00:00Z")
    azure.job("old", created=then, ended=then)

    result = CliRunner().invoke(command(azure), ["sweep", "--since", since, "--json"])

    assert json.loads(result.stdout)["enqueued"] == 1


@pytest.mark.parametrize("since", ["yesterday", "0001-01-01T00:00+01:00"])
def test_the_command_refuses_a_time_it_cannot_read(azure: Azure, since: str) -> None:
    result = CliRunner().invoke(command(azure), ["sweep", "--since", since])

    assert isinstance(result.exception, InputError)
    assert f"--since '{since}' is not a time; write it in" in str(result.exception)


def test_the_command_looks_back_to_the_beginning_of_time(azure: Azure) -> None:
    azure.job("old", created=azure.now - timedelta(days=4000), ended=azure.now - timedelta(days=4000))

    result = CliRunner().invoke(command(azure), ["sweep", "--since", "0001-01-01", "--json"])

    assert json.loads(result.stdout)["enqueued"] == 1
