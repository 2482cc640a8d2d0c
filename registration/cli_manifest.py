"""`registrar manifest`: for teams that drop models. Needs neither Azure nor an account."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

from registration import manifest
from registration.artifacts import validation
from registration.artifacts.inventory import Artifact
from registration.artifacts.local import LocalStore
from registration.errors import InputError, ManifestError
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Folder = Annotated[
    Path, typer.Argument(help="The folder that holds the files of the model.", exists=True, file_okay=False)
]
Model = Annotated[str, typer.Option(help="The model it is offered for.", show_default=False)]
Metric = Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="A metric; may be repeated.")]
Lineage = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=TEXT",
        help="job, run_uri, git_commit, git_dirty, git_repository, environment, datasets, or parameters=NAME=TEXT; "
        "the last two may be repeated.",
    ),
]
Tag = Annotated[list[str] | None, typer.Option(metavar="NAME=TEXT", help="A tag; may be repeated.")]
_REPEATED = ("datasets", "parameters")


def add_to(app: typer.Typer) -> None:
    """Give `app` the group of commands."""
    group = typer.Typer(help="The manifest of a drop: make one, print its schema.", no_args_is_help=True)
    group.command()(make)
    group.command()(schema)
    app.add_typer(group, name="manifest")


def make(folder: Folder, *, model: Model, metric: Metric = None, lineage: Lineage = None, tag: Tag = None) -> None:
    """Print the manifest of a folder: every file in it with its true size and SHA-256.

    Keep it outside the folder and upload it last, when all files are there:
    [bold]registrar manifest make ./churn --model churn > model.manifest.json[/bold]

    A manifest or receipt in the folder and what Registrar writes itself are left
    out, and named. Links are refused: what they point to may be anywhere.

    Exit status 0; 2 if a drop of this folder would be refused.
    """
    store = LocalStore(folder)
    listed = Artifact.of(store.files())
    files = Artifact(tuple(file for file in listed.files if not _is_about_the_drop(file.path)))
    for file in listed.files:
        if file not in files.files:
            Console(stderr=True).print(f"left out: {shown(file.path)}", markup=False)
    said = _Said(metric or [], lineage or [], tag or []).to_dict()
    digests = _hashed(store, files)
    described = [{"path": file.path, "size": file.size, "sha256": digests[file.path]} for file in files.files]
    document = {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": model, "files": described, **said}
    typer.echo(_checked(document))


def schema() -> None:
    """Print the JSON Schema of a manifest, for editors and for programs that write one.

    Exit status 0.
    """
    typer.echo(json.dumps(manifest.json_schema(), indent=2))


@dataclass(frozen=True)
class _Said:
    """What the options say beside the files."""

    metrics: list[str]
    lineage: list[str]
    tags: list[str]

    def to_dict(self) -> dict[str, Any]:
        tags = _once("--tag", _pairs("--tag", self.tags))
        said = {"metrics": metrics_of(self.metrics), "lineage": self._origin(), "tags": tags}
        return {key: value for key, value in said.items() if value}

    def _origin(self) -> dict[str, Any]:
        said = list(_pairs("--lineage", self.lineage))
        origin: dict[str, Any] = _once("--lineage", [one for one in said if one[0] not in _REPEATED])
        if "git_dirty" in origin:
            origin["git_dirty"] = {"true": True, "false": False}.get(origin["git_dirty"], origin["git_dirty"])
        datasets, parameters = ([value for name, value in said if name == key] for key in _REPEATED)
        named = _once("--lineage parameters", _pairs("--lineage parameters", parameters))
        found = {**origin, "datasets": datasets, "parameters": named}
        return {key: value for key, value in found.items() if value not in ([], {})}


def metrics_of(written: list[str]) -> dict[str, float | int]:
    """The metrics of each `--metric NAME=VALUE`; raises `InputError`."""
    return {name: _number(name, value) for name, value in _once("--metric", _pairs("--metric", written)).items()}


def _once(option: str, pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The value of each name; of two it would be their order that says which is true."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise InputError(f"{option} {shown(name)}: is given twice; say which of them is meant")
        found[name] = value
    return found


def _pairs(option: str, written: list[str]) -> Iterable[tuple[str, str]]:
    for text in written:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InputError(f"{option} {shown(text)}: write it as NAME=VALUE")
        yield name, value


def _number(name: str, value: str) -> float | int:
    try:
        return int(value) if value.lstrip("+-").isdecimal() else float(value)
    except ValueError:
        raise InputError(f"--metric {shown(name)}={shown(value)}: the value must be a number") from None


def _is_about_the_drop(path: str) -> bool:
    return path.casefold() == manifest.MANIFEST_NAME or manifest.is_own_write(path)


def _hashed(store: LocalStore, files: Artifact) -> Mapping[str, str]:
    columns = ("hashing", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=files.size)
        return validation.validate(
            store,
            files,
            model_type="custom_model",
            promises=(),
            progress=lambda count: progress.advance(task, count),
        ).digests


def _checked(document: dict[str, Any]) -> str:
    """The text of `document`, which a registrar accepts."""
    text = json.dumps(document, indent=2)
    try:
        manifest.parse(text.encode(), source=manifest.MANIFEST_NAME)
    except ManifestError as wrong:
        raise ManifestError("the drop would be refused", wrong.problems) from None
    return text
