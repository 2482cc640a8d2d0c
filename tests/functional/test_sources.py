"""Every kind of job that a model may come from, from the end of the job to a version: real clients, a real worker."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from azure.storage.blob import BlobClient

from registration import bootstrap_sweep, settings
from registration.bootstrap import Parts
from registration.watermark import Watermarks
from sandbox import names, raised
from sandbox.runs import JobOutput
from tests.fakes import MemoryShelf

if TYPE_CHECKING:
    from pathlib import Path

    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from registration.outcome import Outcome
    from registration.sweep import Sweep
    from sandbox.model_store import ModelVersion
    from sandbox.sandbox import Sandbox

MODEL = {"model": JobOutput("custom_model")}
ACCURACY = {"accuracy": 0.9}
SEARCH: dict[str, Any] = {"objective": ("accuracy", "maximize")}
MINUTE = timedelta(minutes=1)


@dataclass
class Site:
    """A model, the policy that feeds it, and the workspace in which its jobs run; the job is called as the model."""

    model: str
    sandbox: Sandbox
    parts: Parts
    outputs: ContainerClient
    policies: Path

    def takes(self, said: dict[str, Any], **more: Any) -> None:
        """What the policy's `from` says, and `more` about the model."""
        models = [{"name": self.model, "from": said, "metrics": {"accuracy": {"min": 0.5}}, **more}]
        self.publishes(models)

    def publishes(self, models: list[dict[str, Any]]) -> None:
        """The policy in force."""
        match = {"any": [{"job": {"experiment": self.model}}]}
        head = {"apiVersion": "registrar/v1", "kind": "PromotionPolicy", "name": self.model}
        (self.policies / "p.yaml").write_text(json.dumps({**head, "match": match, "models": models}), encoding="utf-8")

    def job(self, kind: str = "Command", **said: Any) -> None:
        """The job that ends."""
        self.sandbox.workspace.add_job(self.model, job_type=kind, experiment=self.model, **said)

    def run(self, name: str, *, inside: str | None = None, title: str | None = None, **said: Any) -> str:
        """Something that ran inside the job, with a file of its own in its output `model`; its name."""
        run = f"{self.model}-{name}"
        parent = self.model if inside is None else f"{self.model}-{inside}"
        described = {"outputs": MODEL, "metrics": ACCURACY, "experiment": self.model, **said}
        self.sandbox.workspace.add_job(run, parent=parent, display_name=title or name, **described)
        if "reused_from" not in said:
            self.writes(run, "model/model.bin")
        return run

    def writes(self, run: str, path: str) -> None:
        """A file below the place where a run keeps its named outputs."""
        self.outputs.upload_blob(f"azureml/{run}/{path}", f"{run} {path}".encode())

    def passes(self, queue: list[str]) -> Sweep:
        """Registrar's sweep with a watermark of its own, which puts its messages into `queue`."""
        own = {"watermarks": Watermarks(MemoryShelf()), "now": lambda: datetime.now(UTC) - MINUTE}
        return replace(bootstrap_sweep.sweep(self.parts), send=queue.append, **own)  # type: ignore[arg-type]  # of several kinds

    def ends(self, job: str | None = None) -> Outcome:
        """What the worker makes of the end of the job, or of another."""
        (outcome,) = self.parts.worker.work(json.dumps(raised.run_completed(job or self.model, self.model)))
        return outcome

    def registered(self) -> ModelVersion:
        """The version that the end of the job led to."""
        outcome = self.ends()
        assert outcome.outcome == "registered", outcome.reasons
        return self.sandbox.workspace.version(self.model, outcome.version or 0)

    def refused(self) -> str:
        """Why the end of the job led to none."""
        outcome = self.ends()
        assert (outcome.outcome, self.sandbox.workspace.versions(self.model)) == ("rejected", [])
        (reason,) = outcome.reasons
        return reason


@pytest.fixture
def site(sandbox: Sandbox, credential: DefaultAzureCredential, outputs: ContainerClient, tmp_path: Path) -> Site:
    model = f"src-{uuid.uuid4().hex[:10]}"
    found = settings.from_environment({**sandbox.environment(), "REGISTRAR_POLICY": str(tmp_path)})
    return Site(model, sandbox, Parts(found, credential), outputs, tmp_path)


def said(version: ModelVersion, *names_: str) -> dict[str, str | None]:
    return {name: version.properties.get(f"lineage.{name}") for name in names_}


