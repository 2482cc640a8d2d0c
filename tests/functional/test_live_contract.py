"""The contract against the sandbox, which keeps it but for one thing; what is run there leaves nothing behind."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from azure.storage.blob import BlobServiceClient
from typer.testing import CliRunner

from registration import cli
from registration.doctor.contract.run import CLAUSES
from sandbox import names
from sandbox.runs import JobOutput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.core.credentials import TokenCredential

    from sandbox.sandbox import Sandbox

PAGE = Path(__file__).resolve().parents[2] / "docs" / "verified.md"
AZURITE_CANNOT = "contract.copied"


@pytest.fixture(autouse=True)
def allowed(sandbox: Sandbox) -> Iterator[None]:
    """Leave every right where it was."""
    yield
    sandbox.allow_all()


@pytest.fixture
def jobs(sandbox: Sandbox) -> None:
    """A pipeline with a step, and a job that wrote and measured something, newest of all."""
    name = f"contract-{uuid.uuid4().hex[:8]}"
    sandbox.workspace.add_job(f"{name}-p", job_type="Pipeline")
    sandbox.workspace.add_job(f"{name}-s", parent=f"{name}-p")
    sandbox.workspace.add_job(name, metrics={"accuracy": 0.9}, outputs={"model": JobOutput("custom_model")})


def settled(*, status: int) -> dict[str, Any]:
    done = CliRunner().invoke(cli.app, ["doctor", "--live-contract", "--json"])
    assert done.exit_code == status, done.output
    return {check["name"]: check for check in json.loads(done.stdout)["checks"]}


def blobs(credential: TokenCredential) -> list[tuple[str, str]]:
    """Every blob that a run could have left."""
    found = []
    for account, container in (
        (names.STATE_ACCOUNT, "registrar-state"),
        (names.WORKSPACE_ACCOUNT, names.BLOBSTORE_CONTAINER),
    ):
        with BlobServiceClient(f"https://{names.blob_host(account)}", credential) as service:
            found += [(container, blob.name) for blob in service.get_container_client(container).list_blobs()]
    return found


@pytest.mark.usefixtures("jobs")
def test_the_sandbox_keeps_the_contract_and_nothing_is_left(sandbox: Sandbox, credential: TokenCredential) -> None:
    before = blobs(credential)

    checks = settled(status=1)

    assert {name for name, check in checks.items() if check["state"] != "ok"} == {AZURITE_CANNOT}
    assert {f"contract.{clause.code}" for clause in CLAUSES} < checks.keys()
    assert blobs(credential) == before
    assert not [
        model.name for model in sandbox.workspace.models.containers() if model.name.startswith("registrar-contract-")
    ]


@pytest.mark.usefixtures("jobs")
def test_what_cannot_be_written_is_not_said_to_be_broken(sandbox: Sandbox) -> None:
    sandbox.deny(names.ARM_HOST, "PUT")
    sandbox.deny(names.blob_host(names.STATE_ACCOUNT), "PUT")

    checks = settled(status=0)

    for name in ("contract.path-fixed", "contract.stale-read"):
        assert checks[name]["state"] == "skipped"
        assert "nothing can be written: 403" in checks[name]["seen"]


def test_what_cannot_be_deleted_is_named_with_the_command_that_does(sandbox: Sandbox) -> None:
    sandbox.deny(names.ARM_HOST, "DELETE")

    cleared = settled(status=1)["contract.cleared"]

    assert cleared["state"] == "warning"
    [model] = re.findall(r"the model (registrar-contract-\w+)", cleared["seen"])
    assert f"/models/{model}?" in cleared["commands"][0]
    for left in [one.name for one in sandbox.workspace.models.containers() if one.name.startswith(model)]:
        sandbox.workspace.models.delete_container(left)


def test_every_clause_has_its_row_and_every_row_its_clause() -> None:
    named = re.findall(r"contract ((?:`[a-z-]+`(?:, )?)+)", PAGE.read_text(encoding="utf-8"))
    rows = [code for several in named for code in re.findall("`([a-z-]+)`", several)]

    assert sorted(rows) == sorted(clause.code for clause in CLAUSES)
