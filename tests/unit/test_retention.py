"""Retention: what the policy does not keep is archived, by an entry in the history, and never what is in use."""

from __future__ import annotations

from datetime import timedelta

import pytest

from registration import history
from registration.coverage import Coverage
from registration.errors import PermanentError, PolicyError, UnavailableError
from registration.policy import document
from tests.answering import adopted
from tests.sweeping import Azure
from tests.turning import revoke, rollback
from tests.world import CHURN, World, job_event

ARM = (
    "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w/models/churn/versions/"
)
WRITES = 5


def keeping(keep: object) -> str:
    """The policy of `churn` with retention."""
    return CHURN.replace("    tags: {team: growth}", f"    tags: {{team: growth}}\n    retention: {{keep: {keep}}}")


def with_champions(count: int, *, keep: int | None = 1) -> Azure:
    """Champions of `churn` one after the other, the last the best."""
    azure = Azure()
    azure.world.policies.kept["churn.yaml"] = CHURN
    for number in range(1, count + 1):
        train(azure.world, f"j{number}", 0.8 + number / 100)
    if keep is not None:
        azure.world.policies.kept["churn.yaml"] = keeping(keep)
    return azure


def train(world: World, name: str, accuracy: float) -> None:
    world.job(name, accuracy=accuracy)
    world.process(job_event(name))
    world.clock.forward(timedelta(hours=1))


def visible(azure: Azure) -> list[int]:
    return azure.world.registry.visible("churn")


def status(azure: Azure, version: int) -> str | None:
    return azure.world.registry.versions["churn", version].tags.get("registrar.status")


def test_the_newest_superseded_versions_stay_and_the_others_are_archived() -> None:
    azure = with_champions(5, keep=2)

    assert azure.sweep.run().archived == 2

    assert visible(azure) == [3, 4, 5]
    assert (status(azure, 1), status(azure, 4)) == ("archived", "former")
    assert azure.sweep.run() == Coverage()


def test_an_entry_in_the_history_says_so_and_it_stays_whole() -> None:
    azure = with_champions(4)

    azure.sweep.run()

    past = history.read(azure.world.ledger, "churn")
    last = past.steps[-1]
    assert (past.breaks, past.champion, last.outcome, last.archived) == ((), 4, "archive", (1, 2))
    assert last.reasons == ("archived version 1, 2: the policy keeps 1 beside the champion",)


def test_a_policy_that_says_nothing_archives_nothing() -> None:
    azure = with_champions(4, keep=None)

    assert azure.sweep.run() == Coverage()
    assert visible(azure) == [1, 2, 3, 4]


def test_nothing_but_the_champion_may_stay() -> None:
    azure = with_champions(3, keep=0)

    azure.sweep.run()

    assert (visible(azure), azure.world.shown("churn")) == ([3], [3])


@pytest.mark.parametrize("spelled", ["azureml:churn:1", ARM + "1"])
def test_what_an_endpoint_serves_stays_besides(spelled: str) -> None:
    azure = with_champions(4)
    azure.deployed.served = [spelled, "azureml:digits:2", ARM.replace("churn", "lite") + "2"]

    azure.sweep.run()

    assert visible(azure) == [1, 3, 4]
    azure.deployed.served = []
    assert azure.sweep.run().archived == 1
    assert visible(azure) == [3, 4]


