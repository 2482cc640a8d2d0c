"""`registrar sweep`: one pass of the sweep by hand, with the settings of this environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from registration.cli_options import Json, time_of
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from registration.coverage import Coverage
    from registration.sweep import Sweep, Tell

Since = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Look further back than the watermark: 2026-03-01, or 2026-03-01T08:00+01:00; UTC unless it says else.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]

ROWS = {
    "eligible": "jobs and manifests that a policy wants",
    "decided": "of them have their decision",
    "enqueued": "events were put on the work queue",
    "stuck": "pieces of work were left by a worker",
    "repaired": "champions were shown again in the registry, or their heads copied out of a group",
    "archived": "superseded versions were archived, as policies say",
    "given_up": "pieces of work were tried too often; mend the cause, then replay",
    "changed": "champions have other files than those that were judged; roll back",
}


def _deployed() -> Sweep:
    from registration import bootstrap_sweep  # noqa: PLC0415 - loads the Azure clients, which others do without

    return bootstrap_sweep.deployed()


def add_to(app: typer.Typer, *, made: Callable[[], Sweep] = _deployed) -> None:
    """Add the command to `app`; `made` makes the sweep when the command runs."""

    @app.command()
    def sweep(*, since: Since = None, dry_run: DryRun = False, json: Json = False) -> None:
        """Find what no event told of, and bring back what a worker left.

        Looks at the jobs and drops since the last complete sweep. What has no
        decision is put on the work queue for the app to judge; champions that the
        registry does not show are shown again, and their files are looked at. The
        app does the same on a timer.

        Exit status 0 after a complete sweep, 2 if it could not run to its end: run
        it again, it begins at the same place.
        """
        moment = None if since is None else time_of(since, option="--since")
        coverage = _swept(made(), since=moment, dry_run=dry_run, quietly=json)
        _print(coverage, dry_run=dry_run, as_json=json)


def _swept(sweep: Sweep, *, since: datetime | None, dry_run: bool, quietly: bool) -> Coverage:
    console = Console(stderr=True, quiet=quietly, highlight=False)
    with console.status("sweeping") as status:

        def tell(coverage: Coverage, news: str) -> None:
            status.update(f"sweeping: {coverage.eligible} eligible, {coverage.decided} decided")
            if news:
                console.print(f"{'dry run: ' if dry_run else ''}{shown(news)}", markup=False, soft_wrap=True)

        told: Tell = tell
        return sweep.run(since=since, dry_run=dry_run, tell=told)


def _print(coverage: Coverage, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**coverage.to_dict(), "dry_run": dry_run}))  # noqa: T201 - the command's output
        return
    console = Console(highlight=False)
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    for name, meaning in ROWS.items():
        table.add_row(f"[bold]{getattr(coverage, name)}[/bold]", name, f"[dim]{meaning}[/dim]")
    console.print(table)
    console.print(f"[bold]coverage {coverage.share:.1%}[/bold]")
    if dry_run:
        console.print("[dim]a dry run: nothing was sent, stored or repaired[/dim]")
