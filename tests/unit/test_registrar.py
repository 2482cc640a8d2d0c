"""The registrar: one version and one decision for each piece of work, and nothing changes when something is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from registration.errors import (
    ClaimHeldError,
    LedgerConflictError,
    NotVisibleYetError,
    PolicyError,
    RegistryMismatchError,
    UnavailableError,
)
from registration.ledger import HELD_FOR
from tests.fakes import OUTPUTS
from tests.world import CHURN, DIGITS, INCOMING, World, drop_event, job_event, output_event, promise

FOLDER = "vendor-a/1"
MODEL_FILE = OUTPUTS / "azureml/j1/model/model.onnx"


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    return world


def findings(world: World, model: str) -> list[str]:
    """The codes of the findings in the last decision about `model`."""
    return [finding["code"] for finding in world.history(model)[-1]["candidate"]["findings"]]


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


def test_work_that_another_worker_holds_is_left_alone(world: World) -> None:
    world.faults.fail("registry create", dead=True)
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))
    world.faults.revive()
    before = world.everything()

    with pytest.raises(ClaimHeldError):
        world.process(job_event("j1"))

    assert world.everything() == before


def test_the_work_of_a_dead_worker_is_taken_over(world: World) -> None:
    world.faults.fail("registry create", dead=True)
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))
    world.faults.revive()
    world.clock.forward(HELD_FOR)

    assert world.process(job_event("j1")).version == 1
    assert world.works()[0]["attempt"] == 2


def test_a_worker_that_fails_gives_its_claim_back(world: World) -> None:
    world.faults.fail("registry create")
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))

    assert world.works()[0]["owner"] == ""
    assert world.process(job_event("j1")).version == 1


def take_over(world: World) -> None:
    """What a second worker does to a claim that looks dead: claim it, and nothing more yet."""
    world.clock.forward(HELD_FOR)
    world.ledger.claim(world.works()[0]["work"], subject={})


def test_a_worker_that_lost_its_claim_registers_nothing(world: World) -> None:
    world.faults.meanwhile("state versions/", lambda: take_over(world))

    with pytest.raises(LedgerConflictError):
        world.process(job_event("j1"))

    assert not world.registry.versions
    assert not world.history("churn")
    assert world.works()[0]["owner"] == "worker-2"


def test_a_worker_that_lost_its_claim_after_the_head_moved_leaves_the_champion(world: World) -> None:
    world.faults.meanwhile("state heads/", lambda: take_over(world))

    with pytest.raises(LedgerConflictError):
        world.process(job_event("j1"))

    assert (world.champion("churn"), world.registry.visible("churn")) == (1, [1])


@pytest.mark.xfail(strict=True, reason="a decision is looked for in the head's newest two only, then made again")
def test_a_decision_that_others_followed_is_not_made_again(world: World) -> None:
    world.faults.fail("registry project churn:1", dead=True)
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))
    world.faults.revive()
    rival(world, accuracy=0.95)

    outcome = world.settle(job_event("j1"))

    assert (outcome.outcome, outcome.version, world.champion("churn")) == ("registered", 1, 2)
    assert [decision["version"] for decision in world.history("churn")] == [1, 2]
    assert world.registry.visible("churn") == [1, 2]


def rival(world: World, accuracy: float) -> None:
    """Another job wins the race to the head."""
    world.job("rival", accuracy=accuracy)
    world.process(job_event("rival"))


def test_a_candidate_that_still_beats_the_new_champion_is_promoted_over_it(world: World) -> None:
    world.faults.meanwhile("state heads/", lambda: rival(world, accuracy=0.85))

    outcome = world.process(job_event("j1"))

    assert (outcome.version, world.champion("churn")) == (1, 1)
    assert [decision["version"] for decision in world.history("churn")] == [2, 1]
    assert world.history("churn")[1]["champion"]["version"] == 2
    assert [name for name in world.faults.writes if name == "registry create churn:1"] == ["registry create churn:1"]


def test_a_candidate_that_loses_to_the_new_champion_is_archived_as_superseded(world: World) -> None:
    world.faults.meanwhile("state heads/", lambda: rival(world, accuracy=0.95))

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.version, world.champion("churn")) == ("rejected", None, 2)
    assert world.registry.visible("churn") == [2]
    assert world.registry.versions["churn", 1].tags["registrar.status"] == "superseded"
    assert [decision["outcome"] for decision in world.history("churn")] == ["register", "reject"]


def test_a_decision_that_lost_the_head_is_not_in_history(world: World) -> None:
    world.faults.meanwhile("state heads/", lambda: rival(world, accuracy=0.95))

    world.process(job_event("j1"))

    assert len(world.decisions.documents("churn/")) == 3
    assert [decision["seq"] for decision in world.history("churn")] == [1, 2]


@pytest.mark.xfail(strict=True, reason="what is shown is the head as it was moved, not as it is by then")
def test_a_slow_worker_does_not_show_its_champion_over_a_newer_one(world: World) -> None:
    world.faults.meanwhile("registry project churn:1", lambda: rival(world, accuracy=0.95))

    world.process(job_event("j1"))

    in_production = [found.version for found in world.registry.versions.values() if found.stage == "Production"]
    assert (world.champion("churn"), in_production) == (2, [2])


def taken_by_somebody(world: World) -> None:
    """A first try finds its number taken and fails; then another champion comes that the candidate cannot beat."""
    world.faults.meanwhile("registry create", lambda: world.registry.register_by_hand("churn", 1))
    world.faults.fail("state versions/churn/2")
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))
    rival(world, accuracy=0.95)


@pytest.mark.xfail(strict=True, reason="the version that the intent names is archived whoever made it")
def test_the_version_of_somebody_else_is_never_archived(world: World) -> None:
    taken_by_somebody(world)

    world.process(job_event("j1"))

    assert 1 in world.registry.visible("churn")


@pytest.mark.xfail(strict=True, reason="archiving a version that was never written fails for ever")
def test_an_intent_that_was_never_written_is_nothing_to_archive(world: World) -> None:
    world.faults.fail("registry create")
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))
    rival(world, accuracy=0.95)

    assert world.process(job_event("j1")).outcome == "rejected"


def crash_after_create(world: World) -> None:
    world.faults.fail("registry create", done=True)
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))


@pytest.mark.parametrize("lists", ["event", "metrics", "policy"])
@pytest.mark.xfail(strict=True, reason="our own version is compared with what today's try would write")
def test_our_own_version_is_ours_whatever_changed_since_it_was_written(world: World, lists: str) -> None:
    crash_after_create(world)
    second = job_event("j1", id="another-event") if lists == "event" else job_event("j1")
    if lists == "metrics":
        world.workspace.logged["j1"] = {"accuracy": 0.9, "auc": 0.7}
    if lists == "policy":
        world.policies.kept["churn.yaml"] = CHURN.replace("Who will leave.", "Who will stay.")

    outcome = world.process(second)

    assert (outcome.outcome, outcome.version) == ("registered", 1)


def test_a_registry_that_stores_something_else_stops_the_work_and_nothing_is_decided(world: World) -> None:
    world.registry.stores = lambda version: replace(version, properties={})

    with pytest.raises(RegistryMismatchError):
        world.process(job_event("j1"))

    assert not world.history("churn")
    assert world.champion("churn") is None
    assert not world.topic.events
    assert world.works()[0]["state"] == "claimed"


def test_an_output_that_changes_during_registration_is_archived_and_rejected(world: World) -> None:
    world.job("j0", accuracy=0.85)
    world.process(job_event("j0"))
    world.faults.meanwhile("registry create", lambda: world.store.put(MODEL_FILE, b"changed"))

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.version) == ("rejected", None)
    assert findings(world, "churn") == ["artifact.changed"]
    assert (world.champion("churn"), world.registry.visible("churn")) == (1, [1])
    assert world.registry.versions["churn", 2].tags["registrar.status"] == "artifact_changed"


@pytest.mark.xfail(strict=True, reason="a retry sees other files and is other work; nobody archives the first version")
def test_a_version_whose_files_changed_before_a_retry_is_not_left_visible(world: World) -> None:
    crash_after_create(world)
    world.store.put(MODEL_FILE, b"changed")

    world.process(job_event("j1"))

    assert world.registry.visible("churn") == [2]


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


@pytest.mark.xfail(strict=True, reason="the first offer that fails keeps the others from being settled")
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
    drop_event(FOLDER).replace("dropsprod", "strangers"): "REGISTRAR_DROP_ACCOUNTS does not name",
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


def test_a_drop_is_registered_with_a_receipt_beside_it(world: World) -> None:
    world.drop(FOLDER)

    outcome = world.process(drop_event(FOLDER))

    assert (outcome.outcome, outcome.version) == ("registered", 1)
    assert (world.receipt(FOLDER)["outcome"], world.receipt(FOLDER)["version"]) == ("registered", 1)
    assert world.receipt(FOLDER)["decision"] == outcome.decision


def test_a_broken_manifest_is_rejected_in_a_receipt_that_names_the_place(world: World) -> None:
    world.manifest(FOLDER, files=[promise("/etc/passwd", b"x")])

    outcome = world.process(drop_event(FOLDER))

    (reason,) = world.receipt(FOLDER)["reasons"]
    assert outcome.outcome == world.receipt(FOLDER)["outcome"] == "rejected"
    assert reason.startswith("files[0].path: '/etc/passwd' is absolute")
    assert not world.registry.versions


def test_a_model_that_is_not_granted_to_the_place_is_rejected(world: World) -> None:
    world.drop(FOLDER, model="churn")

    outcome = world.process(drop_event(FOLDER))

    assert outcome.outcome == world.receipt(FOLDER)["outcome"] == "rejected"
    assert "model 'churn' is not granted" in world.receipt(FOLDER)["reasons"][0]
    assert (world.history("churn"), world.registry.versions) == ([], {})


BROKEN = {
    "drop.file_missing": promise("gone.bin", b"x"),
    "drop.size_mismatch": promise("model.onnx", b"x", size=2),
    "drop.digest_mismatch": promise("model.onnx", b"abc"),
}


@pytest.mark.parametrize(("code", "said"), BROKEN.items())
def test_a_drop_that_breaks_its_promise_is_rejected_with_the_finding_on_record(
    world: World, code: str, said: dict[str, object]
) -> None:
    world.store.put(INCOMING / f"{FOLDER}/model.onnx", b"xyz")
    world.manifest(FOLDER, files=[said])

    outcome = world.process(drop_event(FOLDER))

    assert (outcome.outcome, findings(world, "digits")) == ("rejected", [code])
    assert world.receipt(FOLDER)["reasons"] == list(outcome.reasons)
    assert not world.registry.versions


@pytest.mark.xfail(strict=True, reason="the champion's bytes are looked for before the findings")
def test_a_broken_promise_is_rejected_even_if_the_bytes_are_the_champions(world: World) -> None:
    world.drop(FOLDER, files={"model.onnx": b"xyz"})
    world.process(drop_event(FOLDER))
    world.store.put(INCOMING / "vendor-a/2/model.onnx", b"xyz")
    world.manifest("vendor-a/2", files=[promise("model.onnx", b"abc")])

    assert world.process(drop_event("vendor-a/2")).outcome == "rejected"


def test_files_that_a_manifest_does_not_list_are_left_out(world: World) -> None:
    world.drop(FOLDER)
    world.store.put(INCOMING / f"{FOLDER}/notes.txt", b"x")

    world.process(drop_event(FOLDER))

    assert [file["path"] for file in world.history("digits")[0]["candidate"]["files"]] == ["model.onnx"]


def test_a_manifest_written_again_is_new_work(world: World) -> None:
    world.manifest(FOLDER, files=[promise("model.onnx", b"xyz")])
    world.process(drop_event(FOLDER))
    world.drop(FOLDER, files={"model.onnx": b"xyz"})

    assert world.process(drop_event(FOLDER)).outcome == "registered"
    assert world.receipt(FOLDER)["outcome"] == "registered"


def test_tags_of_a_drop_cannot_pass_for_ours(world: World) -> None:
    world.drop(FOLDER, tags={"registrar.champion": "true"})

    assert world.process(drop_event(FOLDER)).outcome == "rejected"
    assert world.receipt(FOLDER)["reasons"][0].startswith("tags: 'registrar.champion' is reserved")


def test_metrics_in_the_tags_of_a_drop_are_dropped(world: World) -> None:
    world.drop(FOLDER, tags={"metrics.auc": "1.0", "metrics.accuracy": "1.0"})

    world.process(drop_event(FOLDER))

    tags = world.registry.versions["digits", 1].tags
    assert (tags["metrics.accuracy"], "metrics.auc" in tags) == ("0.9", False)


@pytest.mark.xfail(strict=True, reason="half a character in a metric raises UnicodeEncodeError for ever")
def test_a_metric_that_is_no_text_is_rejected(world: World) -> None:
    world.drop(FOLDER, metrics={"accuracy": "\ud800"})

    assert world.process(drop_event(FOLDER)).outcome == "rejected"


def test_a_policy_with_an_unknown_key_is_named_and_nothing_changes(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("min: 0.8", "mim: 0.8")
    before = world.everything()

    with pytest.raises(PolicyError) as broken:
        world.process(job_event("j1"))

    assert str(broken.value) == "churn.yaml: models[0].metrics.accuracy.mim: unknown key; did you mean 'min'?"
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


@pytest.mark.parametrize("what", ["topic Registrar.ModelRegistered", "topic Registrar.ChampionChanged", "store write"])
def test_a_notice_that_failed_is_delivered_the_next_time(world: World, what: str) -> None:
    world.drop(FOLDER)
    world.faults.fail(what)
    with pytest.raises(UnavailableError):
        world.process(drop_event(FOLDER))

    outcome = world.process(drop_event(FOLDER))

    assert outcome.outcome == "duplicate"
    assert set(world.told()) == {"Registrar.ModelRegistered", "Registrar.ChampionChanged"}
    assert world.receipt(FOLDER)["outcome"] == "registered"
    assert world.works()[0]["state"] == "finished"


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
