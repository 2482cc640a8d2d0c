"""`registrar rollback` and `registrar revoke`: what became of versions later, sent as requests; the app does it."""

from __future__ import annotations

import json as text
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registration import cli_people
from registration.cli_answers import Desk, ask
from registration.cli_options import Json, Model, Reason, Yes, version_of
from registration.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from registration.history import History
    from registration.ledger import Ledger
    from registration.rollback import Turn

_DIGEST = re.compile(r"[0-9a-f]{64}")

Said = Annotated[
    str | None,
    typer.Argument(metavar="MODEL:VERSION", help="A version that Registrar registered.", show_default=False),
]
To = Annotated[
    int | None,
    typer.Option(
        "--to", metavar="VERSION", help="The version that shall be champion again. Default: the one before.", min=1
    ),
]
After = Annotated[
    int | None,
    typer.Option("--to", metavar="VERSION", help="If it is the champion: the earlier champion that follows.", min=1),
]
Digest = Annotated[
    str | None,
    typer.Option("--digest", metavar="SHA256", help="Deny these files, whether a version has them or not."),
]
NoChampion = Annotated[bool, typer.Option("--no-champion", help="If it is the champion: leave the model without one.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")]


def add_to(app: typer.Typer, *, desk: Callable[[], Desk] | None = None, asks: Callable[[str], bool] = ask) -> None:
    """Add the commands; `desk` opens what they work on, the configured one by default."""
    commands = Commands(desk or cli_people.configured, asks)
    app.command()(commands.rollback)
    app.command()(commands.revoke)


@dataclass(frozen=True)
class Change:
    """What a person is about to ask for: shown, then sent. `about` are the members that only this request has."""

    action: str
    model: str | None
    version: int | None
    about: dict[str, Any]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Commands:
    """The commands, over the desk that `desk` opens when one of them runs; `asks` puts a question to the person."""

    desk: Callable[[], Desk]
    asks: Callable[[str], bool]

    def rollback(  # noqa: PLR0913 - one for each option
        self,
        model: Model,
        *,
        reason: Reason,
        to: To = None,
        yes: Yes = False,
        dry_run: DryRun = False,
        json: Json = False,
    ) -> None:
        """Make an earlier champion of a model the champion again.

        Models that were promoted together with the present champion go back to
        what they were when the other one became champion. Shows all that would
        move, and asks. If other champions would move by the time the app comes to
        it, it is declined. Revoked versions are never champion again, archived
        ones not before somebody restored them.

        You need Storage Blob Data Reader on the ledger's account and Storage Queue
        Data Message Sender on the work queue; the app does it, and records your name.

        Exit status 0 means that the request was sent, not yet that it was done;
        1 that you said no; 2 that it could not be sent.
        """
        desk = self.desk()
        turns = _planned(desk.ledger, model, to=to)
        moves = [turn.to_dict() for turn in turns]
        change = Change("rollback", model, turns[0].version, {"moves": moves}, tuple(map(_line, turns)))
        self._send(desk, change, reason=reason, yes=yes, dry_run=dry_run, as_json=json)

    def revoke(  # noqa: PLR0913 - one for each option
        self,
        said: Said = None,
        *,
        reason: Reason,
        digest: Digest = None,
        to: After = None,
        no_champion: NoChampion = False,
        yes: Yes = False,
        dry_run: DryRun = False,
        json: Json = False,
    ) -> None:
        """Deny files for ever: no candidate with these bytes is registered again, for no model.

        Every version that has them is archived. If the version is the champion, say
        what follows: an earlier one with [bold]--to[/bold], which takes its group
        with it, or [bold]--no-champion[/bold]. Shows what would change, and asks.
        Nothing takes a revocation back. Registrar takes nothing out of an endpoint.

        You need the same roles as for [bold]rollback[/bold].

        Exit status 0 means that the request was sent, not yet that it was done;
        1 that you said no; 2 that it could not be sent.
        """
        desk = self.desk()
        if (said is None) == (digest is None):
            raise InputError("give MODEL:VERSION or --digest, one of them")
        if digest is not None:
            change = _of_digest(desk.ledger, digest.lower(), to=to, no_champion=no_champion)
        else:
            change = _of_version(desk.ledger, str(said), to=to, no_champion=no_champion)
        self._send(desk, change, reason=reason, yes=yes, dry_run=dry_run, as_json=json)

    def _send(  # noqa: PLR0913 - what is asked for, and how
        self, desk: Desk, change: Change, *, reason: str, yes: bool, dry_run: bool, as_json: bool
    ) -> None:
        for line in change.lines:
            typer.echo(line, err=True)
        if dry_run:
            told = {"dry_run": True, "action": change.action, "model": change.model, "version": change.version}
            typer.echo(text.dumps({**told, **change.about}) if as_json else "a dry run: nothing was sent")
            return
        actor = cli_people.actor_of(desk.token())
        made = cli_people.request_of(
            change.action, change.model, change.version, reason=reason, actor=actor, about=change.about
        )
        if not yes and not self.asks(f"Send this as {actor['name']}?"):
            typer.echo("nothing was sent", err=True)
            raise typer.Exit(1)
        cli_people.send(desk, made, as_json=as_json)


