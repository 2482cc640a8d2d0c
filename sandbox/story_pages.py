"""How outcomes and lineage look on a terminal. Eighty columns are enough."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import RenderableType

    from sandbox.model_store import ModelVersion

COLOURS = {"registered": "green", "rejected": "red", "held": "yellow", "duplicate": "cyan", "quarantined": "magenta"}
SHORT_SHA256 = 12  # characters, as in the reasons of outcomes


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


def lineage_tree(model: str, version: ModelVersion, decision: Mapping[str, Any]) -> Tree:
    """Where the champion comes from, as its version says in the registry and its decision in the ledger."""
    tree = Tree(f"[bold]{model}:{version.version}[/bold]  champion, stage {version.stage}")
    for name, value in _origin(version):
        tree.add(f"{name:10}  {escape(value)}", highlight=False)
    policy = decision["policy"]
    decided = tree.add(f"decided {decision['decided_at'][:19]} UTC by policy {policy['name']}")
    for verdict in decision["verdicts"]:
        decided.add(f"{verdict['result']}  {escape(verdict['reason'])}", highlight=False)
    return tree


def _origin(version: ModelVersion) -> Iterator[tuple[str, str]]:
    said = version.properties
    yield "files", _in_workspace(version.uri)
    yield "job", said.get("lineage.job", "-")
    yield "job output", said.get("lineage.job_output_uri", "-")
    yield "experiment", said.get("lineage.experiment", "-")
    yield "git commit", said.get("lineage.git_commit", "-")
    for uri in json.loads(said.get("lineage.datasets", "[]")):
        yield "dataset", _in_workspace(uri)
    yield "sha256", f"{said['registrar.artifact_sha256'][:SHORT_SHA256]}…"


def _in_workspace(uri: str) -> str:
    """A datastore's URI or a data asset's id without the workspace, which is the same for all of them."""
    return uri.partition("datastores/")[2] or uri.partition("/data/")[2].replace("/versions/", ":") or uri


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
