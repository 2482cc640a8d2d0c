"""`registrar decide`: one decision from files, with nothing else running and no Azure package loaded."""

from __future__ import annotations

import json as text
from pathlib import Path
from typing import Annotated

import typer

from registration.cli_options import Json

PolicyFile = Annotated[
    Path, typer.Option("--policy", metavar="FILE", help="The policy to decide by, a YAML file.", show_default=False)
]
Candidate = Annotated[
    Path, typer.Option("--candidate", metavar="FILE", help="Evidence of the candidate, JSON.", show_default=False)
]
Champion = Annotated[
    Path | None,
    typer.Option("--champion", metavar="FILE", help="Evidence of the champion, JSON; none: a first model."),
]
Past = Annotated[
    Path | None,
    typer.Option("--past", metavar="FILE", help="A JSON list of evidence of earlier champions, oldest first."),
]
Model = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="Which of the policy's models, if it has several.")
]


def add_to(app: typer.Typer) -> None:
    """Give `app` the command."""
    app.command()(decide)


def decide(  # noqa: PLR0913 - one for each option
    *,
    policy: PolicyFile,
    candidate: Candidate,
    champion: Champion = None,
    past: Past = None,
    model: Model = None,
    json: Json = False,
) -> None:
    """Decide about a candidate from files alone, as the app would, and say why.

    An evidence file is JSON: [bold]{"metrics": {"accuracy": 0.93}}[/bold], and where the
    policy asks for them slices, tags, lineage, history and comparable.
    A candidate with the champion's artifact_sha256 is a duplicate: no rule runs.

    Nothing is registered or recorded, and nothing is asked of Azure. Members of
    a group are not decided together here: their candidates are not known.

    Exit status 0 whatever the decision is; 2 if a file cannot be used.
    """
    from registration import pages, policy_pages  # noqa: PLC0415 - what they need is slow to load
    from registration.policy import document, evidence_file, trial  # noqa: PLC0415 - as above
    from registration.policy.folder import read_text  # noqa: PLC0415 - as above

    read = document.parse(read_text(policy, name=str(policy)), source=str(policy))
    found = trial.of(
        trial.chosen(read, model),
        candidate=evidence_file.read(candidate),
        champion=evidence_file.read(champion) if champion else None,
        past=evidence_file.read_past(past) if past else (),
    )
    if json:
        typer.echo(text.dumps({**found.to_dict(), "policy": read.name, "policy_digest": read.digest}))
    else:
        pages.show(policy_pages.trial(found, policy=read))
