"""A second, independent client agrees: what is registered from Python, Microsoft's JavaScript SDK reads, and back."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registration.azure.registry import AzureRegistry
from registration.azure.rest import Rest
from registration.lineage import Lineage
from registration.links import links_of
from registration.registry import Registration
from registration.settings import WorkspaceId
from sandbox import names, node
from sandbox.runs import JobOutput

if TYPE_CHECKING:
    from azure.ai.ml import MLClient
    from azure.identity import DefaultAzureCredential

    from sandbox.sandbox import Sandbox

_SCRIPT = Path(__file__).with_name("second_client.mjs")
ROWS = f"{names.WORKSPACE_ID}/data/rows/versions/3"


def told(sandbox: Sandbox, *what: str) -> dict[str, Any]:
    """What the second client says of a model version."""
    place = (names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    command = [node.find(), str(_SCRIPT), *place, *what]
    done = subprocess.run(
        command, env={**os.environ, **sandbox.environment()}, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_javascript_sdk_reads_what_the_python_sdk_registered(sandbox: Sandbox, ml: MLClient) -> None:
    from azure.ai.ml.entities import Model  # noqa: PLC0415 - costs seconds, which collecting tests should not pay

    sandbox.workspace.add_job("crossing-job", outputs={"model": JobOutput("custom_model")})
    path = "azureml://jobs/crossing-job/outputs/model"
    said = {"tags": {"accuracy": "0.9"}, "properties": {"registrar.work": "w1"}}
    made = ml.models.create_or_update(Model(name="crossing", version="1", path=path, type="custom_model", **said))

    assert told(sandbox, "crossing", "1") == {
        "id": made.id,
        "modelUri": made.path,
        "modelType": "custom_model",
        "jobName": "crossing-job",
        "datasets": [],
        "isArchived": False,
        **said,
    }


def test_the_javascript_sdk_reads_the_lineage_that_the_registry_was_told(
    sandbox: Sandbox, credential: DefaultAzureCredential
) -> None:
    here = WorkspaceId(names.WORKSPACE_ID, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    registry = AzureRegistry(credential, Rest(credential), here)
    known = Lineage("crossing-job", git_commit="9f2d1c4", git_dirty=False, datasets=(ROWS,), parameters={"C": "1.0"})
    place = "azureml://datastores/workspaceblobstore/paths/registrar/c0ffee"
    wanted = Registration(
        "traced", 1, "custom_model", place, None, {}, {"registrar.work": "w1", **known.stored()}, **links_of(known)
    )

    registry.create(wanted)
    registry.link(wanted)

    found = told(sandbox, "traced", "1")
    assert (found["jobName"], found["datasets"]) == ("crossing-job", [{"name": "rows", "id": ROWS}])
    assert Lineage.of_properties(found["properties"]) == known


def test_the_registry_reads_the_job_that_the_javascript_sdk_wrote(
    sandbox: Sandbox, credential: DefaultAzureCredential
) -> None:
    here = WorkspaceId(names.WORKSPACE_ID, names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    registry = AzureRegistry(credential, Rest(credential), here)
    place = "azureml://datastores/workspaceblobstore/paths/registrar/c0ffee"
    registry.create(Registration("by-hand", 1, "custom_model", place, "said", {"a": "b"}, {"registrar.work": "w1"}))

    told(sandbox, "by-hand", "1", "their-job")

    found = registry.find("by-hand", 1)
    assert found is not None
    assert (found.job, found.work, found.tags, found.description) == ("their-job", "w1", {"a": "b"}, "said")
