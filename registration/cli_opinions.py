"""What `registrar validate --second-opinions` adds: other scanners' words about each file, beside the verdict."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress
from rich.table import Table

from registration.errors import InputError
from registration.opinions import Panel, Word, panel
from registration.terminal import shown

if TYPE_CHECKING:
    from pathlib import Path

    from registration.artifacts.inventory import Artifact
    from registration.opinions import Opinion, Scanner

_COLOURS = {Word.FLAGGED: "red", Word.ERROR: "yellow", Word.UNSURE: "yellow", Word.SKIPPED: "dim", Word.CLEAN: "green"}


@dataclass(frozen=True)
class Heard:
    """What was said, and who was not there to say anything; None and nobody if no one was asked for."""

    opinions: tuple[Opinion, ...] | None = None
    missing: tuple[Scanner, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The member of the JSON answer; none if nobody was asked for."""
        return {} if self.opinions is None else {"second_opinions": [asdict(opinion) for opinion in self.opinions]}

    def show(self) -> None:
        """A table for people, and how to install who is missing."""
        if self.opinions is None:
            return
        console = Console(highlight=False)
        table = Table("file", "second opinion", "says", "because", box=None, padding=(0, 2, 0, 0))
        for said in self.opinions:
            word = f"[{_COLOURS[said.word]}]{said.word}[/]"
            table.add_row(
                shown(said.path).replace("[", r"\["), said.scanner, word, shown(said.detail).replace("[", r"\[")
            )
        console.print()
        console.print(table)
        for scanner in self.missing:
            console.print(f"{scanner.name} is not installed: {scanner.install}", markup=False, soft_wrap=True)
        console.print(
            "[dim]The verdict above is ours alone; other scanners' words change nothing.[/dim]", soft_wrap=True
        )


def asked_for(target: str, *, wanted: bool) -> Panel | None:
    """Who is to be asked; None if nobody is. Raises `InputError` if nobody can be asked about `target`."""
    if not wanted:
        return None
    if re.match("https?://", target):
        message = "--second-opinions: other scanners read files of this machine; download it and validate the copy"
        raise InputError(message)
    return panel()


def heard(asked: Panel | None, artifact: Artifact, target: Path, *, quietly: bool) -> Heard:
    """What they say of the files of `artifact`, which lie at or below `target`."""
    if asked is None:
        return Heard()
    files = [(file.path, target / file.path if target.is_dir() else target) for file in artifact.files]
    console = Console(stderr=True, quiet=quietly)
    columns = ("asking other scanners", BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(files) * len(asked.asked))
        said = []
        for opinion in asked.opinions(files):
            said.append(opinion)
            progress.advance(task)
    return Heard(tuple(said), asked.missing)
