"""`registrar policy import`: the config of another tool as a policy of ours, on standard output."""

from __future__ import annotations

import json as json_text
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registration.cli_options import Json
from registration.errors import ForeignConfigError, Problem

if TYPE_CHECKING:
    from decimal import Decimal

    from registration.policy.importers.draft import Imported


class Kind(StrEnum):
    """The tools whose config can be imported."""

    REGISTERMODEL = "registermodel"
    MLFLOW = "mlflow"
    TFMA = "tfma"
    SAGEMAKER = "sagemaker"


Tool = Annotated[Kind, typer.Argument(metavar="KIND", help="registermodel, mlflow, tfma or sagemaker.")]
File = Annotated[Path, typer.Argument(metavar="FILE", help="The other tool's config.", exists=True, dir_okay=False)]
Name = Annotated[str | None, typer.Option("--name", help="What the model and the policy are called.")]
Experiment = Annotated[
    str | None, typer.Option("--experiment", help="The experiment whose jobs offer the model; * and ? are patterns.")
]
Strict = Annotated[bool, typer.Option("--strict", help="Let a warning make the exit status 1.")]


def add_to(group: typer.Typer) -> None:
    """Add the command to `registrar policy`."""
    group.command("import")(import_)


def import_(  # noqa: PLR0913 a command's options, each by its name
    kind: Tool,
    file: File,
    *,
    name: Name = None,
    experiment: Experiment = None,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Print the policy that another tool's config asks for.

    registermodel  registermodel.json of the GitHub action aml-registermodel
    mlflow         MetricThresholds as JSON or YAML: {metric: {threshold: 0.8, ...}}
    tfma           an EvalConfig in protobuf's text format or JSON
    sagemaker      a pipeline's definition, or one condition step of it, as JSON

    What the policy does not say, or says differently, is a warning: on
    standard error, and as a comment above the policy. Read every one.

    Exit status 0; 1 with --strict if there are warnings; 2 the config cannot be
    used.
    """
    from registration.policy import importers  # noqa: PLC0415 - slow to load, and most commands do not need it

    found = importers.KINDS[kind](_read(file), source=file.name, name=name, experiment=experiment)
    if json:
        typer.echo(json_text.dumps(_told(found, file.name), default=_number))
    else:
        typer.echo(found.text(source=file.name), nl=False)
        for warning in found.shown():
            typer.echo(f"warning: {warning}", err=True)
    raise typer.Exit(1 if strict and found.warnings else 0)


def _read(file: Path) -> str:
    from registration.policy.importers import foreign  # noqa: PLC0415 - as above

    with file.open("rb") as opened:
        written = opened.read(foreign.MOST_BYTES + 1)
    try:
        return written.decode("utf-8-sig", errors="replace" if len(written) > foreign.MOST_BYTES else "strict")
    except UnicodeDecodeError as broken:
        raise ForeignConfigError(file.name, [Problem("", f"is not UTF-8 (byte {broken.start})")]) from None


def _told(found: Imported, source: str) -> dict[str, object]:
    warnings = [{"path": one.path, "message": one.message} for one in found.warnings]
    return {
        "policy": found.policy,
        "digest": found.document.digest,
        "yaml": found.text(source=source),
        "warnings": warnings,
    }


def _number(value: Decimal) -> float | int:
    return int(value) if value == value.to_integral_value() else float(value)
