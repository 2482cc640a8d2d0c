"""Requests: what a person asks for is done once and recorded with the person's name, or declined with the reason."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_people, envelope, explanation, history, request
from registration.errors import DocumentError, InputError
from registration.lineage import Lineage
from registration.sources.job import Job
from tests.answering import token
from tests.world import World, job_event

ADA = {"tenant": "t-1", "object": "o-1", "name": "ada@contoso.com"}
PAGE = Path(__file__).resolve().parents[2] / "docs/formats/request.md"
WRITES = 8


def said(**changes: Any) -> dict[str, Any]:
    """An adoption of version 3 of `churn`, with `changes`."""
    asked = {"id": str(uuid.uuid4()), "action": "adopt", "model": "churn", "version": 3, "reason": "it is in use"}
    return {"format": "registrar/request/v1", **asked, "actor": ADA, "at": "2026-03-02T08:00:00+00:00", **changes}


def message(**changes: Any) -> str:
    return json.dumps({"registrarRequest": said(**changes)})


@pytest.fixture
def world() -> World:
    world = World()
    world.registry.register_by_hand("churn", 3, job="old-job")
    world.workspace.logged["old-job"] = {"accuracy": 0.85, "loss": float("nan")}
    return world


def test_an_adopted_version_is_the_champion_and_shows_it(world: World) -> None:
    outcome = world.process(message())

    assert (outcome.outcome, outcome.version, outcome.promoted) == ("adopted", 3, True)
    assert outcome.reasons == ("ada@contoso.com adopted version 3: it is in use",)
    assert (world.champion("churn"), world.shown("churn")) == (3, [3])
    assert world.registry.versions["churn", 3].tags["registrar.status"] == "champion"
    assert world.told() == ["Registrar.ChampionChanged"]


def test_an_adoption_is_a_decision_of_the_history(world: World) -> None:
    asked = said()

    outcome = world.process(json.dumps({"registrarRequest": asked}))

    (decision,) = world.history("churn")
    assert (decision["outcome"], decision["version"], decision["adopted"]) == ("register", 3, True)
    assert (decision["verdicts"], decision["request"]) == ([], asked)
    assert decision["candidate"]["metrics"] == {"accuracy": 0.85, "loss": "NaN"}
    assert decision["candidate"]["artifact_sha256"] is None
    assert history.read(world.ledger, "churn").is_whole
    assert explanation.find(world.ledger, str(outcome.work)).step == explanation.find(world.ledger, "churn:3").step


def test_an_adoption_keeps_what_the_job_says_of_the_versions_origin(world: World) -> None:
    told = {"azureml.git.commit": "9f2d1c4"}
    world.workspace.jobs["old-job"] = Job("old-job", "Completed", experiment="churn", properties=told)
    world.workspace.chosen["old-job"] = {"C": "1.0"}

    world.process(message())

    (decision,) = world.history("churn")
    known = Lineage.of_properties(decision["candidate"]["lineage"])
    assert (known.job, known.experiment, known.git_commit) == ("old-job", "churn", "9f2d1c4")
    assert (known.parameters, known.job_output_uri, known.attested_by) == ({"C": "1.0"}, None, "")


def test_an_adoption_of_a_version_whose_job_is_gone_names_the_job_alone(world: World) -> None:
    world.process(message())

    (decision,) = world.history("churn")
    assert decision["candidate"]["lineage"] == {"lineage.job": "old-job"}


def test_later_candidates_are_compared_with_the_adopted_version(world: World) -> None:
    world.process(message())
    for job, accuracy in (("worse", 0.84), ("better", 0.86)):
        world.job(job, accuracy=accuracy)

    outcomes = [world.process(job_event(job)) for job in ("worse", "better")]

    assert [(one.outcome, one.version) for one in outcomes] == [("rejected", None), ("registered", 4)]
    assert (world.champion("churn"), world.shown("churn")) == (4, [4])
    assert world.registry.versions["churn", 3].tags["registrar.status"] == "former"
    assert history.read(world.ledger, "churn").is_whole


def test_an_adopted_version_without_a_job_has_no_metrics_to_compare_with(world: World) -> None:
    world.registry.register_by_hand("churn", 3)
    world.process(message())
    world.job("j1")

    outcome = world.process(job_event("j1"))

    assert outcome.outcome == "held"
    assert "champion" in outcome.reasons[0]


def test_the_same_request_again_changes_nothing(world: World) -> None:
    again = message()
    world.process(again)
    before = world.everything()

    outcome = world.process(again)

    assert outcome.outcome == "duplicate"
    assert world.everything() == before


def test_every_write_of_an_adoption_is_a_crash_point(world: World) -> None:
    before = len(world.faults.writes)

    world.process(message())

    assert len(world.faults.writes) - before == WRITES


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("number", range(1, WRITES + 1))
def test_a_crash_at_any_write_leads_to_one_adoption(world: World, number: int, done: bool) -> None:
    asked = message()
    world.faults.fail_write(number, done=done, dead=True)

    world.settle(asked)
    world.process(asked)

    assert (world.champion("churn"), world.shown("churn")) == (3, [3])
    assert len(world.history("churn")) == 1
    assert world.works()[0]["state"] == "finished"


def test_a_decision_that_came_first_is_kept_before_the_adoption(world: World) -> None:
    world.job("j1", accuracy=0.1)
    world.faults.meanwhile("state heads/churn.json", lambda: world.process(job_event("j1")))

    outcome = world.process(message())

    assert outcome.outcome == "adopted"
    assert [decision["outcome"] for decision in world.history("churn")] == ["reject", "register"]


def test_a_champion_that_came_first_stays(world: World) -> None:
    world.faults.meanwhile("state heads/churn.json", lambda: world.promote("churn", 9))

    outcome = world.process(message())

    assert outcome.outcome == "declined"
    assert world.champion("churn") == 9


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 9}, "churn:9 was not adopted: the registry has no such version"),
        ({"model": "other"}, "other:3 was not adopted: the registry has no such version"),
        ({"version": 4}, "churn:4 was not adopted: it is archived; restore it first"),
    ],
)
def test_what_cannot_be_adopted_is_declined_and_changes_no_version(
    world: World, changes: dict[str, Any], why: str
) -> None:
    world.registry.register_by_hand("churn", 4)
    world.registry.archive("churn", 4, tags={})
    versions = dict(world.registry.versions)

    outcome = world.process(message(**changes))

    assert (outcome.outcome, outcome.reasons, outcome.decision) == ("declined", (why,), None)
    assert (world.registry.versions, world.champion("churn"), world.told()) == (versions, None, [])


def test_a_model_that_has_a_champion_adopts_no_other(world: World) -> None:
    world.promote("churn", 1)

    outcome = world.process(message())

    assert outcome.reasons == ("churn:3 was not adopted: version 1 is the champion of churn already",)
    assert world.champion("churn") == 1


def test_an_app_that_observes_adopts_nothing(world: World) -> None:
    world.observes = True

    outcome = world.process(message())

    assert outcome.outcome == "declined"
    assert (world.champion("churn"), world.shown("churn")) == (None, [])


def test_a_pause_and_its_end_are_recorded_with_the_person(world: World) -> None:
    paused = world.process(message(action="pause", version=None, reason="audit"))
    kept = world.state.documents("pauses/")
    resumed = world.process(message(action="resume", version=None, reason="done"))

    assert (paused.outcome, resumed.outcome) == ("paused", "resumed")
    assert paused.reasons[0] == "ada@contoso.com paused churn: audit"
    assert resumed.reasons == ("ada@contoso.com resumed churn: done",)
    assert (kept[0]["paused"], kept[0]["actor"], kept[0]["reason"]) == (True, "ada@contoso.com", "audit")


def test_a_pause_that_comes_again_after_its_end_does_not_pause_again(world: World) -> None:
    asked = message(action="pause", version=None)
    for text in (asked, message(action="resume", version=None)):
        world.process(text)

    assert world.process(asked).outcome == "duplicate"

    world.pauses.check("churn")


def test_whoever_pauses_a_model_without_a_history_is_told(world: World) -> None:
    outcome = world.process(message(action="pause", model="chrun", version=None))

    assert outcome.reasons[1] == "there is no decision about chrun yet: see that its name is right"


def test_the_whole_app_can_be_paused_and_resumed(world: World) -> None:
    words = ("pause", "resume", "resume")

    outcomes = [world.process(message(action=word, model=None, version=None)) for word in words]

    assert [outcome.outcome for outcome in outcomes] == ["paused", "resumed", "resumed"]
    assert outcomes[0].reasons == ("ada@contoso.com paused the app: it is in use",)
    assert outcomes[2].reasons[1] == "the app was not paused"


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"format": "registrar/request/v2"}, "format: must be 'registrar/request/v1'"),
    ({"id": "1"}, "id: "),
    ({"action": "promote"}, "action: must be"),
    ({"version": None}, "adopt needs version"),
    ({"version": "3"}, "version: "),
    ({"version": 0}, "version: "),
    ({"version": True}, "version: "),
    ({"action": "pause"}, "pause has no version"),
    ({"model": "../churn"}, "model: must start with a letter or digit"),
    ({"reason": " "}, "reason: must be one line of printable text"),
    ({"reason": "a\nb"}, "reason: must be one line of printable text"),
    ({"reason": "\ud800"}, "reason: "),
    ({"reason": "x" * 1001}, "reason: "),
    ({"actor": {**ADA, "name": "\x1b[31m"}}, "actor.name: must be one line of printable text"),
    ({"actor": {"name": "ada"}}, "actor.tenant: is required"),
    ({"at": "2026-03-02"}, "at: must be a time with its zone"),
    ({"force": True}, "force: unknown key"),
    ({"of": "0" * 64}, "adopt has no of"),
    ({"action": "reevaluate", "version": None}, "reevaluate needs of"),
    ({"action": "reevaluate", "version": None, "of": "0" * 64, "model": None}, "reevaluate needs a model"),
    ({"action": "reevaluate", "version": None, "of": "../x"}, "of: "),
    ({"action": "approve", "version": None, "of": "0" * 64}, "approve needs seen and rules and expires"),
    ({"action": "reject", "version": None, "of": "0" * 64, "rules": ["*"]}, "reject needs seen"),
    ({"action": "approve", "version": None, "rules": []}, "rules: must not be empty"),
    ({"action": "approve", "version": None, "rules": ["a\nb"]}, "rules[0]: must be one line of printable text"),
    ({"action": "approve", "version": None, "expires": "2026-03-02"}, "expires: must be a time with its zone"),
    ({"action": "approve", "version": None, "seen": {"decision": "x"}}, "seen.decision: "),
]


@pytest.mark.parametrize(("changes", "told"), WRONG)
def test_a_request_that_cannot_be_read_is_quarantined_and_nothing_else_changes(
    world: World, changes: dict[str, Any], told: str
) -> None:
    outcome = world.process(message(**changes))

    (kept,) = world.ledger.quarantined()
    assert outcome.outcome == "quarantined"
    assert told in kept["reason"]
    assert (world.champion("churn"), world.works()) == (None, [])


def test_every_problem_of_a_request_is_named() -> None:
    with pytest.raises(DocumentError) as wrong:
        request.parse({"format": "registrar/request/v1"})

    assert {problem.path for problem in wrong.value.problems} == said().keys() - {"format"}


@pytest.mark.parametrize("text", ["{", "{}", '{"registrarRequest": null}', '{"registrarRequest": {}, "id": "x"}', "[]"])
def test_what_is_no_request_goes_to_the_registrar(world: World, text: str) -> None:
    outcome = world.process(text)

    assert outcome.outcome == "quarantined"
    assert not outcome.reasons[0].startswith("request:")


def test_events_pass_the_desk(world: World) -> None:
    world.job("j1", accuracy=0.1)

    assert world.process(job_event("j1")).outcome == "rejected"


def test_a_request_that_is_tried_again_is_still_a_request(world: World) -> None:
    later = envelope.again(envelope.open_(message()))

    assert world.process(later).outcome == "adopted"


def test_the_requests_in_the_documents_can_be_read() -> None:
    shown = [
        json.loads(text) for text in re.findall(r"^```json\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    ]

    asked = [request.parse(each["registrarRequest"]) for each in shown]

    assert [json.loads(each.message) for each in asked] == shown
    assert [each.action for each in asked] == ["adopt", "approve"]
    assert asked[0].work in PAGE.read_text()


class MemoryDesk:
    """A person's token, and the messages that were sent."""

    def __init__(self, said: str) -> None:
        self.said = said
        self.sent: list[str] = []

    def token(self) -> str:
        return self.said

    def send(self, message: str) -> None:
        self.sent.append(message)


