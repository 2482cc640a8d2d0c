"""What runs inside a job: the end of a pipeline or a sweep offers what its steps and trials wrote, and they do not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.candidate import Candidate, JobSource, Refusal, source_from
from registration.errors import NotVisibleYetError
from registration.events import NotOfInterest
from registration.finding import Finding
from registration.gathering import gathered
from registration.policy import Point, catalog
from registration.sources import jobs, steps
from registration.sources.job import Job, JobOutput
from registration.sources.jobs import Announcement
from tests.answering import adopted, held, say
from tests.fakes import OUTPUTS
from tests.world import CHURN, World, job_event

OUTPUT = {"model": JobOutput("custom_model", None)}
PIPELINE = {"azureml.runsource": "azureml.PipelineRun"}
SWEEP = {"runTemplate": "HyperDrive", "primary_metric_config": '{"name":"accuracy","goal":"maximize"}'}
AUTOML = {"runTemplate": "AutoML", "primary_metric": "accuracy"}


@dataclass
class Site:
    """A job `j1` of the experiment that the policy matches, and what runs inside it."""

    world: World = field(default_factory=World)

    def job(self, name: str = "j1", **said: Any) -> None:
        """A job as the workspace shows it."""
        self.world.workspace.jobs[name] = Job(name, "Completed", **{"experiment": "churn-nightly", **said})

    def run(self, name: str, *, inside: str = "j1", title: str = "", **said: Any) -> None:
        """Something inside a job, with an output of files that bear its name."""
        told = {"status": "Completed", "outputs": OUTPUT, **said}
        self.world.workspace.inner[name] = Job(name, parent=inside, title=title or name, **told)
        self.world.store.put(OUTPUTS / f"azureml/{name}/model/model.onnx", name.encode())

    def logs(self, run: str, **metrics: object) -> None:
        """What a run measured."""
        self.world.workspace.logged[run] = metrics

    def takes(self, source: str) -> None:
        """What the policy's `from` says."""
        self.world.policies.kept["churn.yaml"] = CHURN.replace("{output: model}", source)

    def offered(self, job: str = "j1") -> Candidate | Refusal:
        """The one offer that the end of a job makes."""
        announced = Announcement(job, "/ws", "e1", "RunCompleted")
        world = self.world
        found = jobs.offers(
            announced, workspace=world.workspace, files=world.store, catalog=catalog.load(world.policies)
        )
        assert isinstance(found, list), found
        (offer,) = found
        return offer

    def candidate(self) -> Candidate:
        """The one candidate that the end of the job offers."""
        offer = self.offered()
        assert isinstance(offer, Candidate), offer
        return offer

    def refusal(self) -> Finding:
        """Why the job offers nothing to the model."""
        offer = self.offered()
        assert isinstance(offer, Refusal), offer
        (finding,) = offer.findings
        return finding

    def pipeline(self, *titles: str, **said: Any) -> None:
        """A pipeline with these steps."""
        self.job(properties=PIPELINE)
        for title in titles:
            self.run(f"run-of-{title}", title=title, **said)

    def sweep(self, *accuracies: object, **said: Any) -> None:
        """A sweep with a completed trial for each accuracy; None for one that logged nothing."""
        self.job(properties={**SWEEP, **said})
        for number, accuracy in enumerate(accuracies):
            self.run(f"j1_{number}")
            self.logs(f"j1_{number}", **({} if accuracy is None else {"accuracy": accuracy}))


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_step_is_found_by_its_name_and_its_run_is_named(site: Site) -> None:
    site.pipeline("prepare", "train")
    site.takes("{step: train, output: model}")

    offered = site.candidate()

    assert offered.source == JobSource("/ws", "j1", "model", "", run="run-of-train")
    assert offered.location == OUTPUTS / "azureml/run-of-train/model"
    assert (offered.lineage.job, offered.lineage.parent_job) == ("run-of-train", "j1")
    assert (offered.lineage.step, offered.lineage.trial) == ("train", None)
    assert offered.lineage.job_output_uri == "azureml://jobs/run-of-train/outputs/model"
    assert offered.lineage.experiment == "churn-nightly"


