"""Answers: a held candidate is registered or rejected by a person's word, once, and only as the person saw it."""

from __future__ import annotations

import hashlib
import io
import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from registration import explanation, history, history_pages
from registration.candidate import Again
from registration.errors import ArtifactChangedError, LedgerFormatError, PausedError
from registration.ledger import HELD_FOR
from tests.answering import ADA, BOB, RULE, TWO_PEOPLE, adopted, asked, held, say
from tests.fakes import OUTPUTS
from tests.world import CHURN, INCOMING, World, drop_event, job_event

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def world() -> World:
    world = World()
    adopted(world)
    world.job("j1")
    return world


def test_an_approved_candidate_is_registered_and_promoted(world: World) -> None:
    work = held(world)

    outcome = say(world, "approve", work)

    assert (outcome.outcome, outcome.version, outcome.promoted) == ("registered", 4, True)
    assert (world.champion("churn"), world.shown("churn")) == (4, [4])
    assert world.told()[-2:] == ["Registrar.ModelRegistered", "Registrar.ChampionChanged"]
    assert history.read(world.ledger, "churn").is_whole


def test_the_decision_says_who_answered_for_which_rule(world: World) -> None:
    message = asked(world, "approve", work := held(world))

    world.process(message)

    decision = world.history("churn")[-1]
    (override,) = decision["overrides"]
    assert (override["actors"], override["rules"], override["stands"]) == (["ada@contoso.com"], [RULE], True)
    assert decision["requests"] == [json.loads(message)["registrarRequest"]]
    assert (decision["follows"], decision["candidate"]["work"] != work) == (work, True)
    found = {verdict["rule"]: (verdict["result"], verdict["reason"]) for verdict in decision["verdicts"]}
    assert found["metrics.accuracy.min"][0] == "passed"
    assert found[RULE][0] == "overridden"
    assert found[RULE][1].endswith("; overridden by ada@contoso.com: it is needed")


def test_the_outcome_of_the_request_tells_what_came_of_it(world: World) -> None:
    outcome = say(world, "approve", held(world))

    assert outcome.reasons[0] == "ada@contoso.com approved: it is needed"
    assert outcome.reasons[1].endswith(": registered")
    assert outcome.reasons[1].split()[3].rstrip(":") == world.history("churn")[-1]["candidate"]["work"]


def test_the_same_approval_again_changes_nothing(world: World) -> None:
    message = asked(world, "approve", held(world))
    world.process(message)
    before = world.everything()

    assert world.process(message).outcome == "duplicate"
    assert world.process(job_event("j1")).outcome == "duplicate"
    assert world.everything() == before


def test_a_second_approval_of_the_same_work_is_declined(world: World) -> None:
    work = held(world)
    first, second = asked(world, "approve", work), asked(world, "approve", work, actor=BOB)
    world.process(first)
    versions = dict(world.registry.versions)

    outcome = world.process(second)

    assert outcome.outcome == "declined"
    assert outcome.reasons == (f"{work}: it was approved already, by ada@contoso.com",)
    assert world.registry.versions == versions


def test_an_approved_drop_gets_its_receipt(world: World) -> None:
    adopted(world, "digits")
    world.drop("vendor-a/d1")
    work = str(world.process(drop_event("vendor-a/d1")).work)
    assert world.receipt("vendor-a/d1")["outcome"] == "held"

    outcome = say(world, "approve", work)

    receipt = world.receipt("vendor-a/d1")
    assert (receipt["outcome"], receipt["version"], receipt["decision"]) == ("registered", 4, outcome.decision)


