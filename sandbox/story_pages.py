"""How outcomes and lineage look on a terminal. Eighty columns are enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sandbox.model_store import ModelVersion

COLOURS = {"registered": "green", "rejected": "red", "held": "yellow", "duplicate": "cyan", "quarantined": "magenta"}


def outcome_line(found: dict[str, Any], *, is_expected: bool) -> str:
    """The outcome, the version and each reason, for a reader who has just read the chapter's title."""
    lines = [f"   {_coloured(found)} {_what(found)}"]
    lines += [f"     [dim]·[/dim] {escape(reason)}" for reason in found["reasons"]]
    if "receipt" in found:
        lines.append(f"     [dim]receipt  {found['receipt']['path']} says {found['receipt']['outcome']}[/dim]")
    if not is_expected:
        lines.append("     [red]this is not what was expected[/red]")
    return "\n".join(lines)


def outcome_table(rows: Sequence[tuple[str, dict[str, Any], bool]]) -> Table:
    """Event, outcome, version and why, a row a chapter."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for name, options in (
        ("event", {}),
        ("outcome", {"no_wrap": True}),
        ("version", {"no_wrap": True}),
        ("why", {"ratio": 1}),
    ):
        table.add_column(name, **options)
    for event, found, is_expected in rows:
        why = escape(_telling(found["reasons"])) + ("" if is_expected else " [red](not expected)[/red]")
        table.add_row(escape(event), _coloured(found), _what(found), why)
    return table


def lineage_tree(model: str, version: ModelVersion, decision: dict[str, Any]) -> Tree:
    """Where the champion comes from, as its version says in the registry and its decision in the ledger."""
    tree = Tree(f"[bold]{model}:{version.version}[/bold]  champion, stage {version.stage}")
    tree.add(f"registered from  {escape(version.uri.partition('/datastores/')[2])}")
    names = ("job", "job_output_uri", "experiment", "git_commit", "datasets")
    for name in names:
        tree.add(f"{name:15}  {escape(version.properties.get(f'lineage.{name}', '-'))}", highlight=False)
    tree.add(f"artifact sha256  {version.properties['registrar.artifact_sha256']}")
    policy = decision["policy"]
    decided = tree.add(f"decided {decision['decided_at'][:19]} UTC by policy {policy['name']}")
    for verdict in decision["verdicts"]:
        decided.add(f"{verdict['result']}  {escape(verdict['reason'])}", highlight=False)
    return tree


def _telling(reasons: Sequence[str]) -> str:
    """The reason a reader asks for first: how it compares with the champion, else the first."""
    return next((reason for reason in reasons if "champion" in reason), reasons[0])


def _coloured(found: dict[str, Any]) -> str:
    outcome = found["outcome"]
    return f"[{COLOURS[outcome]}]{outcome}[/{COLOURS[outcome]}]"


def _what(found: dict[str, Any]) -> str:
    return f"{found['model']}:{found['version']}" if found["version"] else str(found["model"] or "")
