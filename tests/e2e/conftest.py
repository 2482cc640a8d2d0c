"""One host for the session runs this repository's function_app.py; its policies are each test's own."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient

from registration.patience import Patience
from sandbox import names
from sandbox.host_process import HostProcess, Pace
from tests import own_ledger
from tests.e2e.app import App

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.sandbox import Sandbox

REPOSITORY = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module", autouse=True)
def begins_with_an_empty_ledger(request: pytest.FixtureRequest) -> None:
    own_ledger.begin(request)


def running(sandbox: Sandbox, folder: Path, pace: Pace, *, queue: str, patience: Patience) -> Iterator[App]:
    policies = folder / "policies"
    policies.mkdir()
    environment = {
        **sandbox.environment(),
        "REGISTRAR_POLICY": str(policies),
        "REGISTRAR_STORAGE__queueServiceUri": f"https://{names.queue_host(queue)}",
        "REGISTRAR_ATTEMPTS": str(patience.attempts),
        "REGISTRAR_FIRST_PAUSE_SECONDS": str(patience.first_pause_seconds),
    }
    host = HostProcess.start(app=REPOSITORY, environment=environment, log=folder / "host.log", pace=pace)
    state = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
    with host, DefaultAzureCredential() as credential, BlobServiceClient(state, credential) as ledger:
        yield App(sandbox, host, policies, credential, ledger, queue)


@pytest.fixture(scope="session")
def patient_app(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app that tries a failed message again and again."""
    pace = Pace(polling=0.1, visibility_timeout=0.5)
    folder = tmp_path_factory.mktemp("app")
    yield from running(sandbox, folder, pace, queue=names.STATE_ACCOUNT, patience=Patience(100, 1))


@pytest.fixture(scope="session")
def hasty_app(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app, with queues in another account, that gives a message up after two attempts."""
    pace = Pace(polling=0.1, visibility_timeout=0, max_dequeue_count=2)
    folder = tmp_path_factory.mktemp("hasty")
    yield from running(sandbox, folder, pace, queue=names.DROP_ACCOUNT, patience=Patience(2, 0))


@pytest.fixture
def app(patient_app: App) -> Iterator[App]:
    """The session's app without policies."""
    yield from cleared(patient_app)


@pytest.fixture
def hasty(hasty_app: App) -> Iterator[App]:
    """The session's hasty app without policies."""
    yield from cleared(hasty_app)


def cleared(app: App) -> Iterator[App]:
    yield app
    for policy in app.policies.iterdir():
        policy.unlink()


@pytest.fixture
def name() -> str:
    """What a test calls its job, experiment, model and folder: used by no other test."""
    return f"e2e-{uuid.uuid4().hex[:10]}"
