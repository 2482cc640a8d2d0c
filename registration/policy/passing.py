"""A pass: what becomes of a candidate that every rule lets through. It is registered, and perhaps promoted and shared.

Written as one word, or as a list: `[promote, share: contoso-models]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from registration.documents import nearest
from registration.policy.fields import name

# https://learn.microsoft.com/rest/api/azureml/registry-model-versions
_REGISTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,32}", re.ASCII)
_KEYS = ("registry", "name")
_WORDS = ("promote", "register_only")
_FORMS = "promote, register_only, or a list such as [promote, share: REGISTRY]"


@dataclass(frozen=True)
class Target:
    """A shared registry, and the model's name there; None if that is the name it has here."""

    registry: str
    name: str | None = None

    @property
    def written(self) -> str | dict[str, str]:
        """As a policy says it, in its shortest form."""
        return self.registry if self.name is None else {"registry": self.registry, "name": self.name}

    def to_dict(self, *, model: str) -> dict[str, str]:
        """As a decision record keeps it; `model` is the name it has here."""
        return {"registry": self.registry, "model": self.name or model}


@dataclass(frozen=True)
class Pass:
    """`promotes`: the version becomes the champion. Only a promoted one is shared."""

    promotes: bool = True
    shares: tuple[Target, ...] = ()

    @property
    def written(self) -> str | list[Any]:
        """As a policy says it, in its shortest form."""
        if not self.shares:
            return "promote" if self.promotes else "register_only"
        return ["promote", *({"share": target.written} for target in self.shares)]


def registry(written: object) -> str:
    """The name of a shared registry; raises ValueError for anything else."""
    if not isinstance(written, str) or not _REGISTRY.fullmatch(written):
        raise ValueError(
            "a registry's name starts with a letter or digit and goes on with letters, digits, '_' or '-', "
            "3 to 33 characters in all"
        )
    return written


def _parsed(written: object) -> Pass:
    if written in _WORDS:
        return Pass(promotes=written == "promote")
    if not isinstance(written, list) or not written:
        near = nearest(written, _WORDS) if isinstance(written, str) else None
        raise ValueError(f"must be {_FORMS}" + (f"; {_hint(near)}" if near else ""))
    words = [entry for entry in written if isinstance(entry, str)]
    if words != ["promote"]:
        raise ValueError("a list must name promote once, and no other word: only a promoted version is shared")
    return Pass(shares=tuple(_target(entry, place) for place, entry in enumerate(written) if entry != "promote"))


def _target(entry: object, place: int) -> Target:
    if not isinstance(entry, dict) or entry.keys() != {"share"}:
        raise ValueError(f"[{place}]: must be promote or share: REGISTRY")
    asked = entry["share"] if isinstance(entry["share"], dict) else {"registry": entry["share"]}
    for unknown in asked.keys() - set(_KEYS):
        raise ValueError(f"[{place}].share.{unknown}: unknown key; {_hint(nearest(str(unknown), _KEYS))}")
    try:
        return Target(registry(asked.get("registry")), name(asked["name"]) if "name" in asked else None)
    except ValueError as wrong:
        raise ValueError(f"[{place}].share: {wrong}") from None


def _hint(near: str | None) -> str:
    return f"did you mean {near!r}?" if near else f"known keys: {', '.join(_KEYS)}"


_NAME = {"type": "string", "pattern": f"^{_REGISTRY.pattern}$"}
_SHARE = {
    "type": "object",
    "properties": {"registry": _NAME, "name": {"type": "string"}},
    "required": ["registry"],
    "additionalProperties": False,
}
_STEP = {
    "type": "object",
    "properties": {"share": {"anyOf": [_NAME, _SHARE]}},
    "required": ["share"],
    "additionalProperties": False,
}
_SCHEMA = {
    "anyOf": [
        {"enum": [*_WORDS]},
        {"type": "array", "items": {"anyOf": [{"const": "promote"}, _STEP]}, "minItems": 1},
    ]
}

type Passing = Annotated[
    Pass, PlainValidator(_parsed), PlainSerializer(lambda value: value.written), WithJsonSchema(_SCHEMA)
]
