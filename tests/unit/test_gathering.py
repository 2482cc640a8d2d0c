"""What a decision may look at: from the job, from the manifest, from earlier champions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from registration.gathering import by_slice
from registration.policy import Evidence, Point
from registration.redecision import again
from tests.world import CHURN, World, drop_event, job_event


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1", accuracy=0.9)
    return world


def asking(world: World, *parts: str, metric: str = "min: 0.8") -> None:
    more = "".join(f"    {part}\n" for part in parts)
    text = CHURN.replace("min: 0.8", metric).replace("    metrics:", f"{more}    metrics:")
    world.policies.kept["churn.yaml"] = text


def known(world: World) -> Evidence:
    return world.case(job_event("j1")).evidence


def verdict(world: World, rule: str) -> Any:
    record = world.history("churn")[-1]
    return next(verdict for verdict in record["verdicts"] if verdict["rule"] == rule)


def test_slices_are_read_from_the_names_of_metrics() -> None:
    logged = {"a": 1, "slices/country:DE/a": 2, "slices/country:DE/val/b": 3, "slices/x": 4, "slices//a": 5}

    assert by_slice(logged) == (
        {"a": 1, "slices/x": 4, "slices//a": 5},
        {"country=DE": {"a": 2, "val/b": 3}},
    )


def test_a_history_is_read_only_where_a_policy_asks_for_another_value_than_the_last(world: World) -> None:
    world.workspace.curves["j1", "accuracy"] = (Point(0, 0.95), Point(1, 0.9))

    assert known(world).history == {}
    asking(world, metric="min: 0.94, value: best")

    assert world.process(job_event("j1")).outcome == "registered"
    assert world.history("churn")[-1]["candidate"]["history"] == {
        "accuracy": [{"step": 0, "value": 0.95}, {"step": 1, "value": 0.9}]
    }


def test_a_metric_is_read_from_a_tag_where_the_policy_says_so_and_nothing_was_logged(world: World) -> None:
    world.job("j1", accuracy=None)
    world.workspace.jobs["j1"] = _tagged(world, accuracy="0.9")

    assert known(world).metrics == {}
    asking(world, metric="min: 0.8, coerce: true")

    assert known(world).metrics == {"accuracy": "0.9"}
    assert known(world).from_tags == {"accuracy"}
    assert world.process(job_event("j1")).outcome == "registered"


def test_comparable_keys_are_tags_of_the_job_or_else_its_parameters(world: World) -> None:
    asking(world, "require: {comparable_on: [eval, seed, nothing]}")
    world.workspace.jobs["j1"] = _tagged(world, eval="e1")
    world.workspace.chosen["j1"] = {"seed": "7", "eval": "another", "more": "x"}

    assert known(world).comparable == {"eval": "e1", "seed": "7"}


def test_required_tags_and_lineage_are_those_of_the_job(world: World) -> None:
    asking(world, "require: {tags: {owner: present}, lineage: [job, code.commit]}")
    world.workspace.jobs["j1"] = _tagged(world, owner="ann")

    world.process(job_event("j1"))

    assert verdict(world, "require.tags.owner")["result"] == "passed"
    assert verdict(world, "require.lineage.job")["result"] == "passed"
    assert verdict(world, "require.lineage.git_commit")["code"] == "lineage_missing"


def test_parameters_that_a_job_logged_are_part_of_its_lineage(world: World) -> None:
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], parameters={"C": "0.1", "rows": "all"})
    world.workspace.chosen["j1"] = {"C": "1.0"}

    world.process(job_event("j1"))

    told = '{"C": "1.0", "rows": "all"}'
    assert world.registry.versions["churn", 1].properties["lineage.parameters"] == told
    assert world.history("churn")[-1]["candidate"]["lineage"]["lineage.parameters"] == told


def test_what_could_not_be_made_again_is_rejected_with_everything_that_is_missing(world: World) -> None:
    asking(world, "require: {lineage: [reproducible]}")
    told = {"azureml.git.commit": "9f2d1c4", "azureml.git.dirty": "True"}
    world.workspace.jobs["j1"] = replace(world.workspace.jobs["j1"], properties=told, environment="azureml:sklearn:7")

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, world.registry.versions) == ("rejected", {})
    assert outcome.reasons == (
        "the code had changes that are in no commit; no dataset is known; no parameters are known",
    )


def test_a_drop_says_all_of_it_in_its_manifest(world: World) -> None:
    world.drop(
        "vendor-a/1",
        slices={"x": {"accuracy": "NaN"}},
        history={"accuracy": [{"step": 3, "value": 0.5}]},
        comparable={"eval": "e1"},
        tags={"owner": "vendor"},
    )

    evidence = world.case(drop_event("vendor-a/1")).evidence

    assert evidence.slices == {"x": {"accuracy": "NaN"}}
    assert evidence.history == {"accuracy": (Point(3, 0.5),)}
    assert (evidence.comparable, evidence.tags) == ({"eval": "e1"}, {"owner": "vendor"})


def test_earlier_champions_are_read_only_where_a_policy_asks_for_them(world: World) -> None:
    asking(world, metric="min: 0.1")
    for name, accuracy in {"j1": 0.95, "j2": 0.96, "j3": 0.97}.items():
        world.job(name, accuracy=accuracy)
        world.process(job_event(name))
    assert world.history("churn")[-1]["past"] == []
    asking(world, "budget: {cumulative_regression: {accuracy: 0.05}}", metric="min: 0.1")

    world.job("j4", accuracy=0.98)
    world.process(job_event("j4"))

    assert [(one["version"], one["metrics"]) for one in world.history("churn")[-1]["past"]] == [
        (1, {"accuracy": 0.95}),
        (2, {"accuracy": 0.96}),
    ]


def test_a_pinned_version_is_found_among_earlier_champions(world: World) -> None:
    world.process(job_event("j1"))
    world.job("j2", accuracy=0.95)
    world.process(job_event("j2"))
    asking(world, 'compare_to: "pinned:1"')
    world.job("j3", accuracy=0.92)

    outcome = world.process(job_event("j3"))

    assert (outcome.outcome, outcome.version) == ("registered", 3)
    assert verdict(world, "metrics.accuracy.vs_champion.max_regression")["champion"] == "0.9"


def test_every_record_alone_can_be_decided_again(world: World) -> None:
    asking(
        world,
        "require: {tags: {owner: present}, comparable_on: [eval]}",
        "budget: {cumulative_regression: {accuracy: 0.05}}",
        'compare_to: "best"',
        metric='min: 0.8, value: best, slices: {"*": {min: 0.5}}',
    )
    for name, accuracy in {"j1": 0.9, "j2": 0.95, "j3": 0.93, "j4": 0.5, "j5": 0.96}.items():
        world.job(name, accuracy=accuracy)
        world.workspace.jobs[name] = _tagged(world, name, owner="ann", eval="e1")
        world.workspace.curves[name, "accuracy"] = (Point(0, accuracy), Point(1, "NaN"))
        world.workspace.logged[name] = {"accuracy": accuracy, "slices/x:1/accuracy": accuracy}
        world.process(job_event(name))

    policy = world.offer(job_event("j1")).model
    for record in world.history("churn"):
        decision = again(record, policy).to_dict()
        assert (decision["outcome"], decision["reasons"]) == (record["outcome"], record["reasons"])
        assert decision["verdicts"] == record["verdicts"]


def _tagged(world: World, name: str = "j1", **tags: str) -> Any:
    return replace(world.workspace.jobs[name], tags=tags)
