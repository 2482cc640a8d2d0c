"""`registrar history` and `registrar explain`: what the ledger says to people and auditors. Nothing is changed."""

from __future__ import annotations

import json as text
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from registration.cli_options import Decided, Json, time_of
from registration.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rich.console import Group

    from registration.explanation import Explanation
    from registration.history import History
    from registration.inspection import Inspection
    from registration.ledger import Ledger

Model = Annotated[
    str | None, typer.Argument(help="The model, by its name in the registry; none: every model.", show_default=False)
]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help="Who was champion then? A date, as it begins, or a time; UTC if no zone is given."
    ),
]
Policy = Annotated[
    bool, typer.Option("--policy", help="Print the policy that decided it, word for word, and nothing else.")
]
Verify = Annotated[bool, typer.Option("--verify", help="Check every decision of the chain against the head.")]


def add_to(app: typer.Typer, *, ledger: Callable[[], Ledger] | None = None) -> None:
    """Add the commands; `ledger` opens the ledger they read, the configured one by default."""
    commands = Commands(ledger or _configured)
    app.command()(commands.history)
    app.command()(commands.explain)


@dataclass(frozen=True)
class Commands:
    """The commands, over the ledger that `ledger` opens when one of them runs."""

    ledger: Callable[[], Ledger]

    def history(self, model: Model = None, *, at: At = None, verify: Verify = False, json: Json = False) -> None:
        """Show every decision about a model, and what was champion when.

        Without a model: every model with its champion, and since when.
        Without options: a table of all decisions, newest last,
        and what is in quarantine with the reason.
        [bold]--at[/bold] answers who was champion at a time.
        [bold]--verify[/bold] checks that no decision was changed, removed or put in.

        Exit status 0; 1 if the chain of decisions is broken: what could be read
        is shown; 2 if the model has no history or the time cannot be read.
        """
        if model is None:
            raise typer.Exit(_everything(self.ledger, is_more_asked=verify or at is not None, as_json=json))
        from registration import history, history_pages, pages  # noqa: PLC0415 - what they need is slow to load

        if at is not None and verify:
            raise InputError("--at and --verify ask different questions; give one of them")
        moment = None if at is None else time_of(at, option="--at")
        ledger = self.ledger()
        found = history.known(ledger, model)
        if json:
            said = _verified(found) if verify else _then(found, moment) if moment else _all(found, ledger)
            typer.echo(text.dumps(said))
        elif verify:
            pages.show(history_pages.verification(found))
        else:
            pages.show(history_pages.champion_then(found, moment) if moment else _table(found, ledger))
        raise typer.Exit(0 if found.is_whole else 1)

    def explain(self, said: Decided, *, policy: Policy = False, json: Json = False) -> None:
        """Show why one piece of work ended as it did: every verdict, and what it was made from.

        The key of the work is in the receipt, the outcome event and the log line,
        and in the property registrar.work of the version.

        Exit status 0; 1 if the decision is missing or was changed: what could be
        read is shown; 2 if there is no such work or version, or with --policy no
        policy that decided it, or its text is not the one of then.
        """
        from registration import explanation, history_pages, pages  # noqa: PLC0415 - as above

        if policy and json:
            raise InputError("--policy prints YAML and --json an object; give one of them")
        ledger = self.ledger()
        found = explanation.find(ledger, said)
        if policy:
            _policy(ledger, found)
        elif json:
            typer.echo(text.dumps(found.to_dict()))
        else:
            pages.show(history_pages.explanation(found))
        raise typer.Exit(1 if found.breaks else 0)


def _policy(ledger: Ledger, found: Explanation) -> None:
    from registration import explanation  # noqa: PLC0415 - as above

    for each in found.breaks:
        typer.echo(f"registrar: {each}", err=True)
    # Bytes, because a terminal's encoding and line ends would make another file of it.
    typer.echo(explanation.policy_text(ledger, found).encode(), nl=False)


def _configured() -> Ledger:
    from registration import bootstrap  # noqa: PLC0415 - loads the Azure clients

    return bootstrap.parts().ledger


def _everything(ledger: Callable[[], Ledger], *, is_more_asked: bool, as_json: bool) -> int:
    """Show where every model stands; the exit status."""
    from registration import pages, standings, standings_page  # noqa: PLC0415 - what they need is slow to load

    if is_more_asked:
        raise InputError("name the model: --at and --verify are about one")
    found = list(standings.of(ledger()))
    if as_json:
        typer.echo(text.dumps({"models": [each.to_dict() for each in found]}))
    else:
        pages.show(standings_page.table_of(found))
    return 1 if any(each.problem for each in found) else 0


def _table(found: History, ledger: Ledger) -> Group:
    from rich.console import Group  # noqa: PLC0415 - as above

    from registration import history, history_pages  # noqa: PLC0415 - as above

    table = history_pages.table_of(found, history.shares(ledger, found.steps))
    inspected = history_pages.inspected(_inspected(ledger, found))
    return Group(table, inspected, history_pages.given_up(ledger.quarantined()))


def _inspected(ledger: Ledger, found: History) -> Inspection | None:
    champion = found.head.champion
    return ledger.inspections.find(found.model, champion.version) if champion else None


def _all(found: History, ledger: Ledger) -> dict[str, Any]:
    from registration import history  # noqa: PLC0415 - as above

    champion, inspected = found.head.champion, _inspected(ledger, found)
    shares = history.shares(ledger, found.steps)
    told = ((step.to_dict(), shares.get(step.digest, ())) for step in found.steps)
    decisions = [{**said, "shares": [asdict(share) for share in shared]} for said, shared in told]
    given_up = [{name: kept.get(name) for name in ("reason", "attempts")} for kept in ledger.quarantined()]
    return {
        **_verified(found),
        "champion": champion and asdict(champion),
        "inspected": inspected and inspected.to_dict(),
        "decisions": decisions,
        "given_up": given_up,
    }


def _verified(found: History) -> dict[str, Any]:
    return {
        "model": found.model,
        "whole": found.is_whole,
        "count": len(found.steps),
        "breaks": [asdict(each) for each in found.breaks],
    }


def _then(found: History, moment: datetime) -> dict[str, Any]:
    reign = found.champion_at(moment)
    return {
        **_verified(found),
        "at": moment.isoformat(),
        "version": reign and reign.step.version,
        "decision": reign and reign.step.digest,
        "since": reign and reign.since.isoformat(),
        "until": reign and reign.until and reign.until.isoformat(),
    }
