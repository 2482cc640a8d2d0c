"""An errand: a checkup that the app makes of itself, asked for through its queue and answered in its ledger.

    {"registrarCheckup": {"format": "registrar/checkup/v1", "id": <UUID>}}

A person's rights say nothing of the app's, and nobody can sign in as the app. So the app looks, under its own identity
and from its own network, and writes what it saw where people may read it. The format is docs/formats/checkup.md.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from registration import documents, names
from registration.doctor.check import State, failed, ok
from registration.doctor.checkup import Report
from registration.documents import Document
from registration.errors import LedgerConflictError, RegistrarError
from registration.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from registration.doctor.check import Check
    from registration.shelf import Shelf

FORMAT: Final = "registrar/checkup/v1"
ANSWER: Final = "app.answer"
_PAUSE_SECONDS: Final = 2.0
_IDENTITY: Final = "az identity list --query \"[?starts_with(name, 'id-registrar-')].principalId | [0]\" --output tsv"
_ROLES: Final = f'az role assignment list --all --assignee "$({_IDENTITY})" --output table'
_UUID: Final = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class Errand(Document):
    """What is asked for."""

    format: Literal["registrar/checkup/v1"] = FORMAT
    id: Annotated[str, Field(pattern=f"^{_UUID}$")]

    @property
    def message(self) -> str:
        """The queue message that carries it."""
        return json.dumps({names.CHECKUP: self.model_dump(mode="json")})


@dataclass(frozen=True)
class Errands:
    """Does errands, in the app. `look` makes the checkup."""

    shelf: Shelf
    look: Callable[[], Report]

    def read(self, said: object) -> Callable[[], Outcome]:
        """What does the errand in parsed JSON; raises `DocumentError`."""
        return partial(self._do, documents.load(Errand, said, source="checkup"))

    def _do(self, errand: Errand) -> Outcome:
        report = self.look()
        seen = f"{report.count(State.FAILED)} of {len(report.checks)} checks failed"
        document = {"format": FORMAT, "id": errand.id, "report": report.to_dict()}
        try:
            self.shelf.create(names.checkup(errand.id), document)
        except LedgerConflictError:
            seen = "it was answered before"
        return Outcome(event=errand.id, outcome="examined", reasons=(seen,), source=f"checkup {errand.id}")


@dataclass(frozen=True)
class App:
    """The app, as far as it can be asked: by a message, and by reading its ledger."""

    send: Callable[[str], None]
    shelf: Shelf
    sleep: Callable[[float], None] = time.sleep

    def ask(self, *, seconds: float) -> tuple[Report | None, Check]:
        """What the app sees, waiting for `seconds` at most, and a check about the answer."""
        errand = Errand(id=str(uuid.uuid4()))
        began = time.monotonic()
        try:
            self.send(errand.message)
            while (found := self.shelf.read(names.checkup(errand.id))) is None:
                if time.monotonic() - began > seconds:
                    return None, _silent(seconds)
                self.sleep(_PAUSE_SECONDS)
        except RegistrarError as refused:
            return None, failed(ANSWER, f"the app cannot be asked: {refused}", then=_NEEDS)
        said = f"the app answered in {time.monotonic() - began:.0f} s; what follows is seen under its identity"
        return Report.from_dict(found.document["report"]), ok(ANSWER, said)


_NEEDS: Final = (
    "To ask, you need Storage Queue Data Message Sender on the work queue; to read the answer, "
    "Storage Blob Data Reader on the ledger's storage account."
)


def _silent(seconds: float) -> Check:
    then = (
        "Either its functions do not run, or it may not take messages off the queue, or not write its ledger. "
        "See the log of register_candidate, and what its identity may do."
    )
    return failed(ANSWER, f"the app did not answer in {seconds:.0f} s", then=then, commands=[_ROLES])


def together(here: Report, there: Report | None, *, answer: Check) -> Report:
    """What is seen from here, but as the app sees it where the app can look; `answer` is the check about its answer."""
    seen = {check.name: check for check in (there.checks if there else ()) if check.state is not State.SKIPPED}
    names_here = {check.name for check in here.checks}
    rest = (check for check in seen.values() if check.name not in names_here)
    return Report((answer, *(seen.get(check.name, check) for check in here.checks), *rest))
