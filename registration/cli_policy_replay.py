"""`registrar policy replay`: what a policy would have made of the decisions in the ledger. Nothing is changed."""

from __future__ import annotations

import json as json_text
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registration.cli_options import Json, time_of
from registration.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.history import History
    from registration.ledger import Ledger
    from registration.policy.document import ModelPolicy, Policy

PolicyFile = Annotated[
    Path, typer.Option("--policy", metavar="FILE", help="The policy to try, a YAML file.", show_default=False)
]
Since = Annotated[
    str,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Decisions since then: a date, as it begins, or a time; UTC if no zone is given.",
    ),
]
Model = Annotated[str | None, typer.Argument(help="Only this model of the policy.", show_default=False)]


def add_to(app: typer.Typer, *, ledger: Callable[[], Ledger] | None = None) -> None:
    """Add the command; `ledger` opens the ledger it reads, the configured one by default."""
    app.command()(Commands(ledger or _configured).replay)


@dataclass(frozen=True)
class Commands:
    """The command, over the ledger that `ledger` opens when it runs."""

    ledger: Callable[[], Ledger]

    def replay(self, model: Model = None, *, policy: PolicyFile, since: Since, json: Json = False) -> None:
        """Decide recorded candidates again by another policy: which decisions would it have flipped?

        Each is judged from what its record kept, against the champion of then;
        what would have followed from another outcome is not followed. Decisions
        that a person made or overrode are left out. A record that lacks what the
        policy asks for, such as slices, is counted as incomplete and not guessed.

        It reads the ledger under your own identity, with the app's settings in
        the environment. You need Storage Blob Data Reader on it.

        Exit status 0 whatever would have flipped; 1 if the chain of decisions is
        broken: what could be read is shown; 2 it could not run.
        """
        from registration import backtest, pages, policy_pages  # noqa: PLC0415 - what they need is slow to load
        from registration.policy import document  # noqa: PLC0415 - as above
        from registration.policy.folder import read_text  # noqa: PLC0415 - as above

        start = time_of(since, option="--since")
        read = document.parse(read_text(policy, name=str(policy)), source=str(policy))
        models, ledger = _models(read, model), self.ledger()
        histories = [(asked, _history(ledger, asked, quiet=json)) for asked in models]
        decisions = (again for asked, found in histories for again in backtest.of(asked, found.steps, since=start))
        made = backtest.Backtest(tuple(decisions))
        breaks = [found for _, history in histories for found in history.breaks]
        if json:
            told = {"policy": read.name, "policy_digest": read.digest, "since": start.isoformat(), **made.to_dict()}
            typer.echo(json_text.dumps({**told, "breaks": [asdict(found) for found in breaks]}))
        else:
            pages.show(policy_pages.backtest(made, since=start, breaks=breaks))
        raise typer.Exit(1 if breaks else 0)


def _models(policy: Policy, name: str | None) -> tuple[ModelPolicy, ...]:
    if name is None:
        return policy.models
    if (found := policy.model(name)) is None:
        known = ", ".join(model.name for model in policy.models)
        raise InputError(f"{policy.name} has no model {name!r}; it has {known}")
    return (found,)


def _history(ledger: Ledger, model: ModelPolicy, *, quiet: bool) -> History:
    """The model's history; read backwards one decision at a time, which takes a while for thousands."""
    from rich.console import Console  # noqa: PLC0415 - as above

    from registration import history  # noqa: PLC0415 - as above

    if quiet:
        return history.read(ledger, model.name)
    with Console(stderr=True).status("") as status:
        count = 0

        def another() -> None:
            nonlocal count
            count += 1
            status.update(f"{model.name}: {count} decisions read")

        return history.read(ledger, model.name, on_each=another)


def _configured() -> Ledger:
    from registration import bootstrap  # noqa: PLC0415 - loads the Azure clients

    return bootstrap.parts().ledger