def test_a_source_with_a_run_is_read_back_from_its_identity() -> None:
    source = JobSource("/ws", "j1", "model", "a/b", run="r1")

    assert source_from(list(source.identity)) == source
    assert str(source) == "job j1, run r1, output model, path a/b"
    assert JobSource("/ws", "j1", "model", "").identity == ("job", "/ws", "j1", "model", "")


@pytest.mark.parametrize("written", ["a/b", "[a, b]"])
def test_a_step_of_a_nested_pipeline_is_named_from_the_outside_in(site: Site, written: str) -> None:
    site.pipeline("a", "b")
    site.run("inner", inside="run-of-a", title="b")
    site.takes(f"{{step: {written}, output: model}}")

    offered = site.candidate()

    assert (offered.lineage.job, offered.lineage.step, offered.lineage.parent_job) == ("inner", "a/b", "j1")


def test_a_name_with_every_character_is_found_through_the_list(site: Site) -> None:
    strange = "Train & évaluate / v2.0 [final] 'x' #1?*"
    site.pipeline()
    site.run("r1", title=strange)
    site.takes(f'{{step: ["{strange}"], output: model}}')

    assert site.candidate().lineage.job == "r1"


def test_a_step_that_is_not_there_is_refused_with_those_there_are(site: Site) -> None:
    site.pipeline("prepare", "fit")
    site.takes("{step: train, output: model}")

    found = site.refusal()

    assert found.code == "job.step_missing"
    assert found.message == (
        "j1 has no step 'train'; it has: fit (run-of-fit, Completed), prepare (run-of-prepare, Completed)"
    )


def test_a_name_that_fits_two_steps_is_refused_with_both_and_never_the_first(site: Site) -> None:
    site.pipeline()
    site.run("r1", title="train")
    site.run("r2", title="train", status="Failed")
    site.takes("{step: train, output: model}")

    found = site.refusal()

    assert found.code == "job.step_ambiguous"
    assert found.message == "2 steps of j1 are called 'train': train (r1, Completed), train (r2, Failed)"


def test_a_step_that_failed_is_refused(site: Site) -> None:
    site.pipeline("train", status="Canceled")
    site.takes("{step: train, output: model}")

    assert str(site.refusal()) == "step train (run-of-train) is Canceled, not Completed"


def test_a_step_that_still_runs_is_waited_for(site: Site) -> None:
    site.pipeline("train", status="Finalizing")
    site.takes("{step: train, output: model}")

    with pytest.raises(NotVisibleYetError, match=r"step train \(run-of-train\) is Finalizing"):
        site.offered()


def test_a_step_without_the_output_is_refused_with_those_it_has(site: Site) -> None:
    site.pipeline("train", outputs={})
    site.takes("{step: train, output: model}")

    assert site.refusal().code == "job.output_missing"
    assert site.refusal().message == "run run-of-train has no output 'model'; it has: none"


def test_a_reused_step_offers_what_the_original_run_wrote_and_lineage_says_both(site: Site) -> None:
    site.job("earlier", properties={**PIPELINE, "azureml.git.commit": "0ld"}, experiment="churn-weekly")
    site.run("first", inside="earlier", title="train")
    reuse = {"azureml.isreused": "true", "azureml.reusedrunid": "first", "azureml.reusedpipelinerunid": "earlier"}
    site.job(properties={**PIPELINE, "azureml.git.commit": "n3w"})
    site.run("again", title="train", properties=reuse)
    site.takes("{step: train, output: model}")

    offered = site.candidate()

    assert (offered.lineage.job, offered.lineage.reused_by, offered.lineage.parent_job) == ("first", "again", "j1")
    assert (offered.lineage.git_commit, offered.lineage.experiment) == ("0ld", "churn-weekly")
    assert offered.location == OUTPUTS / "azureml/first/model"
    assert offered.measured_by == "first"
    assert offered.source == JobSource("/ws", "j1", "model", "", run="first")


def test_a_pipeline_that_was_reused_as_a_whole_has_the_steps_of_the_original(site: Site) -> None:
    site.run("old-sub", inside="earlier", title="sub", properties=PIPELINE)
    site.run("old-train", inside="old-sub", title="train")
    site.job(properties=PIPELINE)
    site.run("sub", properties={"azureml.isreused": "True", "azureml.reusedrunid": "old-sub"})
    site.takes("{step: sub/train, output: model}")

    lineage = site.candidate().lineage

    assert (lineage.job, lineage.reused_by, lineage.git_commit) == ("old-train", "sub", None)


