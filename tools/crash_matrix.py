"""Kill a worker at every step of a registration, and look at what is left: the crash matrix.

Each run is a real process with the app's own parts, against Azurite and the workspace's stand-in. It is stopped just
before or just after one call to the ledger, the registry, storage, the workspace or the topic. Then the message comes
again. docs/crash-matrix.md says what must hold.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crash_run import Point, Result, Theatre
from crash_scene import SCENARIOS, Scenario, Stagehand
from crash_verdict import Witness

from sandbox import stage
from sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crash_watch import Side

TOOLS = Path(__file__).resolve().parent
SIDES: tuple[Side, ...] = ("before", "after")
WIDTH = 160  # of a table of all scenarios, where lines are narrower or nobody says how wide they are
MARKS = {"green": "[green]{}[/]", "amber": "[yellow]{}a[/]", "red": "[bold red]{}R[/]"}


@dataclass(frozen=True)
class Matrix:
    """All results, and how long they took."""

    scenarios: list[Scenario]
    results: list[Result]
    seconds: float

    @property
    def is_red(self) -> bool:
        """Whether anything did not hold and nothing heals it, or nothing was run."""
        return not self.results or any(result.colour == "red" for result in self.results)

    @property
    def counts(self) -> dict[str, int]:
        """How many runs ended in each colour."""
        found = Counter(str(result.colour) for result in self.results)
        return {colour: found[colour] for colour in MARKS}

    def rows(self) -> list[str]:
        """The names of all points, about in the order in which a worker comes to them."""
        order: list[str] = []
        # Where a champion is beaten there are most steps; those of the other stories lie between them.
        for scenario in sorted(self.scenarios, key=lambda each: each.champion is None):
            of_it = {result.point.number: result.point.name for result in self.results_of(scenario.name)}
            place = 0
            for _, name in sorted(of_it.items()):
                if name not in order:
                    order.insert(place, name)
                place = order.index(name) + 1
        return order

    def results_of(self, scenario: str, point: str | None = None) -> list[Result]:
        """The results of a scenario, all or at one point."""
        found = (result for result in self.results if result.point.scenario.name == scenario)
        return [result for result in found if point is None or result.point.name == point]


def main(
    scenario: Annotated[list[str] | None, typer.Option(help="Only this scenario; may be given again.")] = None,
    point: Annotated[
        list[str] | None, typer.Option(help="Only points whose name holds this text, as `registry create`; as above.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="How many runs at once.", min=1)] = os.cpu_count() or 1,
    *,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON for machines, and nothing else.")] = False,
) -> None:
    """Kill a worker before and after every call of a registration, deliver again, and look.

    Exit status 0 means that everything held or is healed by the sweep, 1 that something did not, 2 that there is no
    such scenario.
    """
    chosen = [each for each in SCENARIOS if not scenario or each.name in scenario]
    if len(chosen) < len(set(scenario or ())):
        raise typer.BadParameter(f"the scenarios are {', '.join(each.name for each in SCENARIOS)}")
    matrix = run(chosen, points=point or [""], jobs=jobs)
    if json_:
        print(json.dumps(as_json(matrix), indent=2))
    else:
        show(matrix, Console(width=max(Console().width, WIDTH)))
    raise typer.Exit(int(matrix.is_red))


def run(scenarios: list[Scenario], *, points: list[str], jobs: int) -> Matrix:
    """The matrix of these scenarios at the points whose name holds one of `points`.

    Each scenario has a sandbox of its own: the more blobs there are, the longer Azurite takes to list some.
    """
    started = time.monotonic()
    results = [result for each in scenarios for result in _run(each, points=points, jobs=jobs)]
    return Matrix(scenarios, results, time.monotonic() - started)


def _run(scenario: Scenario, *, points: list[str], jobs: int) -> list[Result]:
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="crash-matrix-")))
        sandbox = closing.enter_context(Sandbox.start(directory=folder))
        # The fork server imports our modules by name.
        path = os.pathsep.join((str(TOOLS.parent), str(TOOLS)))
        closing.enter_context(stage.environment({**sandbox.environment(), "PYTHONPATH": path}))
        theatre = Theatre(Stagehand(sandbox, folder / "policies"), Witness(sandbox))
        chosen = [point for point in theatre.points(scenario) if any(text in point.name for text in points)]
        return theatre.unfinished(sorted(_played(theatre, scenario, chosen, jobs), key=_place))


def _played(theatre: Theatre, scenario: Scenario, points: list[Point], jobs: int) -> Iterator[Result]:
    with _progress() as progress, ThreadPoolExecutor(jobs) as threads:
        task = progress.add_task(f"stopping workers: {scenario.name}", total=len(points) * len(SIDES))
        runs = [threads.submit(theatre.play, point, side) for point in points for side in SIDES]
        for done in as_completed(runs):
            progress.advance(task)
            yield done.result()


def _place(result: Result) -> tuple[int, int]:
    return result.point.number, SIDES.index(result.side)


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))  # in a file, a line for each scenario as it ends


def show(matrix: Matrix, console: Console) -> None:
    """Print the matrix, what did not hold, and the counts."""
    for number, each in enumerate(matrix.scenarios, start=1):
        console.print(f"[bold]{number}[/] {each.name}: {each.about}")
    table = Table("stopped before and after", box=None, pad_edge=False)
    for number, _ in enumerate(matrix.scenarios, start=1):
        table.add_column(str(number))
    for row in matrix.rows():
        table.add_row(row, *(_cell(matrix.results_of(each.name, row)) for each in matrix.scenarios))
    console.print()
    console.print(table)
    console.print("\nruns that held; [yellow]a[/]: held once the champion was shown again; [bold red]R[/]: did not\n")
    for result in matrix.results:
        if result.colour != "green":
            where = f"{result.point.scenario.name}, {result.side} {result.point.name}"
            console.print(f"{result.colour}: {where}: {'; '.join(result.complaints)}", highlight=False)
    counts = ", ".join(f"{number} {colour}" for colour, number in matrix.counts.items())
    console.print(f"{len(matrix.results)} runs in {matrix.seconds:.0f} s: {counts}", highlight=False)


def _cell(results: list[Result]) -> str:
    if not results:
        return "[dim]·[/]"
    found = Counter(str(result.colour) for result in results)
    return " ".join(mark.format(found[colour]) for colour, mark in MARKS.items() if found[colour])


def as_json(matrix: Matrix) -> dict[str, object]:
    """The matrix for machines."""
    results = [
        {
            "scenario": result.point.scenario.name,
            "point": result.point.name,
            "call": result.point.number,
            "side": result.side,
            "colour": result.colour,
            "complaints": list(result.complaints),
        }
        for result in matrix.results
    ]
    return {"runs": len(matrix.results), "seconds": round(matrix.seconds, 1), **matrix.counts, "results": results}


if __name__ == "__main__":
    typer.run(main)
