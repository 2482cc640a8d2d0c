"""A revocation: files are denied for ever, whoever offers them again and however, and their versions are put away."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from registration import explanation, history, history_pages
from registration.errors import LedgerFormatError
from registration.ledger import HELD_FOR
from registration.pending import Pending
from tests.answering import adopted, held, say
from tests.fakes import OUTPUTS
from tests.pairs import champions, job, of_two
from tests.turning import digest_of, message, of_three, revoke, rollback
from tests.world import CHURN, World, drop_event, job_event

NO_CHAMPION: dict[str, Any] = {"no_champion": True}
WRITES = {"replaced": 11, "vacated": 9}


@pytest.fixture
def world() -> World:
    return of_three()


def status(world: World, version: int) -> tuple[str | None, bool]:
    """The status tag of a version of `churn`, and whether it is archived."""
    tags = world.registry.versions["churn", version].tags
    return tags.get("registrar.status"), ("churn", version) in world.registry.archived


def test_a_version_that_is_not_the_champion_is_archived_and_its_files_are_denied(world: World) -> None:
    outcome = world.process(revoke(world, version=2))

    assert (outcome.outcome, outcome.model, outcome.version, outcome.promoted) == ("revoked", "churn", 2, False)
    assert outcome.reasons == ("ada@contoso.com revoked version 2: it misbehaves",)
    assert (status(world, 2), world.champion("churn"), world.shown("churn")) == (("revoked", True), 3, [3])
    assert world.told() == ["Registrar.ModelRevoked"]


def test_files_are_denied_before_anything_else_is_done(world: World) -> None:
    text, before = revoke(world, version=2), len(world.faults.writes)

    world.process(text)

    written = [name.partition("/")[0] for name in world.faults.writes[before:]]
    assert written[:2] == ["state work", "decisions revocations"]


def test_the_history_says_so_and_stays_whole(world: World) -> None:
    world.process(revoke(world, version=2))

    past = history.read(world.ledger, "churn")
    last = past.steps[-1]
    assert (past.breaks, last.outcome, last.version, last.promoted) == ((), "revoke", None, False)
    assert (last.revoked, last.record["revoked"]["versions"]) == (digest_of(world, "churn", 2), [2])


def test_the_same_bytes_from_another_job_are_rejected_with_the_reason(world: World) -> None:
    world.process(revoke(world, version=2))
    world.job("again", accuracy=0.99, files={"model.onnx": b"j2"})

    outcome = world.process(job_event("again"))

    assert (outcome.outcome, outcome.version) == ("rejected", None)
    assert outcome.reasons == (f"these files were revoked by ada@contoso.com at {world.clock.iso()}: it misbehaves",)
    (said,) = (verdict for verdict in world.history("churn")[-1]["verdicts"] if verdict["result"] == "failed")
    assert (said["rule"], said["code"]) == ("artifact.revoked", "revoked")


def test_the_same_bytes_are_denied_to_every_model(world: World) -> None:
    world.process(revoke(world, version=2))
    world.drop("vendor-a/1", files={"model.onnx": b"j2"})

    assert world.process(drop_event("vendor-a/1")).outcome == "rejected"
    assert world.receipt("vendor-a/1")["outcome"] == "rejected"


def test_an_approval_does_not_help_revoked_files() -> None:
    world = World()
    adopted(world)
    world.job("j1")
    work = held(world)
    sha256 = world.history("churn")[-1]["candidate"]["artifact_sha256"]
    world.process(revoke(world, None, None, sha256=sha256))

    outcome = say(world, "approve", work)

    assert (outcome.outcome, world.champion("churn")) == ("rejected", 3)


def test_a_decision_that_is_made_again_rejects_revoked_files(world: World) -> None:
    world.process(revoke(world, version=2))
    work = str(world.history("churn")[1]["candidate"]["work"])

    assert say(world, "reevaluate", work).outcome == "rejected"
    assert status(world, 2) == ("revoked", True)


def test_a_replay_of_the_event_that_brought_them_brings_nothing_back(world: World) -> None:
    world.process(revoke(world, version=2))
    before = world.everything()

    assert world.process(job_event("j2")).outcome == "duplicate"
    assert world.everything() == before


def test_revoked_files_that_the_policy_would_keep_as_a_version_are_not_kept() -> None:
    world = of_three()
    world.process(revoke(world, version=2))
    world.policies.kept["churn.yaml"] = CHURN.replace("    metrics:", "    then: {fail: register_only}\n    metrics:")
    world.job("again", files={"model.onnx": b"j2"})

    assert world.process(job_event("again")).outcome == "rejected"
    assert world.registry.visible("churn") == [1, 3]


def test_a_candidate_that_was_judged_before_its_files_were_revoked_is_judged_again(world: World) -> None:
    """The entry in the history comes after the digest was denied: the head has moved under the candidate."""
    world.job("again", accuracy=0.99, files={"model.onnx": b"j2"})
    text = revoke(world, version=2)
    world.faults.meanwhile("state heads/churn", lambda: world.desk.process(text))

    outcome = world.process(job_event("again"))

    assert (outcome.outcome, world.champion("churn"), world.registry.visible("churn")) == ("rejected", 3, [1, 3])
    assert [step["outcome"] for step in world.history("churn")] == ["register"] * 3 + ["revoke", "reject"]


def of_another_model(*, has_history: bool) -> tuple[World, str, str]:
    """A drop with the files of the champion of `churn`, and a revocation of them by their digest."""
    world = World()
    if has_history:
        world.drop("vendor-a/0")
        world.process(drop_event("vendor-a/0"))
    world.job("j1")
    world.process(job_event("j1"))
    world.drop("vendor-a/1", files={"model.onnx": b"j1"})
    text = revoke(world, None, None, sha256=digest_of(world, "churn", 1), **NO_CHAMPION)
    return world, drop_event("vendor-a/1"), text


def nobody_has_them(world: World) -> None:
    """No champion has the revoked files, and none waits for a person because of that."""
    before = [1] if world.history("digits")[0]["version"] == 1 and world.champion("digits") else []
    assert (world.champion("churn"), world.shown("digits")) == (None, before)
    assert not [*Pending(world.ledger, world.questions, world.pauses, world.standstills, world.clock.now)]
    assert all(history.read(world.ledger, model).is_whole for model in ("churn", "digits"))


@pytest.mark.parametrize("has_history", [True, False], ids=["later", "first"])
@pytest.mark.parametrize("number", range(1, 10))
def test_files_that_are_revoked_while_another_model_is_given_them_make_no_champion_of_it(
    number: int, has_history: bool
) -> None:
    """Once the head has moved it has such a champion, as the revocation sees, which leaves no champion then."""
    world, offer, text = of_another_model(has_history=has_history)
    world.faults.before_write(number, lambda: world.desk.process(text))

    world.process(offer)

    nobody_has_them(world)
    assert world.registry.visible("digits") == ([1] if has_history else [])


@pytest.mark.parametrize("has_history", [True, False], ids=["later", "first"])
@pytest.mark.parametrize("number", range(1, 10))
def test_another_model_that_is_given_files_while_they_are_revoked_does_not_keep_them(
    number: int, has_history: bool
) -> None:
    world, offer, text = of_another_model(has_history=has_history)
    world.faults.before_write(number, lambda: world.process(offer))

    world.desk.process(text)

    nobody_has_them(world)


def test_a_version_that_is_withdrawn_because_its_files_were_revoked_says_so() -> None:
    world, offer, text = of_another_model(has_history=False)
    world.faults.meanwhile("registry create digits", lambda: world.desk.process(text))

    assert world.process(offer).outcome == "rejected"

    assert world.registry.versions["digits", 1].tags["registrar.status"] == "revoked"


def test_the_champion_can_be_replaced_by_an_earlier_one(world: World) -> None:
    outcome = world.process(revoke(world, version=3, to=2))

    assert (outcome.outcome, outcome.version) == ("revoked", 3)
    assert (world.champion("churn"), world.shown("churn"), status(world, 3)) == (2, [2], ("revoked", True))
    assert sorted(world.told()) == ["Registrar.ChampionChanged", "Registrar.ModelRevoked"]
    assert [event["data"]["version"] for event in world.topic.events] == [3, 2]
    last = history.read(world.ledger, "churn").steps[-1]
    assert (last.outcome, last.version, last.promoted) == ("revoke", 2, True)
    assert last.reasons[1] == "version 2 is champion again"


def test_the_champion_can_be_taken_away_without_another(world: World) -> None:
    world.process(revoke(world, version=3, **NO_CHAMPION))

    past = history.read(world.ledger, "churn")
    assert (world.champion("churn"), world.shown("churn"), status(world, 3)) == (None, [], ("revoked", True))
    assert (past.breaks, past.champion, past.champion_at(world.clock.now)) == ((), None, None)
    assert [reign.step.version for reign in past.reigns] == [1, 2, 3]
    assert past.reigns[-1].until == past.steps[-1].decided_at
    changed = world.topic.events[-1]
    assert (changed["type"], changed["data"]["outcome"], changed["data"]["version"]) == (
        "Registrar.ChampionChanged",
        "vacated",
        None,
    )


def test_a_model_without_a_champion_takes_the_next_candidate_as_its_first(world: World) -> None:
    world.process(revoke(world, version=3, **NO_CHAMPION))
    world.job("j4", accuracy=0.81)

    assert world.process(job_event("j4")).version == 4
    assert history.read(world.ledger, "churn").is_whole


def test_a_model_without_a_champion_can_be_rolled_back(world: World) -> None:
    world.process(revoke(world, version=3, **NO_CHAMPION))

    world.process(rollback(world))

    past = history.read(world.ledger, "churn")
    assert (world.champion("churn"), past.breaks, past.champion) == (2, (), 2)


def test_a_model_without_a_champion_adopts_no_revoked_version(world: World) -> None:
    world.process(revoke(world, version=3, **NO_CHAMPION))
    world.registry.archived.clear()

    outcome = world.process(message(world, "adopt", "churn", 3))

    assert outcome.outcome == "declined"
    assert "churn:3 was not adopted: these files were revoked by ada@contoso.com" in outcome.reasons[0]


def test_a_revoked_version_is_never_champion_again(world: World) -> None:
    world.process(revoke(world, version=2))
    world.registry.archived.clear()
    seen = [{"model": "churn", "from": 3, "to": 2}]

    outcome = world.process(message(world, "rollback", "churn", 2, moves=seen))

    assert outcome.outcome == "declined"
    assert "version 2 of churn: these files were revoked by ada@contoso.com" in outcome.reasons[0]
    assert world.process(rollback(world)).version == 1


def test_a_champion_that_cannot_be_followed_by_the_version_that_was_named_stays_and_the_person_is_told_why(
    world: World,
) -> None:
    text = revoke(world, version=3, to=2)
    world.registry.archive("churn", 2, tags={})

    outcome = world.process(text)

    assert (world.champion("churn"), status(world, 3)) == (3, ("champion", False))
    assert outcome.reasons[1:] == (
        "churn:2 cannot be champion again: it is archived; restore it first",
        "churn:3 is the champion all the same: roll it back, or revoke it again and say what follows",
    )


def test_a_champion_about_which_nothing_was_said_stays_and_its_files_are_denied(world: World) -> None:
    """As when it became champion after the person had looked."""
    outcome = world.process(revoke(world, version=3))

    assert (outcome.outcome, world.champion("churn"), status(world, 3)) == ("revoked", 3, ("champion", False))
    assert outcome.reasons[1] == (
        "churn:3 is the champion all the same: roll it back, or revoke it again and say what follows"
    )
    world.process(revoke(world, version=3, to=2))
    assert (world.champion("churn"), status(world, 3)) == (2, ("revoked", True))


def test_every_version_with_these_files_is_archived_in_every_model() -> None:
    world = World()
    world.drop("vendor-a/1", files={"model.onnx": b"the same"})
    world.process(drop_event("vendor-a/1"))
    for number, files in enumerate((b"the same", b"other", b"the same"), start=1):
        world.job(f"j{number}", accuracy=0.9 + number / 100, files={"model.onnx": files})
        world.process(job_event(f"j{number}"))
    world.job("j4", accuracy=0.99)
    world.process(job_event("j4"))

    world.process(revoke(world, version=1))

    assert world.registry.visible("churn") == [2, 4]
    assert world.registry.visible("digits") == [1]
    assert [step["outcome"] for step in world.history("digits")] == ["register", "revoke"]
    assert {event["subject"] for event in world.topic.events if event["type"] == "Registrar.ModelRevoked"} == {
        "models/churn/versions/1",
        "models/digits/versions/1",
    }


def test_files_can_be_denied_before_anybody_offers_them() -> None:
    world = World()
    world.job("j1")
    sha256 = str(world.case(job_event("j1")).validation.sha256)

    outcome = world.process(revoke(world, None, None, sha256=sha256))

    assert (outcome.outcome, outcome.model) == ("revoked", None)
    assert outcome.reasons == (f"ada@contoso.com revoked {sha256}, which no version has: it misbehaves",)
    assert world.process(job_event("j1")).outcome == "rejected"


@pytest.mark.parametrize(
    ("version", "changes", "why"),
    [
        (9, {"sha256": "0" * 64}, "no decision about churn registered version 9"),
        (2, {"sha256": "0" * 64}, "churn:2 has other files than those that were to be revoked"),
    ],
)
def test_what_the_person_did_not_see_is_not_revoked(
    world: World, version: int, changes: dict[str, str], why: str
) -> None:
    before = world.history("churn"), list(world.ledger.revoked())

    outcome = world.process(revoke(world, version=version, **changes))

    assert (outcome.outcome, outcome.reasons) == ("declined", (why,))
    assert (world.history("churn"), list(world.ledger.revoked())) == before


def test_who_revoked_files_first_stays_the_one_who_did(world: World) -> None:
    world.process(revoke(world, version=2))
    before = world.ledger.revocation(digest_of(world, "churn", 2))

    world.process(revoke(world, version=2, reason="again"))

    assert world.ledger.revocation(digest_of(world, "churn", 2)) == before


def test_an_app_that_observes_revokes_nothing(world: World) -> None:
    text = revoke(world, version=2)
    world.observes = True

    assert world.process(text).outcome == "declined"
    assert not world.ledger.revoked()


def test_the_members_of_a_group_go_back_together_when_one_is_revoked() -> None:
    world = of_two(measured=(0.9, 0.95))

    world.process(revoke(world, "left", 2, to=1))

    assert champions(world) == (1, 1)
    assert [world.history(model)[-1]["outcome"] for model in ("left", "right")] == ["revoke", "rollback"]
    assert (world.registry.visible("left"), world.registry.visible("right")) == ([1], [1, 2])


def test_a_member_that_goes_back_with_another_and_has_the_same_files_says_that_they_were_revoked() -> None:
    world = of_two()
    for number, value in enumerate((0.9, 0.95), start=1):
        text = job(world, f"j{number}", left=value, right=value)
        for output in ("left", "right"):
            world.store.put(OUTPUTS / f"azureml/j{number}/{output}/model.onnx", f"the same {number}".encode())
        world.registrar.process(text)
        world.clock.forward(HELD_FOR)
    world.topic.events.clear()

    world.process(revoke(world, "left", 2, to=1))

    assert champions(world) == (1, 1)
    assert [step["outcome"] for step in world.history("right")] == ["register"] * 2 + ["rollback", "revoke"]
    assert world.history("right")[-1]["revoked"]["versions"] == [2]
    assert (world.registry.visible("left"), world.registry.visible("right")) == ([1], [1])
    assert sorted((event["type"], event["subject"]) for event in world.topic.events) == [
        ("Registrar.ChampionChanged", "models/left/versions/1"),
        ("Registrar.ChampionChanged", "models/right/versions/1"),
        ("Registrar.ModelRevoked", "models/left/versions/2"),
        ("Registrar.ModelRevoked", "models/right/versions/2"),
    ]


def test_a_revocation_that_cannot_be_read_stops_its_candidates_and_nothing_is_written(world: World) -> None:
    world.process(revoke(world, version=2))
    name = f"revocations/{digest_of(world, 'churn', 2)}.json"
    world.decisions.kept[name] = (json.dumps({"format": "registrar/revocation/v2"}), '"x"', world.clock.now)
    world.job("again", files={"model.onnx": b"j2"})
    before = world.history("churn"), dict(world.registry.versions)

    with pytest.raises(LedgerFormatError, match=name):
        world.process(job_event("again"))

    assert (world.history("churn"), dict(world.registry.versions)) == before


def damaged(world: World, model: str) -> None:
    world.state.kept[f"heads/{model}.json"] = (json.dumps({"format": "registrar/head/v9"}), '"x"', world.clock.now)


def test_a_damaged_model_that_does_not_have_the_files_hinders_nothing(world: World) -> None:
    damaged(world, "aaa")

    assert world.process(revoke(world, version=2)).outcome == "revoked"
    assert status(world, 2) == ("revoked", True)


def test_a_damaged_model_that_has_the_files_is_waited_for_and_keeps_no_other_from_being_settled(world: World) -> None:
    text = revoke(world, None, None, sha256=digest_of(world, "churn", 2))
    world.registry.versions["aaa", 1] = world.registry.versions["churn", 2]
    damaged(world, "aaa")

    with pytest.raises(LedgerFormatError, match="heads/aaa"):
        world.desk.process(text)

    assert (status(world, 2), len(world.ledger.revoked())) == (("revoked", True), 1)
    del world.state.kept["heads/aaa.json"]
    assert world.process(text).outcome == "revoked"
    assert [step["outcome"] for step in world.history("churn")] == ["register"] * 3 + ["revoke"]


def story(kind: str) -> tuple[World, str]:
    world = of_three()
    return world, revoke(world, version=3, to=2) if kind == "replaced" else revoke(world, version=3, **NO_CHAMPION)


@pytest.mark.parametrize("dead", [False, True], ids=["goes on", "dies"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize(("kind", "number"), [(kind, k) for kind in WRITES for k in range(1, WRITES[kind] + 1)])
def test_a_revocation_ends_well_whichever_write_fails(kind: str, number: int, done: bool, dead: bool) -> None:
    world, text = story(kind)
    world.faults.fail_write(number, done=done, dead=dead)

    world.settle(text)
    world.desk.process(text)

    champion = 2 if kind == "replaced" else None
    assert [step["outcome"] for step in world.history("churn")] == ["register"] * 3 + ["revoke"]
    assert (world.champion("churn"), world.shown("churn")) == (champion, [champion] if champion else [])
    assert status(world, 3) == ("revoked", True)
    assert {work["state"] for work in world.works()} == {"finished"}
    assert set(world.told()) == {"Registrar.ModelRevoked", "Registrar.ChampionChanged"}
    assert len({event["id"] for event in world.topic.events}) == 2


@pytest.mark.parametrize("kind", WRITES)
def test_every_write_of_a_revocation_is_a_crash_point(kind: str) -> None:
    world, text = story(kind)
    before = len(world.faults.writes)

    world.process(text)

    assert len(world.faults.writes) - before == WRITES[kind]


def test_a_champion_with_revoked_files_waits_for_a_person(world: World) -> None:
    world.process(revoke(world, version=3))

    (waiting,) = Pending(world.ledger, world.questions, world.pauses, world.standstills, world.clock.now)

    assert (waiting.kind, waiting.model, waiting.source) == ("revoked", "churn", "champion churn:3")
    assert waiting.commands == (
        "registrar revoke churn:3 --to VERSION --reason TEXT",
        "registrar revoke churn:3 --no-champion --reason TEXT",
    )
    world.process(revoke(world, version=3, to=1))
    assert not [*Pending(world.ledger, world.questions, world.pauses, world.standstills, world.clock.now)]


def test_an_explanation_tells_what_became_of_the_version_later(world: World) -> None:
    world.process(rollback(world, to=2))
    world.process(revoke(world, version=2, to=1))

    found = explanation.find(world.ledger, "churn:2")

    assert [step.outcome for step in found.later] == ["rollback", "revoke"]
    told = found.to_dict()["later"]
    assert [(step["outcome"], step["restored"], step["revoked"]) for step in told] == [
        ("rollback", found.step and found.step.digest, None),
        ("revoke", history.read(world.ledger, "churn").steps[0].digest, digest_of(world, "churn", 2)),
    ]
    with Console(width=200, record=True, file=io.StringIO()) as console:
        console.print(history_pages.explanation(found))
    assert "ada@contoso.com revoked version 2: it misbehaves" in console.export_text()
