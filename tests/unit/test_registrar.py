"""The registrar: one version and one decision for each piece of work, and nothing changes when something is refused."""

from __future__ import annotations

import json

import pytest

from registration.errors import (
    NotVisibleYetError,
    PolicyError,
    UnavailableError,
)
from tests.fakes import OUTPUTS
from tests.world import CHURN, DIGITS, World, drop_event, job_event, output_event

MODEL_FILE = OUTPUTS / "azureml/j1/model/model.onnx"


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    return world


def test_a_good_candidate_is_registered_and_promoted(world: World) -> None:
    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.version, outcome.promoted) == ("registered", 1, True)
    assert world.registry.versions["churn", 1].stage == "Production"
    assert world.champion("churn") == 1
    assert [decision["outcome"] for decision in world.history("churn")] == ["register"]


def test_a_better_candidate_replaces_the_champion(world: World) -> None:
    world.process(job_event("j1"))
    world.job("j2", accuracy=0.95)

    outcome = world.process(job_event("j2"))

    assert (outcome.version, world.champion("churn")) == (2, 2)
    assert [found.stage for found in world.registry.versions.values()] == ["Development", "Production"]


@pytest.mark.parametrize("accuracy", [0.5, float("nan"), "NaN", None, "0.95", True, [0.95]])
def test_a_candidate_that_does_not_show_what_is_asked_is_rejected(world: World, accuracy: object) -> None:
    world.job("j1", accuracy=accuracy)

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.version) == ("rejected", None)
    assert all("accuracy" in reason for reason in outcome.reasons)
    assert [decision["outcome"] for decision in world.history("churn")] == ["reject"]
    assert not world.registry.versions
    assert world.champion("churn") is None


def test_a_worse_candidate_leaves_the_champion(world: World) -> None:
    world.process(job_event("j1"))
    world.job("j2", accuracy=0.85)

    outcome = world.process(job_event("j2"))

    assert outcome.outcome == "rejected"
    assert (world.champion("churn"), list(world.registry.versions)) == (1, [("churn", 1)])
    assert len(world.history("churn")) == 2