def test_a_rejection_is_a_decision_and_the_receipt_says_so(world: World) -> None:
    adopted(world, "digits")
    world.drop("vendor-a/d1")
    work = str(world.process(drop_event("vendor-a/d1")).work)

    outcome = say(world, "reject", work, reason="too slow")

    decision, receipt = world.history("digits")[-1], world.receipt("vendor-a/d1")
    assert (outcome.outcome, outcome.version, world.champion("digits")) == ("rejected", None, 3)
    assert (decision["outcome"], decision["reasons"]) == ("reject", ["ada@contoso.com rejected it: too slow"])
    assert (decision["verdicts"][0]["rule"], decision["verdicts"][0]["code"]) == ("approval", "rejected")
    assert (receipt["outcome"], receipt["reasons"]) == ("rejected", ["ada@contoso.com rejected it: too slow"])
    assert world.told()[-1] == "Registrar.ModelRejected"
    assert history.read(world.ledger, "digits").is_whole


def test_what_was_rejected_is_not_approved_any_more(world: World) -> None:
    work = held(world)
    approve = asked(world, "approve", work)
    say(world, "reject", work)

    assert world.process(approve).reasons == (f"{work}: it was rejected already, by ada@contoso.com",)
    assert world.champion("churn") == 3


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"expires": "2026-03-02T07:59:00+00:00"}, "the approval expired at 2026-03-02T07:59:00+00:00"),
    ({"rules": ["metrics.accuracy.min"]}, f"it is held by {RULE} too, and {RULE} is not among the rules approved"),
    ({"rules": ["metrics.loss.*"]}, f"it is held by {RULE} too, and {RULE} is not among the rules approved"),
    ({"of": "0" * 64}, "the ledger has no work " + "0" * 64 + " about churn"),
    ({"model": "digits"}, "about digits"),
]


@pytest.mark.parametrize(("changes", "why"), WRONG)
def test_what_does_not_count_is_declined_and_changes_nothing(world: World, changes: dict[str, Any], why: str) -> None:
    message = asked(world, "approve", held(world), **changes)
    before = (dict(world.registry.versions), world.ledger.head("churn"), world.state.documents("questions/"))

    outcome = world.process(message)

    assert (outcome.outcome, outcome.decision) == ("declined", None)
    assert why in outcome.reasons[0]
    assert (dict(world.registry.versions), world.ledger.head("churn"), world.state.documents("questions/")) == before


@pytest.mark.parametrize("member", ["artifact_sha256", "policy_digest"])
def test_a_request_that_names_something_else_than_was_held_is_declined(world: World, member: str) -> None:
    message = json.loads(asked(world, "approve", held(world)))
    message["registrarRequest"]["seen"][member] = "1" * 64

    outcome = world.process(json.dumps(message))

    assert "the request names other files, another policy or another champion" in outcome.reasons[0]
    assert world.champion("churn") == 3


def test_an_approval_is_declined_once_the_champion_is_another(world: World) -> None:
    message = asked(world, "approve", held(world))
    world.promote("churn", 9)

    outcome = world.process(message)

    assert outcome.outcome == "declined"
    assert "the champion of churn changed since it was held" in outcome.reasons[0]
    assert world.champion("churn") == 9


def test_an_approval_is_declined_once_the_policy_is_another(world: World) -> None:
    message = asked(world, "approve", held(world))
    world.policies.kept["churn.yaml"] = CHURN.replace("min: 0.8", "min: 0.7")

    outcome = world.process(message)

    assert "the policy changed since it was held" in outcome.reasons[0]
    assert world.champion("churn") == 3


def test_an_approval_is_declined_once_the_files_are_others(world: World) -> None:
    message = asked(world, "approve", held(world))
    world.store.put(OUTPUTS / "azureml/j1/model/model.onnx", b"other")

    outcome = world.process(message)

    assert "its files were written again since it was decided" in outcome.reasons[0]
    assert world.champion("churn") == 3


def test_an_approval_comes_too_late_after_the_time_that_the_policy_gives(world: World) -> None:
    work = held(world)
    world.clock.forward(timedelta(days=15))

    outcome = say(world, "approve", work)

    assert "the policy let it be approved until 2026-03-16" in outcome.reasons[0]


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_what_was_not_held_is_not_answered(world: World, action: str) -> None:
    world.job("j1", accuracy=0.5)
    work = str(world.process(job_event("j1")).work)

    outcome = say(world, action, work)

    assert outcome.reasons == (f"{work}: it is not held, but rejected",)


