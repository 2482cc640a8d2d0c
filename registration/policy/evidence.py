"""Evidence: everything a decision may look at about one artifact.

Gathered by the caller for the candidate and, if there is one, for the champion. Metrics are as they were read: any
JSON value, judged by the rules and not before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from registration.policy import number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from registration.finding import Finding

_MISSING = number.Flaw("missing", "is missing")


@dataclass(frozen=True)
class Evidence:
    """What is known of one artifact: its metrics by name, and what validation found against it."""

    metrics: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()

    def metric(self, name: str) -> Decimal | number.Flaw:
        """The metric as an exact number, or why there is none: missing, not finite, not a number."""
        return number.read(self.metrics[name]) if name in self.metrics else _MISSING
