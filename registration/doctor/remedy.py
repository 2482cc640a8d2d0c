"""A remedy: the command that gives a role, exactly as it is to be typed in a shell.

The scope of a command is the smallest thing that the role is given on. Where its resource id is not among the settings,
the command looks it up by name.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from registration.access import Grant, Role
    from registration.doctor.identity import Identity

MINUTES: Final = "A new role assignment takes up to ten minutes to count."
_WRITES: Final = ("write", "add/action")
_BLOBS: Final = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


@dataclass(frozen=True)
class Scope:
    """What a role is given on: `called` for people, `typed` as the shell has to read it."""

    called: str
    typed: str


@dataclass(frozen=True)
class Need:
    """A grant, and on what."""

    grant: Grant
    scope: Scope

    def __str__(self) -> str:
        only = f", for blobs like {self.grant.only}" if self.grant.only else ""
        return f"{self.grant.role.name} on {self.scope.called}{only}"


def resource(id_: str) -> Scope:
    """A resource by its id."""
    return Scope(id_.rpartition("/")[2], shlex.quote(id_))


def container(account: str, name: str, *, within: str | None = None) -> Scope:
    """A blob container of a storage account, whose resource id is `within` if that is known."""
    kind = "blobServices/default/containers"
    typed = shlex.quote(f"{within}/{kind}/{name}") if within else _inside(account, kind, name)
    return Scope(f"container {name} of {account}", typed)


def queue(account: str, name: str) -> Scope:
    """A queue of a storage account."""
    return Scope(f"queue {name} of {account}", _inside(account, "queueServices/default/queues", name))


def registry(name: str) -> Scope:
    """A shared registry by its name."""
    return Scope(f"registry {name}", f'"$(az ml registry show --name {shlex.quote(name)} --query id --output tsv)"')


def topic(endpoint: str) -> Scope:
    """A custom topic by its endpoint."""
    query = _quoted(f"[?endpoint=='{endpoint}'].id")
    return Scope(f"the topic at {endpoint}", f'"$(az eventgrid topic list --query {query} --output tsv)"')


def grant(need: Need, identity: Identity) -> str:
    """The command that gives `identity` what it needs."""
    return " ".join(
        [
            "az role assignment create",
            f"--assignee-object-id {shlex.quote(identity.object)} --assignee-principal-type {identity.kind}",
            f"--role {_role(need.grant.role, need.scope)}",
            f"--scope {need.scope.typed}",
            *(_condition(need.grant.only) if need.grant.only else ()),
        ]
    )


def _inside(account: str, kind: str, name: str) -> str:
    looked_up = f'"$(az storage account show --name {shlex.quote(account)} --query id --output tsv)"'
    return f"{looked_up}/{kind}/{shlex.quote(name)}"


def _quoted(text: str) -> str:
    """One word of a shell; where nothing in it is special, in double quotes, which read better around single ones."""
    return shlex.quote(text) if set(text) & set('"$`\\!') else f'"{text}"'


def _role(role: Role, scope: Scope) -> str:
    """A built-in role by its name; one of the template's own by its id, because its name ends differently each time.

    That one is looked for where it is to be given: a list of the subscription need not hold roles of single groups.
    """
    if role.id is not None:
        return shlex.quote(role.name)
    query = _quoted(f"[?starts_with(roleName, '{role.name}')].name | [0]")
    listed = f"az role definition list --custom-role-only true --scope {scope.typed}"
    return f'"$({listed} --query {query} --output tsv)"'


def _condition(path: str) -> list[str]:
    return [f"--condition {shlex.quote(condition(path))}", "--condition-version 2.0"]


def condition(path: str) -> str:
    """The condition of a role assignment that lets blobs be written at paths like `path` alone."""
    writes = " AND ".join(f"!(ActionMatches{{'{_BLOBS}/{action}'}})" for action in _WRITES)
    return f"(({writes}) OR (@Resource[{_BLOBS}:path] StringLike '{path}'))"
