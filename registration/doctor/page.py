"""How a report looks on a terminal: a line for each check, and below what is not well, what to do.

Commands are never wrapped: they are there to be copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.text import Text

from registration.doctor.check import State
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from registration.doctor.check import Check
    from registration.doctor.checkup import Report

_COLOURS: Final = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "bold red", State.SKIPPED: "dim"}
_WORD: Final = max(map(len, State)) + 2
_LONGEST_NAME: Final = 40


def show(report: Report, console: Console) -> None:
    """Print every check and how many ended how."""
    width = min(_LONGEST_NAME, max((cell_len(shown(check.name)) for check in report.checks), default=0))
    told: set[tuple[str, ...]] = set()
    for check in report.checks:
        for line in (_head(check, width), *_below(check, told)):
            console.print(line, soft_wrap=True)
    counts = ", ".join(f"{report.count(state)} {state}" for state in State if report.count(state))
    console.print(Text(counts, style="bold" if report.is_well else "bold red"))


def _head(check: Check, width: int) -> Text:
    head = Text(f"{check.state:{_WORD}}", style=_COLOURS[check.state])
    name = shown(check.name)
    head.append(name + " " * (max(width - cell_len(name), 0) + 2), style="bold")
    return head.append(shown(check.seen), style="")


def _below(check: Check, told: set[tuple[str, ...]]) -> Iterator[Text]:
    """What to do, unless it is what was told to do before; adds it to `told`."""
    lines = (shown(check.next), *(f"$ {shown(command)}" for command in check.commands))
    if lines in told:
        yield Text(f"{' ' * _WORD}as above", style="dim")
    elif check.next or check.commands:
        told.add(lines)
        for line in lines:
            yield Text(" " * _WORD + line, style="cyan" if line.startswith("$ ") else "")
