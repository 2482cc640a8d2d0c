"""Which slices a TFMA `SlicingSpec` means, in the names that a policy gives slices.

A slice of one value is `country=DE`, a crossed one `age=20,country=DE`, with its features in alphabetical order; every
value of a feature is a pattern, `age=20,country=*`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from registration.policy.metrics import fits

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
        """The slice's name, a pattern where features are free, `OVERALL`, or None for what a policy cannot name."""
        if self.sql or any("*" in feature + value for feature, value in self.values):
            return None
        features = sorted((*self.values, *((feature, "*") for feature in self.free)))
        return ",".join(f"{feature}={value}" for feature, value in features)

    def covers(self, other: Slices) -> bool:
        """Whether a threshold for these slices is one for the slice `other` too."""
        given = {feature for feature, _ in set(other.values) - set(self.values)}
        return not self.sql and set(self.values) <= set(other.values) and self.free == other.free | given

    def takes_more(self, other: Slices) -> bool:
        """Whether the pattern for these slices also fits some of `other`, which has other features."""
        if not self.name or not other.name or not self.free or self.covers(other):
            return False
        return fits(other.name, self.name)

    def crosses(self, other: Slices) -> bool:
        """Whether both are for several slices, some of which they share, and neither is for all of the other's."""
        ours, theirs = dict(self.values), dict(other.values)
        same = self.free | ours.keys() == other.free | theirs.keys()
        agree = all(theirs.get(feature, value) == value for feature, value in ours.items())
        return same and agree and not self.covers(other) and not other.covers(self)


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
