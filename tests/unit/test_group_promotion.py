"""A group is promoted in one step: its champions are those of one run at any time, whoever dies, fails or overtakes."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from registration.errors import RegistrarError, UnavailableError
from tests.fakes import OUTPUTS
from tests.pairs import PAIR, champions, job, of_two

if TYPE_CHECKING:
    from tests.world import World

ALONE = PAIR.replace("    group: pair\n", "")
WRITES = 26


@pytest.fixture
def world() -> World:
    return of_two()


def visible(world: World) -> tuple[list[int], list[int]]:
    return world.registry.visible("left"), world.registry.visible("right")


def status(world: World, model: str, version: int) -> str | None:
    return world.registry.versions[model, version].tags.get("registrar.status")


def settled(world: World, message: str) -> set[str]:
    """The outcomes when the queue delivers the message until it is settled."""
    return {outcome.outcome for outcome in world.deliver(message)}


def test_the_champions_of_a_group_change_in_one_write(world: World) -> None:
    message = job(world, "j1", left=0.9, right=0.9)
    seen: list[tuple[int | None, int | None]] = []
    for write in range(1, WRITES + 1):
        world.faults.before_write(write, lambda: seen.append(champions(world)))

    world.registrar.process(message)

    assert sorted(set(seen), key=str) == [(1, 1), (None, None)]
    assert len(seen) == WRITES


@pytest.mark.parametrize("dead", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_group_ends_well_whichever_write_fails_and_has_no_half_of_a_champion(
    number: int, done: bool, dead: bool
) -> None:
    world = of_two()
    message = job(world, "j1", left=0.9, right=0.9)
    world.faults.fail_write(number, done=done, dead=dead)
    with contextlib.suppress(RegistrarError):
        world.registrar.process(message)
    world.faults.revive()
    assert len(set(champions(world))) == 1

    settled(world, message)

    left, right = champions(world)  # a number that was reserved and not used is left out
    assert visible(world) == ([left], [right])
    assert (world.shown("left"), world.shown("right")) == ([left], [right])
    assert all(world.ledger.is_mirrored(world.ledger.head(model)) for model in ("left", "right"))
    assert [len(world.history(model)) for model in ("left", "right")] == [1, 1]
    assert {work["state"] for work in world.works()} == {"finished"}
    assert sorted(set(world.told())) == ["Registrar.ChampionChanged", "Registrar.ModelRegistered"]
    assert len({event["id"] for event in world.topic.events}) == 4


def test_a_member_whose_version_cannot_be_written_leaves_the_others_pending_and_no_champion(world: World) -> None:
    message = job(world, "j1", left=0.9, right=0.9)

    for _ in range(3):
        world.faults.fail("registry create right")
        with pytest.raises(UnavailableError):
            world.registrar.process(message)

    assert (visible(world), champions(world)) == (([1], []), (None, None))
    assert (status(world, "left", 1), world.shown("left")) == ("pending", [])
    assert settled(world, message) == {"registered"}
    assert (status(world, "left", 1), status(world, "right", 1)) == ("champion", "champion")


def test_a_group_that_waits_for_a_member_holds_up_no_other_candidate(world: World) -> None:
    waiting, other = job(world, "j1", left=0.9, right=0.9), job(world, "j2", left=0.9, right=0.85)
    world.faults.fail("registry create right")
    with pytest.raises(UnavailableError):
        world.registrar.process(waiting)

    assert settled(world, other) == {"registered"}

    assert champions(world) == (2, 2)
    assert settled(world, waiting) == {"registered"}
    assert champions(world) == (1, 1)


def test_a_champion_that_moves_while_a_group_gets_its_versions_has_all_of_it_judged_again(world: World) -> None:
    overtaker = job(world, "j2", left=0.95, right=0.95)
    world.faults.meanwhile("decisions right/", lambda: world.registrar.process(overtaker))

    assert settled(world, job(world, "j1", left=0.9, right=0.9)) == {"rejected"}

    assert [step["outcome"] for step in world.history("left")] == ["register", "reject"]
    assert [verdict["code"] for verdict in world.history("left")[-1]["verdicts"]][-1] == "member_rejected"
    assert champions(world) == (2, 2)
    assert visible(world) == ([2], [2])
    assert (status(world, "left", 1), status(world, "right", 1)) == ("superseded", "superseded")


def test_files_of_one_member_that_change_meanwhile_take_the_other_with_them(world: World) -> None:
    message = job(world, "j1", left=0.9, right=0.9)
    changed = OUTPUTS / "azureml/j1/right/model.onnx"
    world.faults.meanwhile("registry create right", lambda: world.store.put(changed, b"other bytes"))

    outcomes = {outcome.outcome for outcome in world.registrar.process(message)}

    assert outcomes == {"rejected"}
    assert (visible(world), champions(world)) == (([], []), (None, None))
    assert world.history("left")[-1]["verdicts"][-1]["code"] == "member_rejected"


def test_a_member_that_fails_and_is_kept_all_the_same_still_keeps_the_others_from_becoming_champion() -> None:
    world = of_two(PAIR.replace("metrics: {left", "then: {fail: register_only}\n    metrics: {left"))

    world.registrar.process(job(world, "j1", left=0.7, right=0.9))

    assert champions(world) == (None, None)
    assert world.history("right")[-1]["group"] == [{"model": "left", "outcome": "reject"}]
    assert (visible(world), status(world, "left", 1)) == (([1], []), "registered")


def test_a_member_that_is_only_registered_waits_for_nobody_any_more() -> None:
    world = of_two(PAIR.replace("metrics: {left", "then: {pass: register_only}\n    metrics: {left"))

    world.registrar.process(job(world, "j1", left=0.9, right=0.9))

    assert champions(world) == (None, 1)
    assert (status(world, "left", 1), status(world, "right", 1)) == ("registered", "champion")


@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_version_that_waits_for_nobody_is_never_left_pending(number: int) -> None:
    world = of_two(PAIR.replace("metrics: {left", "then: {pass: register_only}\n    metrics: {left"))
    message = job(world, "j1", left=0.9, right=0.9)
    world.faults.fail_write(number, done=True, dead=True)

    settled(world, message)

    said = [(version.model, version.tags["registrar.status"]) for version in world.registry.versions.values()]
    assert said == [("left", "registered"), ("right", "champion")]


def test_models_with_a_champion_each_become_a_group_and_keep_their_histories(world: World) -> None:
    world.policies.kept["churn.yaml"] = ALONE
    world.registrar.process(job(world, "j1", left=0.9, right=0.9))
    world.policies.kept["churn.yaml"] = PAIR

    assert settled(world, job(world, "j2", left=0.95, right=0.8)) == {"rejected"}
    assert settled(world, job(world, "j3", left=0.95, right=0.95)) == {"registered"}

    assert [step["seq"] for step in world.history("left")] == [1, 2, 3]
    assert (champions(world), world.shown("left"), world.shown("right")) == ((2, 2), [2], [2])


def test_models_that_are_no_group_any_more_are_decided_each_by_itself_again(world: World) -> None:
    world.registrar.process(job(world, "j1", left=0.9, right=0.9))
    world.policies.kept["churn.yaml"] = ALONE

    outcomes = world.registrar.process(job(world, "j2", left=0.95, right=0.8))

    assert [outcome.outcome for outcome in outcomes] == ["registered", "rejected"]
    assert champions(world) == (2, 1)


def test_a_policy_whose_file_was_renamed_keeps_its_group_where_it_is(world: World) -> None:
    world.registrar.process(job(world, "j1", left=0.9, right=0.9))
    world.policies.kept["renamed.yaml"] = world.policies.kept.pop("churn.yaml")

    world.registrar.process(job(world, "j2", left=0.95, right=0.95))

    assert [name for name, _ in world.state.names("groups/")] == ["groups/churn/pair.json"]


def test_an_app_that_observes_records_what_it_would_have_done_for_the_group() -> None:
    world = of_two()
    world.observes = True

    outcomes = world.registrar.process(job(world, "j1", left=0.9, right=0.9))

    assert {outcome.outcome for outcome in outcomes} == {"observed"}
    assert (champions(world), world.registry.versions) == ((None, None), {})


def test_the_decisions_of_a_group_were_made_at_one_time(world: World) -> None:
    world.registrar.process(job(world, "j1", left=0.9, right=0.9))

    assert world.history("left")[0]["decided_at"] == world.history("right")[0]["decided_at"]


def test_the_head_of_a_member_shows_people_its_champion_and_where_it_lies(world: World) -> None:
    world.registrar.process(job(world, "j1", left=0.9, right=0.9))

    shown: dict[str, Any] = json.loads(world.state.kept["heads/left.json"][0])

    assert (shown["group"], shown["champion"]["version"]) == ("churn/pair", 1)


def test_what_keeps_a_second_member_from_its_outcome_is_logged(world: World, caplog: pytest.LogCaptureFixture) -> None:
    message = job(world, "j1", left=0.9, right=0.9)
    world.faults.fail("registry project left", dead=True)

    with pytest.raises(UnavailableError, match="registry project left"):
        world.registrar.process(message)

    assert "another member of the group failed" in caplog.text
    assert "the worker is dead" in caplog.text
