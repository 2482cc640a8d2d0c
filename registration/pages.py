"""Pages: the pieces that everything shown on a terminal is made of, of eighty columns as a rule.

Outside text is shown, never obeyed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from rich.console import ConsoleOptions, RenderableType, RenderResult

COLOURS = {
    **dict.fromkeys(("register", "registered", "passed"), "green"),
    **dict.fromkeys(("reject", "rejected", "failed", "error"), "red"),
    **dict.fromkeys(("hold", "held", "warned", "warning", "overridden"), "yellow"),
}
LABEL_WIDTH = 8
WIDTH = 80  # columns of a terminal
NARROW = 72  # below, the columns of a table would be cut, or broken letter by letter
_LONGEST_NUMBER = 10
_EDGES = 12  # columns that a table of verdicts spends between and around its own
_NUMBERS = ("candidate", "champion", "bound", "margin")

_PARTS = re.compile(r"\.?[^.]+|\.")

type Row = tuple[str, object]


def show(page: RenderableType) -> None:
    """Print a page on standard output."""
    Console().print(page)


def rows(told: Iterable[Row]) -> Table:
    """Labels, and what each is."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold", min_width=LABEL_WIDTH)
    grid.add_column(overflow="fold")
    for name, value in told:
        grid.add_row(name, value if isinstance(value, Text) else plain(value))
    return grid


def listed(label: str, values: Iterable[object]) -> Iterator[Row]:
    """One row for each value, the label on the first alone."""
    for place, value in enumerate(values):
        yield ("" if place else label), value


@dataclass(frozen=True)
class Fitted:
    """A table where it fits; on a narrow terminal the cells of each row, one below the other."""

    table: Table

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """What rich asks of a page."""
        if options.max_width >= NARROW:
            yield self.table
            return
        names = [str(column.header) for column in self.table.columns]
        for cells in zip(*(column.cells for column in self.table.columns), strict=True):
            yield Text()
            yield rows((name, cell) for name, cell in zip(names, cells, strict=True) if cell)
        yield Text()


def verdict_table(verdicts: Sequence[Mapping[str, Any]]) -> Fitted:
    """What every rule said, with its numbers."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("rule", overflow="fold", ratio=1)
    table.add_column("result", no_wrap=True)
    for name in _NUMBERS:
        table.add_column(name, justify="right", overflow="fold", max_width=_LONGEST_NUMBER)
    width = WIDTH - _EDGES - sum(_widest(verdicts, name) for name in ("result", *_NUMBERS))
    for verdict in verdicts:
        numbers = (plain(verdict.get(name)) for name in _NUMBERS)
        rule = _at_dots(text(verdict.get("rule")), width=width)
        table.add_row(rule, coloured(text(verdict.get("result"))), *numbers)
    return Fitted(table)


def _widest(verdicts: Iterable[Mapping[str, Any]], name: str) -> int:
    longest = max((len(text(verdict.get(name))) for verdict in verdicts), default=0)
    return max(len(name), longest if name == "result" else min(longest, _LONGEST_NUMBER))


def unsaid(verdicts: Iterable[Mapping[str, Any]], *, reasons: Collection[str]) -> Iterator[Text]:
    """The reasons of verdicts that did not make the outcome."""
    for verdict in verdicts:
        if text(verdict.get("reason")) not in reasons:
            yield plain(f"{text(verdict.get('result'))}: {text(verdict.get('reason'))}")


def counterfactuals(verdicts: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """What would have made rules pass that did not, where that is known."""
    known = (f"{text(one['rule'])}: {text(one['counterfactual'])}" for one in verdicts if one.get("counterfactual"))
    return listed("instead", known)


def count(number: int, thing: str) -> str:
    """`1 decision`, `2 decisions`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def second(moment: datetime | None) -> str:
    """A time in UTC as a person reads it."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "unknown"


def coloured(word: str) -> Text:
    """An outcome or a result in its colour."""
    return Text(shown(word), style=COLOURS.get(word, ""))


def plain(value: object) -> Text:
    """Any value, as it is; nothing for null."""
    return Text(shown(text(value)), overflow="fold")


def _at_dots(rule: str, *, width: int) -> Text:
    """A rule's name on as many lines as it takes, broken where a person would."""
    lines = [""]
    for part in _PARTS.findall(shown(rule)):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("  ")
        lines[-1] += part
    return Text("\n".join(lines), overflow="fold")


def text(value: object) -> str:
    """`value` as text, empty for null."""
    return "" if value is None else str(value)
