"""`registrar`, the command line.

The commands of the sandbox need the `sandbox` package, which a checkout has and the deployed app does not.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from registration import (
    cli_answers,
    cli_decide,
    cli_doctor,
    cli_evidence,
    cli_history,
    cli_lifecycle,
    cli_lineage,
    cli_manifest,
    cli_people,
    cli_policy,
    cli_replay,
    cli_sweep,
    cli_validate,
    paths,
)
from registration.cli_options import JsonLines
from registration.errors import InputError, RegistrarError, SettingsError
from registration.terminal import shown

app = typer.Typer(
    name="registrar",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
)

Policies = Annotated[
    Path, typer.Option("--policies", help="Folder of policies to decide by.", exists=True, file_okay=False)
]
EXAMPLES = Path("policies")
HOW_TO_SET = (
    'where azd deployed the app, this gives a shell its settings: set -a && eval "$(azd env get-values)" && set +a'
)


def _told(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        typer.echo(f"registrar {metadata.version('registrar')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_told, is_eager=True, help="Print the version of this command.")
]


@app.callback()
def about(*, version: Version = False) -> None:
    """Hands-off model registration for Azure Machine Learning.

    A job finishes, or a team drops a model in storage. Registrar validates
    the model, judges it by your promotion policies against today's champion,
    and registers it with its lineage, or records why not.

    Start with [bold]registrar demo[/bold]: the whole story on this machine,
    without a subscription.
    """


@app.command()
def demo(*, json: JsonLines = False) -> None:
    """Show the whole story on this machine: models trained, judged, registered, rejected.

    Ends by itself, in less than a minute.

    Exit status 0 means that every outcome was the expected one; 1 that one
    was not; 2 that the sandbox could not be started.
    """
    from sandbox import story  # noqa: PLC0415 - only a checkout has the sandbox

    raise typer.Exit(story.tell(as_json=json))


@app.command()
def sandbox(*, policies: Policies = EXAMPLES) -> None:
    """Keep Azure up on this machine, with the app in it, until Ctrl-C.

    Prints what to open and export. [bold]registrar send[/bold] and
    [bold]registrar drop[/bold] in another terminal talk to it.
    """
    from sandbox import session  # noqa: PLC0415 - as above

    raise typer.Exit(session.keep_up(policies))


@app.command()
def send(
    event: Annotated[Path, typer.Argument(help="A file with one event or a list of them, in either schema.")],
    *,
    json: JsonLines = False,
) -> None:
    """Post an event to the app in the sandbox, as Event Grid does, and show what came of it."""
    from sandbox import session  # noqa: PLC0415 - as above

    raise typer.Exit(session.send(event, as_json=json))


@app.command()
def drop(
    path: Annotated[Path, typer.Argument(help="The folder to drop.", exists=True, file_okay=False)],
    *,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The model it is offered for, if the folder has no manifest.")
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A metric, if the folder has no manifest; may be repeated."),
    ] = None,
    to: Annotated[
        str, typer.Option(metavar="FOLDER", help="Where in the drop container; a folder of its own is made below it.")
    ] = "vendor-a/",
    json: JsonLines = False,
) -> None:
    """Upload a folder to the sandbox's drop container, manifest last, and show the answer.

    A folder with a model.manifest.json is dropped as it is; otherwise the
    manifest is made from its files.
    """
    from sandbox import session  # noqa: PLC0415 - as above

    metrics = cli_manifest.metrics_of(metric or [])
    raise typer.Exit(session.drop(path, model=model, metrics=metrics, folder=_below(to, path), as_json=json))


def _below(to: str, path: Path) -> str:
    """The folder of the drop container that `path` is uploaded to; raises `InputError`."""
    folder = f"{to.strip('/')}/{path.resolve().name}".strip("/")
    if wrong := paths.fault(folder):
        raise InputError(f"it would be dropped into {shown(folder)}, which {wrong}")
    return folder


cli_answers.add_to(app)
cli_decide.add_to(app)
cli_doctor.add_to(app)
cli_evidence.add_to(app)
cli_history.add_to(app)
cli_lifecycle.add_to(app)
cli_lineage.add_to(app)
cli_manifest.add_to(app)
cli_people.add_to(app)
cli_policy.add_to(app)
cli_replay.add_to(app)
cli_sweep.add_to(app)
cli_validate.add_to(app)


def main() -> None:
    """Run the command line; an error Registrar raised on purpose is a message, not a traceback, and exit status 2."""
    try:
        app()
    except RegistrarError as error:
        sys.stderr.write(f"registrar: {error}\n")
        if isinstance(error, SettingsError):
            sys.stderr.write(f"{HOW_TO_SET}\n")
        sys.exit(2)
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.partition(".")[0] != "sandbox":
            raise
        sys.stderr.write("registrar: this command needs the sandbox; run it from a checkout of the project\n")
        sys.exit(2)
