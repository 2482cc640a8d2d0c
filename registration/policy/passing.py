"""A pass: what becomes of a candidate that every rule lets through. It is registered, and perhaps promoted and shared.

Written as one word, or as a list: `[promote, share: contoso-models]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from registration.documents import nearest
from registration.policy import target
from registration.policy.target import REGISTRY_SCHEMA, Target

_WORDS = ("promote", "register_only")
_FORMS = "promote, register_only, or a list such as [promote, share: REGISTRY]"


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
        return ["promote", *({"share": one.registry if one.name is None else one.written} for one in self.shares)]


def _parsed(written: object) -> Pass:
    if written in _WORDS:
        return Pass(promotes=written == "promote")
    if not isinstance(written, list) or not written:
        near = nearest(written, _WORDS) if isinstance(written, str) else None
        raise ValueError(f"must be {_FORMS}" + (f"; did you mean {near!r}?" if near else ""))
    words = [entry for entry in written if isinstance(entry, str)]
    if words != ["promote"]:
        raise ValueError("a list must name promote once, and no other word: only a promoted version is shared")
    return Pass(shares=tuple(_share(entry, place) for place, entry in enumerate(written) if entry != "promote"))


def _share(entry: object, place: int) -> Target:
    if not isinstance(entry, dict) or entry.keys() != {"share"}:
        raise ValueError(f"[{place}]: must be promote or share: REGISTRY")
    asked = entry["share"]
    try:
        return target.parsed(asked) if isinstance(asked, dict) else Target(target.registry(asked))
    except ValueError as wrong:
        raise ValueError(f"[{place}].share: {wrong}") from None


_STEP = {
    "type": "object",
    "properties": {"share": {"anyOf": [REGISTRY_SCHEMA, target.SCHEMA]}},
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