@pytest.mark.parametrize("fault", [UnavailableError("403: Forbidden"), PermanentError("400")])
def test_nothing_is_archived_while_nobody_can_tell_what_is_deployed(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    azure = with_champions(4)
    azure.deployed.fault = fault
    before = azure.world.history("churn"), azure.mark()

    assert azure.sweep.run() == Coverage()

    assert (visible(azure), azure.world.history("churn")) == ([1, 2, 3, 4], before[0])
    assert azure.mark() != before[1]
    assert "nobody can tell what is deployed" in caplog.text


def test_where_nothing_goes_no_endpoint_is_asked() -> None:
    azure = with_champions(2)
    azure.deployed.fault = AssertionError("was asked")

    assert azure.sweep.run() == Coverage()


def test_a_dry_run_archives_nothing_and_says_what_would_go() -> None:
    azure = with_champions(4)
    before = azure.world.everything()

    assert azure.sweep.run(dry_run=True).archived == 2
    assert azure.world.everything() == before


def test_an_app_that_observes_archives_nothing() -> None:
    azure = with_champions(4)
    azure.world.observes = True

    assert azure.sweep.run().archived == 0


def test_nothing_of_a_paused_model_is_archived() -> None:
    azure = with_champions(4)
    azure.world.pauses.pause("churn", actor="ada", reason="it is being looked at", at=azure.world.clock.iso())

    assert azure.sweep.run().archived == 0
    azure.world.pauses.resume("churn")
    assert azure.sweep.run().archived == 2


def test_a_model_without_a_champion_keeps_everything() -> None:
    azure = with_champions(4)
    azure.world.process(revoke(azure.world, "churn", 4, no_champion=True))

    assert azure.sweep.run().archived == 0
    assert visible(azure) == [1, 2, 3]


def test_what_people_made_is_left_alone() -> None:
    azure = Azure()
    adopted(azure.world, version=3)
    azure.world.policies.kept["churn.yaml"] = CHURN.replace(", vs_champion: {max_regression: 0}", "")
    for number in range(1, 4):
        train(azure.world, f"j{number}", 0.9)
    azure.world.policies.kept["churn.yaml"] = keeping(0)

    azure.sweep.run()

    assert visible(azure) == [3, 6]


def test_a_version_that_was_only_registered_is_superseded_by_the_next_champion() -> None:
    azure = with_champions(2)
    azure.world.policies.kept["churn.yaml"] = CHURN.replace(
        "    metrics:", "    then: {fail: register_only}\n    metrics:"
    )
    train(azure.world, "worse", 0.1)
    azure.world.policies.kept["churn.yaml"] = keeping(0)
    azure.sweep.run()
    assert visible(azure) == [2, 3]

    train(azure.world, "better", 0.99)
    azure.sweep.run()

    assert visible(azure) == [4]


def test_a_version_that_was_rolled_back_to_counts_from_then_on() -> None:
    azure = with_champions(4, keep=2)
    azure.world.process(rollback(azure.world, to=1))
    train(azure.world, "j9", 0.99)

    azure.sweep.run()

    assert visible(azure) == [1, 4, 5]


def test_an_archived_version_can_be_champion_again_once_somebody_restored_it() -> None:
    azure = with_champions(4)
    azure.sweep.run()
    azure.world.registry.archived.discard(("churn", 1))

    assert azure.sweep.run() == Coverage()
    azure.world.process(rollback(azure.world, to=1))

    assert (azure.world.champion("churn"), azure.world.shown("churn")) == (1, [1])
    assert history.read(azure.world.ledger, "churn").is_whole


def test_a_rollback_without_a_version_passes_over_what_was_archived() -> None:
    azure = with_champions(4, keep=2)
    azure.sweep.run()

    azure.world.process(rollback(azure.world))
    azure.world.process(rollback(azure.world))

    assert azure.world.champion("churn") == 2


def test_every_write_of_archiving_is_a_crash_point() -> None:
    azure = with_champions(4)
    before = len(azure.world.faults.writes)

    azure.sweep.run()

    assert len(azure.world.faults.writes) - before == WRITES


@pytest.mark.parametrize("number", range(1, WRITES + 1))
@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
def test_archiving_ends_well_whichever_write_fails(number: int, done: bool) -> None:
    azure = with_champions(4)
    azure.world.faults.fail_write(number, done=done, dead=True)
    with pytest.raises(UnavailableError):
        azure.sweep.run()
    azure.world.faults.revive()

    azure.sweep.run()

    assert visible(azure) == [3, 4]
    assert [step["outcome"] for step in azure.world.history("churn")] == ["register"] * 4 + ["archive"]
    assert (status(azure, 1), status(azure, 2)) == ("archived", "archived")


def test_a_version_that_becomes_champion_meanwhile_is_not_archived() -> None:
    azure = with_champions(4)
    text = rollback(azure.world, to=1)
    azure.world.faults.meanwhile("state heads/churn", lambda: azure.world.desk.process(text))

    assert azure.sweep.run().archived == 0

    assert azure.world.champion("churn") == 1
    assert visible(azure) == [1, 2, 3, 4]


def test_a_champion_that_was_archived_too_late_is_shown_again() -> None:
    azure = with_champions(4)
    text = rollback(azure.world, to=1)
    azure.world.faults.meanwhile("registry archive churn:1", lambda: azure.world.desk.process(text))
    azure.sweep.run()

    assert azure.sweep.run().repaired == 1

    assert azure.world.shown("churn") == [1]
    assert 1 in visible(azure)


def test_a_broken_history_archives_nothing(caplog: pytest.LogCaptureFixture) -> None:
    azure = with_champions(4)
    name = next(name for name in azure.world.decisions.kept if name.startswith("churn/"))
    azure.world.decisions.kept[name] = (
        azure.world.decisions.kept[name][0].replace("0.81", "0.82"),
        *azure.world.decisions.kept[name][1:],
    )

    assert azure.sweep.run().archived == 0
    assert "its history is broken" in caplog.text


@pytest.mark.parametrize("keep", ["-1", "1.5", "true", "'3'", "10001"])
def test_what_cannot_be_kept_is_refused_with_its_place(keep: str) -> None:
    with pytest.raises(PolicyError, match=r"models\[0\]\.retention\.keep: "):
        document.parse(keeping(keep), source="p")


def test_the_digest_of_a_policy_without_retention_is_what_it_was() -> None:
    digests = [document.parse(text, source="p").digest for text in (CHURN, keeping(2), keeping(3))]

    assert len(set(digests)) == 3