@pytest.mark.parametrize("kind", ["Command", "Spark"])
def test_the_output_of_a_job_of_its_own(site: Site, kind: str) -> None:
    site.takes({"output": "model"})
    site.job(kind, outputs=MODEL, metrics=ACCURACY)
    site.writes(site.model, "model/model.bin")

    version = site.registered()

    assert version.job == site.model
    assert said(version, "job", "parent_job", "step") == {"job": site.model, "parent_job": None, "step": None}


def test_an_output_of_a_pipeline_that_a_step_wrote(site: Site) -> None:
    site.takes({"output": "trained", "measured_by": {"step": "evaluate"}})
    step = site.run("train", metrics={})
    site.run("evaluate")
    site.job("Pipeline", outputs={"trained": JobOutput("custom_model", step=(step, "model"))})

    version = site.registered()

    assert version.properties["lineage.job_output_uri"] == f"azureml://jobs/{site.model}/outputs/trained"
    assert version.uri.endswith(f"/azureml/{step}/model")


@pytest.mark.parametrize("kind", ["Command", "Parallel", "Spark"])
def test_the_output_of_a_step(site: Site, kind: str) -> None:
    site.takes({"step": "train", "output": "model"})
    site.job("Pipeline", properties={"azureml.git.commit": "c0ffee"})
    site.run("prepare", outputs={})
    step = site.run("train", job_type=kind)

    version = site.registered()

    assert version.job == step
    assert said(version, "job", "parent_job", "step", "experiment", "git_commit") == {
        "job": step,
        "parent_job": site.model,
        "step": "train",
        "experiment": site.model,
        "git_commit": "c0ffee",
    }


def test_the_output_of_a_step_of_a_nested_pipeline(site: Site) -> None:
    site.takes({"step": "prepare/train", "output": "model"})
    site.job("Pipeline")
    site.run("train")
    site.run("prepare", job_type="Pipeline", outputs={})
    step = site.run("inner", inside="prepare", title="train")

    version = site.registered()

    assert said(version, "job", "parent_job", "step") == {
        "job": step,
        "parent_job": site.model,
        "step": "prepare/train",
    }


def test_the_output_of_the_run_that_a_step_reuses(site: Site) -> None:
    site.takes({"step": "train", "output": "model"})
    earlier = f"{site.model}-earlier"
    site.sandbox.workspace.add_job(earlier, job_type="Pipeline", properties={"azureml.git.commit": "0ld"})
    first = site.run("first", inside="earlier")
    site.job("Pipeline", properties={"azureml.git.commit": "n3w"})
    again = site.run("again", title="train", reused_from=first, reused_pipeline=earlier, metrics={})

    version = site.registered()

    assert version.job == first
    assert version.uri.endswith(f"/azureml/{first}/model")
    assert said(version, "job", "reused_by", "parent_job", "git_commit") == {
        "job": first,
        "reused_by": again,
        "parent_job": site.model,
        "git_commit": "0ld",
    }


def test_the_same_bytes_from_a_second_pipeline_make_no_second_version(site: Site) -> None:
    site.takes({"step": "train", "output": "model"})
    site.job("Pipeline")
    first = site.run("train")
    site.registered()
    second = f"{site.model}-second"
    site.sandbox.workspace.add_job(second, job_type="Pipeline", experiment=site.model)
    site.run("again", inside="second", title="train", reused_from=first, reused_pipeline=site.model)

    outcome = site.ends(second)

    assert outcome.outcome == "duplicate"
    assert len(site.sandbox.workspace.versions(site.model)) == 1


@pytest.mark.parametrize("best", ["tried-1", None])
def test_the_output_of_a_sweeps_best_trial(site: Site, best: str | None) -> None:
    site.takes({"trial": "best", "output": "model"})
    named = f"{site.model}-{best}" if best else None
    site.job("Sweep", best=named, code_id="azureml:code:1", environment_id="azureml:env:2", **SEARCH)
    for number, accuracy in enumerate((0.7, 0.95, 0.8)):
        site.run(f"tried-{number}", metrics={"accuracy": accuracy}, parameters={"lr": f"0.{number}"})

    version = site.registered()

    trial = f"{site.model}-tried-1"
    assert (version.job, version.tags["metrics.accuracy"]) == (trial, "0.95")
    assert said(version, "job", "trial", "parent_job", "code", "environment", "parameters") == {
        "job": trial,
        "trial": trial,
        "parent_job": site.model,
        "code": "azureml:code:1",
        "environment": "azureml:env:2",
        "parameters": '{"lr": "0.1"}',
    }
    measured = "accuracy 0.95, the highest of 3 completed trials"
    assert version.properties["lineage.chosen_by"] == ("the sweep, by accuracy (maximize)" if best else measured)


