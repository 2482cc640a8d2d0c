"""How outcomes look on a terminal. Eighty columns are enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType


COLOURS = {"registered": "green", "rejected": "red", "held": "yellow", "duplicate": "cyan", "quarantined": "magenta"}


def outcome_page(found: Mapping[str, Any], *, is_expected: bool) -> RenderableType:
    """The outcome, the version and each reason, for a reader who has just read the chapter's title."""
    lines = Table.grid(padding=(0, 1))
    for reason in found["reasons"]:
        lines.add_row("[dim]·[/dim]", _outside(reason))
    title = Text.assemble(_coloured(found["outcome"]), " ", _what(found))
    page = Group(title, _indented(lines, 2), *_remarks(found, is_expected=is_expected))
    return _indented(page, 3)


def outcome_table(rows: Sequence[tuple[str, Mapping[str, Any], bool]]) -> Table:
    """Event with model, outcome, version and why, a row a chapter."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("event, model", max_width=28)
    table.add_column("outcome", no_wrap=True)
    table.add_column("version", justify="right")
    table.add_column("why", ratio=1)
    for event, found, is_expected in rows:
        offered = Text.assemble(event, "\n", (str(found["model"] or ""), "dim"))
        why = escape(_telling(found["reasons"])) + ("" if is_expected else " [red](not expected)[/red]")
        table.add_row(offered, _coloured(found["outcome"]), str(found["version"] or "-"), why)
    return table


def _remarks(found: Mapping[str, Any], *, is_expected: bool) -> Iterator[Text]:
    if "receipt" in found:
        yield Text(f"  receipt  {found['receipt']['path']} says {found['receipt']['outcome']}", style="dim")
    if not is_expected:
        yield Text("  this is not what was expected", style="red")


def _telling(reasons: Sequence[str]) -> str:
    """The reason a reader asks for first: how it compares with the champion, else the first."""
    return next((reason for reason in reasons if "champion" in reason), reasons[0])


def _coloured(outcome: str) -> Text:
    return Text(outcome, style=COLOURS.get(outcome, "bold"))


def _what(found: Mapping[str, Any]) -> str:
    return f"{found['model']}:{found['version']}" if found["version"] else str(found["model"] or "")


def _indented(page: RenderableType, columns: int) -> Padding:
    return Padding(page, (0, 0, 0, columns), expand=False)


def _outside(text: str) -> Text:
    """Text with names that others chose: shown as it is, and broken anywhere if a word is longer than the line."""
    return Text(text, overflow="fold")
