"""The report of a load: one column a run, how it grew, and the claims."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.load_checks import Check
    from bench.load_numbers import Numbers, Spread

SHOWN = 5  # exceptions of a claim
_LABEL = 34


def page(measured: list[tuple[Numbers, list[Check]]], *, seed: int) -> str:
    """The whole report, 80 columns wide but for exceptions."""
    runs = [found for found, _ in measured]
    return "\n".join([f"seed {seed}, times in seconds", "", *_table(runs), "", *_claims(measured)])


def _table(runs: list[Numbers]) -> Iterator[str]:
    yield _row("", [f"{run.events} events" for run in runs], growth="growth" if len(runs) > 1 else "")
    for label, values in _rows(runs):
        yield _row(label, [f"{value:g}" for value in values], growth=_growth(values))
    yield ""
    for run in runs:
        yield f"{run.events} events: {_listed(run.outcomes)}; faults: {_listed(run.faults)}"


def _rows(runs: list[Numbers]) -> Iterator[tuple[str, list[float]]]:
    yield "until at rest", [run.seconds for run in runs]
    yield "events a second", [run.events_a_second for run in runs]
    yield from _spread("post to settled", [run.latency for run in runs])
    yield from _spread("answer of a door", [run.door for run in runs])
    yield from _spread("one delivery", [run.delivery for run in runs])
    yield "deliveries", [run.deliveries for run in runs]
    yield "tried again after a failure", [run.tried_again for run in runs]
    yield "waited for another worker", [run.waited for run in runs]
    yield "left to the host to redeliver", [run.failed for run in runs]
    yield "requests that may fail", [run.requests for run in runs]
    yield "faults injected", [run.injected for run in runs]
    yield "model versions made", [run.versions for run in runs]
    yield "promotions", [run.promotions for run in runs]


def _spread(label: str, spreads: list[Spread]) -> Iterator[tuple[str, list[float]]]:
    for field in fields(spreads[0]):
        yield f"{label}, {field.name}", [getattr(spread, field.name) for spread in spreads]


def _row(label: str, values: list[str], *, growth: str) -> str:
    return (f"{label:<{_LABEL}}" + "".join(f"{value:>14}" for value in values) + f"{growth:>12}").rstrip()


def _growth(values: list[float]) -> str:
    return f"x{values[-1] / values[0]:.2f}" if len(values) > 1 and values[0] else ""


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{value} {name}" for name, value in counts.items()) or "none"


def _claims(measured: list[tuple[Numbers, list[Check]]]) -> Iterator[str]:
    """Each claim once: it holds if it does in every run."""
    for same in zip(*(checks for _, checks in measured), strict=True):
        yield f"{'holds' if all(each.holds for each in same) else 'FAILS'}  {same[0].claim}"
        for (run, _), each in zip(measured, same, strict=True):
            yield from (f"         {run.events} events: {found}" for found in each.exceptions[:SHOWN])
            if len(each.exceptions) > SHOWN:
                yield f"         {run.events} events: and {len(each.exceptions) - SHOWN} more"
