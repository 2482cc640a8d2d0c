"""The ledger on blob storage agrees with the same simple model; its server's time cannot be moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.storage.blob import BlobServiceClient
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from registration.azure.shelf import BlobShelf
from sandbox import names
from tests.ledger_machine import LedgerMachine

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential

    from registration.shelf import Shelf


def test_the_ledger_on_blobs_is_the_model(credential: DefaultAzureCredential) -> None:
    service = BlobServiceClient(f"https://{names.blob_host(names.STATE_ACCOUNT)}", credential=credential)

    class OnBlobs(LedgerMachine):
        def shelves(self) -> tuple[Shelf, Shelf, Shelf]:
            state, decisions, quarantine = (
                BlobShelf(service.get_container_client(f"registrar-{name}"))
                for name in ("state", "decisions", "quarantine")
            )
            return state, decisions, quarantine

    few = settings(max_examples=12, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    run_state_machine_as_test(OnBlobs, settings=few)
