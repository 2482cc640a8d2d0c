"""The candidates of the load: who offers what, and what may become of it. Planned by a seed; uploads are the caller's.

A candidate may be good, have worse metrics than its policy asks for, break the contract, or have the bytes of an
earlier one. Which good ones are promoted depends on the order they are worked on, so a good one may also be rejected.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bench.load_models import MINIMUM, MODELS, OUTPUT, Model
from sandbox import names

if TYPE_CHECKING:
    from collections.abc import Mapping

REJECTED = frozenset({"rejected"})
SETTLED = frozenset({"registered", "rejected"})
WITH_TWIN = SETTLED | {"duplicate"}
SHARES = {"good": 0.70, "twin": 0.06, "worse": 0.19, "broken": 0.05}
_BEST = 0.99


@dataclass(frozen=True)
class Candidate:
    """One offer. `flaw` breaks it: `no_output`, `not_granted` or `tampered`; `may_become` are its outcomes."""

    name: str
    model: Model
    accuracy: float
    files: Mapping[str, bytes]
    may_become: frozenset[str]
    flaw: str = ""

    @property
    def source(self) -> tuple[str, ...]:
        """The source that its work record must name."""
        if self.model.is_drop:
            return ("drop", names.DROP_ACCOUNT, names.DROP_CONTAINER, self.folder)
        return ("job", names.WORKSPACE_ID.lower(), self.name, OUTPUT, "")

    @property
    def folder(self) -> str:
        """Where a drop lies in the drop container, a job's output in the default blob store."""
        return f"{self.model.place}/{self.name}" if self.model.is_drop else f"azureml/{self.name}/{OUTPUT}"

    @property
    def of_model(self) -> str | None:
        """The model that its work record must name: none for a drop that asked for another one."""
        return None if self.flaw == "not_granted" else self.model.name

    def changed(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Its manifest, made untrue as its flaw wants it."""
        if self.flaw == "not_granted":
            return {**manifest, "model": "somebody-elses"}
        if self.flaw == "tampered":
            return {**manifest, "files": [{**each, "sha256": "0" * 64} for each in manifest["files"]]}
        return manifest


def plan(count: int, *, seed: int) -> list[Candidate]:
    """`count` candidates, spread evenly over the models; accuracies rise, with noise, as training does."""
    dice = random.Random(seed)  # noqa: S311 - to be repeatable
    made: list[Candidate] = []
    last: dict[str, Mapping[str, bytes]] = {}
    for number in range(count):
        model = MODELS[number % len(MODELS)]
        [kind] = dice.choices(list(SHARES), weights=list(SHARES.values()))
        accuracy = MINIMUM + (_BEST - MINIMUM) * number / count + dice.uniform(-0.005, 0.01)
        files = last.get(model.name, model.files(dice)) if kind == "twin" else model.files(dice)
        last[model.name] = files
        made.append(_candidate(f"load-{number:05d}", model, kind, round(accuracy, 4), files, dice))
    return [_with_twin(each, made) for each in made]


def _candidate(  # noqa: PLR0913, PLR0917 - what a plan draws for each one
    name: str, model: Model, kind: str, accuracy: float, files: Mapping[str, bytes], dice: random.Random
) -> Candidate:
    if kind == "worse":
        return Candidate(name, model, round(MINIMUM - dice.uniform(0.01, 0.3), 4), files, REJECTED)
    if kind == "broken":
        flaw = dice.choice(("not_granted", "tampered")) if model.is_drop else "no_output"
        return Candidate(name, model, accuracy, files, REJECTED, flaw)
    return Candidate(name, model, max(accuracy, MINIMUM), files, SETTLED)


def _with_twin(candidate: Candidate, all_: list[Candidate]) -> Candidate:
    """Bytes that two offer may be the champion's by the time the second is judged, whichever that is."""
    has_twin = any(each.files is candidate.files for each in all_ if each is not candidate)
    return replace(candidate, may_become=candidate.may_become | WITH_TWIN) if has_twin else candidate