def _planned(ledger: Ledger, model: str, *, to: int | None, denied: frozenset[str] = frozenset()) -> Sequence[Turn]:
    from registration.rollback import Planning  # noqa: PLC0415 - what it needs is slow to load

    turns = Planning(ledger, denied).planned(model, to=to)
    if isinstance(turns, str):
        raise InputError(turns)
    return turns


def _line(turn: Turn) -> str:
    from registration.terminal import shown  # noqa: PLC0415 - as above

    now = f"version {turn.former} is the champion" if turn.former else "there is no champion"
    line = f"{shown(turn.model)}: {now}; version {turn.version} will be"
    if not turn.was_archived:
        return line
    restore = f"az ml model restore --name {shown(turn.model)} --version {turn.version}"
    return f"{line}; it was archived, and is declined unless you restore it first: {restore}"


def _of_digest(ledger: Ledger, digest: str, *, to: int | None, no_champion: bool) -> Change:
    from registration import denied  # noqa: PLC0415 - what it needs is slow to load

    if not _DIGEST.fullmatch(digest):
        raise InputError(f"--digest {digest}: must be the 64 hexadecimal digits that `registrar validate` prints")
    if to is not None:
        raise InputError("--to needs MODEL:VERSION: it says which model goes back")
    leading = [*denied.champions(ledger, {digest})]
    if leading and not no_champion:
        raise InputError(f"it is the champion {leading[0]}: revoke that and say what follows, or give --no-champion")
    about: dict[str, Any] = {"artifact_sha256": digest, **({"no_champion": True} if no_champion else {})}
    line = f"files {digest} will be denied for ever; versions that have them will be archived"
    more = (f"{name} is the champion, and its model will have none" for name in leading)
    return Change("revoke", None, None, about, (line, *more))


def _of_version(ledger: Ledger, said: str, *, to: int | None, no_champion: bool) -> Change:
    from registration import history  # noqa: PLC0415 - as above

    model, version = version_of(said)
    past = history.known(ledger, model)
    digest = _digest_of(past, version)
    about: dict[str, Any] = {"artifact_sha256": digest}
    lines = [f"{said} has the files {digest}: they will be denied for ever, and their versions archived"]
    if past.champion is None or past.digest_of(past.champion) != digest:
        if to is not None or no_champion:
            raise InputError(f"{said} is not the champion, so none has to follow: leave out --to and --no-champion")
        return Change("revoke", past.model, version, about, tuple(lines))
    if (to is None) != no_champion:
        both = ", not both" if no_champion else ""
        raise InputError(f"{said} is the champion: say what follows, with --to VERSION or --no-champion{both}")
    if to is None:
        lines.append(f"{past.model} will have no champion")
        return Change("revoke", past.model, version, {**about, "no_champion": True}, tuple(lines))
    turns = _planned(ledger, past.model, to=to, denied=frozenset({digest}))
    moves = [turn.to_dict() for turn in turns]
    return Change("revoke", past.model, version, {**about, "moves": moves}, (*lines, *map(_line, turns)))


def _digest_of(past: History, version: int) -> str:
    step = past.with_version(version)
    if step is None:
        raise InputError(f"no decision about {past.model} registered version {version}")
    digest = past.digest_of(version)
    if digest is None:
        raise InputError(
            f"{past.model}:{version} was adopted, and nobody has read its files; "
            "`registrar validate` prints their digest, for --digest"
        )
    return digest