@pytest.fixture
def desk() -> MemoryDesk:
    return MemoryDesk(token(tid="t-1", oid="o-1", upn="ada@contoso.com"))


def run(desk: MemoryDesk, *words: str) -> str:
    app = typer.Typer()
    cli_people.add_to(app, desk=lambda: desk)
    result = CliRunner().invoke(app, [*words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_an_adoption_is_sent_as_the_person_whose_token_it_is(desk: MemoryDesk, world: World) -> None:
    shown = run(desk, "adopt", "churn:3", "--reason", "it is in use")

    outcome = world.process(desk.sent[0])
    assert (outcome.outcome, outcome.reasons[0]) == ("adopted", "ada@contoso.com adopted version 3: it is in use")
    assert "sent: adopt churn:3, as ada@contoso.com" in shown
    assert f"registrar explain {outcome.work}" in shown


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["pause", "churn", "--reason", "audit"], ("pause", "churn")),
        (["pause", "--reason", "audit"], ("pause", None)),
        (["pause", "churn", "--resume", "--reason", "done"], ("resume", "churn")),
    ],
)
def test_a_pause_is_sent(desk: MemoryDesk, words: list[str], wanted: tuple[str, str | None]) -> None:
    run(desk, *words)

    (sent,) = desk.sent
    asked = json.loads(sent)["registrarRequest"]
    assert ((asked["action"], asked["model"]), asked["version"]) == (wanted, None)


