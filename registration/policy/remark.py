"""A remark: one thing that a check has to say of a policy, at its place in the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Weight(StrEnum):
    """`error`: the policy cannot be used, or does not do what it says. `warning`: it may not do what was meant."""

    ERROR = "error"
    WARNING = "warning"


class Code(StrEnum):
    """What a remark is about; stable."""

    UNUSABLE = "unusable"
    TWO_POLICIES = "two_policies"
    UNSATISFIABLE = "unsatisfiable"
    NEVER_JUDGED = "never_judged"
    UNREACHABLE = "unreachable"
    TOLERANCE = "tolerance"
    VACUOUS = "vacuous"
    DIRECTION = "direction"
    NO_RULE = "no_rule"


# With these the app uses the policies not at all, so nobody can take them upon himself.
FATAL = frozenset({Code.UNUSABLE, Code.TWO_POLICIES})


@dataclass(frozen=True)
class Remark:
    """`source` is the file, `path` the place in it, `line` counts from 1 and is None if unknown."""

    weight: Weight
    code: Code
    source: str
    path: str
    message: str
    line: int | None = None

    def __str__(self) -> str:
        place = f"{self.source}:{self.line}" if self.line else self.source
        told = f"{self.path}: {self.message}" if self.path else self.message
        return f"{place}: {self.weight} {self.code}: {told}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {**asdict(self), "weight": self.weight.value, "code": self.code.value}
