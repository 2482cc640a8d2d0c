"""Origin: what a job says of itself becomes the lineage of its output; what it does not say is its parent's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from registration.sources.job import Job
from registration.sources.origin import lineage_of
from registration.uris import JobOutputUri

if TYPE_CHECKING:
    from registration.lineage import Lineage

URI = JobOutputUri("J", "model")
TOLD = Job(
    "J",
    "Completed",
    experiment="churn",
    properties={
        "mlflow.source.git.commit": "9f2d1c4",
        "mlflow.source.git.repoURL": "https://github.example/churn.git",
        "mlflow.source.git.branch": "main",
        "azureml.git.dirty": "False",
        "ContentSnapshotId": "snapshot-1",
    },
    environment="azureml:sklearn:7",
    datasets=("azureml:churn-2026:3",),
    base_models=("azureml:bert:2",),
    code="azureml:code:1",
    compute="cpu-cluster",
    parameters={"C": "1.0"},
)
SILENT = Job("S", None)


def lineage(job: Job, parent: Job | None = None) -> Lineage:
    return lineage_of(job, URI, event="e1", parent=parent)


def test_lineage_is_what_the_job_says_of_itself() -> None:
    known = lineage(TOLD)

    assert (known.job, known.job_output_uri, known.source_event) == ("J", "azureml://jobs/J/outputs/model", "e1")
    assert (known.git_commit, known.git_branch, known.git_dirty) == ("9f2d1c4", "main", False)
    assert (known.git_repository, known.code) == ("https://github.example/churn.git", "azureml:code:1")
    assert (known.datasets, known.base_models) == (("azureml:churn-2026:3",), ("azureml:bert:2",))
    assert (known.environment, known.compute, known.parameters) == ("azureml:sklearn:7", "cpu-cluster", {"C": "1.0"})
    assert (known.parent_job, known.step, known.attested_by) == (None, None, "workspace")


@pytest.mark.parametrize(
    ("older", "newer"),
    [("azureml.git.commit", "git_commit"), ("azureml.git.branch", "git_branch")],
)
def test_what_the_older_sdk_noted_is_read_too(older: str, newer: str) -> None:
    assert getattr(lineage(replace(SILENT, properties={older: "x"})), newer) == "x"


@pytest.mark.parametrize(("text", "is_dirty"), [("True", True), ("false", False), ("", None), ("perhaps", None)])
def test_whether_the_code_was_committed_is_a_flag_or_not_known(text: str, *, is_dirty: bool | None) -> None:
    assert lineage(replace(SILENT, properties={"azureml.git.dirty": text})).git_dirty is is_dirty


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://someone:hunter2@dev.example/churn", "https://dev.example/churn"),
        ("https://ghp_token@github.example/churn", "https://github.example/churn"),
        ("git@github.example:contoso/churn.git", "git@github.example:contoso/churn.git"),
        ("ssh://git@github.example/churn", "ssh://git@github.example/churn"),
    ],
)
def test_no_credential_of_a_repository_is_kept(written: str, kept: str) -> None:
    assert lineage(replace(SILENT, properties={"mlflow.source.git.repoURL": written})).git_repository == kept


def test_a_snapshot_stands_for_code_that_is_no_asset() -> None:
    assert lineage(replace(TOLD, code=None)).code == "snapshot-1"


def test_what_a_step_does_not_say_is_its_pipelines() -> None:
    known = lineage_of(SILENT, JobOutputUri("S", "model"), event="e1", parent=TOLD)

    assert (known.job, known.parent_job) == ("S", "J")
    assert (known.git_commit, known.git_dirty, known.experiment) == ("9f2d1c4", False, "churn")
    assert (known.environment, known.datasets) == ("azureml:sklearn:7", ("azureml:churn-2026:3",))
    assert known.code == TOLD.code


def test_what_a_step_says_wins_over_its_pipeline() -> None:
    step = replace(SILENT, environment="azureml:torch:1", parameters={"C": "2.0", "seed": "7"})

    known = lineage(step, TOLD)

    assert (known.environment, known.parameters) == ("azureml:torch:1", {"C": "2.0", "seed": "7"})


def test_a_job_that_says_nothing_has_a_short_lineage() -> None:
    assert lineage(SILENT).properties() == {
        "lineage.job": "S",
        "lineage.job_output_uri": "azureml://jobs/J/outputs/model",
        "lineage.source_event": "e1",
        "lineage.attested_by": "workspace",
    }


def test_what_is_said_of_the_code_is_said_of_one_commit() -> None:
    own = replace(SILENT, properties={"mlflow.source.git.commit": "c0ffee"})

    known = lineage(own, parent=TOLD)

    assert (known.git_commit, known.git_dirty, known.git_branch) == ("c0ffee", None, None)
