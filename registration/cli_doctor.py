"""`registrar doctor`: whether an installation can do its work, with what to do about each thing that it cannot."""

from __future__ import annotations

import json as text
import re
from typing import TYPE_CHECKING, Annotated

import typer

from registration.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.doctor.check import Check
    from registration.doctor.checkup import Checkup, Report

_SITE = re.compile(
    r"/subscriptions/[0-9a-f-]+/resourceGroups/[\w.()-]+/providers/Microsoft\.Web/sites/[\w-]+",
    re.IGNORECASE | re.ASCII,
)

App = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="ID",
        envvar="REGISTRAR_APP_ID",
        help="Resource id of the Function app, whose settings are read then instead of this environment's.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines, and nothing else.")]


def _deployed(app: str | None) -> Checkup:
    from registration import bootstrap  # noqa: PLC0415 - loads the Azure clients, which other commands do without

    return bootstrap.checkup(app)


def add_to(app: typer.Typer, *, made: Callable[[str | None], Checkup] = _deployed) -> None:
    """Add the command to `app`; `made` makes the checkup when it runs."""

    @app.command()
    def doctor(*, app: App = None, json: Json = False) -> None:
        """Find out what keeps this installation from its work, and say how to mend it.

        Settings, policies, storage, queues, the workspace, drop accounts, Event
        Grid's topics and subscriptions, the clock. Each right is tried by a request
        that needs it and cannot have an effect. What is missing is named with the
        role, its scope and the command that gives it.

        It looks as whoever is signed in. The app has an identity of its own, so a
        right that a person lacks is a warning, not a failure.

        Exit status 0 nothing failed; 1 something did; 2 could not run.
        """
        report = _looked(made(_site(app) if app else None), quietly=json)
        _print(report, as_json=json)
        raise typer.Exit(0 if report.is_well else 1)


def _site(id_: str) -> str:
    """`id_` if it is an app's resource id: our token goes where it leads."""
    if not _SITE.fullmatch(id_):
        raise InputError(f"--app {id_}: write /subscriptions/…/providers/Microsoft.Web/sites/<name>")
    return id_


def _looked(checkup: Checkup, *, quietly: bool) -> Report:
    from rich.console import Console  # noqa: PLC0415 - other commands do without

    from registration.terminal import shown  # noqa: PLC0415 - as above

    with Console(stderr=True, quiet=quietly, highlight=False).status("looking") as status:

        def tell(check: Check) -> None:
            status.update(f"looking: {shown(check.name)} {check.state}")

        return checkup.run(tell)


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        typer.echo(text.dumps(report.to_dict()))
        return
    from rich.console import Console  # noqa: PLC0415 - as above

    from registration.doctor import page  # noqa: PLC0415 - as above

    page.show(report, Console(highlight=False))
