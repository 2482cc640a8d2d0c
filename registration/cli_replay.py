"""`registrar replay`: what was given up goes back to the work queue, with a line for each event and the counts."""

from __future__ import annotations

import json as json_text
from collections import Counter
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

import typer

from registration import cli_answers, cli_people, terminal
from registration.cli_options import JsonLines, time_of
from registration.deadletters import DeadLetters, place
from registration.errors import InputError
from registration.replay import Quarantine, Replay, Replayed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registration.bootstrap import Parts

COLOURS = {"sent": "green", "would send": "cyan", "unreadable": "red"}

DeadLettersUrl = Annotated[
    str | None,
    typer.Option(
        metavar="URL", help="Replay Event Grid's dead letters in this container, or folder of it: its https URL."
    ),
]
InQuarantine = Annotated[
    bool,
    typer.Option("--quarantine", help="Replay what the app keeps in quarantine; the default without --dead-letters."),
]
Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Only what was written since, as 2026-03-02 or 2026-03-02T08:00; UTC."),
]
Only = Annotated[
    Literal["job", "drop"] | None, typer.Option(metavar="job|drop", help="Only events about jobs, or only about drops.")
]
Reason = Annotated[
    str,
    typer.Option(
        metavar="TEXT",
        help="Only what was given up for a reason with this text in it; with --new-epoch why, which is kept.",
    ),
]
NewEpoch = Annotated[
    str | None,
    typer.Option(
        metavar="WORK|MODEL:VERSION",
        help="Have the same files decided again under the policy and against the champion of now.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Send nothing; show what would be sent.")]


def add_to(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command()(replay)


def replay(  # noqa: PLR0913 - one for each option
    *,
    dead_letters: DeadLettersUrl = None,
    quarantine: InQuarantine = False,
    since: Since = None,
    only: Only = None,
    reason: Reason = "",
    dry_run: DryRun = False,
    new_epoch: NewEpoch = None,
    json: JsonLines = False,
) -> None:
    """Put back on the work queue what was given up, or have one work decided again.

    That is what the app keeps in quarantine, or what Event Grid could not
    deliver and left in a dead-letter container, or both.

    Mend the cause first, then look with [bold]--dry-run[/bold]. Nothing is deleted, and what
    was settled is answered with `duplicate`, however often it is replayed.

    With [bold]--new-epoch[/bold] it sends a request to decide again about one work that was
    settled, as new work; a version that it has registered is kept. That needs
    Storage Blob Data Reader on the ledger's account, and --reason.

    It runs under your own identity, with the app's settings in the
    environment. You need Storage Blob Data Reader on what is read, and
    Storage Queue Data Message Sender on the work queue.

    Exit status: 0 everything was read; 1 something could not be read, and
    its line says why (the rest was sent); 2 it could not run or had to stop.
    """
    from registration import bootstrap  # noqa: PLC0415 - loads the Azure clients, which `--help` never needs

    if new_epoch is not None:
        others = {"--dead-letters": dead_letters, "--quarantine": quarantine, "--since": since, "--only": only}
        _decide_again(new_epoch, reason, {**others, "--dry-run": dry_run}, as_json=json)
        return
    moment = time_of(since, option="--since") if since else None
    parts = bootstrap.parts()
    sources = _sources(parts, dead_letters=dead_letters, quarantine=quarantine, since=moment)
    counts = show(Replay(sources, parts.queue.send, only, reason, dry_run), as_json=json)
    raise typer.Exit(1 if counts["unreadable"] else 0)


def _decide_again(said: str, reason: str, others: Mapping[str, object], *, as_json: bool) -> None:
    given = [name for name, value in others.items() if value]
    if given:
        raise InputError(f"--new-epoch is about one work; it goes without {' and '.join(given)}")
    if not reason:
        raise InputError("--new-epoch needs --reason: why it is decided again")
    cli_answers.reevaluate(cli_people.configured(), said, reason=reason, as_json=as_json)


def show(replay_: Replay, *, as_json: bool) -> Counter[str]:
    """Replay, with a line for each event and the counts at the end, however it ends; the counts by status."""
    counts = Counter(sent=0, skipped=0, unreadable=0)
    page: _Page = _Lines() if as_json else _Screen()
    try:
        for each in replay_:
            counts[each.status] += 1
            page.line(each)
    finally:
        page.end(counts, dry_run=replay_.dry_run)
    return counts


def _sources(
    parts: Parts, *, dead_letters: str | None, quarantine: bool, since: datetime | None
) -> list[DeadLetters | Quarantine]:
    from registration.azure.deadletters import BlobDeadLetters  # noqa: PLC0415 - as in `replay`

    sources: list[DeadLetters | Quarantine] = []
    if quarantine or not dead_letters:
        sources.append(Quarantine(partial(parts.ledger.quarantined, since=since)))
    if dead_letters:
        suffix = parts.settings.storage_suffix
        blobs = BlobDeadLetters(parts.credential, place(dead_letters, suffix=suffix), suffix=suffix)
        sources.append(DeadLetters(blobs, since))
    return sources


class _Page(Protocol):
    def line(self, each: Replayed) -> None: ...

    def end(self, counts: Counter[str], *, dry_run: bool) -> None: ...


class _Lines:
    """For machines: every event, whatever came of it."""

    def line(self, each: Replayed) -> None:
        typer.echo(json_text.dumps(asdict(each)))

    def end(self, counts: Counter[str], *, dry_run: bool) -> None:
        typer.echo(json_text.dumps({"counts": dict(counts), "dry_run": dry_run}))


class _Screen:
    """For people: what was sent, would be, or could not be; what was left out is only counted."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - as in `replay`

        self._console = Console(highlight=False)
        self._status = self._console.status("looking for what was given up")
        self._status.start()
        self._seen = self._rehearsed = 0

    def line(self, each: Replayed) -> None:
        from rich.padding import Padding  # noqa: PLC0415 - as in `replay`
        from rich.text import Text  # noqa: PLC0415 - as in `replay`

        self._seen += 1
        self._rehearsed += each.is_rehearsed
        self._status.update(f"{self._seen} read")
        word = "would send" if each.is_rehearsed else each.status
        if word == "skipped":
            return
        self._console.print(word, style=COLOURS[word], end=" ")
        self._console.print(terminal.shown(f"{each.type.rpartition('.')[2]} {each.event_id}".strip()), markup=False)
        # Not wrapped: a name is there to be copied.
        self._console.print(f"    {terminal.shown(each.source)}", markup=False, soft_wrap=True)
        if not each.is_rehearsed and each.reason:
            self._console.print(Padding.indent(Text(terminal.shown(each.reason)), 4))

    def end(self, counts: Counter[str], *, dry_run: bool) -> None:
        self._status.stop()
        first = f"{self._rehearsed} would be sent" if dry_run else f"{counts['sent']} sent"
        skipped = counts["skipped"] - self._rehearsed
        self._console.print(f"{first}, {skipped} skipped, {counts['unreadable']} unreadable", style="bold")
