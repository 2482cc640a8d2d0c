"""A model that had versions before Registrar came: its candidates wait until a person says which is the champion."""

from __future__ import annotations

import pytest

from registration.policy import Evidence, decide, document
from registration.policy.decision import Outcome, Result
from tests.world import CHURN, World, job_event

NOT_ASKED = CHURN.replace("    tags: {team: growth}", "    tags: {team: growth}\n    adopt: none")


@pytest.fixture
def world() -> World:
    world = World()
    world.registry.register_by_hand("churn", 3)
    world.job("j1")
    return world


def test_a_candidate_of_a_model_that_nobody_adopted_is_held(world: World) -> None:
    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.version) == ("held", None)
    assert "; ".join(outcome.reasons) == (
        "churn has versions that Registrar did not make; say which one is the champion with "
        "`registrar adopt churn:VERSION`, or write `adopt: none` in the policy"
    )
    assert list(world.registry.versions) == [("churn", 3)]
    assert world.champion("churn") is None


def test_the_decision_names_the_rule_and_the_code(world: World) -> None:
    world.process(job_event("j1"))

    (decision,) = world.history("churn")
    (said,) = (verdict for verdict in decision["verdicts"] if verdict["rule"] == "adoption")
    assert (said["result"], said["code"]) == ("held", "not_adopted")


def test_a_candidate_that_fails_is_rejected_even_so(world: World) -> None:
    world.job("j1", accuracy=0.1)

    assert world.process(job_event("j1")).outcome == "rejected"


def test_a_policy_may_say_that_nothing_has_to_be_adopted(world: World) -> None:
    world.policies.kept["churn.yaml"] = NOT_ASKED

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.version, world.champion("churn")) == ("registered", 4, 4)


def test_versions_that_are_archived_ask_for_nothing(world: World) -> None:
    world.registry.archive("churn", 3, tags={})

    assert world.process(job_event("j1")).outcome == "registered"


def test_versions_that_are_ours_ask_for_nothing(world: World) -> None:
    world.registry.versions.clear()
    world.registry.register_by_hand("churn", 3, work="another")

    assert world.process(job_event("j1")).outcome == "registered"


def test_a_model_with_a_champion_may_have_versions_made_by_hand(world: World) -> None:
    world.registry.versions.clear()
    world.process(job_event("j1"))
    world.registry.register_by_hand("churn", 3)
    world.job("j2", accuracy=0.95)

    outcome = world.process(job_event("j2"))

    assert (outcome.outcome, outcome.version) == ("registered", 4)


def test_whether_a_model_is_adopted_counts_only_if_the_policy_asks() -> None:
    def outcome(text: str) -> Outcome:
        model = document.parse(text, source="p").models[0]
        return decide(model, candidate=Evidence({"accuracy": 0.9}), champion=None, unadopted=True).outcome

    assert (outcome(CHURN), outcome(NOT_ASKED)) == (Outcome.HOLD, Outcome.REGISTER)


def test_a_decision_is_not_asked_about_adoption_by_default() -> None:
    model = document.parse(CHURN, source="p").models[0]

    decision = decide(model, candidate=Evidence({"accuracy": 0.9}), champion=None)

    assert Result.HELD not in {verdict.result for verdict in decision.verdicts}


def test_the_digest_of_a_policy_that_says_the_default_is_that_of_one_that_says_nothing() -> None:
    said = CHURN.replace("    tags: {team: growth}", "    tags: {team: growth}\n    adopt: required")

    digests = [document.parse(text, source="p").digest for text in (CHURN, said, NOT_ASKED)]

    assert digests[0] == digests[1] != digests[2]
