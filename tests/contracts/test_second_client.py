"""A second, independent client agrees: what the Python SDK registers, Microsoft's JavaScript SDK reads."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from sandbox import names, node
from sandbox.runs import JobOutput

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from sandbox.sandbox import Sandbox

_SCRIPT = Path(__file__).with_name("second_client.mjs")


def test_the_javascript_sdk_reads_what_the_python_sdk_registered(sandbox: Sandbox, ml: MLClient) -> None:
    from azure.ai.ml.entities import Model  # noqa: PLC0415 - costs seconds, which collecting tests should not pay

    sandbox.workspace.add_job("crossing-job", outputs={"model": JobOutput("custom_model")})
    path = "azureml://jobs/crossing-job/outputs/model"
    said = {"tags": {"accuracy": "0.9"}, "properties": {"registrar.work": "w1"}}
    made = ml.models.create_or_update(Model(name="crossing", version="1", path=path, type="custom_model", **said))

    place = (names.SUBSCRIPTION, names.RESOURCE_GROUP, names.WORKSPACE)
    command = [node.find(), str(_SCRIPT), *place, "crossing", "1"]
    done = subprocess.run(
        command, env={**os.environ, **sandbox.environment()}, capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "id": made.id,
        "modelUri": made.path,
        "modelType": "custom_model",
        "jobName": "crossing-job",
        "isArchived": False,
        **said,
    }
