"""`registrar evidence`: a decision in a form that other tools read, made from its record. Nothing is changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from registration.cli_options import Decided
from registration.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.ledger import Ledger


class Format(StrEnum):
    """A format by its name."""

    INTOTO = "intoto"
    SVR = "svr"
    OPENLINEAGE = "openlineage"
    CYCLONEDX = "cyclonedx"


As = Annotated[
    Format,
    typer.Option(
        "--format",
        help="intoto: the rules as an in-toto test result; svr: what was verified of a version; "
        "openlineage: a run event; cyclonedx: a bill of materials with the model's card.",
    ),
]


def add_to(app: typer.Typer, *, records: Callable[[], tuple[Ledger, str]] | None = None) -> None:
    """Add the command; `records` gives the ledger it reads and its workspace, the configured ones by default."""
    app.command()(Commands(records or _configured).evidence)


@dataclass(frozen=True)
class Commands:
    """The command, over what `records` opens when it runs."""

    records: Callable[[], tuple[Ledger, str]]

    def evidence(self, said: Decided, *, format: As = Format.INTOTO) -> None:  # noqa: A002 - what people type
        """Print the evidence of one decision: an in-toto statement, an OpenLineage event or a CycloneDX bill.

        It is made from the decision record alone, so it is the same whenever
        it is asked for. It is not signed.

        Exit status 0; 2 if there is no such decision, if its record was changed
        after it was written, or if the format has nothing to say of it.
        """
        from registration import explanation  # noqa: PLC0415 - what it needs is slow to load
        from registration.portable.decided import Decided  # noqa: PLC0415 - as above
        from registration.portable.formats import text_of  # noqa: PLC0415 - as above

        ledger, workspace = self.records()
        found = explanation.find(ledger, said)
        if found.step is None or found.is_draft:
            raise InputError("no decision was made, so there is nothing to give evidence of; `registrar explain` it")
        if found.breaks:
            raise InputError(f"no evidence is made of a record that cannot be believed: {found.breaks[0]}")
        made = Decided.of(found.step.digest, found.step.record, workspace=workspace)
        typer.echo(text_of(made, format=format), nl=False)


def _configured() -> tuple[Ledger, str]:
    from registration import bootstrap  # noqa: PLC0415 - loads the Azure clients

    parts = bootstrap.parts()
    return parts.ledger, parts.settings.workspace
