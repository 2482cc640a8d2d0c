"""Completeness: how much of a model's lineage is known, and what is missing to make the same model again.

It is judged from the text properties that decision records keep, so it can be judged again years later.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from registration.assets import asset_in
from registration.lineage import Lineage

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNTED: Final = (
    "job",
    "job_output_uri",
    "experiment",
    "git_commit",
    "git_dirty",
    "git_repository",
    "datasets",
    "environment",
    "code",
    "compute",
    "parameters",
    "source_event",
)


@dataclass(frozen=True)
class Completeness:
    """`missing` are the counted parts of the lineage that nobody said; all of them count alike."""

    missing: tuple[str, ...]

    @property
    def score(self) -> Decimal:
        """The share of the counted parts that is known, from 0 to 1, in hundredths and rounded down."""
        known = len(COUNTED) - len(self.missing)
        return Decimal(known * 100 // len(COUNTED)) / 100


def completeness(properties: Mapping[str, str]) -> Completeness:
    """How complete the lineage is of which `properties` tell."""
    said = Lineage.of_properties(properties).properties()
    return Completeness(tuple(part for part in COUNTED if f"lineage.{part}" not in said))


def unreproducible(properties: Mapping[str, str]) -> tuple[str, ...]:
    """What keeps the model from being made again, in words; empty if nothing does.

    It can be made again when the commit is known and whole, every dataset is an asset with a version, the environment
    has a version, and parameters are known.
    """
    known = Lineage.of_properties(properties)
    loose = [uri for uri in known.datasets if not _has_version(uri)]
    faults = {
        "no dataset is known": not known.datasets,
        f"the dataset {next(iter(loose), None)} has no version": loose,
        "the environment is not known": known.environment is None,
        f"the environment {known.environment} has no version": known.environment and not asset_in(known.environment),
        "no parameters are known": not known.parameters,
    }
    return (*uncommitted(properties), *(fault for fault, is_so in faults.items() if is_so))


def _has_version(uri: str) -> bool:
    asset = asset_in(uri)
    return asset is not None and not asset.is_anonymous


def uncommitted(properties: Mapping[str, str]) -> tuple[str, ...]:
    """What keeps the code from being found again, in words; empty if it is a commit without further changes."""
    known = Lineage.of_properties(properties)
    if known.git_commit is None:
        return ("the git commit is not known",)
    if known.git_dirty is None:
        return ("nobody said whether the code had changes that are in no commit",)
    return ("the code had changes that are in no commit",) if known.git_dirty else ()
