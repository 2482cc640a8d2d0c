"""Jobs of the sandbox: each trains a real model here and leaves files, metrics and lineage as a job in Azure would.

The files go where the workspace keeps a named output that its author gave no place: the default blob store, under
`azureml/<job>/<output>/`. The caller's environment variables lead to that storage (`Sandbox.environment`). No event
is raised; `sandbox.raised` makes the one that Event Grid would deliver.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sandbox import drops, names, timestamps, training
from sandbox.runs import JobInput, JobOutput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.sandbox import Sandbox

OUTPUT: Final = "model"
REPOSITORY: Final = "https://github.com/contoso/models"
ENVIRONMENT: Final = f"{names.WORKSPACE_ID}/environments/sandbox-training/versions/1"


def run(
    sandbox: Sandbox,
    recipe: str,
    *,
    job: str,
    experiment: str,
    tags: Mapping[str, str] | None = None,
) -> dict[str, float]:
    """Run a job of a recipe of `sandbox.training` to its end, and say what it measured.

    When this returns the workspace shows the job as Completed, with its model in the output `OUTPUT`. Raises ValueError
    for an unknown recipe and azure-core's errors when storage does not take the files; then there is no such job.
    """
    created = timestamps.now()
    with tempfile.TemporaryDirectory() as scratch:
        trained = training.train(recipe, Path(scratch))
        drops.upload_files(_account_url(), names.BLOBSTORE_CONTAINER, f"azureml/{job}/{OUTPUT}", trained.files)
    sandbox.workspace.add_job(
        job,
        experiment=experiment,
        tags=dict(tags or {}),
        properties=git_properties(recipe),
        inputs={
            "training_data": JobInput(uri=dataset_uri(trained.dataset)),
            "seed": JobInput(type="literal", value=str(training.SEED)),
        },
        outputs={OUTPUT: JobOutput(type=trained.output_type)},
        metrics=trained.metrics,
        parameters={"recipe": recipe},
        environment_id=ENVIRONMENT,
        code_id=code_id(recipe),
        created=created,
    )
    return dict(trained.metrics)


def git_commit(recipe: str) -> str:
    """The invented commit of a recipe's code: the same on every machine, 40 hexadecimal digits."""
    return hashlib.sha256(recipe.encode()).hexdigest()[:40]


def git_properties(recipe: str) -> dict[str, str]:
    """What azure-ai-ml (1.35.2) notes of the repository that a job is submitted from, with everything committed."""
    return {
        "mlflow.source.git.repoURL": REPOSITORY,
        "mlflow.source.git.branch": "main",
        "mlflow.source.git.commit": git_commit(recipe),
        "azureml.git.dirty": "False",
    }


def code_id(recipe: str) -> str:
    """The invented code asset of a recipe."""
    return f"{names.WORKSPACE_ID}/codes/{git_commit(recipe)[:8]}/versions/1"


def dataset_uri(dataset: str) -> str:
    """The data asset that a job says it read; nothing lies there, scikit-learn brings the data."""
    return f"{names.WORKSPACE_ID}/data/{dataset}/versions/1"


def _account_url() -> str:
    return f"https://{names.blob_host(names.WORKSPACE_ACCOUNT)}"
