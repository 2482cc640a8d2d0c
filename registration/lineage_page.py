"""A lineage tree for people: on a terminal, and as a Mermaid flow chart for documents.

Names, notes and addresses are other people's text. Both forms show them and obey nothing in them.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from registration.pages import plain
from registration.terminal import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from registration.lineage_nodes import Node
    from registration.lineage_tree import Traced

_SAFE: Final = frozenset(" ._:/@,+-")  # with letters and digits; whatever else could mean something is a number
_STYLED: Final = re.compile("style|classDef")
_LONGEST_LABEL: Final = 120  # characters of a name in a chart


def page(traced: Traced) -> RenderableType:
    """The tree: what the version comes from, then what became of it."""
    root = traced.root
    title = Text.assemble((shown(root.name), "bold"), "  ", shown(root.note))
    tree = Tree(title)
    _grow(tree, root.children)
    if not traced.since:
        return tree
    since = Tree(Text("since then", style="bold"))
    _grow(since, traced.since)
    return Group(tree, since)


def chart(traced: Traced) -> str:
    """A Mermaid flow chart, https://mermaid.js.org/syntax/flowchart.html: arrows lead from what was there first."""
    lines = ["flowchart BT", f"    n0[{_box(traced.root)}]"]
    numbers = count(1)
    for node in traced.root.children:
        lines += _drawn(node, below=0, numbers=numbers, arrow="{child} --> {parent}")
    for node in traced.since:
        lines += _drawn(node, below=0, numbers=numbers, arrow="{parent} --> {child}")
    return "\n".join(lines) + "\n"


def _grow(tree: Tree, nodes: tuple[Node, ...]) -> None:
    width = max((len(shown(node.label)) for node in nodes), default=0)
    for node in nodes:
        _grow(tree.add(_line(node, width)), node.children)


def _line(node: Node, width: int) -> Table:
    """Label and name side by side; what is too long goes on below its own beginning."""
    line = Table.grid(padding=(0, 2, 0, 0))
    line.add_column(no_wrap=True, min_width=width)
    line.add_column(overflow="fold")
    name = plain(node.name)
    if node.note:
        name.append(f"  {shown(node.note)}", style="dim")
    line.add_row(Text(shown(node.label), style="cyan"), name)
    return line


def _drawn(node: Node, *, below: int, numbers: Iterator[int], arrow: str) -> Iterator[str]:
    if node.remark:
        return
    number = next(numbers)
    yield f"    n{number}[{_box(node)}]"
    yield "    " + arrow.format(child=f"n{number}", parent=f"n{below}")
    for child in node.children:
        yield from _drawn(child, below=number, numbers=numbers, arrow=arrow)


def _box(node: Node) -> str:
    return f'"{_escaped(node.label)}<br>{_escaped(node.name)}"'


def _escaped(text: str) -> str:
    """Text in which Mermaid and HTML find nothing but text: all that is not plain is written as `#number;`."""
    line = shown(text)
    cut = line if len(line) <= _LONGEST_LABEL else f"{line[: _LONGEST_LABEL - 1]}…"
    # Mermaid (11.17) takes a colon behind these words for a style, and the last `;` of the line for a part of that.
    safe = _SAFE - {":"} if _STYLED.search(cut) else _SAFE
    return "".join(sign if sign.isalnum() or sign in safe else f"#{ord(sign)};" for sign in cut)
