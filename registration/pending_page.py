"""How what waits for a person looks on a terminal of eighty columns: a table, then for each why and what answers it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from registration.pages import Fitted
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from rich.console import Console

    from registration.pending import Waiting

MOST_REASONS = 3
MEANINGS = {
    "held": "held",
    "half_approved": "second person",
    "not_adopted": "adoption",
    "revoked": "revoked",
    "outdated": "new decision",
    "paused": "end of pause",
    "changed": "rollback",
    "policy_broken": "policy",
}


def show(found: Sequence[Waiting], *, now: datetime, console: Console) -> None:
    """Print what waits, longest first."""
    if not found:
        console.print("Nothing waits for a person.")
        return
    console.print(_table(found, now))
    for number, each in enumerate(found, start=1):
        _explain(number, each, console)


def ago(length: timedelta) -> str:
    """A length of time in its largest whole unit."""
    seconds = max(0, int(length.total_seconds()))
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _table(found: Sequence[Waiting], now: datetime) -> Fitted:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", justify="right", no_wrap=True)
    table.add_column("model", overflow="fold", ratio=2)
    table.add_column("waits for", no_wrap=True)
    table.add_column("age", justify="right", no_wrap=True)
    table.add_column("left", justify="right", no_wrap=True)
    table.add_column("source", overflow="fold", ratio=3)
    for number, each in enumerate(found, start=1):
        age = ago(now - datetime.fromisoformat(each.since))
        cells = (str(number), each.model or "the whole app", MEANINGS[each.kind], age, _left(each, now), each.source)
        table.add_row(*(Text(shown(cell), overflow="fold") for cell in cells))
    return Fitted(table)


def _left(each: Waiting, now: datetime) -> str:
    if each.expires is None:
        return ""
    left = datetime.fromisoformat(each.expires) - now
    return ago(left) if left.total_seconds() > 0 else "expired"


def _explain(number: int, each: Waiting, console: Console) -> None:
    left = len(each.reasons) - MOST_REASONS
    reasons = [*each.reasons[:MOST_REASONS], *([f"and {left} more"] if left > 0 else [])]
    for place, reason in enumerate(reasons):
        console.print(Padding.indent(Text(shown(reason) if place else f"{number}  {shown(reason)}"), 3 if place else 0))
    for command in each.commands:
        # Not wrapped: a command is there to be copied.
        console.print(f"   {shown(command)}", markup=False, highlight=False, soft_wrap=True, style="bold")