@pytest.mark.parametrize("rules", [["adoption"], ["*"]])
def test_nobody_overrides_that_a_model_was_not_adopted(rules: list[str]) -> None:
    world = World()
    world.registry.register_by_hand("churn", 3)
    world.job("j1")
    work = held(world)

    outcome = say(world, "approve", work, rules=rules)

    assert "adoption cannot be overridden: churn has versions that Registrar did not make" in outcome.reasons[0]
    assert world.champion("churn") is None


def test_a_person_may_answer_for_a_candidate_that_no_rule_judged() -> None:
    world = World()
    world.policies.kept["churn.yaml"] = CHURN.partition("    metrics:")[0]
    world.job("j1")
    work = held(world)

    declined, outcome = say(world, "approve", work), say(world, "approve", work, rules=["judged"])

    assert "no rule judged anything, and judged is not among the rules approved" in declined.reasons[0]
    assert (outcome.outcome, outcome.version) == ("registered", 1)


def test_an_app_that_observes_takes_no_answer(world: World) -> None:
    message = asked(world, "approve", held(world))
    world.observes = True

    assert world.process(message).outcome == "declined"


@pytest.mark.parametrize("action", ["approve", "reevaluate"])
def test_an_answer_that_may_register_waits_while_the_model_is_paused(world: World, action: str) -> None:
    message = asked(world, action, held(world))
    world.pauses.pause("churn", actor="eve", reason="audit", at="now")

    with pytest.raises(PausedError):
        world.process(message)
    world.pauses.resume("churn")

    assert world.process(message).outcome in {"registered", "held"}


@pytest.fixture
def careful(world: World) -> World:
    world.policies.kept["churn.yaml"] = TWO_PEOPLE
    return world


def test_the_first_of_two_approvals_waits_for_a_different_person(careful: World) -> None:
    work = held(careful)

    first, same, second = (say(careful, "approve", work, actor=each) for each in (ADA, ADA, BOB))

    assert (first.outcome, same.outcome, second.outcome) == ("half_approved", "declined", "registered")
    assert "a different person has to be the second" in same.reasons[0]
    (override,) = careful.history("churn")[-1]["overrides"]
    assert override["actors"] == ["ada@contoso.com", "bob@contoso.com"]
    assert len(careful.history("churn")[-1]["requests"]) == 2


def test_another_name_does_not_make_another_person(careful: World) -> None:
    work = held(careful)
    say(careful, "approve", work)

    outcome = say(careful, "approve", work, actor={**ADA, "name": "mallory@contoso.com", "object": "O-1"})

    assert outcome.outcome == "declined"
    assert careful.champion("churn") == 3


def test_a_first_approval_that_expired_does_not_count_any_more(careful: World) -> None:
    work = held(careful)
    soon = (careful.clock.now + timedelta(hours=1)).isoformat()
    say(careful, "approve", work, expires=soon)
    careful.clock.forward(timedelta(hours=2))

    outcome = say(careful, "approve", work, actor=BOB)

    assert outcome.outcome == "half_approved"
    assert careful.champion("churn") == 3


def test_two_people_approve_only_what_both_named(careful: World) -> None:
    work = held(careful)
    say(careful, "approve", work, rules=[RULE, "metrics.loss.max"])

    outcome = say(careful, "approve", work, actor=BOB, rules=["metrics.accuracy.min"])

    assert f"{RULE} is not among the rules approved by both" in outcome.reasons[0]
    assert say(careful, "approve", work, actor=BOB).outcome == "registered"
    assert careful.history("churn")[-1]["overrides"][0]["rules"] == [RULE]


def test_the_first_of_two_approvals_may_still_be_answered_with_a_rejection(careful: World) -> None:
    work = held(careful)
    say(careful, "approve", work)

    assert say(careful, "reject", work, actor=BOB).outcome == "rejected"
    assert say(careful, "approve", work, actor=BOB).outcome == "declined"


