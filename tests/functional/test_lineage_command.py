"""`registrar lineage` on real storage and the sandbox's endpoints, and as the demo's last page shows it."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from registration import cli_lineage
from registration.errors import InputError
from sandbox import names, raised
from sandbox.runs import JobInput
from sandbox.stage import StageError, environment
from sandbox.story_lineage import lineage_page
from tests.functional import one_model

if TYPE_CHECKING:
    from pathlib import Path

    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient
    from typer.testing import Result

    from registration.bootstrap import Parts
    from sandbox.sandbox import Sandbox

FORBIDDEN = {"error": {"code": "AuthorizationFailed", "message": "The client does not have authorization."}}


@pytest.fixture
def model() -> str:
    return f"lineage-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def parts(
    sandbox: Sandbox, credential: DefaultAzureCredential, outputs: ContainerClient, tmp_path: Path, model: str
) -> Parts:
    """The app after a job of the experiment `model` was registered from data, code and an environment."""
    parts = one_model.app(sandbox.environment(), credential, tmp_path, one_model.policy(model))
    described: dict[str, Any] = {
        "inputs": {"rows": JobInput("uri_file", uri=f"{names.WORKSPACE_ID}/data/rows/versions/3")},
        "properties": {"mlflow.source.git.commit": "c0ffee"},
    }
    one_model.train(sandbox, outputs, model, f"job-{model}", **described)
    (outcome,) = parts.registrar.process(json.dumps(raised.run_completed(f"job-{model}", model)))
    assert outcome.version == 1
    return parts


def run(parts: Parts, *arguments: str) -> Result:
    app = typer.Typer()
    app.callback()(lambda: None)
    cli_lineage.add_to(app, records=lambda: parts)
    return CliRunner().invoke(app, ["lineage", *arguments], catch_exceptions=False)


def test_a_version_is_traced_to_its_data_and_to_what_serves_it(sandbox: Sandbox, parts: Parts, model: str) -> None:
    sandbox.workspace.endpoints.deploy(f"on-{model}", "blue", model=f"{model}:1")

    said = json.loads(run(parts, f"{model}:1", "--json").stdout)

    assert said["lineage"]["datasets"] == [f"{names.WORKSPACE_ID}/data/rows/versions/3"]
    assert (said["lineage"]["job"], said["lineage"]["git_commit"]) == (f"job-{model}", "c0ffee")
    assert [(each["endpoint"], each["traffic"]) for each in said["deployments"]] == [(f"on-{model}", 100)]


def test_the_tree_and_the_chart_name_the_same_things(parts: Parts, model: str) -> None:
    tree, made = run(parts, f"{model}:1").stdout, run(parts, f"{model}:1", "--mermaid").stdout

    assert made.startswith("flowchart BT\n")
    for named in (f"{model}:1", f"job-{model}", "rows:3", "c0ffee"):
        assert named in tree
        assert named in made


def test_who_may_not_read_endpoints_is_told_so_and_sees_the_rest(sandbox: Sandbox, parts: Parts, model: str) -> None:
    sandbox.workspace.fail_next("GET", "/onlineEndpoints$", 403, FORBIDDEN)

    result = run(parts, f"{model}:1", "--json")

    said = json.loads(result.stdout)
    assert (result.exit_code, said["deployments"], said["lineage"]["job"]) == (0, None, f"job-{model}")
    assert "403" in said["deployments_unread"]


def test_a_version_that_nobody_decided_about_is_named(parts: Parts, model: str) -> None:
    with pytest.raises(InputError, match="registered version 9; it registered 1"):
        run(parts, f"{model}:9")


def test_one_answer_has_one_form(parts: Parts, model: str) -> None:
    with pytest.raises(InputError, match="give one of them"):
        run(parts, f"{model}:1", "--json", "--mermaid")


def test_the_page_of_the_demo_is_the_command_as_a_person_types_it(sandbox: Sandbox, parts: Parts, model: str) -> None:
    console = Console(width=80, no_color=True, force_terminal=False)

    with environment({**sandbox.environment(), "REGISTRAR_POLICY": parts.settings.policy}), console.capture() as shown:
        console.print(lineage_page(f"{model}:1", like=console))

    lines = shown.get().splitlines()
    assert lines[0].rstrip() == f"registrar lineage {model}:1"
    assert any(line.split()[-3:] == ["git", "commit", "c0ffee"] for line in lines)
    assert max(map(len, lines)) <= 80


def test_the_demo_does_not_hide_that_the_command_failed(sandbox: Sandbox) -> None:
    with environment(sandbox.environment()), pytest.raises(StageError, match="status 2: registrar: no decision about"):
        lineage_page("absent:1", like=Console(width=80))