def test_machines_get_the_id_and_the_key(desk: MemoryDesk) -> None:
    shown = json.loads(run(desk, "adopt", "churn:3", "--reason", "why", "--json"))

    asked = request.parse(json.loads(desk.sent[0])["registrarRequest"])
    assert (shown["request"], shown["work"], shown["actor"]["object"]) == (asked.id, asked.work, "o-1")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["adopt", "churn", "--reason", "why"], "write MODEL:VERSION"),
        (["adopt", "churn:latest", "--reason", "why"], "write MODEL:VERSION"),
        (["adopt", "churn:0", "--reason", "why"], "version: "),
        (["adopt", "a b:1", "--reason", "why"], "model: "),
        (["pause", "--reason", ""], "reason: "),
    ],
)
def test_what_the_app_would_not_read_is_not_sent(desk: MemoryDesk, words: list[str], told: str) -> None:
    with pytest.raises(InputError, match=told):
        run(desk, *words)

    assert desk.sent == []


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"upn": "ada@contoso.com", "appid": "a-1"}, "ada@contoso.com"),
        ({"appid": "a-1"}, "a-1"),
        ({}, "o-1"),
    ],
)
def test_the_actor_is_who_the_token_names(claims: dict[str, str], name: str) -> None:
    actor = cli_people.actor_of(token(tid="t-1", oid="o-1", **claims))

    assert actor == {"tenant": "t-1", "object": "o-1", "name": name}


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "a.é.c", token(tid="t-1"), token(oid="o"), "a.bnVsbA.c"])
def test_a_token_that_does_not_say_who_it_is_for_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="does not say who you are"):
        cli_people.actor_of(text)