def test_an_original_run_that_was_deleted_is_refused(site: Site) -> None:
    site.pipeline("train", properties={"azureml.isreused": "true", "azureml.reusedrunid": "gone"})
    site.takes("{step: train, output: model}")

    assert site.refusal().code == "job.run_missing"
    assert site.refusal().message == "the workspace has no run gone any more; run-of-train reuses it"


def test_runs_that_reuse_each_other_are_refused(site: Site) -> None:
    site.pipeline("train", properties={"azureml.isreused": "true", "azureml.reusedrunid": "other"})
    site.run("other", properties={"azureml.isreused": "true", "azureml.reusedrunid": "run-of-train"})
    site.takes("{step: train, output: model}")

    assert site.refusal().code == "job.run_cycle"


def test_a_run_that_is_inside_itself_is_refused(site: Site) -> None:
    pipeline = Job("j1", "Completed", properties=PIPELINE)
    site.run("a", properties=PIPELINE)
    site.run("j1", inside="a", title="top", properties=PIPELINE)

    found = steps.find(pipeline, ("a", "top", "a"), site.world.workspace)

    assert isinstance(found, Finding)
    assert (found.code, found.message) == ("job.run_cycle", "run j1 is said to be inside itself, or to reuse itself")


def test_more_runs_than_are_looked_through_are_refused(site: Site) -> None:
    site.pipeline()
    for number in range(steps.MOST_RUNS + 1):
        site.run(f"r{number}", title="train")
    site.takes("{step: train, output: model}")

    assert site.refusal().code == "job.too_many_runs"


def test_the_end_of_a_step_offers_nothing(site: Site) -> None:
    site.pipeline("train")
    site.takes("{step: train, output: model}")

    before = site.world.everything()
    outcome = site.world.process(job_event("run-of-train"))

    assert outcome.outcome == "ignored"
    assert outcome.reasons == ("job run-of-train is part of another, whose end offers what is in it",)
    assert site.world.everything() == before


@pytest.mark.parametrize("properties", [SWEEP, AUTOML, PIPELINE])
def test_a_trial_that_is_shown_like_a_job_of_its_own_offers_nothing_either(
    site: Site, properties: dict[str, str]
) -> None:
    site.job(properties=properties)
    site.job("j1_0", outputs=OUTPUT, parent="j1")
    announced = Announcement("j1_0", "/ws", "e1", "RunCompleted")
    world = site.world

    found = jobs.offers(announced, workspace=world.workspace, files=world.store, catalog=catalog.load(world.policies))

    assert isinstance(found, NotOfInterest)
    assert found.reason == "job j1_0 is part of j1, whose end offers what is in it"


@pytest.mark.parametrize("parent", ["j1", "j2", "deleted"])
def test_a_job_that_another_job_started_is_a_job_of_its_own(site: Site, parent: str) -> None:
    site.job("j2")
    site.job(outputs=OUTPUT, parent=parent)

    assert site.candidate().source == JobSource("/ws", "j1", "model", "")


def test_the_trial_that_the_sweep_names_is_offered(site: Site) -> None:
    site.sweep(0.9, 0.95, 0.8)
    tags = {"_aml_system_j1_2": '{"lr": 0.1}', "team": "growth"}
    site.job(properties={**SWEEP, "best_child_run_id": "j1_2"}, tags=tags)

    offered = site.candidate()

    assert offered.source == JobSource("/ws", "j1", "model", "", run="j1_2")
    assert (offered.lineage.job, offered.lineage.trial, offered.lineage.parent_job) == ("j1_2", "j1_2", "j1")
    assert offered.lineage.chosen_by == "the sweep, by accuracy (maximize)"
    assert offered.lineage.parameters == {"lr": "0.1"}
    assert (offered.measured_by, offered.stated.tags) == ("j1_2", {"team": "growth"})


@pytest.mark.parametrize(("goal", "best"), [("maximize", "j1_1"), ("Minimize", "j1_2")])
def test_without_the_sweeps_word_the_best_completed_trial_is_measured(site: Site, goal: str, best: str) -> None:
    config = f'{{"name":"accuracy","goal":"{goal}"}}'
    site.sweep(0.9, 0.95, 0.8, None, "NaN", float("inf"), primary_metric_config=config)
    site.run("j1_6", status="Canceled")
    site.logs("j1_6", accuracy=0.99)

    lineage = site.candidate().lineage

    assert lineage.trial == best
    assert lineage.chosen_by in {
        "accuracy 0.95, the highest of 3 completed trials",
        "accuracy 0.8, the lowest of 3 completed trials",
    }


