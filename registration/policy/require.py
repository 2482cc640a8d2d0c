"""What a policy asks of a candidate beside its metrics: tags, lineage, and numbers that can be compared."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema

from registration.documents import Document, nearest
from registration.policy import number
from registration.policy.amounts import bound
from registration.policy.fields import Word

PARTS = (
    "job",
    "job_output_uri",
    "experiment",
    "git_commit",
    "datasets",
    "environment",
    "source_event",
    "parent_job",
    "step",
    "trial",
    "chosen_by",
    "reused_by",
    "git_repository",
    "git_branch",
    "code",
    "compute",
    "parameters",
    "base_models",
    "drop",
    "producer",
)
QUALITIES = ("git_clean", "attested", "reproducible")
LINEAGE = (*PARTS, *QUALITIES)
LINEAGE_SYNONYMS = {"code.commit": "git_commit", "data": "datasets"}

type Kind = Literal["present", "one_of", "equals", "matches"]


@dataclass(frozen=True)
class TagAsk:
    """What a tag has to be. `values` is empty for `present`, and has one entry for `equals` and `matches`."""

    kind: Kind
    values: tuple[str, ...] = ()

    def fits(self, value: str) -> bool:
        """Whether a tag with this value will do; one that is blank is not present."""
        match self.kind:
            case "present":
                return bool(value.strip())
            case "matches":
                return fnmatchcase(value, self.values[0])
            case _:
                return value in self.values

    def __str__(self) -> str:
        match self.kind:
            case "present":
                return "to be present"
            case "matches":
                return f"to match {self.values[0]}"
            case "equals":
                return f"to be {self.values[0]}"
            case _:
                return f"to be one of {', '.join(self.values)}"


def _tag_ask(written: object) -> TagAsk:
    match written:
        case "present":
            return TagAsk("present")
        case {"one_of": [_, *_] as values, **rest} if not rest:
            return TagAsk("one_of", tuple(_text("one_of", value) for value in values))
        case {"equals": value, **rest} if not rest:
            return TagAsk("equals", (_text("equals", value),))
        case {"matches": value, **rest} if not rest:
            return TagAsk("matches", (_text("matches", value),))
        case _:
            raise ValueError("must be present, {one_of: [...]}, {equals: TEXT} or {matches: PATTERN}")


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key}: must be text, not empty; put a number or true in quotes")
    return value


def _tag_ask_written(ask: TagAsk) -> object:
    match ask.kind:
        case "present":
            return "present"
        case "one_of":
            return {"one_of": list(ask.values)}
        case kind:
            return {kind: ask.values[0]}


def _lineage(written: object) -> str:
    name = LINEAGE_SYNONYMS.get(written, written) if isinstance(written, str) else written
    if isinstance(name, str) and name in LINEAGE:
        return name
    near = nearest(str(written), [*LINEAGE, *LINEAGE_SYNONYMS])
    raise ValueError(f"must be one of {', '.join(LINEAGE)}" + (f"; did you mean {near!r}?" if near else ""))


def _share(written: object) -> Decimal:
    with contextlib.suppress(ValueError):
        share = bound(written)
        if 0 < share <= 1:
            return share
    raise ValueError("must be a number above 0 and at most 1, the share of the lineage that is known")


_TEXT = {"type": "string", "minLength": 1}
_KINDS = {"one_of": {"type": "array", "items": _TEXT, "minItems": 1}, "equals": _TEXT, "matches": _TEXT}
_ASKS = {
    "anyOf": [
        {"const": "present"},
        *(
            {"type": "object", "properties": {key: kind}, "required": [key], "additionalProperties": False}
            for key, kind in _KINDS.items()
        ),
    ]
}

type Ask = Annotated[TagAsk, PlainValidator(_tag_ask), PlainSerializer(_tag_ask_written), WithJsonSchema(_ASKS)]
type Share = Annotated[
    Decimal,
    PlainValidator(_share),
    PlainSerializer(number.text),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]
type LineageName = Annotated[str, BeforeValidator(_lineage), WithJsonSchema({"enum": [*LINEAGE, *LINEAGE_SYNONYMS]})]


class Require(Document):
    """Tags and lineage that a candidate must have, and what must be equal for it to be compared with a champion."""

    tags: Mapping[Word, Ask] = Field(default_factory=dict)
    lineage: tuple[LineageName, ...] = ()
    completeness: Share | None = None
    comparable_on: tuple[Word, ...] = ()
