"""Evidence: everything a decision may look at about one artifact.

Gathered by the caller for the candidate and for champions. Values are as they were read: any JSON value, judged by the
rules and not before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from registration.finding import Finding


@dataclass(frozen=True)
class Point:
    """One value in the history of a metric."""

    step: int
    value: object


@dataclass(frozen=True)
class Evidence:
    """What is known of one artifact.

    `metrics` are the last values, by name; `history` has all values of some of them; `slices` has metrics by slice.
    `findings` are what validation has against it. `comparable` says by what it was measured. `from_tags` names the
    metrics that were read from tags, where every value is text. `version` is known of champions only. `formats` has the
    format of each file by path, and under the empty path what they are together; it is empty if nothing was scanned.
    """

    metrics: Mapping[str, object] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    slices: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    lineage: Mapping[str, str] = field(default_factory=dict)
    history: Mapping[str, tuple[Point, ...]] = field(default_factory=dict)
    comparable: Mapping[str, str] = field(default_factory=dict)
    artifact_sha256: str | None = None
    from_tags: frozenset[str] = frozenset()
    version: int | None = None
    formats: Mapping[str, str] = field(default_factory=dict)
