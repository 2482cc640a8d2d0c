"""Which slices a TFMA `SlicingSpec` means, in the names that a policy gives slices.

A slice of one value is `country=DE`, a crossed one `age=20,country=DE`, with its features in alphabetical order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from registration.policy.importers.section import Section

OVERALL, EVERY = "", "*"


@dataclass(frozen=True)
class Slices:
    """Every value of the features `free`, crossed with the given values of others; with neither, all data."""

    free: frozenset[str]
    values: tuple[tuple[str, str], ...]
    sql: bool = False

    @property
    def name(self) -> str | None:
        """The slice's name, `EVERY`, `OVERALL`, or None for what a policy has no name for."""
        if self.sql or (self.free and self.values):
            return None
        return EVERY if self.free else ",".join(f"{feature}={value}" for feature, value in self.values)

    def covers(self, other: Slices) -> bool:
        """Whether a threshold for these slices is one for the slice `other` too."""
        return self == other or (not self.values and self.free == {feature for feature, _ in other.values})


def read(spec: Section) -> Slices:
    """The slices of one SlicingSpec."""
    pairs = spec.pairs("feature_values")
    values = sorted((feature, _value(spec, value, place)) for feature, value, place in pairs)
    free = frozenset(spec.texts("feature_keys"))
    sql = spec.text("slice_keys_sql") is not None
    spec.rest("is no part of a SlicingSpec; left out")
    return Slices(free, tuple(values), sql=sql)


def _value(spec: Section, value: object, place: tuple[str | int, ...]) -> str:
    if not isinstance(value, str):
        raise spec.error(*place, message="must be text")
    return value
