"""Nodes of a lineage tree, and those that a lineage makes: a job and all that it was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registration.assets import asset_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registration.lineage import Lineage

MOST_SHOWN: Final = 20  # of anything that may be there many times


@dataclass(frozen=True)
class Node:
    """`label` says what it is, `name` which one, `note` what to say of it. Models do not come from a `remark`."""

    label: str
    name: str
    note: str = ""
    children: tuple[Node, ...] = ()
    remark: bool = False


def job(known: Lineage) -> Iterator[Node]:
    """The job and what it was made of; what is known of those without a job stands by itself."""
    below = (*_parent(known), *_made_of(known))
    if known.job:
        yield Node("job", known.job, f"reused by {known.reused_by}" if known.reused_by else "", below)
    else:
        yield from below


def _parent(known: Lineage) -> Iterator[Node]:
    if known.parent_job is None:
        return
    as_step = f"ran it as step {known.step}" if known.step else ""
    chosen = f"best trial {known.trial}, {known.chosen_by or 'chosen by it'}" if known.trial else ""
    yield Node("part of", known.parent_job, "; ".join(filter(None, (as_step, chosen))))


def _made_of(known: Lineage) -> Iterator[Node]:
    if known.experiment:
        yield Node("experiment", known.experiment)
    if known.git_commit:
        state = {True: "with changes that no commit has", False: "clean", None: ""}[known.git_dirty]
        where = " ".join(filter(None, (known.git_repository, known.git_branch)))
        yield Node("git commit", known.git_commit, ", ".join(filter(None, (where, state))))
    yield from first([_place("data", uri) for uri in known.datasets])
    yield from first([_place("base model", uri) for uri in known.base_models])
    for label, said in (("environment", known.environment), ("code", known.code), ("compute", known.compute)):
        if said:
            yield _place(label, said)
    yield from first([Node("parameter", f"{name} = {value}") for name, value in known.parameters.items()])


def _place(label: str, uri: str) -> Node:
    """An asset by name and version, and what lies in the workspace without the path to it; `--json` has the whole."""
    if (asset := asset_in(uri)) is not None:
        return Node(label, asset.short, f"of registry {asset.registry}" if asset.registry else "")
    _, is_compute, compute = uri.rpartition("/computes/")
    where, is_store, path = uri.partition("/datastores/")
    short = compute if is_compute else f"datastores/{path}" if is_store and where.startswith("azureml:/") else uri
    return Node(label, short)


def first(nodes: Sequence[Node]) -> Iterator[Node]:
    """The first MOST_SHOWN of nodes that may be many, and how many more there are."""
    yield from nodes[:MOST_SHOWN]
    if len(nodes) > MOST_SHOWN:
        yield Node("and", f"{len(nodes) - MOST_SHOWN:,} more", "--json has them all", remark=True)
