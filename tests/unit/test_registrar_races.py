"""Races and retries: other workers, other writers and earlier tries never cost a champion or leave a second version."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from registration import history
from registration.errors import (
    ClaimHeldError,
    LedgerConflictError,
    PermanentError,
    PolicyError,
    RegistryMismatchError,
    UnavailableError,
)
from registration.ledger import HELD_FOR
from tests.fakes import OUTPUTS, MemoryRegistry
from tests.world import CHURN, World, job_event

if TYPE_CHECKING:
    from registration.registry import Registration

MODEL_FILE = OUTPUTS / "azureml/j1/model/model.onnx"


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    return world


def findings(world: World, model: str) -> list[str]:
    """The codes of what was found against the files in the last decision about `model`; notes are not."""
    found = world.history(model)[-1]["candidate"]["findings"]
    return [finding["code"] for finding in found if finding["level"] != "note"]


def test_work_that_another_worker_holds_is_left_alone(world: World) -> None:
    world.dies(job_event("j1"), before="registry create")
    before = world.everything()

    with pytest.raises(ClaimHeldError):
        world.process(job_event("j1"))

    assert world.everything() == before


def test_the_work_of_a_dead_worker_is_taken_over(world: World) -> None:
    world.dies(job_event("j1"), before="registry create")
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


def test_a_decision_that_others_followed_is_not_made_again(world: World) -> None:
    world.dies(job_event("j1"), before="registry project churn:1")
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


def test_a_slow_worker_does_not_show_its_champion_over_a_newer_one(world: World) -> None:
    world.faults.meanwhile("registry project churn:1", lambda: rival(world, accuracy=0.95))

    world.process(job_event("j1"))

    in_production = [found.version for found in world.registry.versions.values() if found.stage == "Production"]
    assert (world.champion("churn"), in_production) == (2, [2])


def dies_having_shown_its_champion_over_a_newer_one(world: World) -> None:
    """A worker shows version 1 after a rival has shown version 2, and dies before it looks at the head again."""

    def overtaken() -> None:
        rival(world, accuracy=0.95)
        world.faults.fail("registry project churn:1", done=True, dead=True)

    world.faults.meanwhile("registry project churn:1", overtaken)
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))
    world.faults.revive()


def test_a_worker_that_died_showing_its_champion_leaves_one_champion_shown_after_redelivery(world: World) -> None:
    dies_having_shown_its_champion_over_a_newer_one(world)
    two_shown = world.shown("churn")

    outcome = world.settle(job_event("j1"))

    assert two_shown == [1, 2]
    assert (outcome.outcome, world.champion("churn"), world.shown("churn")) == ("registered", 2, [2])
    assert world.registry.visible("churn") == [1, 2]


def finish_elsewhere(world: World, then_adds: str | None = None) -> None:
    """A second worker takes over a claim that looks dead and brings the work to its end; then the output may change."""
    world.clock.forward(HELD_FOR)
    world.process(job_event("j1"))
    if then_adds is not None:
        world.store.put(OUTPUTS / f"azureml/j1/model/{then_adds}", b"x")


def test_a_stalled_worker_whose_claim_was_taken_over_archives_nothing(world: World) -> None:
    world.faults.meanwhile("registry create", lambda: world.store.put(MODEL_FILE, b"changed"))
    world.faults.meanwhile("registry create", lambda: take_over(world))

    with pytest.raises(LedgerConflictError):
        world.process(job_event("j1"))

    assert not [name for name in world.faults.writes if name.startswith("registry archive")]
    assert world.registry.visible("churn") == [1]


def test_a_stalled_worker_never_archives_the_champion_that_another_made_of_its_work(world: World) -> None:
    world.faults.meanwhile("registry create", lambda: finish_elsewhere(world, then_adds="more.bin"))

    with pytest.raises(LedgerConflictError):
        world.process(job_event("j1"))

    assert not [name for name in world.faults.writes if name.startswith("registry archive")]
    assert (world.champion("churn"), world.registry.visible("churn")) == (1, [1])
    assert [decision["version"] for decision in world.history("churn")] == [1]


def test_a_stalled_worker_that_writes_the_version_late_leaves_the_champion_shown(world: World) -> None:
    world.faults.meanwhile("registry create", lambda: finish_elsewhere(world))
    with pytest.raises(LedgerConflictError):
        world.process(job_event("j1"))

    world.process(job_event("j1"))

    assert (world.champion("churn"), world.shown("churn")) == (1, [1])


def taken_by_somebody(world: World) -> None:
    """A first try finds its number taken and fails; then another champion comes that the candidate cannot beat."""
    world.faults.meanwhile("registry create", lambda: world.registry.register_by_hand("churn", 1))
    world.faults.fail("state versions/churn/2")
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))
    rival(world, accuracy=0.95)


def test_the_version_of_somebody_else_is_never_archived(world: World) -> None:
    taken_by_somebody(world)

    world.process(job_event("j1"))

    assert 1 in world.registry.visible("churn")


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


def test_a_registry_that_stored_something_else_is_not_believed_on_a_retry_either(world: World) -> None:
    spoilt = {"registrar.artifact_sha256": "0"}
    world.registry.stores = lambda version: replace(version, properties={**version.properties, **spoilt})
    with pytest.raises(RegistryMismatchError):
        world.process(job_event("j1"))

    with pytest.raises(RegistryMismatchError):
        world.process(job_event("j1"))

    assert world.champion("churn") is None


def test_an_output_that_changes_during_registration_is_archived_and_rejected(world: World) -> None:
    world.job("j0", accuracy=0.85)
    world.process(job_event("j0"))
    world.faults.meanwhile("registry create", lambda: world.store.put(MODEL_FILE, b"changed"))

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, outcome.version) == ("rejected", None)
    assert findings(world, "churn") == ["artifact.changed"]
    assert (world.champion("churn"), world.registry.visible("churn")) == (1, [1])
    assert world.registry.versions["churn", 2].tags["registrar.status"] == "artifact_changed"


def adopts(world: World, version: int) -> None:
    """A person makes a version the first champion; the app does it at once."""
    actor = {"tenant": "t-1", "object": "o-1", "name": "ada@contoso.com"}
    asked = {"id": "11111111-2222-4333-8444-555555555555", "action": "adopt", "model": "churn", "version": version}
    said = {
        "format": "registrar/request/v1",
        **asked,
        "reason": "it is in use",
        "actor": actor,
        "at": world.clock.iso(),
    }
    (outcome,) = world.desk.process(json.dumps({"registrarRequest": said}))
    assert outcome.outcome == "adopted"


@pytest.mark.parametrize("accuracy", [0.9, 0.85])
def test_an_adoption_of_the_version_that_is_just_registered_leaves_one_champion(world: World, accuracy: float) -> None:
    def adopted_with_other_metrics() -> None:
        world.workspace.logged["j1"] = {"accuracy": accuracy + 0.1}
        world.registry.versions["churn", 1] = replace(world.registry.versions["churn", 1], job="j1")
        adopts(world, 1)

    world.workspace.logged["j1"] = {"accuracy": accuracy}
    world.faults.meanwhile("state heads/", adopted_with_other_metrics)

    outcome = world.settle(job_event("j1"))

    assert (outcome.outcome, world.champion("churn"), world.shown("churn")) == ("rejected", 1, [1])
    assert world.registry.visible("churn") == [1]
    assert history.read(world.ledger, "churn").is_whole


def test_an_adoption_that_comes_first_is_what_the_candidate_has_to_beat(world: World) -> None:
    world.registry.register_by_hand("churn", 7, job="old")
    world.workspace.logged["old"] = {"accuracy": 0.99}
    world.policies.kept["churn.yaml"] = CHURN.replace("    from:", "    adopt: none\n    from:")
    world.faults.meanwhile("state heads/", lambda: adopts(world, 7))

    outcome = world.settle(job_event("j1"))

    assert (outcome.outcome, world.champion("churn"), world.shown("churn")) == ("rejected", 7, [7])
    assert [decision["outcome"] for decision in world.history("churn")] == ["register", "reject"]


class Refusing(MemoryRegistry):
    """A registry that will not have one model, whatever is asked."""

    def create(self, registration: Registration) -> None:
        if registration.model == "churn":
            raise PermanentError("the model registry answered 400: no such type")
        super().create(registration)


def test_what_is_refused_for_ever_does_not_cost_another_model_its_attempts(world: World) -> None:
    world.policies.kept["twin.yaml"] = CHURN.replace("name: churn\n", "name: twin\n")
    world.registry = Refusing(world.faults)
    world.faults.fail("registry create twin")

    with pytest.raises(UnavailableError):
        world.registrar.process(job_event("j1"))
    with pytest.raises(PermanentError):
        world.registrar.process(job_event("j1"))

    assert (world.champion("twin"), world.champion("churn")) == (1, None)


def test_a_model_that_moves_to_another_policy_between_two_tries_is_registered_once(world: World) -> None:
    crash_after_create(world)
    world.policies.kept["moved.yaml"] = world.policies.kept.pop("churn.yaml")

    outcome = world.process(job_event("j1"))

    assert (outcome.outcome, world.registry.visible("churn")) == ("registered", [1])
    assert world.history("churn")[0]["policy"]["name"] == "moved.yaml"


def test_while_two_policies_decide_about_one_model_nothing_is_decided(world: World) -> None:
    crash_after_create(world)
    world.policies.kept["second.yaml"] = CHURN

    with pytest.raises(PolicyError, match=r"'churn' is decided by churn\.yaml already"):
        world.process(job_event("j1"))

    assert not world.history("churn")
