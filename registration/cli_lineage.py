"""`registrar lineage`: where a model version comes from, and what became of it. Nothing is changed."""

from __future__ import annotations

import json as text
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from registration.cli_options import Decided, Json
from registration.errors import InputError, RegistrarError

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.deployments import Deployments
    from registration.explanation import Explanation
    from registration.ledger import Ledger
    from registration.lineage_tree import Deployed, Traced
    from registration.step import Step

Mermaid = Annotated[bool, typer.Option("--mermaid", help="Print a Mermaid flow chart, for a document.")]


class Records(Protocol):
    """What the command reads."""

    @property
    def ledger(self) -> Ledger:
        """The ledger with the decisions."""
        ...

    @property
    def deployments(self) -> Deployments:
        """What is deployed in the workspace."""
        ...


def add_to(app: typer.Typer, *, records: Callable[[], Records] | None = None) -> None:
    """Add the command; `records` opens what it reads, the configured ones by default."""
    app.command()(Commands(records or _configured).lineage)


@dataclass(frozen=True)
class Commands:
    """The command, over what `records` opens when it runs."""

    records: Callable[[], Records]

    def lineage(self, said: Decided, *, mermaid: Mermaid = False, json: Json = False) -> None:
        """Show where a model version comes from, and what became of it since.

        Back through decision, candidate and job to code, data, environment and
        parameters; on to the champions after it, the decisions that compared
        with it, and the deployments that serve it now.

        Exit status 0; 1 if the decision was changed after it was written: what
        could be read is shown; 2 if there is no such decision.
        """
        from registration import explanation, lineage_page, pages  # noqa: PLC0415 - slow to load

        if mermaid and json:
            raise InputError("--mermaid and --json are two forms of one answer; give one of them")
        records = self.records()
        found = explanation.find(records.ledger, said)
        if found.step is None or found.is_draft:
            raise InputError(
                "nothing was decided about it, so it has no lineage; `registrar explain` shows what there is"
            )
        traced = _traced(records, found, found.step)
        if json:
            typer.echo(text.dumps({**traced.to_dict(), "breaks": [str(each) for each in found.breaks]}))
        elif mermaid:
            typer.echo(lineage_page.chart(traced), nl=False)
        else:
            pages.show(lineage_page.page(traced))
            for each in found.breaks:
                pages.show(pages.plain(f"broken: {each}"))
        raise typer.Exit(1 if found.breaks else 0)


def _traced(records: Records, found: Explanation, step: Step) -> Traced:
    """The decision `step` with what came before and after it."""
    from registration import history  # noqa: PLC0415 - as above
    from registration.lineage_tree import Traced  # noqa: PLC0415 - as above

    past = found.past or history.read(records.ledger, found.model)
    deployed = None if step.version is None else _deployed(records.deployments, found.model, step.version)
    work = found.work
    unlinked = work.intent.unlinked if work and work.intent else ()
    return Traced(step, past, deployed, work.shares if work else (), unlinked)


def _deployed(deployments: Deployments, model: str, version: int) -> Deployed:
    """Where it serves; a person who may read the records may not be allowed to read the endpoints."""
    from registration.lineage_tree import Deployed  # noqa: PLC0415 - as above

    try:
        return Deployed(tuple(each for each in deployments.all() if each.serves(model, version)))
    except RegistrarError as unread:
        return Deployed(unread=str(unread))


def _configured() -> Records:
    from registration import bootstrap  # noqa: PLC0415 - loads the Azure clients

    return bootstrap.parts()
