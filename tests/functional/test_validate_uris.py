"""`registrar validate` of what a URI of Azure ML names, as production reads it."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
import typer
from azure.ai.ml import MLClient
from azure.ai.ml.entities import Model
from typer.testing import CliRunner

from registration import cli_validate
from registration.errors import InputError
from sandbox import names
from sandbox.runs import JobOutput

if TYPE_CHECKING:
    from pathlib import Path

    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient
    from typer.testing import Result

    from sandbox.sandbox import Sandbox


@pytest.fixture
def job(sandbox: Sandbox, credential: DefaultAzureCredential, outputs: ContainerClient) -> str:
    """A job with a model in its output, registered as version 3 of a model of the same name."""
    name = f"named-{uuid.uuid4().hex[:10]}"
    outputs.upload_blob(f"azureml/{name}/model/notes/a b.txt", b"text")
    sandbox.workspace.add_job(name, outputs={"model": JobOutput("custom_model")})
    ml = MLClient(credential, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    ml.models.create_or_update(Model(name=name, version="3", path=f"azureml://jobs/{name}/outputs/model"))
    return name


@pytest.fixture(autouse=True)
def configured(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**sandbox.environment(), "REGISTRAR_POLICY": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)


def ran(target: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_validate.add_to(app)
    return CliRunner().invoke(app, ["validate", target, "--json"])


@pytest.mark.parametrize(
    ("target", "path"),
    [
        ("azureml://jobs/{}/outputs/model", "notes/a b.txt"),
        ("azureml://jobs/{}/outputs/model/paths/notes/a b.txt", "a b.txt"),
        ("azureml://datastores/workspaceblobstore/paths/azureml/{}/model", "notes/a b.txt"),
        ("azureml:{}:3", "notes/a b.txt"),
        (f"{names.WORKSPACE_ID}/models/{{}}/versions/3", "notes/a b.txt"),
    ],
)
def test_the_files_that_a_uri_names_are_looked_into(job: str, target: str, path: str) -> None:
    done = ran(target.format(job))

    assert done.exit_code == 0, done.output
    assert [file["path"] for file in json.loads(done.stdout)["files"]] == [path]


@pytest.mark.parametrize(
    "target", ["azureml:{}:4", "azureml://jobs/{}/outputs/weights", "azureml://jobs/{}-x/outputs/m"]
)
def test_what_the_workspace_does_not_have_is_refused(job: str, target: str) -> None:
    done = ran(target.format(job))

    assert isinstance(done.exception, InputError)
    assert "the workspace does not have it, or keeps it elsewhere" in str(done.exception)
