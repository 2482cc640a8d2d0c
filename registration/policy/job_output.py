"""A job output: where in a job a model lies, as the `from` of a policy says it, and whose metrics count for it.

It names places only. What is there is found by `registration.sources`, which refuses what it does not find once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from registration.documents import Document, nearest
from registration.policy.fields import Output, RelativePath, Word

MOST_STEPS = 10  # that a path through nested pipelines may have
_WHOSE = ("run", "job")
_ANY_FOLDERS = "**"


@dataclass(frozen=True)
class OfStep:
    """The metrics of another step of the same pipeline."""

    step: tuple[str, ...]


def _step(written: object) -> tuple[str, ...]:
    """The names from the pipeline down: `a/b`, or a list where a name has a `/` of its own."""
    names = written.split("/") if isinstance(written, str) else written
    if not isinstance(names, Sequence) or not all(isinstance(name, str) and name.strip() for name in names):
        raise ValueError("must be the name of a step; a step of a nested pipeline is a/b, or the list [a, b]")
    if not 0 < len(names) <= MOST_STEPS:
        raise ValueError(f"must name 1 to {MOST_STEPS} steps, each inside the one before it")
    return tuple(names)


def _measured_by(written: object) -> str | OfStep:
    match written:
        case {"step": step, **rest} if not rest:
            return OfStep(_step(step))
        case str() if written in _WHOSE:
            return written
        case _:
            near = nearest(written, _WHOSE) if isinstance(written, str) else None
            raise ValueError("must be run, job or {step: NAME}" + (f"; did you mean {near!r}?" if near else ""))


def _measured_by_written(value: str | OfStep) -> object:
    return {"step": list(value.step)} if isinstance(value, OfStep) else value


_NAME: dict[str, Any] = {"type": "string", "minLength": 1}
_STEP: dict[str, Any] = {"anyOf": [_NAME, {"type": "array", "items": _NAME, "minItems": 1, "maxItems": MOST_STEPS}]}
_MEASURED_BY: dict[str, Any] = {
    "anyOf": [
        {"enum": list(_WHOSE)},
        {"type": "object", "properties": {"step": _STEP}, "required": ["step"], "additionalProperties": False},
    ]
}

type Step = Annotated[tuple[Word, ...], BeforeValidator(_step), WithJsonSchema(_STEP)]
type MeasuredBy = Annotated[
    str | OfStep, PlainValidator(_measured_by), PlainSerializer(_measured_by_written), WithJsonSchema(_MEASURED_BY)
]


class JobOutput(Document):
    """Where in a job the model lies: an output, of a `step` if there is one, and the path in it (None: all of it).

    Of a sweep or an AutoML job, the output is that of its best trial; `trial: best` says that there has to be one.
    `measured_by` is whose metrics count: those of the `run` whose output it is, of the whole `job`, or of a step.
    """

    step: Step | None = None
    trial: Literal["best"] | None = None
    output: Output
    path: RelativePath | None = None
    select: Literal["one"] = "one"
    measured_by: MeasuredBy = "run"

    @property
    def pattern(self) -> str | None:
        """The path, if it is a pattern: `*` and `?` stand for text inside one part, `**` for any folders."""
        return self.path if self.path is not None and is_pattern(self.path) else None


def is_pattern(path: str) -> bool:
    """Whether a path of a policy is a pattern, and not the very path."""
    return bool({"*", "?"} & set(path))


def fits(path: str, pattern: str) -> bool:
    """Whether all of `path` fits `pattern`, in time that grows with the product of their parts and no faster."""
    parts = path.split("/")
    reached = {0}  # how many parts of the path the pattern may have used up so far
    for piece in pattern.split("/"):
        if piece == _ANY_FOLDERS:
            reached = set(range(min(reached, default=len(parts) + 1), len(parts) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(parts) and fnmatchcase(parts[at], piece)}
    return len(parts) in reached