def test_a_best_trial_that_was_cancelled_gives_way_to_the_best_that_completed(site: Site) -> None:
    site.sweep(0.9, 0.95, best_child_run_id="j1_2")
    site.run("j1_2", status="Canceled")

    assert site.candidate().lineage.trial == "j1_1"


def test_two_best_trials_are_refused_with_both_and_never_the_first(site: Site) -> None:
    site.sweep(0.9, 0.95, 0.95)

    assert site.refusal().code == "job.trial_ambiguous"
    assert site.refusal().message == "2 trials of sweep j1 share the best accuracy, 0.95: j1_1, j1_2"


@pytest.mark.parametrize("config", [None, "null", "{", '{"name":"","goal":"maximize"}', '{"name":"auc","goal":"most"}'])
def test_a_sweep_without_a_primary_metric_is_refused(site: Site, config: str | None) -> None:
    site.sweep(0.9)
    said = {"runTemplate": "HyperDrive"} | ({"primary_metric_config": config} if config is not None else {})
    site.job(properties={**said, "best_child_run_id": "j1_0"})

    assert site.refusal().code == "job.no_primary_metric"


def test_a_sweep_whose_trials_measured_nothing_is_refused(site: Site) -> None:
    site.sweep(None, "high")

    assert site.refusal().code == "job.trial_missing"
    assert site.refusal().message == (
        "j1 has no best trial: of 2 trials, none completed and logged a number as accuracy"
    )


def test_a_best_trial_of_another_sweep_is_refused(site: Site) -> None:
    site.sweep(0.9, best_child_run_id="theirs")
    site.run("theirs", inside="j9")

    assert site.refusal().message == "j1 has no best trial: it names theirs as the best, which is inside j9"


def test_a_best_trial_that_was_deleted_is_refused(site: Site) -> None:
    site.sweep(0.9, best_child_run_id="gone")

    assert site.refusal().code == "job.run_missing"


def test_the_best_model_of_automl_is_the_artifacts_of_its_best_child(site: Site) -> None:
    site.job(properties=AUTOML, tags={"automl_best_child_run_id": "j1_7"})
    site.run("j1_7", outputs={"default": JobOutput("uri_folder", None)})
    site.takes("{output: artifacts, path: outputs/mlflow-model}")

    offered = site.candidate()

    assert offered.lineage.job_output_uri == "azureml://jobs/j1_7/outputs/artifacts/paths/outputs/mlflow-model"
    assert (offered.lineage.trial, offered.lineage.chosen_by) == ("j1_7", "AutoML, by accuracy")


def test_the_best_child_of_automl_may_be_in_a_sweep_that_automl_made(site: Site) -> None:
    site.job(properties=AUTOML, tags={"automl_best_child_run_id": "j1_HD_0"})
    site.run("j1_HD", properties=SWEEP)
    site.run("j1_HD_0", inside="j1_HD")

    lineage = site.candidate().lineage

    assert (lineage.job, lineage.trial, lineage.parent_job) == ("j1_HD_0", "j1_HD_0", "j1")


def test_a_best_child_whose_parents_go_round_is_in_no_search(site: Site) -> None:
    site.job(properties=AUTOML, tags={"automl_best_child_run_id": "a"})
    site.run("a", inside="b")
    site.run("b", inside="a")

    assert site.refusal().code == "job.trial_missing"


def test_an_output_that_only_the_automl_job_has_is_taken_from_it_and_measured_by_the_best_child(site: Site) -> None:
    best = {"best_model": JobOutput("mlflow_model", None)}
    site.job(properties=AUTOML, tags={"automl_best_child_run_id": "j1_7"}, outputs=best)
    site.run("j1_7", outputs={})
    site.takes("{output: best_model}")

    offered = site.candidate()

    assert offered.source == JobSource("/ws", "j1", "best_model", "")
    assert (offered.lineage.job, offered.lineage.trial, offered.measured_by) == ("j1", "j1_7", "j1_7")