def test_a_candidate_that_no_rule_judges_is_held(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN.partition("    metrics:")[0]

    outcome = world.process(job_event("j1"))

    assert outcome.outcome == "held"
    assert not world.registry.versions
    assert world.told() == ["Registrar.ModelHeld"]


@pytest.mark.parametrize(
    "second",
    [
        job_event("j1"),
        job_event("j1", kind="RunStatusChanged", status="Completed"),
        output_event("j1", "model.onnx"),
    ],
)
def test_work_that_is_settled_is_a_duplicate_whichever_event_brings_it_and_writes_nothing(
    world: World, second: str
) -> None:
    world.process(job_event("j1"))
    before, writes = world.everything(), len(world.faults.writes)

    outcome = world.process(second)

    assert (outcome.outcome, outcome.reasons) == ("duplicate", ("settled before as registered, version 1",))
    assert (world.everything(), len(world.faults.writes)) == (before, writes)


@pytest.mark.parametrize("gone", ["archived", "deleted"])
def test_a_duplicate_brings_no_champion_back_that_a_person_took_away(world: World, gone: str) -> None:
    world.process(job_event("j1"))
    if gone == "archived":
        world.registry.archived.add(("churn", 1))
    else:
        del world.registry.versions["churn", 1]
    before = world.everything()

    assert world.process(job_event("j1")).outcome == "duplicate"

    assert world.everything() == before


def test_a_late_duplicate_after_a_policy_change_stays_a_duplicate(world: World) -> None:
    world.process(job_event("j1"))
    world.policies.kept["churn.yaml"] = CHURN.replace("min: 0.8", "min: 0.99")
    before = world.everything()

    assert world.process(job_event("j1")).outcome == "duplicate"
    assert world.everything() == before


def test_a_refused_candidate_is_a_duplicate_the_second_time(world: World) -> None:
    world.job("j1", accuracy=0.1)
    world.process(job_event("j1"))
    before = world.everything()

    outcome = world.process(job_event("j1"))

    assert outcome.reasons == ("settled before as rejected",)
    assert world.everything() == before


def test_an_output_written_again_is_new_work(world: World) -> None:
    world.process(job_event("j1"))
    world.store.put(MODEL_FILE, b"other bytes")

    assert world.process(job_event("j1")).version == 2


def test_the_champions_own_bytes_are_a_duplicate_and_no_second_version(world: World) -> None:
    world.process(job_event("j1"))
    world.job("j2", files={"model.onnx": b"j1"})

    outcome = world.process(job_event("j2"))

    assert (outcome.outcome, outcome.reasons) == ("duplicate", ("the same bytes as the champion, version 1",))
    assert (list(world.registry.versions), len(world.history("churn"))) == ([("churn", 1)], 1)
    assert world.registry.visible("churn") == [1]


def test_a_missing_output_is_rejected_without_a_version(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("output: model", "output: weights")

    outcome = world.process(job_event("j1"))

    assert outcome.outcome == "rejected"
    assert outcome.reasons == ("the job has no output 'weights'; it has: default, model",)
    assert not world.registry.versions
    assert world.told() == ["Registrar.ModelRejected"]


def test_an_empty_output_is_waited_for_and_leaves_no_trace(world: World) -> None:
    world.job("j2", files={})
    before = world.everything()

    with pytest.raises(NotVisibleYetError, match="shows no files"):
        world.process(job_event("j2"))

    assert world.everything() == before


def test_one_empty_output_does_not_keep_the_other_models_of_a_job_waiting(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("  - name", "  - {name: lite, from: {output: default}}\n  - name")

    with pytest.raises(NotVisibleYetError):
        world.registrar.process(job_event("j1"))

    assert world.champion("churn") == 1


def test_every_model_that_a_job_feeds_is_settled(world: World) -> None:
    world.policies.kept["churn.yaml"] = (
        CHURN + "  - {name: lite, from: {output: model}, metrics: {accuracy: {min: 0}}}\n"
    )

    outcomes = world.registrar.process(job_event("j1"))

    assert [(outcome.model, outcome.outcome) for outcome in outcomes] == [
        ("churn", "registered"),
        ("lite", "registered"),
    ]


@pytest.mark.parametrize("message", [job_event("unknown"), job_event("running")])
def test_a_job_that_is_not_visible_yet_leaves_no_trace(world: World, message: str) -> None:
    world.job("running", status="Running")
    before = world.everything()

    with pytest.raises(NotVisibleYetError):
        world.process(message)

    assert world.everything() == before


def test_an_event_that_offers_nothing_is_ignored_and_leaves_no_trace(world: World) -> None:
    world.job("j1", status="Failed")
    before = world.everything()

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.reasons) == ("ignored", ("job j1 is Failed, not Completed",))
    assert world.everything() == before


UNUSABLE = {
    "{": "line 1 column 2",
    "[]": "event: must be an object",
    f"[{job_event('j1')}]": "event: must be an object",
    '{"id": "1"}': "event: unknown schema",
    job_event("j1", id=None): "id: is required",
    job_event("j1", data={}): "data.runId: is required",
    job_event("j1", data=None): "data: is required",
    job_event("j1").replace("ml-Prod", "ml-Other"): "REGISTRAR_WORKSPACE does not name",
    drop_event("vendor-a/1").replace("dropsprod", "strangers"): "REGISTRAR_DROP_ACCOUNTS does not name",
}


@pytest.mark.parametrize(("message", "reason"), UNUSABLE.items())
def test_an_event_that_cannot_be_used_is_kept_with_the_reason_and_changes_nothing(
    world: World, message: str, reason: str
) -> None:
    outcome = world.process(message)

    (kept,) = world.quarantine.documents("")
    assert (outcome.outcome, kept["message"]) == ("quarantined", message)
    assert reason in kept["reason"]
    assert outcome.reasons == (kept["reason"],)
    assert not world.state.kept
    assert not world.topic.events


def test_a_quarantined_message_that_comes_again_is_kept_once(world: World) -> None:
    world.process("{")
    before = world.everything()

    world.process("{")

    assert world.everything() == before


def test_a_policy_with_an_unknown_key_is_named_and_nothing_changes(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("min: 0.8", "mim: 0.8")
    before = world.everything()

    with pytest.raises(PolicyError) as broken:
        world.process(job_event("j1"))

    assert str(broken.value) == "churn.yaml: models[0].metrics.accuracy.mim: unknown key; did you mean 'min'? (line 11)"
    assert world.everything() == before


def test_two_policies_for_one_model_are_named_and_nothing_changes(world: World) -> None:
    world.policies.kept["zzz.yaml"] = DIGITS.replace("name: digits", "name: churn")
    before = world.everything()

    with pytest.raises(PolicyError, match=r"zzz.yaml: models\[0\].name: 'churn' is decided by churn.yaml already"):
        world.process(job_event("j1"))

    assert world.everything() == before


def test_the_text_of_the_policy_that_decided_is_kept(world: World) -> None:
    world.process(job_event("j1"))

    digest = world.history("churn")[0]["policy"]["text_sha256"]
    assert world.decisions.kept[f"policies/{digest}.yaml"][0] == CHURN


def test_a_notice_delivered_twice_carries_the_same_id(world: World) -> None:
    world.faults.fail("topic Registrar.ChampionChanged")
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))

    world.process(job_event("j1"))

    first, second, _ = world.topic.events
    assert first == second


def test_an_attempt_that_was_sealed_again_is_the_same_work(world: World) -> None:
    world.process(job_event("j1"))
    again = json.dumps({"registrar": {"envelope": 1, "attempt": 2}, "event": json.loads(job_event("j1"))})

    assert world.process(again).outcome == "duplicate"


def test_an_offer_that_cannot_be_settled_does_not_keep_the_others_waiting(world: World) -> None:
    world.policies.kept["churn.yaml"] = (
        CHURN + "  - {name: lite, from: {output: model}, metrics: {accuracy: {min: 0}}}\n"
    )
    world.faults.fail("registry create churn")

    with pytest.raises(UnavailableError, match="registry create churn:1"):
        world.registrar.process(job_event("j1"))

    assert (world.champion("churn"), world.champion("lite")) == (None, 1)


def test_without_a_policy_nothing_is_settled_and_the_message_fails(world: World) -> None:
    world.policies.kept.clear()
    before = world.everything()

    with pytest.raises(PolicyError, match="holds no policy"):
        world.process(job_event("j1"))

    assert world.everything() == before
