"""The lineage tree: from a version back to data and code, and on to what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from registration import explanation, history
from registration.deployments import Deployment
from registration.lineage_nodes import MOST_SHOWN
from registration.lineage_tree import Deployed, Traced
from registration.step import Step
from registration.work import Share
from tests.decided import LINEAGE, record
from tests.turning import rollback
from tests.world import World, drop_event, job_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from registration.lineage_nodes import Node

BLUE = Deployment("online", "churn-live", "blue", "churn:1", 90, "Succeeded")


@pytest.fixture
def world() -> World:
    return World()


def judged(world: World, *accuracies: float) -> None:
    """A job for each accuracy, judged one after the other."""
    for number, accuracy in enumerate(accuracies, start=1):
        world.job(f"j{number}", accuracy=accuracy)
        world.process(job_event(f"j{number}"))


def traced(world: World, said: str, *, deployed: Deployed | None = None) -> Traced:
    found = explanation.find(world.ledger, said)
    assert found.step is not None
    return Traced(found.step, found.past or history.read(world.ledger, found.model), deployed)


def made(**changes: Any) -> Traced:
    """The tree of a record with these changes."""
    world = World()
    judged(world, 0.9)
    return Traced(Step.of("d" * 64, record(**changes)), traced(world, "churn:1").past)


def walked(nodes: Iterable[Node], *, above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Node]]:
    """Every node with the labels above it."""
    for node in nodes:
        yield above, node
        yield from walked(node.children, above=(*above, node.label))


def named(tree: Traced, label: str) -> list[str]:
    return [node.name for _, node in walked((tree.root, *tree.since)) if node.label == label]


def test_a_version_leads_over_decision_candidate_and_output_to_its_job(world: World) -> None:
    judged(world, 0.9)

    tree = traced(world, "churn:1")

    (above,) = [above for above, node in walked((tree.root,)) if node.label == "job"]
    assert above == ("version", "decision", "candidate", "job output")
    assert (named(tree, "job"), named(tree, "experiment")) == (["j1"], ["churn-nightly"])


def test_a_job_leads_to_all_that_it_was_made_of() -> None:
    tree = made()

    assert named(tree, "part of") == ["calm_drum_x1"]
    assert named(tree, "git commit") == ["9fceb02d0ae598e95dc970b74767f19372d61af8"]
    assert named(tree, "data") == ["churn-rows:12", "datastores/workspaceblobstore/paths/churn/2026-11/"]
    assert named(tree, "base model") == ["encoder:3"]
    assert named(tree, "environment") == ["sklearn:7"]
    assert named(tree, "parameter") == ["depth = 7"]


@pytest.mark.parametrize(("dirty", "said"), [("true", "with changes that no commit has"), ("false", "clean")])
def test_whether_the_code_was_committed_stands_beside_the_commit(dirty: str, said: str) -> None:
    tree = made(lineage={**LINEAGE, "git_dirty": dirty})

    (commit,) = [node for _, node in walked((tree.root,)) if node.label == "git commit"]
    assert commit.note.endswith(said)


def test_a_best_trial_says_what_chose_it() -> None:
    tree = made(lineage={**LINEAGE, "step": "", "trial": "t_7", "chosen_by": "the highest accuracy"})

    (parent,) = [node for _, node in walked((tree.root,)) if node.label == "part of"]
    assert parent.note == "best trial t_7, the highest accuracy"


def test_a_drop_says_who_made_it_and_that_nobody_checked_it(world: World) -> None:
    world.drop("vendor-a/1")
    world.process(drop_event("vendor-a/1"))

    tree = traced(world, "digits:1")

    (drop,) = [node for _, node in walked((tree.root,)) if node.label == "drop"]
    assert drop.note == "nobody has checked what its manifest says"


def test_what_is_not_known_is_said(world: World) -> None:
    judged(world, 0.9)

    (missing,) = named(traced(world, "churn:1"), "not known")

    assert "git_commit" in missing
    assert "datasets" in missing


def test_the_policy_and_what_every_rule_said_stand_under_the_decision(world: World) -> None:
    judged(world, 0.8, 0.9)

    tree = traced(world, "churn:2")

    assert named(tree, "policy") == ["churn.yaml"]
    assert named(tree, "compared") == ["with version 1"]
    assert "accuracy 0.9 reaches the minimum 0.8" in named(tree, "passed")


def test_the_champions_after_it_and_the_decisions_against_it_come_below(world: World) -> None:
    judged(world, 0.8, 0.7, 0.9, 0.95)

    tree = traced(world, "churn:1")

    assert named(tree, "then champion") == ["churn:2", "churn:3"]
    assert named(tree, "compared by") == ["decision 2", "decision 3"]
    assert tree.root.note.startswith("champion from ")


def test_what_no_rule_was_judged_in_compared_with_nothing(world: World) -> None:
    judged(world, 0.8, 0.9)
    back = world.process(rollback(world))

    left, entry = traced(world, "churn:2"), traced(world, str(back.work))

    assert named(left, "then champion") == ["churn:1"]
    assert (named(left, "compared by"), left.to_dict()["compared_by"]) == ([], [])
    assert named(entry, "compared") == []


def test_a_champion_of_now_has_none_after_it(world: World) -> None:
    judged(world, 0.8, 0.9)

    tree = traced(world, "churn:2")

    assert named(tree, "then champion") == []
    assert tree.root.note.startswith("champion since ")


def test_what_serves_it_is_named_with_its_share(world: World) -> None:
    judged(world, 0.9)

    tree = traced(world, "churn:1", deployed=Deployed((BLUE,)))

    (node,) = [node for node in tree.since if node.label == "online endpoint"]
    assert (node.name, node.note) == ("churn-live/blue", "90 % of its requests, Succeeded")


@pytest.mark.parametrize(
    ("deployed", "said"), [(Deployed(), "none"), (Deployed(unread="answered 403"), "could not be read")]
)
def test_no_deployment_is_told_from_deployments_that_nobody_could_read(
    world: World, deployed: Deployed, said: str
) -> None:
    judged(world, 0.9)

    assert named(traced(world, "churn:1", deployed=deployed), "deployments") == [said]


def test_copies_in_shared_registries_are_named_and_those_that_are_owed(world: World) -> None:
    judged(world, 0.9)
    address = "azureml://registries/contoso/models/churn/versions/1"
    shares = (Share("contoso", "churn", id=address), Share("fabrikam", "churn-dev", reason="answered 503"))

    tree = replace(traced(world, "churn:1"), shares=shares)

    assert (named(tree, "shared as"), named(tree, "not shared yet")) == ([address], ["fabrikam, as churn-dev"])
    assert [each["id"] for each in tree.to_dict()["shared"]] == [address, None]


def test_what_was_not_registered_has_an_origin_and_nothing_after_it(world: World) -> None:
    world.job("j1", accuracy=0.1)
    outcome = world.process(job_event("j1"))
    found = explanation.find(world.ledger, str(outcome.work))
    assert found.step is not None

    tree = Traced(found.step, history.read(world.ledger, "churn"))

    assert (tree.root.label, tree.root.note) == ("model", "nothing was registered: reject")
    assert (named(tree, "job"), tree.since) == (["j1"], ())


def test_of_very_many_the_first_are_shown_and_the_rest_counted() -> None:
    datasets = [f"azureml:rows:{number}" for number in range(100)]
    text = "[" + ", ".join(f'"{uri}"' for uri in datasets) + "]"

    tree = made(lineage={**LINEAGE, "datasets": text})

    assert len(named(tree, "data")) == MOST_SHOWN
    assert "80 more" in named(tree, "and")
    assert tree.to_dict()["lineage"]["datasets"] == tuple(datasets)


@pytest.mark.parametrize("damage", [{"candidate": None}, {"verdicts": "none"}, {"policy": []}, {"decided_at": 7}])
def test_a_record_that_was_edited_by_hand_still_makes_a_tree(damage: dict[str, Any]) -> None:
    step = Step.of("d" * 64, {**record(), **damage})
    world = World()
    judged(world, 0.9)

    tree = Traced(step, traced(world, "churn:1").past, Deployed((BLUE,)))

    assert tree.root.children
    assert tree.to_dict()["deployments"]


def test_machines_get_all_of_it_with_nothing_cut(world: World) -> None:
    judged(world, 0.8, 0.9)

    said = traced(world, "churn:1", deployed=Deployed((BLUE,))).to_dict()

    assert (said["model"], said["version"], said["is_champion"]) == ("churn", 1, False)
    assert said["lineage"]["job"] == "j1"
    assert [each["version"] for each in said["later_champions"]] == [2]
    assert said["deployments"] == [
        {"kind": "online", "endpoint": "churn-live", "name": "blue", "traffic": 90, "state": "Succeeded"}
    ]
    assert "git_commit" in said["not_known"]


def test_what_azure_ml_did_not_take_in_its_own_fields_is_told() -> None:
    told = replace(made(), unlinked=("jobName", "datasets"))

    (node,) = [node for _, node in walked((told.root,)) if node.label == "not in Azure ML"]
    assert (node.name, told.to_dict()["unlinked"]) == ("jobName, datasets", ["jobName", "datasets"])
