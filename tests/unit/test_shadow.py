"""Shadow policies: asked beside the one that decides, recorded, and without any effect."""

from __future__ import annotations

from typing import Any

import pytest

from registration.errors import PolicyError
from registration.policy import catalog
from tests.fakes import TextPolicies
from tests.world import CHURN, DIGITS, World, job_event

SHADOW = CHURN.replace("name: churn\nmatch", "name: stricter\nmode: shadow\nmatch").replace("min: 0.8", "min: 0.95")


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1", accuracy=0.9)
    return world


def shadows(world: World) -> list[dict[str, Any]]:
    return list(world.history("churn")[-1]["shadow"])


def test_a_shadow_is_recorded_and_changes_nothing(world: World) -> None:
    world.policies.kept["stricter.yaml"] = SHADOW

    outcome = world.process(job_event("j1"))

    (shadow,) = shadows(world)
    assert (outcome.outcome, outcome.promoted) == ("registered", True)
    assert (shadow["policy"], shadow["outcome"], shadow["promote"]) == ("stricter.yaml", "reject", False)
    assert shadow["reasons"] == ["accuracy 0.9 is below the minimum 0.95"]
    assert shadow["digest"] != world.history("churn")[-1]["policy"]["digest"]


def test_the_text_of_a_shadow_is_kept(world: World) -> None:
    world.policies.kept["stricter.yaml"] = SHADOW

    world.process(job_event("j1"))

    assert world.decisions.kept[f"policies/{shadows(world)[0]['text_sha256']}.yaml"][0] == SHADOW


def test_a_broken_shadow_is_recorded_with_its_error_and_breaks_nothing(world: World) -> None:
    world.policies.kept["stricter.yaml"] = SHADOW.replace("min: 0.95", "mim: 0.95")

    outcome = world.process(job_event("j1"))

    (shadow,) = shadows(world)
    assert outcome.outcome == "registered"
    assert (shadow["outcome"], shadow["digest"], shadow["verdicts"]) == (None, None, [])
    assert shadow["reasons"] == [
        "stricter.yaml: models[0].metrics.accuracy.mim: unknown key; did you mean 'min'? (line 12)"
    ]


def test_a_shadow_about_another_model_is_not_asked(world: World) -> None:
    world.policies.kept["stricter.yaml"] = SHADOW.replace("- name: churn", "- name: other")

    world.process(job_event("j1"))

    assert shadows(world) == []


def test_a_text_that_is_no_yaml_cannot_say_that_it_is_a_shadow(world: World) -> None:
    world.policies.kept["stricter.yaml"] = "mode: shadow\n\tmatch: {"

    with pytest.raises(PolicyError, match=r"stricter\.yaml: is not YAML"):
        world.process(job_event("j1"))


def test_shadows_alone_are_no_policy() -> None:
    with pytest.raises(PolicyError, match="holds no policy, only shadows"):
        catalog.load(TextPolicies({"stricter.yaml": SHADOW}))


def test_a_shadow_feeds_no_model_and_may_be_about_one_that_another_decides() -> None:
    loaded = catalog.load(TextPolicies({"churn.yaml": CHURN, "digits.yaml": DIGITS, "stricter.yaml": SHADOW}))

    (feed,) = loaded.fed_by_job(experiment="churn-x", tags={})
    assert feed.policy.name == "churn.yaml"
    assert [shadow.name for shadow in feed.shadows] == ["stricter.yaml"]