@pytest.mark.parametrize(("rival", "came"), [(0.95, "rejected"), (0.85, "registered")])
def test_a_champion_that_comes_while_it_is_carried_out_voids_the_approval(
    world: World, rival: float, came: str
) -> None:
    world.job("j2", accuracy=rival)
    message, other = asked(world, "approve", held(world)), asked(world, "approve", held(world, "j2"))
    world.faults.meanwhile("state heads/churn.json", lambda: world.process(other))

    outcome = world.process(message)

    assert outcome.outcome == came
    assert "files, policy or champion were others by then" in outcome.reasons[1]
    assert [decision["overrides"][0]["stands"] for decision in world.history("churn")[-2:]] == [True, False]
    assert world.shown("churn") == [world.champion("churn")]
    assert len(world.registry.visible("churn")) == (3 if came == "registered" else 2)


def test_a_candidate_that_is_held_again_can_be_approved_again(world: World) -> None:
    first = held(world)
    again = say(world, "reevaluate", first)
    second = world.history("churn")[-1]["candidate"]["work"]

    outcome = say(world, "approve", second)

    assert (again.outcome, outcome.outcome, outcome.version) == ("held", "registered", 4)
    assert world.ledger.work(second) is not None


@pytest.mark.parametrize("action", ["approve", "reject", "reevaluate"])
def test_a_request_that_came_to_a_hold_is_not_itself_what_is_answered(world: World, action: str) -> None:
    again = say(world, "reevaluate", held(world))
    before = world.history("churn"), world.told()

    outcome = say(world, action, str(again.work))

    assert (again.outcome, outcome.outcome) == ("held", "declined")
    assert outcome.reasons == (f"{again.work}: it is no candidate; what came of a request is a work by itself",)
    assert (world.history("churn"), world.told()) == before


def test_a_policy_of_now_decides_what_is_evaluated_again(world: World) -> None:
    world.job("j1", accuracy=0.75)
    work = str(world.process(job_event("j1")).work)
    world.policies.kept["churn.yaml"] = CHURN.replace("min: 0.8, vs_champion: {max_regression: 0}", "min: 0.7")

    outcome = say(world, "reevaluate", work)

    assert (outcome.outcome, outcome.version, world.champion("churn")) == ("registered", 4, 4)
    assert world.history("churn")[-1]["overrides"] == []
    assert world.history("churn")[-1]["requests"][0]["reason"] == "it is needed"


def test_a_version_that_is_there_is_not_made_again(world: World) -> None:
    world = World()
    for job, accuracy in (("j1", 0.9), ("j2", 0.95)):
        world.job(job, accuracy=accuracy)
    first, _ = (world.process(job_event(job)) for job in ("j1", "j2"))
    world.policies.kept["churn.yaml"] = CHURN.replace("max_regression: 0", "max_regression: 0.1")

    outcome = say(world, "reevaluate", str(first.work))

    assert (outcome.outcome, outcome.version) == ("registered", 1)
    assert (world.champion("churn"), world.shown("churn")) == (1, [1])
    assert world.registry.visible("churn") == [1, 2]
    assert history.read(world.ledger, "churn").is_whole


def test_a_version_that_is_there_stays_when_the_same_files_fail_now() -> None:
    world = World()
    for job, accuracy in (("j1", 0.9), ("j2", 0.95)):
        world.job(job, accuracy=accuracy)
    first, _ = (world.process(job_event(job)) for job in ("j1", "j2"))

    outcome = say(world, "reevaluate", str(first.work))

    assert (outcome.outcome, world.champion("churn")) == ("rejected", 2)
    assert world.registry.visible("churn") == [1, 2]


def test_only_the_latest_work_about_an_offer_is_evaluated_again(world: World) -> None:
    work = held(world)
    say(world, "reevaluate", work)

    outcome = say(world, "reevaluate", work)

    assert outcome.reasons == (f"{work}: it was reevaluated already, by ada@contoso.com",)


