"""Handling: how a metric is read, and what counts when a rule about it cannot be judged.

A policy says it once for a model (`defaults`), and may say otherwise for one metric or one slice. `Handling` is what is
left when all three were put over each other. Whatever nobody says is fail-closed.
"""

from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from registration.documents import Document, nearest
from registration.policy import amounts, number
from registration.policy.amounts import Floor, Tolerance

type Severity = Literal["block", "hold", "warn"]
type OnNonfinite = Literal["reject", "hold"]
type NoChampion = Literal["absolute_only", "hold", "reject", "accept"]
type OnFlawedChampion = Literal["hold", "reject", "absolute_only"]
type ZeroChampion = Literal["use_absolute", "hold", "reject"]
type ComparableMissing = Literal["hold", "reject", "skip"]

_ON_MISSING = ("reject", "hold", "skip")
_VALUES = ("last", "best", "min", "max")


@dataclass(frozen=True)
class StandIn:
    """The number that counts where a candidate lacks a metric."""

    value: Decimal


@dataclass(frozen=True)
class AtStep:
    """The value that a metric had at one step of its history."""

    step: int


def _on_missing(written: object) -> str | StandIn:
    match written:
        case {"value": stand_in, **rest} if not rest:
            return StandIn(amounts.bound(stand_in))
        case str() if written in _ON_MISSING:
            return written
        case _:
            raise ValueError(f"must be reject, hold, skip or {{value: NUMBER}}{_near(written, _ON_MISSING)}")


def _value(written: object) -> str | AtStep:
    match written:
        case {"step": step, **rest} if not rest and _is_whole(step):
            return AtStep(int(step))
        case str() if written in _VALUES:
            return written
        case _:
            raise ValueError(f"must be last, best, min, max or {{step: WHOLE NUMBER}}{_near(written, _VALUES)}")


def _is_whole(value: object) -> bool:
    usable = number.read(value)
    return isinstance(usable, Decimal) and usable == usable.to_integral_value() and abs(usable) < 2**63


def _near(written: object, known: tuple[str, ...]) -> str:
    near = nearest(written, known) if isinstance(written, str) else None
    return f"; did you mean {near!r}?" if near else ""


def _stand_in_written(value: str | StandIn) -> object:
    return {"value": number.text(value.value)} if isinstance(value, StandIn) else value


def _step_written(value: str | AtStep) -> object:
    return {"step": value.step} if isinstance(value, AtStep) else value


def _one_of(words: tuple[str, ...], key: str, kind: str) -> dict[str, Any]:
    members = {key: {"type": kind}}
    other = {"type": "object", "properties": members, "required": [key], "additionalProperties": False}
    return {"anyOf": [{"enum": list(words)}, other]}


type OnMissing = Annotated[
    str | StandIn,
    PlainValidator(_on_missing),
    PlainSerializer(_stand_in_written),
    WithJsonSchema(_one_of(_ON_MISSING, "value", "number")),
]
type Value = Annotated[
    str | AtStep,
    PlainValidator(_value),
    PlainSerializer(_step_written),
    WithJsonSchema(_one_of(_VALUES, "step", "integer")),
]


class Defaults(Document):
    """What holds for every metric of a model that does not say otherwise."""

    on_missing: OnMissing = "reject"
    on_nonfinite: OnNonfinite = "reject"
    no_champion: NoChampion = "absolute_only"
    champion_metric_missing: OnFlawedChampion = "hold"
    champion_metric_nonfinite: OnFlawedChampion = "hold"
    zero_champion: ZeroChampion = "hold"
    comparable_missing: ComparableMissing = "hold"
    value: Value = "last"
    severity: Severity = "block"


class Handled(Document):
    """What a metric or a slice may say of itself; None is what the metric of the slice, or the model, says."""

    tolerance: Tolerance | None = None
    severity: Severity | None = None
    floor: Floor | None = None
    on_missing: OnMissing | None = None
    on_nonfinite: OnNonfinite | None = None
    no_champion: NoChampion | None = None
    champion_metric_missing: OnFlawedChampion | None = None
    champion_metric_nonfinite: OnFlawedChampion | None = None
    zero_champion: ZeroChampion | None = None


@dataclass(frozen=True)
class Handling:
    """What holds for one metric, or one slice of it."""

    on_missing: str | StandIn = "reject"
    on_nonfinite: OnNonfinite = "reject"
    no_champion: NoChampion = "absolute_only"
    champion_metric_missing: OnFlawedChampion = "hold"
    champion_metric_nonfinite: OnFlawedChampion = "hold"
    zero_champion: ZeroChampion = "hold"
    severity: Severity = "block"
    value: str | AtStep = "last"
    tolerance: Decimal = Decimal(0)
    floor: Decimal | None = None
    coerce: bool = False

    def over(self, said: Document) -> Self:
        """This, where `said` says nothing else."""
        names = _NAMES & said.model_fields_set
        mine: dict[str, Any] = {name: getattr(said, name) for name in names if getattr(said, name) is not None}
        return replace(self, **mine) if mine else self


_NAMES = frozenset(known.name for known in fields(Handling))
