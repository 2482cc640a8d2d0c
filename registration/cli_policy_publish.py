"""`registrar policy publish`: checked and tested policies go where the app reads them."""

from __future__ import annotations

import json as json_text
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registration.cli_options import Allow
from registration.errors import InputError, RegistrarError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from registration.policy.published import Published
    from registration.publication import Proposal

Source = Annotated[
    Path, typer.Argument(metavar="PATH", help="A folder of policies, or one policy.", show_default=False)
]
To = Annotated[
    str, typer.Option("--to", metavar="URL", help="Where to publish: the https URL that REGISTRAR_POLICY has.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Publish without asking.")]
Prune = Annotated[bool, typer.Option("--prune", help="Remove what is published and not in PATH.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would be written.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else; needs --yes or --dry-run.")]


def add_to(
    app: typer.Typer,
    *,
    place: Callable[[str], Published] | None = None,
    ask: Callable[[int], bool] | None = None,
) -> None:
    """Add the command.

    `place` opens what is published at a URL, in blob storage by default; `ask` asks whether to write so many files.
    """
    app.command()(Commands(place or _blobs, ask or _agreed).publish)


@dataclass(frozen=True)
class Commands:
    """The command, over the place that `place` opens when it runs; `ask` asks the person who runs it."""

    place: Callable[[str], Published]
    ask: Callable[[int], bool]

    def publish(  # noqa: PLR0913 - one for each option
        self,
        source: Source,
        *,
        to: To,
        yes: Yes = False,
        prune: Prune = False,
        dry_run: DryRun = False,
        allow: Allow = None,
        json: Json = False,
    ) -> None:
        """Check and test policies, show what would change, and publish them.

        What will be published is checked as a whole, with what is there already;
        every case beside the policies is run. An error or a failed case stops it.
        Then the difference to what is published is shown in words, and you are
        asked. Only files that differ are written, each only if nobody wrote it
        since it was compared. Cases are not published.

        The app reads policies at each event, so a change holds from the next one.
        You need Storage Blob Data Contributor on the container; the app only
        reads it.

        Exit status 0 published, or nothing to do, or a dry run that may be
        published; 1 an error, a failed case, or you said no: nothing was written;
        2 it could not run, or had to stop: what was written is said.
        """
        if json and not (yes or dry_run):
            raise InputError("--json cannot ask; add --yes or --dry-run")
        store = self.place(to)
        found = _proposal(source, store, prune=prune, allow=allow or ())
        if not json:
            _show(found)
        go = found.is_fit and bool(found.due) and not dry_run and (yes or self.ask(len(found.due)))
        written = _carry_out(found, store) if go else []
        if json:
            typer.echo(json_text.dumps({"to": to, "dry_run": dry_run, **found.to_dict(), "written": written}))
        else:
            typer.echo(_end(found, written, to=to))
        raise typer.Exit(0 if found.is_fit and (go or dry_run or not found.due) else 1)


def _proposal(source: Path, store: Published, *, prune: bool, allow: Sequence[str]) -> Proposal:
    from registration import publication  # noqa: PLC0415 - what it needs is slow to load
    from registration.policy import cases  # noqa: PLC0415 - as above
    from registration.policy.folder import cases_at, files_at, is_policy, read_text  # noqa: PLC0415 - as above

    files = [path for path in files_at([source]) if is_policy(path.name)]
    if not files:
        raise InputError(f"{source}: holds no policy")
    texts = {path.name: read_text(path, name=str(path)) for path in files}
    results = (result for path in cases_at([source]) for result in cases.run(path, source=path.name))
    return publication.propose(texts, store, cases=lambda: results, prune=prune, allow=allow)


def _carry_out(found: Proposal, store: Published) -> list[str]:
    from registration import publication  # noqa: PLC0415 - as above

    written: list[str] = []
    try:
        for item in publication.carry_out(found, store):
            written.append(item.name)  # noqa: PERF401 - what was written has to be known when it stops half way
    except RegistrarError:
        typer.echo(f"stopped; written before that: {', '.join(written) or 'nothing'}", err=True)
        raise
    return written


def _agreed(number: int) -> bool:
    if not sys.stdin.isatty():
        raise InputError("there is nobody to ask; add --yes or --dry-run. Nothing was written")
    return typer.confirm(f"Publish {number} file{'' if number == 1 else 's'}?")


def _show(found: Proposal) -> None:
    from registration import pages, policy_pages  # noqa: PLC0415 - as above

    pages.show(policy_pages.publication(found))


def _end(found: Proposal, written: list[str], *, to: str) -> str:
    if not found.is_fit:
        return "nothing was published: mend what is wrong first"
    if not found.due:
        return "nothing to publish: what is there is the same"
    return f"written at {to}:\n{'\n'.join(written)}" if written else "nothing was written"


def _blobs(url: str) -> Published:
    from registration import bootstrap  # noqa: PLC0415 - loads the Azure clients

    return bootstrap.published(url)