def test_work_of_an_older_version_of_the_app_is_evaluated_again(world: World) -> None:
    work = held(world)
    forget(world, f"work/{work}.json", "epoch")

    assert say(world, "reevaluate", work).outcome == "held"


def test_a_held_decision_of_an_older_version_of_the_app_is_not_approved(world: World) -> None:
    message = asked(world, "approve", work := held(world))
    former, digest = age(world, "champion_seq")

    outcome = world.process(message.replace(former, digest))

    assert outcome.reasons[0].startswith(f"{work}: it was held by an older version of the app")
    assert "registrar replay --new-epoch" in outcome.reasons[0]


def age(world: World, member: str) -> tuple[str, str]:
    """Let the held decision be what an older version of the app would have kept; its name before and after."""
    kept = world.decisions.kept
    ((name, (text, etag, written)),) = ((name, entry) for name, entry in kept.items() if '"hold"' in entry[0])
    old = {key: value for key, value in json.loads(text).items() if key != member}
    said = json.dumps(old, sort_keys=True, separators=(",", ":"))
    digest, former = hashlib.sha256(said.encode()).hexdigest(), name.removeprefix("churn/").removesuffix(".json")
    del world.decisions.kept[name]
    world.decisions.kept[f"churn/{digest}.json"] = (said, etag, written)
    for place, (document, tag, moment) in world.state.kept.items():
        world.state.kept[place] = (document.replace(former, digest), tag, moment)
    return former, digest


def forget(world: World, name: str, member: str) -> None:
    """Let a work record say what one of an older version of the app said."""
    text, etag, written = world.state.kept[name]
    document = json.loads(text)
    del document["subject"][member]
    world.state.kept[name] = (json.dumps(document), etag, written)


WRITES = {"approve": 18, "reject": 11}
CRASHES = [(action, k, done) for action in WRITES for k in range(1, WRITES[action] + 1) for done in (0, 1)]


@pytest.mark.parametrize("action", WRITES)
def test_every_write_of_an_answer_is_a_crash_point(world: World, action: str) -> None:
    message = asked(world, action, held(world))
    before = len(world.faults.writes)

    world.process(message)

    assert len(world.faults.writes) - before == WRITES[action]


@pytest.mark.parametrize(("action", "number", "done"), CRASHES)
def test_a_kill_at_any_write_leaves_what_a_redelivery_finishes(
    world: World, action: str, number: int, done: int
) -> None:
    message = asked(world, action, held(world))
    world.faults.fail_write(number, done=bool(done), dead=True)

    world.settle(message)
    outcome = world.process(message)

    version = world.history("churn")[-1]["version"]
    assert outcome.outcome == "duplicate"
    assert [each["outcome"] for each in world.history("churn")][2:] == ["register" if version else "reject"]
    assert (world.champion("churn"), world.shown("churn")) == (version or 3, [version or 3])
    assert world.registry.visible("churn") == [3, version] if version else [3]
    assert (action == "approve", {work["state"] for work in world.works()}) == (bool(version), {"finished"})


def test_a_kill_of_the_second_of_two_leaves_what_a_redelivery_finishes(careful: World) -> None:
    work = held(careful)
    say(careful, "approve", work)
    message = asked(careful, "approve", work, actor=BOB)
    careful.dies(message, before="registry create")
    careful.clock.forward(timedelta(days=30))

    outcome = careful.process(message)

    assert (outcome.outcome, outcome.version, careful.champion("churn")) == ("registered", 4, 4)


def test_files_that_change_before_an_approval_is_carried_out_open_the_question_again(world: World) -> None:
    work = held(world)
    message = asked(world, "approve", work)
    world.dies(message, after="state questions/")
    world.store.put(OUTPUTS / "azureml/j1/model/model.onnx", b"other")

    outcome = world.settle(message)

    assert outcome.outcome == "declined"
    question = world.questions.read(work)
    assert question is not None
    assert (question.is_open, question.answers) == (True, ())


