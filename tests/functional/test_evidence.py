"""Portable evidence on real storage: kept beside the decision, and the same as the command prints."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
import typer
from azure.storage.blob import ContainerClient
from typer.testing import CliRunner

from registration import cli_evidence
from sandbox import names, raised
from tests.functional import one_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from azure.identity import DefaultAzureCredential

    from registration.bootstrap import Parts
    from sandbox.sandbox import Sandbox

KEPT = ("intoto", "svr", "openlineage", "cyclonedx")


@pytest.fixture
def model() -> str:
    return f"evidence-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def decisions(credential: DefaultAzureCredential) -> Iterator[ContainerClient]:
    url = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
    with ContainerClient(url, "registrar-decisions", credential=credential) as client:
        yield client


@pytest.fixture
def parts(
    sandbox: Sandbox, credential: DefaultAzureCredential, outputs: ContainerClient, tmp_path: Path, model: str
) -> Parts:
    """An app that keeps evidence, after a job of the experiment `model` was registered."""
    environment = {**sandbox.environment(), "REGISTRAR_EVIDENCE": ", ".join(KEPT)}
    parts = one_model.app(environment, credential, tmp_path, one_model.policy(model))
    one_model.train(sandbox, outputs, model, f"job-{model}")
    (outcome,) = parts.registrar.process(json.dumps(raised.run_completed(f"job-{model}", model)))
    assert outcome.version == 1
    return parts


def printed(parts: Parts, said: str, kind: str) -> str:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_evidence.add_to(app, records=lambda: (parts.ledger, parts.settings.workspace))
    return CliRunner().invoke(app, ["evidence", said, "--format", kind], catch_exceptions=False).stdout


def test_what_is_kept_is_what_the_command_prints(parts: Parts, decisions: ContainerClient, model: str) -> None:
    digest = parts.ledger.head(model).log_digest

    for kind in KEPT:
        text = decisions.download_blob(f"evidence/{model}/{digest}.{kind}.json").readall().decode()
        assert text == printed(parts, f"{model}:1", kind)


def test_evidence_beside_a_decision_disturbs_no_history(parts: Parts, model: str) -> None:
    again = parts.registrar.process(json.dumps(raised.run_completed(f"job-{model}", model)))

    assert [outcome.outcome for outcome in again] == ["duplicate"]
    assert parts.ledger.head(model).log_seq == 1
