"""A model that one test knows alone: its policy, the app with that policy, and the jobs that train it.

A policy takes the output `model` of every job of an experiment that is named like the model.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from registration import settings
from registration.bootstrap import Parts
from sandbox.runs import JobOutput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from sandbox.sandbox import Sandbox

NO_WORSE = {"accuracy": {"direction": "maximize", "min": 0.5, "vs_champion": {"max_regression": 0}}}


def policy(model: str, *more: Mapping[str, Any], **said: Any) -> dict[str, Any]:
    """The policy; `more` are further sources that it matches, `said` is what it says of the model."""
    return {
        "apiVersion": "registrar/v1",
        "kind": "PromotionPolicy",
        "name": model,
        "match": {"any": [{"job": {"experiment": model}}, *more]},
        "models": [{"name": model, "from": {"output": "model"}, "metrics": {"accuracy": {"min": 0.5}}, **said}],
    }


def app(
    environment: Mapping[str, str], credential: DefaultAzureCredential, folder: Path, policy: Mapping[str, Any]
) -> Parts:
    """Production's parts in the sandbox's `environment`, with a policy that is written into `folder`."""
    (folder / "p.yaml").write_text(json.dumps(policy), encoding="utf-8")
    return Parts(settings.from_environment({**environment, "REGISTRAR_POLICY": str(folder)}), credential)


def train(  # noqa: PLR0913 - what differs between jobs
    sandbox: Sandbox,
    outputs: ContainerClient,
    model: str,
    job: str,
    *,
    accuracy: float = 0.9,
    content: bytes = b"",
    **described: Any,
) -> str:
    """The name of a job that has completed: its output has the bytes of its name, unless `content` is given."""
    outputs.upload_blob(f"azureml/{job}/model/model.bin", content or job.encode())
    made = {"model": JobOutput("custom_model")}
    sandbox.workspace.add_job(job, experiment=model, metrics={"accuracy": accuracy}, outputs=made, **described)
    return job