def test_an_automl_job_that_names_no_best_model_is_refused(site: Site) -> None:
    site.job(properties=AUTOML)

    assert str(site.refusal()).startswith("j1 has no best trial: AutoML names no best model; see in Studio")


def test_a_best_model_that_is_not_completed_is_refused(site: Site) -> None:
    site.job(properties=AUTOML, tags={"automl_best_child_run_id": "j1_7"})
    site.run("j1_7", status="Failed")

    assert site.refusal().code == "job.run_unfinished"


def test_a_sweep_that_is_a_step_offers_its_best_trial(site: Site) -> None:
    site.pipeline()
    site.run("tune", properties={**SWEEP, "best_child_run_id": "tune_0"})
    site.run("tune_0", inside="tune")
    site.takes("{step: tune, output: model}")

    lineage = site.candidate().lineage

    assert (lineage.job, lineage.step, lineage.trial, lineage.parent_job) == ("tune_0", "tune", "tune_0", "j1")


@pytest.mark.parametrize("source", ["{step: tune, output: model}", "{step: tune, trial: best, output: model}"])
def test_a_sweep_inside_a_step_is_looked_for(site: Site, source: str) -> None:
    site.pipeline()
    site.run("tune", properties={"StepType": "HyperDriveStep"})
    site.run("HD_1", inside="tune", properties={**SWEEP, "best_child_run_id": "HD_1_0"})
    site.run("HD_1_0", inside="HD_1")
    site.takes(source)

    assert site.candidate().lineage.trial == "HD_1_0"


def test_trials_are_refused_where_there_are_none(site: Site) -> None:
    site.job(outputs=OUTPUT)
    site.takes("{trial: best, output: model}")

    assert site.refusal().code == "job.no_trials"


def test_trials_of_several_sweeps_are_refused_with_all_of_them(site: Site) -> None:
    site.pipeline()
    for name in ("tune", "retune"):
        site.run(name, properties=SWEEP)
    site.takes("{trial: best, output: model}")

    assert "2 are inside it: retune (retune, Completed), tune (tune, Completed)" in site.refusal().message


@pytest.mark.parametrize(
    ("measured_by", "accuracy"), [("run", 0.91), ("job", 0.92), ("{step: evaluate}", 0.93), ("{step: [train]}", 0.91)]
)
def test_the_policy_says_whose_metrics_count(site: Site, measured_by: str, accuracy: float) -> None:
    site.pipeline("train", "evaluate")
    site.logs("run-of-train", accuracy=0.91)
    site.logs("j1", accuracy=0.92)
    site.logs("run-of-evaluate", accuracy=0.93)
    site.takes(f"{{step: train, output: model, measured_by: {measured_by}}}")

    _, known = gathered(site.candidate(), site.world.workspace)

    assert known.metrics == {"accuracy": accuracy}


def test_history_and_comparability_are_of_the_run_that_measured(site: Site) -> None:
    site.pipeline("train", "evaluate")
    site.logs("run-of-evaluate", accuracy=0.93)
    workspace = site.world.workspace
    workspace.curves["run-of-evaluate", "accuracy"] = (Point(0, 0.97), Point(1, 0.93))
    workspace.chosen |= {"run-of-train": {"seed": "7", "rows": "train"}, "run-of-evaluate": {"rows": "held-out"}}
    site.takes("{step: train, output: model, measured_by: {step: evaluate}}")
    asked = "    defaults: {value: best}\n    require: {comparable_on: [rows, seed]}\n"
    site.world.policies.kept["churn.yaml"] += asked

    candidate, known = gathered(site.candidate(), workspace)

    assert known.history == {"accuracy": (Point(0, 0.97), Point(1, 0.93))}
    assert known.comparable == {"rows": "held-out", "seed": "7"}
    assert candidate.lineage.parameters == {"seed": "7", "rows": "train"}


def test_a_measuring_step_that_is_not_there_is_refused(site: Site) -> None:
    site.pipeline("train")
    site.takes("{step: train, output: model, measured_by: {step: evaluate}}")

    assert site.refusal().code == "job.step_missing"