def test_the_best_trial_of_a_sweep_that_is_a_step(site: Site) -> None:
    site.takes({"step": "tune", "output": "model"})
    site.job("Pipeline")
    trial = f"{site.model}-trial"
    site.run("tune", job_type="Sweep", best=trial, outputs={}, **SEARCH)
    site.run("trial", inside="tune")

    version = site.registered()

    assert said(version, "job", "step", "trial", "parent_job") == {
        "job": trial,
        "step": "tune",
        "trial": trial,
        "parent_job": site.model,
    }


def test_the_artifacts_of_automls_best_child(site: Site, credential: DefaultAzureCredential) -> None:
    site.takes({"output": "artifacts", "path": "outputs/mlflow-model"}, type="mlflow_model")
    best = f"{site.model}-child"
    site.job("AutoML", best=best, **SEARCH)
    site.run("child", outputs={})
    account, container = f"https://{names.blob_host(names.WORKSPACE_ACCOUNT)}", names.ARTIFACT_CONTAINER
    path = f"ExperimentRun/dcid.{best}/outputs/mlflow-model/MLmodel"
    with BlobClient(account, container, path, credential=credential) as blob:
        blob.upload_blob(b"flavors: {}\n")

    version = site.registered()

    assert version.job == best
    uri = f"azureml://jobs/{best}/outputs/artifacts/paths/outputs/mlflow-model"
    assert said(version, "trial", "job_output_uri") == {"trial": best, "job_output_uri": uri}


def test_the_best_model_of_an_automl_job(site: Site) -> None:
    site.takes({"output": "best_model"})
    best = f"{site.model}-child"
    logged = {"mlflow_log_model_7": JobOutput("mlflow_model", segment="model")}
    site.job(
        "AutoML",
        best=best,
        outputs={"best_model": JobOutput("mlflow_model", step=(best, "mlflow_log_model_7"))},
        **SEARCH,
    )
    site.run("child", outputs=logged, metrics={"accuracy": 0.77})

    version = site.registered()

    assert version.tags["metrics.accuracy"] == "0.77"
    assert said(version, "job", "trial", "parent_job") == {"job": site.model, "trial": best, "parent_job": None}
    assert version.uri.endswith(f"/azureml/{best}/model")


def test_the_one_file_that_fits_a_pattern(site: Site) -> None:
    site.takes({"output": "model", "path": "**/*.bin"})
    site.job(outputs=MODEL, metrics=ACCURACY)
    site.writes(site.model, "model/export 7%/weights.bin")
    site.writes(site.model, "model/log.txt")

    version = site.registered()

    uri = f"azureml://jobs/{site.model}/outputs/model/paths/export 7%/weights.bin"
    assert version.properties["lineage.job_output_uri"] == uri
    assert version.uri.endswith(f"/azureml/{site.model}/model/export 7%/weights.bin")


def test_two_files_that_fit_a_pattern(site: Site) -> None:
    site.takes({"output": "model", "path": "*.bin"})
    site.job(outputs=MODEL, metrics=ACCURACY)
    for name in ("b.bin", "a.bin"):
        site.writes(site.model, f"model/{name}")

    assert "several files or folders in the output fit '*.bin': 'a.bin', 'b.bin'" in site.refused()


def test_several_outputs_of_one_step_each_for_a_model_of_its_own(site: Site) -> None:
    rule = {"accuracy": {"min": 0.5}}
    both = [(site.model, "model"), (f"{site.model}-words", "words")]
    site.publishes(
        [
            {"name": name, "from": {"step": "train", "output": output}, "metrics": rule, "group": "g"}
            for name, output in both
        ]
    )
    site.job("Pipeline")
    step = site.run("train", outputs={**MODEL, "words": JobOutput("custom_model")})
    site.writes(step, "words/words.bin")

    outcomes = site.parts.worker.work(json.dumps(raised.run_completed(site.model, site.model)))

    assert [(one.model, one.outcome) for one in outcomes] == [(name, "registered") for name, _ in both]
    assert {site.sandbox.workspace.version(name, 1).job for name, _ in both} == {step}


def test_the_end_of_a_step_or_a_trial_makes_no_second_candidate(site: Site) -> None:
    site.takes({"output": "model"})
    site.job("Sweep", best=f"{site.model}-trial", **SEARCH)
    trial = site.run("trial")

    before = site.ends(trial)
    version = site.registered()
    after = site.ends(trial)

    assert (before.outcome, after.outcome) == ("ignored", "ignored")
    assert [each.version for each in site.sandbox.workspace.versions(site.model)] == [version.version]


