"""The Function app: its settings, and whether the host has found its functions. Before that, nothing is delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registration.doctor.check import failed, ok, skipped
from registration.doctor.patient import ARM
from registration.doctor.probe import LATER
from registration.doctor.wire import Ask
from registration.errors import Problem, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from registration.doctor.check import Check
    from registration.doctor.patient import Patient
    from registration.doctor.wire import Wire

NAME: Final = "app.functions"
API: Final = "2024-11-01"
FUNCTIONS: Final = frozenset(  # as in function_app.py
    {"on_job_event", "on_drop_event", "register_candidate", "quarantine_candidate", "sweep_candidates"}
)
_OK: Final = 200


def settings(wire: Wire, app: str) -> Mapping[str, str]:
    """The application settings of an app, which is named by its resource id; raises `SettingsError`."""
    answer = wire.ask(Ask("POST", f"{ARM}{app}/config/appsettings/list?api-version={API}"))
    if answer.status == _OK and isinstance(answer.document, dict):
        return {name: str(value) for name, value in (answer.document.get("properties") or {}).items()}
    said = f"cannot be read: {answer.status or 'no answer'} {answer.code or answer.said}".rstrip()
    then = "take the app's resource id and sign in as somebody with Website Contributor on it, or leave --app out"
    raise SettingsError("the settings of the app", [Problem("", f"{said}; {then}")])


def checks(patient: Patient) -> Iterator[Check]:
    """Whether the functions are there, if it is known which app it is."""
    if patient.app is None:
        yield skipped(
            NAME, "it is not known which Function app this is", then="Name it: registrar doctor --app RESOURCE_ID"
        )
        return
    answer = patient.wire.ask(Ask("GET", f"{ARM}{patient.app}/functions?api-version={API}"))
    if answer.status != _OK:
        said = f"the Function app cannot be looked at: {answer.status or 'no answer'} {answer.code or answer.said}"
        then = "Run the doctor as somebody with Reader on the Function app." if answer.refuses else LATER
        yield skipped(NAME, said.rstrip(), then=then)
        return
    found, _ = patient.rest_of(answer)
    yield _found(patient.app, frozenset(str(one["name"]).rpartition("/")[2] for one in found))


def _found(app: str, names: frozenset[str]) -> Check:
    lacking = sorted(FUNCTIONS - names)
    if not lacking:
        return ok(NAME, f"the host has found all {len(FUNCTIONS)} functions")
    then = "Deploy the code; if it is there, let the host look again, and read its log."
    commands = ["azd deploy", f"az rest --method post --url {ARM}{app}/host/default/sync?api-version={API}"]
    return failed(NAME, f"the host has not found {', '.join(lacking)}", then=then, commands=commands)
