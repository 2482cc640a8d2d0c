"""A target: a shared registry, and the name that the model has there. Policies name it to share and to compare."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from registration.documents import nearest
from registration.policy.fields import name

if TYPE_CHECKING:
    from collections.abc import Mapping

# https://learn.microsoft.com/rest/api/azureml/registry-model-versions
_REGISTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}", re.ASCII)
_KEYS = ("registry", "name")

REGISTRY_SCHEMA: Mapping[str, Any] = {"type": "string", "pattern": f"^{_REGISTRY.pattern}$"}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"registry": REGISTRY_SCHEMA, "name": {"type": "string"}},
    "required": ["registry"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Target:
    """A shared registry, and the model's name there; None if that is the name it has here."""

    registry: str
    name: str | None = None

    @property
    def written(self) -> dict[str, str]:
        """As a policy says it."""
        return {"registry": self.registry} | ({} if self.name is None else {"name": self.name})

    def place(self, model: str) -> tuple[str, str]:
        """What tells it from other targets, for the model that has this name here."""
        # A registry is found under its name in any case.
        return (self.registry.lower(), self.name or model)

    def to_dict(self, *, model: str) -> dict[str, str]:
        """As a decision record keeps it; `model` is the name it has here."""
        return {"registry": self.registry, "model": self.name or model}


def parsed(written: Mapping[Any, object]) -> Target:
    """The target that a mapping says; raises ValueError that begins with the key where one is to blame."""
    for unknown in written.keys() - set(_KEYS):
        near = nearest(str(unknown), _KEYS)
        hint = f"did you mean {near!r}?" if near else f"known keys: {', '.join(_KEYS)}"
        raise ValueError(f"{unknown}: unknown key; {hint}")
    return Target(registry(written.get("registry")), name(written["name"]) if "name" in written else None)


def registry(written: object) -> str:
    """The name of a shared registry; raises ValueError for anything else."""
    if not isinstance(written, str) or not _REGISTRY.fullmatch(written):
        raise ValueError(
            "a registry's name starts with a letter or digit and goes on with letters, digits, '_' or '-', "
            "3 to 33 characters in all"
        )
    return written
