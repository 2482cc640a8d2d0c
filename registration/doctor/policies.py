"""The policies: whether they can be read, mean what they say, and answer their cases as expected.

Made for the place that REGISTRAR_POLICY names. Cases lie beside policies in a folder; published ones have none, because
publishing runs them before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from registration.doctor.check import failed, ok, skipped, warning
from registration.errors import InputError, RegistrarError
from registration.policy import cases, catalog, lint
from registration.policy.folder import cases_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from registration.doctor.check import Check
    from registration.policy.catalog import Catalog, PolicySource

NAME: Final = "policy"
CASES: Final = "policy.cases"


@dataclass(frozen=True)
class Place:
    """Where policies are read from. `folder` is None for published ones; `called` is what to show."""

    called: str
    source: PolicySource
    folder: Path | None = None


@dataclass(frozen=True)
class Reading:
    """What came of reading the policies: the catalog, if it could be made, and the checks."""

    catalog: Catalog | None
    checks: tuple[Check, ...]


def read(place: Place) -> Reading:
    """Read the policies at `place` and judge them."""
    try:
        texts = dict(place.source.texts())
        found = catalog.load(place.source)
    except InputError as broken:
        then = "Correct the policy; until then every candidate waits."
        return Reading(
            None, (failed(NAME, str(broken), then=then, commands=[f"registrar policy check {_path(place)}"]),)
        )
    except RegistrarError as silent:
        return Reading(None, (failed(NAME, f"{place.called} cannot be read: {silent}", then="See the checks below."),))
    return Reading(found, (_sound(place, found, texts), *_cases(place)))


def _sound(place: Place, found: Catalog, texts: dict[str, str]) -> Check:
    said = lint.check(texts)
    number = f"{len(found.policies)} in force, {len(found.shadows)} in shadow, at {place.called}"
    if not said.remarks:
        return ok(NAME, number)
    told = "; ".join(f"{remark.source}: {remark.message}" for remark in said.remarks)
    return warning(
        NAME, f"{number}: {told}", then="Look at the remarks.", commands=[f"registrar policy check {_path(place)}"]
    )


def _cases(place: Place) -> Iterator[Check]:
    if place.folder is None:
        yield skipped(CASES, "published policies have no cases beside them; `registrar policy publish` runs them first")
        return
    try:
        results = [result for path in cases_at([place.folder]) for result in cases.run(path, source=str(path))]
    except InputError as broken:
        yield failed(CASES, str(broken), then="Correct the cases.")
        return
    wrong = [result for result in results if not result.passed]
    if wrong:
        names = ", ".join(f"{result.name} ({result.source})" for result in wrong)
        then = "Correct the policy or the case."
        yield failed(CASES, f"not as expected: {names}", then=then, commands=[f"registrar policy test {_path(place)}"])
    else:
        yield ok(CASES, f"{len(results)} answered as expected")


def _path(place: Place) -> str:
    return str(place.folder or "FOLDER")
