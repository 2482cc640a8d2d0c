"""A baseline: the champion of another environment, which a policy compares candidates with in place of its own.

The caller reads it from a shared registry (`registration.baselines`); here it is evidence, nothing yet, or a reason
why it cannot be told. What cannot be told holds every candidate, whatever else the policy says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registration.policy.evidence import Evidence

UNREADABLE = "baseline_unreadable"


@dataclass(frozen=True)
class Baseline:
    """What the shared `registry` tells of the champion of `model`; both as they are found there.

    `evidence` is None while nothing was shared there, and where `problem` says why it cannot be told. `decision` is the
    name of the decision that promoted it, in its own environment.
    """

    registry: str
    model: str
    evidence: Evidence | None = None
    decision: str | None = None
    problem: str = ""

    @property
    def place(self) -> tuple[str, str]:
        """What tells it from other baselines."""
        return (self.registry.lower(), self.model)

    def __str__(self) -> str:
        return f"{self.model} in registry {self.registry}"
