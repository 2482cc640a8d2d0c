"""Sharing: a promoted version comes to a shared registry once, with what it was decided from, and never in the way."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_history, shared_evidence
from registration.errors import (
    LedgerConflictError,
    LedgerFormatError,
    PermanentError,
    RegistryMismatchError,
    UnavailableError,
)
from registration.ledger import HELD_FOR
from tests.turning import revoke
from tests.world import CHURN, WORKSPACE, World, job_event

if TYPE_CHECKING:
    from registration.shared import SharedVersion

PASS = "then: {{pass: [promote, {share}]}}\n    metrics:"
WRITES = 20
TOLD = ["Registrar.ModelRegistered", "Registrar.ChampionChanged", "Registrar.ModelShared"]


def sharing_world(share: str = "share: contoso") -> World:
    world = World()
    world.policies.kept["churn.yaml"] = CHURN.replace("metrics:", PASS.format(share=share))
    world.job("j1")
    return world


def shared(world: World, number: int = 1, *, model: str = "churn", registry: str = "contoso") -> SharedVersion:
    return world.shared.versions_[registry, model, number]


def record(world: World) -> dict[str, Any]:
    (work,) = world.works()
    return work


def test_a_promoted_version_is_shared_under_its_own_name_and_number() -> None:
    world = sharing_world()

    assert world.process(job_event("j1")).promoted

    found = shared(world)
    assert found.origin == world.shared.origin_of("churn", 1)
    assert found.tags["registrar.status"] == "shared"
    assert "registrar.champion" not in found.tags
    assert world.told() == TOLD


def test_the_shared_version_says_where_it_comes_from_and_what_was_decided() -> None:
    world = sharing_world()
    outcome = world.process(job_event("j1"))

    said = shared(world).properties

    assert said["registrar.shared_from"] == f"{WORKSPACE}/models/churn/versions/1"
    assert (said["registrar.decision"], said["registrar.decision_seq"]) == (outcome.decision, "1")
    assert (said["registrar.work"], said["lineage.job"]) == (outcome.work, "j1")
    assert said["lineage.job_output_uri"] == outcome.lineage_job_output_uri
    evidence = json.loads(shared_evidence.text_in(said) or "")
    assert evidence["metrics"] == {"accuracy": 0.9}
    assert evidence["artifact_sha256"] == said["registrar.artifact_sha256"]


def test_another_name_and_several_registries_may_be_given() -> None:
    world = sharing_world("share: {registry: contoso, name: churn-prod}, share: fabrikam")
    world.shared.registries.add("fabrikam")

    world.process(job_event("j1"))

    assert sorted(world.shared.versions_) == [("contoso", "churn-prod", 1), ("fabrikam", "churn", 1)]
    assert len({event["id"] for event in world.topic.events}) == 4


def test_the_decision_names_the_registries_and_the_work_what_came_of_it() -> None:
    world = sharing_world()

    world.process(job_event("j1"))

    assert world.history("churn")[0]["share"] == [{"registry": "contoso", "model": "churn"}]
    (share,) = record(world)["shares"]
    assert {name: value for name, value in share.items() if value is not None} == {
        "registry": "contoso",
        "model": "churn",
        "version": 1,
        "id": shared(world).id,
        "withheld": False,
    }
    assert record(world)["state"] == "finished"


@pytest.mark.parametrize("accuracy", [0.5, None])
def test_what_is_not_promoted_is_not_shared(accuracy: object) -> None:
    world = sharing_world()
    world.job("j2", accuracy=accuracy)

    assert world.process(job_event("j2")).outcome in {"rejected", "held"}

    assert world.shared.versions_ == {}
    assert "share" not in world.history("churn")[0]


def test_an_app_that_observes_shares_nothing() -> None:
    world = sharing_world()
    world.observes = True

    assert world.process(job_event("j1")).outcome == "observed"

    assert world.shared.versions_ == {}
    assert "share" not in world.history("churn")[0]


def test_a_registry_that_is_down_undoes_nothing_and_keeps_no_notice_waiting() -> None:
    world = sharing_world()
    world.shared.registries.clear()

    with pytest.raises(UnavailableError, match="there is no registry contoso"):
        world.process(job_event("j1"))

    assert (world.champion("churn"), world.shown("churn")) == (1, [1])
    assert world.told() == TOLD[:2]
    assert (record(world)["state"], record(world)["outbox"]) == ("decided", [])
    assert record(world)["shares"][0]["reason"].startswith("there is no registry contoso")


def owing() -> World:
    """The registry was down when the version was promoted, so the share is owed."""
    world = sharing_world()
    world.shared.registries.clear()
    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))
    return world


def test_the_next_delivery_shares_what_is_owed_and_tells_only_that() -> None:
    world = owing()
    world.shared.registries.add("contoso")

    assert world.process(job_event("j1")).outcome == "registered"

    assert world.told() == TOLD
    assert (record(world)["state"], record(world)["shares"][0]["reason"]) == ("finished", None)
    assert world.process(job_event("j1")).outcome == "duplicate"
    assert len(world.shared.versions_) == 1


def test_what_was_revoked_before_it_was_shared_is_not_shared_any_more() -> None:
    world = owing()
    world.process(revoke(world, version=1, no_champion=True))
    world.shared.registries.add("contoso")

    assert world.process(job_event("j1")).outcome == "registered"

    assert (world.shared.versions_, world.told().count("Registrar.ModelShared")) == ({}, 0)
    work = next(work for work in world.works() if work["shares"])
    assert (work["state"], work["shares"][0]["withheld"]) == ("finished", True)
    assert work["shares"][0]["reason"].startswith("these files were revoked by ada@contoso.com")


def test_a_try_that_fails_as_before_writes_nothing() -> None:
    world = owing()
    before = dict(world.state.kept)

    with pytest.raises(UnavailableError):
        world.process(job_event("j1"))

    assert world.state.kept == before


def test_one_registry_keeps_another_not_waiting() -> None:
    world = sharing_world("share: nowhere, share: contoso")

    with pytest.raises(UnavailableError, match="no registry nowhere"):
        world.process(job_event("j1"))

    assert list(world.shared.versions_) == [("contoso", "churn", 1)]
    assert [share["id"] is None for share in record(world)["shares"]] == [True, False]


def test_a_topic_that_is_down_keeps_no_registry_waiting() -> None:
    world = sharing_world()
    world.faults.fail("topic Registrar.ModelRegistered")

    with pytest.raises(UnavailableError, match="topic"):
        world.process(job_event("j1"))

    assert shared(world).properties["registrar.decision_seq"] == "1"
    world.process(job_event("j1"))
    assert set(world.told()) == set(TOLD)
    assert record(world)["state"] == "finished"


def test_a_long_copy_is_looked_after_at_the_next_try_and_not_begun_again() -> None:
    world = sharing_world()
    world.shared.copies_slowly = True
    with pytest.raises(UnavailableError, match="is still copying churn:1") as waiting:
        world.process(job_event("j1"))
    assert waiting.value.retry_after_seconds == 30
    assert record(world)["shares"][0]["operation"]
    world.shared.finish_copies()

    assert world.process(job_event("j1")).outcome == "registered"

    copies = [write for write in world.faults.writes if write.startswith("shared copy")]
    assert copies == ["shared copy contoso churn:1"]
    assert record(world)["shares"][0]["operation"] is None


def test_a_copy_that_failed_is_begun_again() -> None:
    world = sharing_world()
    world.shared.copies_slowly = True
    with contextlib.suppress(UnavailableError):
        world.process(job_event("j1"))
    world.shared.failing += list(world.shared.under_way)
    with pytest.raises(UnavailableError, match="out of space"):
        world.process(job_event("j1"))
    assert record(world)["shares"][0]["operation"] is None
    world.shared.failing.clear()
    world.shared.under_way.clear()
    world.shared.copies_slowly = False

    assert world.process(job_event("j1")).outcome == "registered"

    assert shared(world).properties["registrar.decision_seq"] == "1"


def test_a_number_that_others_have_is_left_to_them() -> None:
    world = sharing_world()
    for number in (1, 4):
        world.shared.put_by_hand("contoso", "churn", number)
    theirs = dict(world.shared.versions_)

    world.process(job_event("j1"))

    assert theirs.items() <= world.shared.versions_.items()
    assert shared(world, 5).origin == world.shared.origin_of("churn", 1)
    assert record(world)["shares"][0]["version"] == 5
    assert world.topic.events[-1]["data"]["shared"]["version"] == 5


def test_a_number_that_is_taken_while_it_is_copied_is_left_to_them() -> None:
    world = sharing_world()
    world.faults.meanwhile("shared copy", lambda: world.shared.put_by_hand("contoso", "churn", 1))

    world.process(job_event("j1"))

    assert shared(world).properties == {}
    assert shared(world, 2).properties["registrar.decision_seq"] == "1"


def test_a_version_that_a_person_shared_by_hand_is_taken_over() -> None:
    world = sharing_world()
    origin = world.shared.origin_of("churn", 1)
    world.shared.put_by_hand("contoso", "churn", 1, origin=origin, tags={"by": "hand"})

    world.process(job_event("j1"))

    assert list(world.shared.versions_) == [("contoso", "churn", 1)]
    assert shared(world).properties["registrar.shared_from"].endswith("/models/churn/versions/1")
    assert shared(world).tags == {"by": "hand", "registrar.status": "shared"}


def test_a_version_that_was_shared_for_an_earlier_decision_is_not_taken_for_this_one() -> None:
    world = sharing_world()
    origin = world.shared.origin_of("churn", 1)
    world.shared.put_by_hand("contoso", "churn", 1, origin=origin, properties={"registrar.decision": "earlier"})

    world.process(job_event("j1"))

    assert shared(world).properties == {"registrar.decision": "earlier"}
    assert shared(world, 2).origin == origin


def test_properties_are_written_where_the_service_does_not_carry_them() -> None:
    world = sharing_world()
    made = world.shared.stores
    world.shared.stores = lambda version: made(
        replace(version, properties={} if "registrar.decision" not in version.properties else version.properties)
    )

    outcome = world.process(job_event("j1"))

    assert shared(world).properties["registrar.work"] == outcome.work
    assert shared(world).properties["lineage.job"] == "j1"


def test_a_service_that_does_not_keep_the_evidence_is_found_out() -> None:
    world = sharing_world()
    world.shared.stores = lambda version: replace(version, properties={})

    with pytest.raises(RegistryMismatchError, match=r"does not hold what was written: .*registrar\.decision"):
        world.process(job_event("j1"))

    assert (world.champion("churn"), record(world)["state"]) == (1, "decided")
    assert world.told() == TOLD[:2]


def test_another_artifact_under_our_number_is_never_called_ours() -> None:
    world = sharing_world()
    origin = world.shared.origin_of("churn", 1)
    world.shared.put_by_hand("contoso", "churn", 1, origin=origin, properties={"registrar.artifact_sha256": "other"})

    with pytest.raises(RegistryMismatchError, match="artifact_sha256"):
        world.process(job_event("j1"))

    assert record(world)["shares"][0]["id"] is None


def test_a_refusal_that_stays_is_told_as_one() -> None:
    world = sharing_world()

    def refuse(_version: SharedVersion) -> SharedVersion:
        raise PermanentError("a shared registry answered 400: no")

    world.shared.stores = refuse

    with pytest.raises(PermanentError, match="answered 400"):
        world.process(job_event("j1"))

    assert record(world)["shares"][0]["reason"] == "a shared registry answered 400: no"
    assert world.champion("churn") == 1


def test_two_deliveries_at_once_share_once() -> None:
    world = sharing_world()

    world.faults.meanwhile("shared copy", lambda: world.process(job_event("j1")))

    with pytest.raises(LedgerConflictError):
        world.process(job_event("j1"))

    assert list(world.shared.versions_) == [("contoso", "churn", 1)]
    assert world.process(job_event("j1")).outcome == "duplicate"
    assert [event["type"] for event in world.topic.events].count("Registrar.ModelShared") == 1


def test_what_a_dead_worker_owed_is_shared_though_no_event_leads_back() -> None:
    world = owing()
    world.shared.registries.add("contoso")
    (key,) = world.ledger.unfinished()
    work = world.ledger.work(key)
    assert work is not None

    world.leftovers.settle(work)

    assert shared(world).properties["registrar.decision_seq"] == "1"
    assert record(world)["state"] == "finished"


def test_a_decision_that_was_not_announced_is_shared_too() -> None:
    world = sharing_world()
    world.dies(job_event("j1"), before="registry project")
    world.clock.forward(HELD_FOR)
    (key,) = world.ledger.unfinished()
    work = world.ledger.work(key)
    assert work is not None

    world.leftovers.settle(work)

    assert set(world.told()) == set(TOLD)
    assert record(world)["shares"][0]["id"] == shared(world).id


def test_every_write_of_a_share_is_a_crash_point() -> None:
    world = sharing_world()

    world.process(job_event("j1"))

    assert len(world.faults.writes) == WRITES


def test_each_promotion_is_a_version_of_its_own() -> None:
    world = sharing_world()
    world.job("j2", accuracy=0.95)

    for job in ("j1", "j2"):
        world.process(job_event(job))

    assert [found.version for found in world.shared.versions("contoso", "churn")] == [2, 1]
    assert [found.properties["registrar.decision_seq"] for found in world.shared.versions("contoso", "churn")] == [
        "2",
        "1",
    ]


@pytest.mark.parametrize("dead", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_version_is_shared_once_whichever_write_fails(number: int, done: bool, dead: bool) -> None:
    world = sharing_world()
    world.faults.fail_write(number, done=done, dead=dead)

    world.settle(job_event("j1"))

    champion = world.ledger.head("churn").champion
    assert champion is not None
    assert list(world.shared.versions_) == [("contoso", "churn", champion.version)]
    found = shared(world, champion.version)
    assert found.properties["registrar.decision"] == champion.decision
    assert len({event["id"] for event in world.topic.events}) == 3
    assert set(world.told()) == set(TOLD)
    assert (record(world)["state"], record(world)["shares"][0]["id"]) == ("finished", found.id)


def ask(world: World, *arguments: str) -> str:
    app = typer.Typer(pretty_exceptions_enable=False)
    cli_history.add_to(app, ledger=lambda: world.ledger)
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "120"}, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


def test_an_explanation_tells_where_a_version_was_shared_to() -> None:
    world = sharing_world("share: contoso, share: nowhere")
    with contextlib.suppress(UnavailableError):
        world.process(job_event("j1"))

    page = ask(world, "explain", "churn:1")

    assert "azureml://registries/contoso/models/churn/versions/1" in page
    assert "owed to nowhere, as churn: there is no registry nowhere" in " ".join(page.split())
    shares = json.loads(ask(world, "explain", "churn:1", "--json"))["work"]["shares"]
    assert [share["registry"] for share in shares] == ["contoso", "nowhere"]


def test_a_history_tells_what_was_shared() -> None:
    world = sharing_world()
    world.job("j2", accuracy=0.1)
    for job in ("j1", "j2"):
        world.process(job_event(job))

    page = " ".join(ask(world, "history", "churn").split())

    assert f"Version 1 is shared as {shared(world).id}" in page
    decisions = json.loads(ask(world, "history", "churn", "--json"))["decisions"]
    assert [[share["id"] for share in decision["shares"]] for decision in decisions] == [[shared(world).id], []]


def test_a_work_record_that_is_gone_hides_no_history() -> None:
    world = sharing_world()
    outcome = world.process(job_event("j1"))
    world.state.kept[f"work/{outcome.work}.json"] = ("{", '"x"', world.clock.now)

    assert "shared" not in ask(world, "history", "churn")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"registry": "contoso"}, r"has no shares\[0\].model"),
        ({"registry": "contoso", "model": "churn", "version": "1"}, r"has '1' as shares\[0\].version"),
        ("contoso", "as shares"),
    ],
)
def test_a_share_edited_wrongly_is_not_made(said: object, told: str) -> None:
    world = sharing_world()
    outcome = world.process(job_event("j1"))
    name = f"work/{outcome.work}.json"
    text, etag, written = world.state.kept[name]
    world.state.kept[name] = (json.dumps({**json.loads(text), "state": "decided", "shares": [said]}), etag, written)

    with pytest.raises(LedgerFormatError, match=told):
        world.process(job_event("j1"))


def test_work_of_an_older_app_owes_no_share() -> None:
    world = World()
    world.job("j1")
    outcome = world.process(job_event("j1"))
    name = f"work/{outcome.work}.json"
    text, etag, written = world.state.kept[name]
    kept = {key: value for key, value in json.loads(text).items() if key != "shares"}
    world.state.kept[name] = (json.dumps({**kept, "state": "decided"}), etag, written)

    assert world.process(job_event("j1")).outcome == "registered"
    assert (record(world)["state"], record(world)["shares"]) == ("finished", [])
