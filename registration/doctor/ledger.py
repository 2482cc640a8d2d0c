"""The ledger's storage: three containers, two queues, and the topic for outcome events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registration import names
from registration.doctor import remedy, storage
from registration.doctor.patient import grant
from registration.doctor.probe import Absence, Probe
from registration.doctor.remedy import Need
from registration.doctor.wire import Ask, Audience

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.doctor.check import Check
    from registration.doctor.patient import Patient

SHELVES: Final = (names.STATE, names.DECISIONS, names.QUARANTINE)
QUEUES: Final = {names.WORK_QUEUE: "work", names.POISON_QUEUE: "poison"}  # and the grant on each
_SCRATCH: Final = "doctor/nothing.json"


def shelf(patient: Patient, name: str) -> Iterator[Check]:
    """One container of the ledger."""
    place = storage.Container(patient.settings.blob_endpoint, name)
    yield patient.look(storage.read(f"ledger.{name}.read", place, grant=grant("ledgerReads")))
    yield patient.look(storage.write(f"ledger.{name}.write", place, grant=grant("ledgerWrites"), path=_SCRATCH))


def queue(patient: Patient, name: str) -> Iterator[Check]:
    """One queue."""
    endpoint, needed = patient.settings.queue_endpoint, grant(QUEUES[name])
    for verb, probe in (("peek", storage.peek), ("send", storage.send), ("take", storage.take)):
        yield patient.look(probe(f"queue.{name}.{verb}", endpoint=endpoint, queue=name, grant=needed))


def outcomes(patient: Patient) -> Iterator[Check]:
    """The topic for outcome events, if there is one."""
    endpoint = patient.settings.outcome_topic
    if endpoint is not None:
        yield patient.look(_send_outcome(endpoint))


def _send_outcome(endpoint: str) -> Probe:
    # An event without id, source and type is refused, whoever sends it.
    headers = {"Content-Type": "application/cloudevents-batch+json; charset=utf-8"}
    url = f"{endpoint}?api-version=2018-01-01"
    need = Need(grant("outcomeEvents"), remedy.topic(endpoint))
    absence = Absence("See that REGISTRAR_OUTCOME_TOPIC names a topic that exists.", ("az eventgrid topic list",))
    ask = Ask("POST", url, Audience.EVENT_GRID, headers, "[{}]")
    return Probe("outcomes.send", "send outcome events", ask, frozenset({400}), need, absence)