def test_a_sweep_pass_finds_what_no_event_told_of_and_counts_it_as_decided(site: Site) -> None:
    site.takes({"step": "train", "output": "model"})
    queue: list[str] = []
    passes = site.passes(queue)
    passes.run()
    site.job("Pipeline")
    site.run("train")

    found = passes.run()
    (message,) = (told for told in queue if site.model in told)
    (outcome,) = site.parts.registrar.process(message)
    after = passes.run()

    assert (found.eligible, found.decided, outcome.outcome) == (1, 0, "registered")
    assert (after.eligible, after.decided, after.enqueued - after.stuck) == (1, 1, 0)
    assert site.ends().outcome == "duplicate"


def test_an_event_leads_back_from_the_work_of_a_step(site: Site) -> None:
    site.takes({"step": "train", "output": "model"})
    site.job("Pipeline")
    site.run("train")
    outcome = site.ends()
    work = site.parts.ledger.work(outcome.work or "")
    assert work is not None

    event = site.parts.resolver.event_of(work.subject["source"])

    assert event is not None
    (again,) = site.parts.registrar.process(event.text)
    assert (again.outcome, again.work) == ("duplicate", outcome.work)


def test_a_job_without_the_output(site: Site) -> None:
    site.takes({"output": "model"})
    site.job(outputs={})

    assert site.refused() == "the job has no output 'model'; it has: default"


def test_an_output_on_a_file_share_is_refused_and_keeps_no_other_model_waiting(site: Site) -> None:
    rule = {"accuracy": {"min": 0.5}}
    both = {site.model: "model", f"{site.model}-shared": "shared"}
    site.publishes([{"name": name, "from": {"output": output}, "metrics": rule} for name, output in both.items()])
    share = JobOutput("custom_model", uri="azureml://datastores/workspacefilestore/paths/churn")
    site.job(outputs={**MODEL, "shared": share}, metrics=ACCURACY)
    site.writes(site.model, "model/model.bin")

    outcomes = site.parts.worker.work(json.dumps(raised.run_completed(site.model, site.model)))

    assert [one.outcome for one in outcomes] == ["registered", "rejected"]
    told = "output 'shared' lies in a datastore of another workspace, or in none of blobs; let the job write to a blob"
    assert outcomes[1].reasons[0].startswith(told)


def test_a_step_without_any_output(site: Site) -> None:
    site.takes({"step": "train", "output": "model"})
    site.job("Pipeline")
    step = site.run("train", outputs={})

    assert site.refused() == f"run {step} has no output 'model'; it has: default"


def test_a_name_that_two_steps_have(site: Site) -> None:
    site.takes({"step": "train", "output": "model"})
    site.job("Pipeline")
    for name in ("one", "two"):
        site.run(name, title="train")

    reason = site.refused()

    assert reason.startswith(f"2 steps of {site.model} are called 'train': train ({site.model}-one, Completed), train")


def test_a_sweep_without_a_primary_metric(site: Site) -> None:
    site.takes({"output": "model"})
    site.job("Sweep", best=f"{site.model}-trial")
    site.run("trial")

    assert site.refused().startswith(f"sweep {site.model} has no primary metric")


def test_a_best_trial_that_was_deleted_meanwhile(site: Site) -> None:
    site.takes({"output": "model"})
    trial = f"{site.model}-trial"
    site.job("Sweep", best=trial, **SEARCH)
    site.sandbox.workspace.remove_job(site.run("trial"))

    assert site.refused().startswith(f"the workspace has no run {trial} any more")


def test_runs_that_reuse_each_other(site: Site) -> None:
    site.takes({"step": "train", "output": "model"})
    site.job("Pipeline")
    site.run("train", reused_from=f"{site.model}-other")
    site.run("other", reused_from=f"{site.model}-train")

    assert "is said to be inside itself, or to reuse itself" in site.refused()


def test_a_run_that_is_its_own_parent_is_a_job_of_its_own(site: Site) -> None:
    site.takes({"output": "model"})
    site.job(outputs=MODEL, metrics=ACCURACY)
    site.writes(site.model, "model/model.bin")
    own = {"runMetadata": {"runId": site.model, "parentRunId": site.model, "status": "Completed"}}
    site.sandbox.workspace.fail_next("POST", "/rundata$", 200, own)

    assert site.registered().job == site.model


def test_a_name_with_every_character(site: Site) -> None:
    strange = "Train & évaluate [v2.0] / 'final' #1?*%20"
    site.takes({"step": [strange], "output": "model"})
    site.job("Pipeline")
    step = site.run("run_1.x-y", title=strange)

    version = site.registered()

    assert said(version, "job", "step") == {"job": step, "step": strange}