def test_one_run_offers_each_of_its_outputs_to_its_model(site: Site) -> None:
    site.pipeline("train", outputs={**OUTPUT, "tokenizer": JobOutput("uri_folder", None)})
    site.takes("{step: train, output: model}")
    site.world.policies.kept["churn.yaml"] += "  - {name: words, from: {step: train, output: tokenizer}}\n"
    site.world.store.put(OUTPUTS / "azureml/run-of-train/tokenizer/vocabulary.txt", b"words")

    outcomes = site.world.registrar.process(job_event("j1"))

    assert [(one.model, one.source) for one in outcomes] == [
        ("churn", "job j1, run run-of-train, output model"),
        ("words", "job j1, run run-of-train, output tokenizer"),
    ]


def test_the_same_end_told_twice_is_decided_once(site: Site) -> None:
    site.sweep(0.9, best_child_run_id="j1_0")

    first = site.world.process(job_event("j1"))
    again = site.world.process(job_event("j1", kind="RunStatusChanged", status="Completed"))

    assert (first.outcome, again.outcome, again.work) == ("registered", "duplicate", first.work)
    assert site.world.registry.visible("churn") == [1]
    version = site.world.registry.versions["churn", 1]
    assert version.uri == "azureml://jobs/j1_0/outputs/model"
    assert version.properties["lineage.trial"] == "j1_0"


def test_a_held_candidate_of_a_step_is_approved_where_it_lies(site: Site) -> None:
    site.pipeline("train")
    site.logs("run-of-train", accuracy=0.9)
    site.takes("{step: train, output: model}")
    adopted(site.world)
    first = held(site.world)

    outcome = say(site.world, "approve", first)

    assert (outcome.outcome, outcome.version) == ("registered", 4)
    assert site.world.registry.versions["churn", 4].uri == "azureml://jobs/run-of-train/outputs/model"


def test_the_decision_says_whose_metrics_counted(site: Site) -> None:
    site.pipeline("train", "evaluate")
    site.logs("run-of-evaluate", accuracy=0.9)
    site.takes("{step: train, output: model, measured_by: {step: evaluate}}")

    site.world.process(job_event("j1"))

    (written,) = site.world.history("churn")
    assert written["candidate"]["measured_by"] == "run-of-evaluate"
    assert written["candidate"]["source"][-2:] == ["run", "run-of-train"]
    assert written["candidate"]["lineage"]["lineage.step"] == "train"


def test_work_of_a_sweep_that_a_worker_left_is_brought_back_by_the_end_of_the_sweep(site: Site) -> None:
    site.sweep(0.9, best_child_run_id="j1_0")
    offer = site.offered()

    event = site.world.resolver.event_of(list(offer.source.identity))

    assert event is not None
    assert json.loads(event.text)["data"]["runId"] == "j1"


def test_an_automl_job_that_is_a_step_offers_its_best_child(site: Site) -> None:
    best = {"best_model": JobOutput("mlflow_model", None)}
    site.pipeline()
    site.run("auto", properties=AUTOML, tags={"automl_best_child_run_id": "auto_3"}, outputs=best)
    site.run("auto_3", inside="auto", outputs={})
    site.takes("{step: auto, output: best_model}")

    offered = site.candidate()

    assert offered.source == JobSource("/ws", "j1", "best_model", "", run="auto")
    assert (offered.lineage.job, offered.lineage.trial, offered.lineage.step) == ("auto", "auto_3", "auto")
    assert offered.measured_by == "auto_3"


ACCURACIES = st.lists(st.none() | st.integers(0, 5).map(lambda hundredths: hundredths / 100), min_size=1, max_size=6)


@given(ACCURACIES, st.sampled_from(["maximize", "minimize"]))
def test_the_trial_that_is_measured_to_be_best_is_better_than_every_other(
    accuracies: list[float | None], goal: str
) -> None:
    site = Site()
    site.sweep(*accuracies, primary_metric_config=json.dumps({"name": "accuracy", "goal": goal}))
    values = [value for value in accuracies if value is not None]
    end = (max if goal == "maximize" else min)(values, default=None)
    leading = [f"j1_{number}" for number, value in enumerate(accuracies) if value is not None and value == end]

    offer = site.offered()

    if len(leading) == 1:
        assert isinstance(offer, Candidate)
        assert offer.lineage.trial == leading[0]
    else:
        assert isinstance(offer, Refusal)
        assert offer.findings[0].code == ("job.trial_ambiguous" if leading else "job.trial_missing")
