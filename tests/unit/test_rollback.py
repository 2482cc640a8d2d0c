"""A rollback: an earlier champion is champion again, by one decision in the history, and nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from registration import history
from registration.baselines import Baselines
from registration.errors import UnavailableError
from registration.ledger import HELD_FOR
from registration.policy import document
from registration.rollback import Planning
from tests.answering import say
from tests.pairs import PAIR, champions, job, of_two
from tests.turning import message, moves, of_three, rollback
from tests.world import CHURN, World, job_event

if TYPE_CHECKING:
    from registration.registry import ModelVersion

WRITES = 8
SHARING = CHURN.replace("metrics:", "then: {pass: [promote, share: contoso]}\n    metrics:")
COMPARING = document.parse(
    CHURN.replace("metrics:", "compare_to: {registry: contoso}\n    metrics:"), source="p"
).models[0]


@pytest.fixture
def world() -> World:
    return of_three()


def declined(world: World, text: str) -> str:
    """Why a request is declined; nothing has changed in the history and in the registry."""
    before = world.history("churn"), dict(world.registry.versions)
    outcome = world.process(text)
    assert (outcome.outcome, world.history("churn"), dict(world.registry.versions)) == ("declined", *before)
    return "; ".join(outcome.reasons)


def test_the_champion_before_is_champion_again(world: World) -> None:
    outcome = world.process(rollback(world))

    assert (outcome.outcome, outcome.model, outcome.version, outcome.promoted) == ("rolled_back", "churn", 2, True)
    assert (world.champion("churn"), world.shown("churn")) == (2, [2])
    assert world.registry.versions["churn", 3].tags["registrar.status"] == "former"
    assert world.told() == ["Registrar.ChampionChanged"]


def test_a_champion_that_comes_after_the_plan_was_made_is_not_rolled_back_unseen(world: World) -> None:
    text, find = rollback(world), world.registry.find
    world.job("j4", accuracy=0.99)

    def late(model: str, version: int) -> ModelVersion | None:
        world.registry.find = find  # type: ignore[method-assign]  # once
        world.process(job_event("j4"))
        return find(model, version)

    world.registry.find = late  # type: ignore[method-assign]  # what others do while the registry answers
    outcome = world.process(text)

    assert (outcome.outcome, world.champion("churn"), world.shown("churn")) == ("declined", 4, [4])


def test_the_history_says_who_did_it_and_why_and_stays_whole(world: World) -> None:
    world.process(rollback(world))

    past = history.read(world.ledger, "churn")
    last = past.steps[-1]
    assert (past.breaks, past.champion) == ((), 2)
    assert (last.outcome, last.version, last.restored) == ("rollback", 2, past.steps[1].digest)
    assert last.reasons == ("ada@contoso.com rolled back to version 2, from version 3: it misbehaves",)
    assert last.record["request"]["actor"]["name"] == "ada@contoso.com"


def test_a_candidate_is_compared_with_what_the_champion_showed_when_it_was_judged(world: World) -> None:
    world.process(rollback(world))
    world.job("j4", accuracy=0.91)
    world.job("j5", accuracy=0.93)

    assert world.process(job_event("j4")).reasons == (
        "accuracy 0.91 is 0.01 worse than the champion's 0.92; it may not be worse",
    )
    assert world.process(job_event("j5")).version == 4


def test_the_champions_own_bytes_are_a_duplicate_after_a_rollback_too(world: World) -> None:
    world.process(rollback(world))
    world.job("again", files={"model.onnx": b"j2"})

    assert world.process(job_event("again")).reasons == ("the same bytes as the champion, version 2",)


def test_who_was_champion_when_knows_of_a_rollback(world: World) -> None:
    world.process(rollback(world))

    assert [reign.step.version for reign in history.read(world.ledger, "churn").reigns] == [1, 2, 3, 2]


def test_the_decision_that_registered_a_version_stays_the_one_that_explains_it(world: World) -> None:
    world.process(rollback(world))

    found = history.read(world.ledger, "churn").with_version(2)

    assert (found and found.seq, found and found.outcome) == (2, "register")


def test_a_second_rollback_goes_further_back_and_not_to_what_was_rolled_back_from(world: World) -> None:
    world.process(rollback(world))

    world.process(rollback(world))

    assert world.champion("churn") == 1
    assert Planning(world.ledger).planned("churn") == "churn has no earlier champion that could be champion again"


def test_a_version_may_be_named_even_one_that_was_rolled_back_from(world: World) -> None:
    world.process(rollback(world, to=1))

    world.process(rollback(world, to=3))

    assert (world.champion("churn"), world.shown("churn")) == (3, [3])
    assert moves(world, "churn") == [{"model": "churn", "from": 3, "to": 1}]


def test_the_same_request_again_changes_nothing(world: World) -> None:
    text = rollback(world)
    world.process(text)
    before = world.everything()

    assert world.process(text).outcome == "duplicate"
    assert world.everything() == before


@pytest.mark.parametrize(
    ("to", "why"),
    [
        (3, "version 3 is the champion of churn"),
        (7, "version 7 was never champion of churn; these were: 1, 2, 3"),
    ],
)
def test_only_an_earlier_champion_can_be_champion_again(world: World, to: int, why: str) -> None:
    seen = [{"model": "churn", "from": 3, "to": to}]

    assert declined(world, message(world, "rollback", "churn", to, moves=seen)) == why


def test_a_model_without_a_history_has_nothing_to_go_back_to(world: World) -> None:
    seen = [{"model": "chrun", "from": 3, "to": 2}]

    why = declined(world, message(world, "rollback", "chrun", 2, moves=seen))

    assert why == "no decision about 'chrun' has been made; did you mean churn?"


def test_an_archived_version_is_not_made_champion_before_somebody_restored_it(world: World) -> None:
    text = rollback(world)
    world.registry.archive("churn", 2, tags={})

    assert declined(world, text) == "churn:2 cannot be champion again: it is archived; restore it first"
    world.registry.archived.clear()
    assert world.process(rollback(world)).outcome == "rolled_back"


def test_a_version_that_was_deleted_is_not_made_champion(world: World) -> None:
    text = rollback(world)
    del world.registry.versions["churn", 2]

    assert declined(world, text) == "churn:2 cannot be champion again: the registry does not have it any more"


def test_a_rollback_counts_only_for_the_champion_that_the_person_saw(world: World) -> None:
    text = rollback(world)
    world.job("j4", accuracy=0.99)
    world.process(job_event("j4"))

    assert declined(world, text) == (
        "a rollback to churn:2 would move other champions by now; look at it again, and ask again"
    )


def test_an_app_that_observes_rolls_nothing_back(world: World) -> None:
    text = rollback(world)
    world.observes = True

    assert declined(world, text) == "this app only observes (REGISTRAR_MODE)"


def test_what_was_decided_again_alone_goes_back_alone() -> None:
    """Its group was only judged for it, and has gone on since."""
    world = of_two(measured=(0.9, 0.92))
    better = {"left": job(world, "j3", left=0.95, right=0.91), "right": job(world, "j4", left=0.1, right=0.99)}
    works = {model: _work(world, text, model) for model, text in better.items()}
    world.policies.kept["churn.yaml"] = PAIR.replace("0}", "10%}").replace("left: {min: 0.8}", "left: {min: 0.1}")
    for work in works.values():
        assert say(world, "reevaluate", work).outcome == "registered"
        world.clock.forward(HELD_FOR)
    assert champions(world) == (3, 3)

    world.process(rollback(world, "left"))

    assert champions(world) == (2, 3)


def _work(world: World, message: str, model: str) -> str:
    (found,) = (outcome for outcome in world.registrar.process(message) if outcome.model == model)
    assert found.outcome == "rejected"
    return str(found.work)


def test_a_history_tells_of_a_group_that_went_back_what_was_shared_of_its_own_model() -> None:
    sharing = PAIR.replace("    group: pair\n", "    group: pair\n    then: {pass: [promote, share: contoso]}\n")
    world = of_two(sharing, measured=(0.9, 0.92))

    world.process(rollback(world, "left"))

    steps = history.read(world.ledger, "right").steps
    assert [share.model for share in history.shares(world.ledger, steps)[steps[-1].digest]] == ["right"]


def test_a_broken_history_is_rolled_back_nowhere(world: World) -> None:
    text = rollback(world)
    name = f"churn/{world.ledger.head('churn').log_digest}.json"
    world.decisions.kept[name] = (world.decisions.kept[name][0].replace("0.94", "0.95"), '"x"', world.clock.now)

    outcome = world.process(text)

    assert outcome.outcome == "declined"
    assert "the history of churn cannot be relied on" in outcome.reasons[0]


def test_a_paused_model_can_be_rolled_back(world: World) -> None:
    world.pauses.pause("churn", actor="ada", reason="it misbehaves", at=world.clock.iso())

    assert world.process(rollback(world)).outcome == "rolled_back"


def test_a_decision_that_comes_first_has_the_plan_made_again(world: World) -> None:
    text = rollback(world)
    world.job("j4", accuracy=0.1)
    world.faults.meanwhile("decisions churn/", lambda: world.process(job_event("j4")))

    assert world.process(text).version == 2
    assert [step["outcome"] for step in world.history("churn")] == ["register"] * 3 + ["reject", "rollback"]


def test_a_rollback_is_left_out_where_past_champions_count_twice(world: World) -> None:
    world.process(rollback(world))
    world.policies.kept["churn.yaml"] = CHURN.replace("    metrics:", "    compare_to: best\n    metrics:")
    world.job("j4", accuracy=0.93)

    world.process(job_event("j4"))

    assert [one["version"] for one in world.history("churn")[-1]["past"]] == [1, 2, 3]


def test_every_write_of_a_rollback_is_a_crash_point(world: World) -> None:
    text, before = rollback(world), len(world.faults.writes)

    world.process(text)

    assert len(world.faults.writes) - before == WRITES


@pytest.mark.parametrize("dead", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_rollback_ends_well_whichever_write_fails(number: int, done: bool, dead: bool) -> None:
    world = of_three()
    text = rollback(world)
    world.faults.fail_write(number, done=done, dead=dead)

    world.settle(text)
    world.desk.process(text)

    assert [step["outcome"] for step in world.history("churn")] == ["register"] * 3 + ["rollback"]
    assert (world.champion("churn"), world.shown("churn")) == (2, [2])
    assert {work["state"] for work in world.works()} == {"finished"}
    assert len({event["id"] for event in world.topic.events}) == 1


@pytest.fixture
def pair() -> World:
    """Two champions of a group of two, one after the other."""
    return of_two(measured=(0.9, 0.95))


def test_the_members_of_a_group_go_back_together(pair: World) -> None:
    outcome = pair.process(rollback(pair, "left"))

    assert (outcome.outcome, champions(pair)) == ("rolled_back", (1, 1))
    assert (pair.shown("left"), pair.shown("right")) == ([1], [1])
    assert [step["together"] for step in (pair.history("left")[-1], pair.history("right")[-1])] == [["right"], ["left"]]
    assert [event["subject"] for event in pair.topic.events] == ["models/left/versions/1", "models/right/versions/1"]


def test_the_champions_of_a_group_go_back_in_one_write(pair: World) -> None:
    text, seen = rollback(pair, "left"), []
    for write in range(1, 2 * WRITES):
        pair.faults.before_write(write, lambda: seen.append(champions(pair)))

    pair.process(text)

    assert sorted(set(seen)) == [(1, 1), (2, 2)]


def test_a_member_that_went_on_alone_goes_back_to_what_it_was_then(pair: World) -> None:
    pair.policies.kept["churn.yaml"] = pair.policies.kept["churn.yaml"].replace("    group: pair\n", "")
    pair.registrar.process(job(pair, "j3", left=0.1, right=0.97))
    assert champions(pair) == (2, 3)

    assert moves(pair, "left") == [{"model": "left", "from": 2, "to": 1}, {"model": "right", "from": 3, "to": 1}]
    pair.process(rollback(pair, "left"))

    assert champions(pair) == (1, 1)


def test_a_group_does_not_go_back_if_one_member_cannot(pair: World) -> None:
    text = rollback(pair, "left")
    pair.registry.archive("right", 1, tags={})
    before = pair.history("left"), pair.history("right")

    outcome = pair.process(text)

    assert outcome.reasons == ("right:1 cannot be champion again: it is archived; restore it first",)
    assert (pair.history("left"), pair.history("right")) == before


def test_a_group_forward_again_goes_together_too(pair: World) -> None:
    pair.process(rollback(pair, "left"))
    pair.clock.forward(HELD_FOR)

    pair.process(rollback(pair, "right", to=2))

    assert champions(pair) == (2, 2)


def test_members_whose_heads_lie_apart_by_now_go_back_together(pair: World) -> None:
    pair.ledger.together(["left"], group="elsewhere")

    pair.process(rollback(pair, "right"))

    assert champions(pair) == (1, 1)
    assert pair.ledger.head("left").group == pair.ledger.head("right").group


def test_a_queue_that_loses_the_message_loses_nothing(world: World) -> None:
    """The work keeps the request, so that the sweep can send it again."""
    text = rollback(world)
    world.dies(text, before="registry project")

    (left,) = (work for work in world.works() if work["state"] != "finished")

    assert left["subject"]["request"]["action"] == "rollback"


def shared(world: World) -> dict[int, str]:
    """The workspace's version that each shared version is a copy of, and for which decision, by its number there."""
    return {
        found.version: found.properties["registrar.shared_from"].rpartition("/")[2]
        for found in world.shared.versions("contoso", "churn")
    }


def test_a_champion_that_was_shared_is_shared_again_and_counts_there() -> None:
    world = of_three(SHARING)

    world.process(rollback(world))

    assert shared(world) == {1: "1", 2: "2", 3: "3", 4: "2"}
    (baseline,) = Baselines(world.shared).of([COMPARING])
    assert baseline.evidence is not None
    assert (baseline.evidence.metrics, baseline.evidence.version) == ({"accuracy": 0.92}, 4)
    assert world.told() == ["Registrar.ChampionChanged", "Registrar.ModelShared"]
    assert world.topic.events[-1]["data"]["version"] == 2


def test_a_registry_that_is_down_does_not_undo_a_rollback() -> None:
    world = of_three(SHARING)
    world.shared.registries.clear()
    text = rollback(world)
    with pytest.raises(UnavailableError, match="no registry contoso"):
        world.process(text)
    assert (world.champion("churn"), world.shown("churn")) == (2, [2])
    world.shared.registries.add("contoso")

    world.process(text)
    world.process(text)

    assert shared(world) == {1: "1", 2: "2", 3: "3", 4: "2"}