@pytest.mark.parametrize("at", ["state heads/", "state work/", "topic "])
def test_an_approval_that_was_decided_before_the_files_changed_is_brought_to_its_end(world: World, at: str) -> None:
    work = held(world)
    message = asked(world, "approve", work)
    decided_at(world, message, at=at)
    world.store.put(OUTPUTS / "azureml/j1/model/model.onnx", b"other")

    outcome = world.settle(message)

    question = world.questions.read(work)
    assert question is not None
    assert (outcome.outcome, outcome.version, question.is_open) == ("registered", 4, False)
    assert (world.champion("churn"), world.shown("churn")) == (4, [4])
    assert {"Registrar.ModelRegistered", "Registrar.ChampionChanged"} <= set(world.told()[-2:])
    assert {work["state"] for work in world.works()} == {"finished"}


def decided_at(world: World, message: str, *, at: str) -> None:
    """A worker dies after the head moved: just then, or at a later write of this name."""
    head = world.ledger.head("churn")
    world.faults.meanwhile("state heads/", lambda: world.faults.fail(at, done=True, dead=True))
    with pytest.raises(Exception, match="on purpose"):
        world.process(message)
    world.faults.revive()
    assert world.ledger.head("churn") != head


def test_a_version_of_files_that_changed_before_an_approval_was_decided_is_archived(world: World) -> None:
    work = held(world)
    message = asked(world, "approve", work)
    world.dies(message, after="registry create")
    world.store.put(OUTPUTS / "azureml/j1/model/model.onnx", b"other")

    outcome = world.settle(message)

    assert (outcome.outcome, world.registry.visible("churn"), world.champion("churn")) == ("declined", [3], 3)
    assert say(world, "reject", work).outcome == "rejected"
    assert {work["state"] for work in world.works()} == {"finished"}


def test_a_rejection_archives_what_an_approval_that_was_not_carried_out_had_made(world: World) -> None:
    work = held(world)
    message = asked(world, "approve", work)
    world.dies(message, after="registry create")
    world.clock.forward(HELD_FOR)
    move_on(world)
    assert world.process(message).outcome == "declined"

    outcome = say(world, "reject", work)

    assert (outcome.outcome, world.registry.visible("churn"), world.champion("churn")) == ("rejected", [3], 3)


