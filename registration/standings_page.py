"""How the standings of all models look on a terminal of eighty columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table

from registration.pages import Fitted, count, plain
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registration.standings import Standing


def table_of(found: Sequence[Standing]) -> Group:
    """A row for each model, and below it what is damaged."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("model", overflow="fold")
    for name in ("champion", "since, UTC"):
        table.add_column(name, no_wrap=True)
    table.add_column("decisions", justify="right", no_wrap=True)
    for each in found:
        since = f"{each.since:%Y-%m-%d %H:%M}" if each.since else ""
        champion = "none" if each.version is None else str(each.version)
        table.add_row(plain(each.model), "" if each.problem else champion, since, str(each.decisions))
    broken = (plain(f"broken {shown(each.model)}: {shown(each.problem)}") for each in found if each.problem)
    return Group(Fitted(table), plain(count(len(found), "model")), *broken)
