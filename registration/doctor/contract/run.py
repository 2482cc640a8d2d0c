"""A run through the contract: every clause in turn, then the scratch things are cleared away.

Clauses come one after the other: some of them look at what another might write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registration.doctor.check import ok, warning
from registration.doctor.contract import blobs, jobs, versions
from registration.doctor.contract.bench import Bench
from registration.doctor.workspace import MODELS_API

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.doctor.check import Check
    from registration.doctor.patient import Patient

CLAUSES: Final = (*versions.CLAUSES, *jobs.CLAUSES, *blobs.CLAUSES)
CLEARED: Final = "contract.cleared"
_GONE: Final = frozenset({200, 202, 204, 404})


def checks(patient: Patient, *, key: str) -> Iterator[Check]:
    """Every clause, settled; `key` tells this run from others."""
    bench = Bench(patient, key)
    for clause in CLAUSES:
        yield clause.check(bench)
    yield _cleared(bench)


def _cleared(bench: Bench) -> Check:
    """Take away what was made; whoever runs this may lack the right, as the app does."""
    left = [url for url in blobs.scratch(bench) if bench.blob("DELETE", url).status not in _GONE]
    model = f"/models/{bench.model}"
    for number in range(1, bench.used + 1):
        bench.delete(f"{model}/versions/{number}")
    kept = bench.delete(model).status not in _GONE
    if not left and not kept:
        return ok(CLEARED, "the scratch model and the scratch blobs are gone")
    said = f"left behind: {len(left)} scratch blobs" + (f" and the model {bench.model}" if kept else "")
    then = "Nothing relies on them. Whoever may delete can take them away."
    commands = [f"az rest --method delete --url '{bench.workspace}{model}?api-version={MODELS_API}'"] if kept else []
    commands += [f"az storage blob delete --auth-mode login --blob-url {url}" for url in left]
    return warning(CLEARED, said, then=then, commands=commands)