def test_a_policy_that_only_registers_promotes_nothing_that_is_approved(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("    metrics:", "    then: {pass: register_only}\n    metrics:")

    outcome = say(world, "approve", held(world))

    assert (outcome.outcome, outcome.version, outcome.promoted) == ("registered", 4, False)
    assert (world.champion("churn"), world.shown("churn")) == (3, [3])


def test_an_explanation_names_the_person_and_whether_the_word_counted(world: World) -> None:
    say(world, "approve", held(world))
    page = io.StringIO()

    Console(file=page, width=200).print(history_pages.explanation(explanation.find(world.ledger, "churn:4")))

    text = page.getvalue()
    assert "approve by ada@contoso.com: it is needed" in text
    assert f"{RULE}; it counted" in text
    assert "overridden" in text


def test_the_request_is_explained_by_what_came_of_it(world: World) -> None:
    outcome = say(world, "approve", held(world))
    page = io.StringIO()

    found = explanation.find(world.ledger, str(outcome.work))
    Console(file=page, width=200).print(history_pages.explanation(found))

    assert "ada@contoso.com approved: it is needed" in page.getvalue()


def vanish(world: World) -> None:
    del world.workspace.jobs["j1"]


def move_on(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("churn-*", "other-*")


def empty(world: World) -> None:
    del world.store.blobs[OUTPUTS / "azureml/j1/model/model.onnx"]


def rename(world: World) -> None:
    world.policies.kept["churn.yaml"] = CHURN.replace("  - name: churn", "  - name: other")


GONE: list[tuple[Callable[[World], None], str]] = [
    (vanish, "the workspace does not show job j1"),
    (move_on, "no policy matches job j1 of experiment churn-nightly"),
    (empty, "shows no files at"),
    (rename, "its source does not offer it to churn any more"),
]


@pytest.mark.parametrize("action", ["approve", "reevaluate"])
@pytest.mark.parametrize(("change", "why"), GONE)
def test_what_is_not_offered_any_more_is_declined_and_stays_open(
    world: World, action: str, change: Callable[[World], None], why: str
) -> None:
    message = asked(world, action, work := held(world))
    change(world)

    outcome = world.process(message)

    question = world.questions.read(work)
    assert (outcome.outcome, world.champion("churn")) == ("declined", 3)
    assert why in outcome.reasons[0]
    assert question is not None
    assert question.is_open


def test_what_is_not_offered_any_more_can_still_be_rejected(world: World) -> None:
    message = asked(world, "reject", held(world))
    vanish(world)

    assert world.process(message).outcome == "rejected"


def test_a_drop_whose_manifest_was_replaced_is_not_approved(world: World) -> None:
    adopted(world, "digits")
    world.drop("vendor-a/d1")
    message = asked(world, "approve", str(world.process(drop_event("vendor-a/d1")).work))
    world.drop("vendor-a/d1", metrics={"accuracy": 0.99})

    outcome = world.process(message)

    assert "its files were written again since it was decided" in outcome.reasons[0]
    assert world.receipt("vendor-a/d1")["outcome"] == "held"


def test_what_an_observing_app_decided_is_decided_again_by_one_that_acts() -> None:
    world = World(observes=True)
    world.job("j1")
    work = str(world.process(job_event("j1")).work)
    world.observes = False

    outcome = say(world, "reevaluate", work)

    assert (outcome.outcome, outcome.version) == ("registered", 1)
    assert world.process(job_event("j1")).outcome == "duplicate"


def test_other_files_than_those_approved_are_never_settled_in_their_place(world: World) -> None:
    again = Again("0" * 64, 1, held(world), ())
    before = world.everything()

    with pytest.raises(ArtifactChangedError, match="offers other files than those that were to be decided again"):
        world.registrar.settle_again(replace(world.offer(job_event("j1")), again=again), fellows=())

    assert world.everything() == before


def test_a_finding_outweighs_every_approval(world: World) -> None:
    adopted(world, "digits")
    world.drop("vendor-a/d1")
    message = asked(world, "approve", str(world.process(drop_event("vendor-a/d1")).work), rules=["*"])
    model = INCOMING / "vendor-a/d1/model.onnx"
    world.faults.meanwhile("state questions/", lambda: world.store.put(model, b"tampered"))

    outcome = world.process(message)

    assert outcome.outcome == "rejected"
    assert world.champion("digits") == 3
    assert world.history("digits")[-1]["verdicts"][0]["result"] == "failed"
    assert world.history("digits")[-1]["candidate"]["findings"]


DAMAGES: list[tuple[dict[str, Any], str]] = [
    ({"format": "registrar/question/v2"}, "deploy the version of the app that wrote it"),
    ({"state": "answered"}, "has 'answered' as state"),
    ({"answers": {}}, "has {} as answers"),
    ({"work": 1}, "has 1 as work"),
]


@pytest.mark.parametrize(("changes", "told"), DAMAGES)
def test_a_damaged_question_is_named_and_nothing_is_written(world: World, changes: dict[str, Any], told: str) -> None:
    message = asked(world, "approve", work := held(world))
    text, etag, written = world.state.kept[f"questions/{work}.json"]
    world.state.kept[f"questions/{work}.json"] = (json.dumps(json.loads(text) | changes), etag, written)

    with pytest.raises(LedgerFormatError, match=re.escape(f"questions/{work}.json")) as raised:
        world.process(message)

    assert told in str(raised.value)
    assert world.champion("churn") == 3


def test_members_that_a_newer_version_added_are_left_out(world: World) -> None:
    message = asked(world, "approve", work := held(world))
    text, etag, written = world.state.kept[f"questions/{work}.json"]
    world.state.kept[f"questions/{work}.json"] = (json.dumps(json.loads(text) | {"colour": "red"}), etag, written)

    assert world.process(message).outcome == "registered"
