"""How `registrar doctor` reads on a terminal, and what cannot be asked of it."""

from __future__ import annotations

import io

from rich.console import Console
from typer.testing import CliRunner

from registration import cli
from registration.doctor import check, page
from registration.doctor.checkup import Report
from registration.errors import InputError


def lines(*checks: check.Check) -> list[str]:
    screen = io.StringIO()
    page.show(Report(checks), Console(file=screen, width=80))
    return screen.getvalue().splitlines()


def test_a_name_that_is_longer_than_the_column_stands_apart_from_what_was_seen() -> None:
    long = "outputs.azureml-blobstore-5a9d0c3e-7b1f-4c86-9e42-d1f06b8a2c57.read"

    short, wide, _ = lines(check.ok("clock", "it is right"), check.ok(long, "may list it"))

    assert wide == f"ok       {long}  may list it"
    assert short == f"ok       {'clock':40}  it is right"


def test_the_contract_is_not_settled_by_the_app() -> None:
    done = CliRunner().invoke(cli.app, ["doctor", "--in-app", "--live-contract"])

    assert isinstance(done.exception, InputError)
    assert "give one of them" in str(done.exception)
