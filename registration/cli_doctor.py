"""`registrar doctor`: whether an installation can do its work, with what to do about each thing that it cannot."""

from __future__ import annotations

import json as text
import logging
import re
import uuid
from typing import TYPE_CHECKING, Annotated

import typer

from registration.cli_options import Json
from registration.errors import InputError

if TYPE_CHECKING:
    from registration.doctor.check import Check
    from registration.doctor.checkup import Report
    from registration.doctor.errand import App as Asked

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
InApp = Annotated[
    bool, typer.Option("--in-app", help="Have the app look too, under its own identity, and show what it sees.")
]
LiveContract = Annotated[
    bool,
    typer.Option(
        "--live-contract",
        help="Settle instead, on a scratch model and scratch blobs, what could not be verified without Azure.",
    ),
]
Wait = Annotated[int, typer.Option("--wait", metavar="SECONDS", min=1, help="How long to wait for the app's answer.")]


def add_to(app: typer.Typer) -> None:
    """Add the command to `app`."""

    @app.command()
    def doctor(
        *,
        app: App = None,
        in_app: InApp = False,
        wait: Wait = 180,
        live_contract: LiveContract = False,
        json: Json = False,
    ) -> None:
        """Find out what keeps this installation from its work, and say how to mend it.

        Settings, policies, storage, queues, the workspace, drop accounts, Event
        Grid's topics and subscriptions, the clock. Each right is tried by a request
        that needs it and cannot have an effect. What is missing is named with the
        role, its scope and the command that gives it.

        It looks as whoever is signed in. The app has an identity of its own, so a
        right that a person lacks is a warning, not a failure. With [bold]--in-app[/bold]
        the app looks at itself, asked through its work queue.

        [bold]--live-contract[/bold] writes: a scratch model and scratch blobs, which it
        takes away again as far as it may. docs/verified.md has a row for each thing
        it settles.

        Exit status 0 nothing failed; 1 something did; 2 could not run.
        """
        if in_app and live_contract:
            raise InputError("--in-app and --live-contract look at different things; give one of them")
        site, seconds = _site(app) if app else None, wait if in_app else 0
        report = _looked(site, seconds=seconds, settles=live_contract, quietly=json)
        _print(report, as_json=json)
        raise typer.Exit(0 if report.is_well else 1)


def _site(id_: str) -> str:
    """`id_` if it is an app's resource id: our token goes where it leads."""
    if not _SITE.fullmatch(id_):
        raise InputError(f"--app {id_}: write /subscriptions/…/providers/Microsoft.Web/sites/<name>")
    return id_


def _looked(app: str | None, *, seconds: int, settles: bool, quietly: bool) -> Report:
    """What is seen from here, and by the app itself if it is to be waited for; or the contract, settled."""
    from rich.console import Console  # noqa: PLC0415 - other commands do without

    from registration import bootstrap, bootstrap_doctor  # noqa: PLC0415 - load the Azure clients
    from registration.terminal import shown  # noqa: PLC0415 - other commands do without

    logging.getLogger("azure").setLevel(logging.ERROR)  # what went wrong is what the checks say
    with Console(stderr=True, quiet=quietly, highlight=False).status("looking") as status:

        def tell(check: Check) -> None:
            status.update(f"looking: {shown(check.name)} {check.state}")

        checkup = bootstrap_doctor.checkup(app)
        if settles:
            return checkup.settle(tell, key=uuid.uuid4().hex[:8])
        report = checkup.run(tell)
        if not seconds or report.ended_early:
            return report
        status.update("waiting for the app")
        return _with_the_apps(report, bootstrap.app(checkup.settings()), seconds=seconds)


def _with_the_apps(here: Report, app: Asked, *, seconds: int) -> Report:
    from registration.doctor import errand  # noqa: PLC0415 - as above

    there, check = app.ask(seconds=seconds)
    return errand.together(here, there, answer=check)


def _print(report: Report, *, as_json: bool) -> None:
    if as_json:
        typer.echo(text.dumps(report.to_dict()))
        return
    from rich.console import Console  # noqa: PLC0415 - as above

    from registration.doctor import page  # noqa: PLC0415 - as above

    page.show(report, Console(highlight=False))
