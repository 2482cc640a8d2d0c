"""Drops: each place that a policy expects drops in, listed, and a receipt tried that cannot be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from registration.doctor import storage
from registration.doctor.check import failed, ok, skipped
from registration.doctor.patient import grant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.doctor.check import Check
    from registration.doctor.patient import Patient
    from registration.policy.drop import DropMatch

_RECEIPT: Final = "registrar-doctor/model.receipt.json"


def checks(patient: Patient) -> Iterator[Check]:
    """Every check about drops."""
    heard = {account.rpartition("/")[2] for account in patient.settings.account_ids}
    wanted = {place.account for place in patient.drops}
    for account in sorted(wanted - heard):
        yield _deaf(account)
    for place in _once(patient.drops):
        if place.account in heard:
            yield from _place(patient, place)
    for account in sorted(heard - wanted):
        yield ok(f"drops.{account}", f"{account} is heard for outputs of jobs alone: no policy expects drops there")


def _place(patient: Patient, place: DropMatch) -> Iterator[Check]:
    prefix = place.prefix or ""
    name = f"drops.{place.account}.{place.container}/{prefix}".rstrip("/")
    endpoint = f"https://{place.account}.blob.{patient.settings.storage_suffix}"
    within = next(id_ for id_ in patient.settings.account_ids if id_.endswith(f"/{place.account}"))
    where = storage.Container(endpoint, place.container, within)
    yield patient.look(storage.read(f"{name}.read", where, grant=grant("dropReads"), prefix=prefix))
    if patient.settings.observes:
        yield skipped(f"{name}.receipt", "an app that only observes writes no receipts")
        return
    path = prefix + _RECEIPT
    yield patient.look(storage.write(f"{name}.receipt", where, grant=grant("receipts"), path=path))


def _once(drops: tuple[DropMatch, ...]) -> tuple[DropMatch, ...]:
    """One place for each container and prefix."""
    return tuple({(place.account, place.container, place.prefix): place for place in drops}.values())


def _deaf(account: str) -> Check:
    said = f"a policy expects drops in {account}, and REGISTRAR_DROP_ACCOUNTS does not name it: no event is heard"
    then = "Add its resource id to REGISTRAR_DROP_ACCOUNTS, or correct the policy."
    commands = [f"az storage account show --name {account} --query id --output tsv"]
    return failed(f"drops.{account}", said, then=then, commands=commands)
