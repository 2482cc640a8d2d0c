"""A model's history read back: whole unless somebody touched it, and then every touch is found; and how it is shown."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import typer
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from registration import cli_history, history
from registration.artifacts.inventory import digest as digest_of
from registration.errors import InputError, LedgerFormatError, UnavailableError
from registration.step import Step
from registration.terminal import shown
from tests.world import CHURN, World, drop_event, job_event

if TYPE_CHECKING:
    from typer.testing import Result

    from registration.history import History
    from registration.outcome import Outcome

HEAD = "heads/churn.json"
UNJUDGED = CHURN.replace("min: 0.8, vs_champion: {max_regression: 0}", "")
HOUR = timedelta(hours=1)
PROMOTED, REJECTED, HELD = "promoted", "rejected", "held"


@dataclass
class Tale:
    """A world in which decisions about `churn` are made, an hour apart, and its ledger is then read or spoilt."""

    world: World = field(default_factory=World)
    made: list[Outcome] = field(default_factory=list)

    def decide(self, *wanted: str) -> Tale:
        for kind in wanted:
            self.world.policies.kept["churn.yaml"] = UNJUDGED if kind == HELD else CHURN
            name = f"j{len(self.made) + 1}"
            self.world.job(name, accuracy=0.1 if kind == REJECTED else 0.9)
            self.made.append(self.world.process(job_event(name)))
            self.world.clock.forward(HOUR)
        return self

    def read(self) -> History:
        return history.read(self.world.ledger, "churn")

    def messages(self) -> str:
        return "\n".join(map(str, self.read().breaks))

    def name(self, place: int) -> str:
        return f"churn/{self.made[place].decision}.json"

    def text(self, place: int) -> str:
        return self.world.decisions.kept[self.name(place)][0]

    def rewrite(self, place: int, text: str) -> None:
        """A decision edited by hand, under the name that it had."""
        self.world.decisions.kept[self.name(place)] = (text, '"x"', self.world.clock.now)

    def forge(self, **changes: Any) -> None:
        """The newest decision written anew under its proper name, and the head moved to it by hand."""
        document = json.loads(self.text(-1)) | changes
        digest = digest_of(document)
        self.world.decisions.create_text(f"churn/{digest}.json", json.dumps(document))
        self.edit_head(log_digest=digest)

    def edit_head(self, **changes: Any) -> None:
        document = json.loads(self.world.state.kept[HEAD][0]) | changes
        self.world.state.kept[HEAD] = (json.dumps(document), '"x"', self.world.clock.now)

    def run(self, *arguments: str) -> Result:
        """One of the commands, on eighty columns; it changes nothing."""
        app = typer.Typer(pretty_exceptions_enable=False)
        cli_history.add_to(app, ledger=lambda: self.world.ledger)
        before = self.world.everything()
        result = CliRunner().invoke(app, list(arguments))
        assert self.world.everything() == before
        return result

    def refusal(self, *arguments: str) -> str:
        """What a command says that refuses."""
        result = self.run(*arguments)
        assert isinstance(result.exception, InputError)
        assert result.output == ""
        return str(result.exception)


@pytest.fixture
def tale() -> Tale:
    return Tale().decide(PROMOTED, REJECTED, HELD, PROMOTED)


def policy_name(text: str) -> str:
    return f"policies/{hashlib.sha256(text.encode()).hexdigest()}.yaml"


def words(result: Result) -> str:
    """What a command printed, as one line."""
    assert max(map(len, result.output.splitlines())) <= 80
    return " ".join(result.output.split())


def test_a_model_without_decisions_has_an_empty_whole_history() -> None:
    found = Tale().read()

    assert (found.steps, found.breaks, found.champion) == ((), (), None)


def test_a_history_is_told_from_the_oldest_decision(tale: Tale) -> None:
    steps = tale.read().steps

    assert [step.seq for step in steps] == [1, 2, 3, 4]
    assert [step.outcome for step in steps] == ["register", "reject", "hold", "register"]
    assert [(step.version, step.promoted) for step in steps] == [(1, True), (None, False), (None, False), (2, True)]
    assert [step.compared_with for step in steps] == [None, 1, 1, 1]
    assert [step.digest for step in steps] == [outcome.decision for outcome in tale.made]


def test_a_step_says_what_was_offered_and_why_it_ended_so(tale: Tale) -> None:
    step = tale.read().steps[1]

    assert (step.source, step.event, step.work) == ("job j2, output model", "RunCompleted-j2", tale.made[1].work)
    assert step.reasons == tale.made[1].reasons
    assert step.decided_at == datetime(2026, 3, 2, 9, tzinfo=UTC)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from([PROMOTED, REJECTED, HELD]), max_size=6))
def test_whatever_is_decided_the_history_is_whole(wanted: list[str]) -> None:
    tale = Tale().decide(*wanted)

    found = tale.read()

    assert found.breaks == ()
    assert [outcome.promoted for outcome in tale.made] == [step.promoted for step in found.steps]
    assert found.champion == tale.world.champion("churn")
    assert [step.record for step in found.steps] == tale.world.history("churn")


SPOILT = Tale().decide(PROMOTED, REJECTED, HELD, PROMOTED)


@settings(deadline=None, max_examples=300)
@given(
    place=st.integers(0, 3), at=st.integers(0), cut=st.integers(0, 1), put=st.just("") | st.characters(codec="utf-8")
)
def test_any_edit_of_one_character_is_found_unless_it_changes_no_value(place: int, at: int, cut: int, put: str) -> None:
    text = SPOILT.text(place)
    start = at % len(text)
    edited = text[:start] + put + text[start + cut :]
    assume(not says_the_same(text, edited))

    SPOILT.rewrite(place, edited)
    found = SPOILT.read()
    SPOILT.rewrite(place, text)

    assert any(each.digest == SPOILT.made[place].decision for each in found.breaks)
    assert SPOILT.read().is_whole


def says_the_same(text: str, other: str) -> bool:
    """Whether two texts are JSON of the same values; a whole number is not the same as one with a point."""
    try:
        return json.dumps(json.loads(text), sort_keys=True) == json.dumps(json.loads(other), sort_keys=True)
    except ValueError:
        return False


def test_a_decision_that_is_gone_ends_what_can_be_read(tale: Tale) -> None:
    del tale.world.decisions.kept[tale.name(1)]

    found = tale.read()

    assert [step.seq for step in found.steps] == [3, 4]
    assert [(each.seq, each.digest) for each in found.breaks] == [(2, tale.made[1].decision)]
    assert "is not in the ledger" in tale.messages()


@pytest.mark.parametrize("text", ["", "[]", '"x"', "null", "\ud800", "{", "[" * 100_000, "NaN", '{"a": NaN}', "1e999"])
def test_what_is_no_record_at_all_is_a_break(tale: Tale, text: str) -> None:
    tale.rewrite(2, text)

    found = tale.read()

    assert any(each.digest == tale.made[2].decision for each in found.breaks)


JUNK: list[object] = [None, True, 7, -1, "", "x", "0" * 64, [], {}, [1, {"a": None}], 1e308]
RECORD = (
    "seq",
    "previous",
    "decided_at",
    "outcome",
    "version",
    "reasons",
    "verdicts",
    "policy",
    "candidate",
    "champion",
)


@pytest.mark.parametrize("name", RECORD)
@pytest.mark.parametrize("value", JUNK, ids=str)
def test_no_junk_in_a_decision_crashes_anything(name: str, value: object) -> None:
    tale = Tale().decide(PROMOTED, PROMOTED)
    tale.rewrite(1, json.dumps(json.loads(tale.text(1)) | {name: value}))

    changed = tale.messages()
    results = [tale.run("history", "churn"), tale.run("explain", str(tale.made[1].work))]

    assert "it was changed after it was written" in changed
    assert [result.exit_code for result in results] == [1, 1]


@pytest.mark.parametrize("name", ["log_seq", "log_digest", "champion_seq", "champion"])
@pytest.mark.parametrize("value", JUNK, ids=str)
def test_no_junk_in_a_head_passes_for_a_whole_history(name: str, value: object) -> None:
    tale = Tale().decide(PROMOTED, PROMOTED)
    tale.edit_head(**{name: value})

    result = tale.run("history", "churn")

    assert not tale.read().is_whole
    assert result.exit_code == 1


def test_a_wrong_place_is_one_break(tale: Tale) -> None:
    tale.forge(seq=7)

    assert "decision 4: it says that it is number 7, where number 4 belongs" in tale.messages()


def test_a_decision_that_names_another_promotion_before_it_is_one_break(tale: Tale) -> None:
    first = str(tale.made[0].decision)
    rejected = str(tale.made[1].decision)
    assert tale.read().steps[-1].last_promotion == first

    tale.forge(last_promotion=rejected, promoted=False, version=None)

    assert tale.messages().splitlines()[0] == (
        f"decision 4: it names {rejected} as the promotion before it, which is {first}"
    )


def test_a_decision_that_names_no_promotion_is_of_an_older_app_and_no_break(tale: Tale) -> None:
    document = {name: said for name, said in json.loads(tale.text(-1)).items() if name != "last_promotion"}
    digest = digest_of(document)
    tale.world.decisions.create_text(f"churn/{digest}.json", json.dumps(document))
    champion = json.loads(tale.world.state.kept[HEAD][0])["champion"] | {"decision": digest}

    tale.edit_head(log_digest=digest, champion=champion)

    assert tale.read().is_whole


def test_a_head_that_miscounts_is_one_break(tale: Tale) -> None:
    tale.edit_head(log_seq=9)

    assert tale.messages() == "decision 9: it says that it is number 4, where number 9 belongs"


def test_a_history_without_its_beginning_is_broken(tale: Tale) -> None:
    tale.forge(previous=None)

    assert "decision 3: is missing: nothing in the history leads to it" in tale.messages()


def test_a_predecessor_that_is_no_digest_is_a_break(tale: Tale) -> None:
    tale.forge(previous="../policies/x")

    assert "its name should be a digest, and is given as '../policies/x'" in tale.messages()


def test_a_record_that_names_itself_is_read_once(tale: Tale) -> None:
    document = json.loads(tale.text(0)) | {"previous": tale.made[0].decision}
    tale.rewrite(0, json.dumps(document))

    assert [step.seq for step in tale.read().steps] == [1, 2, 3, 4]
    assert "is named as the one before itself" in tale.messages()


@pytest.mark.parametrize(("name", "value"), [("model", "digits"), ("format", "registrar/decision/v9")])
def test_a_record_of_something_else_is_a_break(tale: Tale, name: str, value: str) -> None:
    tale.forge(**{name: value})

    assert f"{value!r}" in tale.messages()


def test_a_champion_whose_decision_is_not_in_the_history_is_a_break(tale: Tale) -> None:
    tale.edit_head(champion={"version": 2, "decision": "0" * 64, "work": "w"})

    assert "version 2 is champion, by a decision that is not in the history" in tale.messages()


def test_a_champion_of_another_version_than_its_decision_is_a_break(tale: Tale) -> None:
    champion = json.loads(tale.world.state.kept[HEAD][0])["champion"]
    tale.edit_head(champion=champion | {"version": 3})

    assert "version 3 is champion, with work" in tale.messages()


def test_a_champion_that_was_replaced_since_is_a_break(tale: Tale) -> None:
    first = tale.made[0]
    tale.edit_head(champion={"version": 1, "decision": first.decision, "work": first.work})

    assert tale.messages() == "decision 4: it promoted version 2, but the head says that version 1 is champion"


def test_a_head_that_cannot_be_read_is_a_break(tale: Tale) -> None:
    tale.world.state.kept[HEAD] = ("{", '"x"', tale.world.clock.now)

    assert tale.messages().startswith("the head of churn cannot be read")


def test_a_ledger_that_does_not_answer_is_no_break(tale: Tale) -> None:
    tale.world.faults.fail("state", dead=True)
    with pytest.raises(UnavailableError):
        tale.world.ledger.claim("w", subject={})

    with pytest.raises(UnavailableError):
        tale.read()


def test_reigns_follow_each_other_without_a_gap(tale: Tale) -> None:
    first, second = tale.read().reigns

    assert (first.step.version, first.since.hour, first.until) == (1, 8, second.since)
    assert (second.step.version, second.since.hour, second.until) == (2, 11, None)


@pytest.mark.parametrize(("hour", "version"), [(7, None), (8, 1), (10, 1), (11, 2), (23, 2)])
def test_the_champion_of_a_time_is_the_last_promoted_by_then(tale: Tale, hour: int, version: int | None) -> None:
    reign = tale.read().champion_at(datetime(2026, 3, 2, hour, tzinfo=UTC))

    assert (reign.step.version if reign else None) == version


def test_a_slow_clock_does_not_turn_the_history_around() -> None:
    tale = Tale().decide(PROMOTED)
    tale.world.clock.forward(-3 * HOUR)
    tale.decide(PROMOTED)

    first, second = tale.read().reigns

    assert first.since == first.until == second.since


@given(st.text())
def test_nothing_shown_can_move_the_cursor_or_hide(text: str) -> None:
    assert shown(text).isprintable()


def test_the_table_tells_every_decision_and_the_champion(tale: Tale) -> None:
    result = tale.run("history", "churn")

    said = words(result)
    assert result.exit_code == 0
    assert "1 2026-03-02 08:00 register 1 once" in said
    assert "4 2026-03-02 11:00 register 2 now" in said
    assert said.endswith("4 decisions, newest last; version 2 is the champion of churn.")


def test_the_table_tells_how_to_ask_about_what_has_no_version(tale: Tale) -> None:
    said = words(tale.run("history", "churn"))

    asked = [step for step in tale.read().steps if step.version is None]
    assert asked
    assert all(f"registrar explain {step.work[:8]}" in said for step in asked)
    assert said.count("registrar explain") == len(asked)


def test_without_a_model_every_one_is_shown_with_its_champion(tale: Tale) -> None:
    result = tale.run("history")

    said = words(result)
    assert result.exit_code == 0
    assert "churn 2 2026-03-02 11:00 4" in said
    assert said.endswith("1 model")


def test_machines_get_the_standing_of_every_model(tale: Tale) -> None:
    (churn,) = json.loads(tale.run("history", "--json").output)["models"]

    assert churn == {
        "model": "churn",
        "decisions": 4,
        "version": 2,
        "work": tale.made[3].work,
        "since": tale.read().reigns[-1].since.isoformat(),
        "problem": "",
    }


def test_a_model_whose_champion_cannot_be_read_is_named_and_the_others_are_shown(tale: Tale) -> None:
    tale.rewrite(3, "{}")

    result = tale.run("history")

    assert result.exit_code == 1
    assert "broken churn: " in words(result)


@pytest.mark.parametrize("options", [["--verify"], ["--at", "2026-03-02"]])
def test_a_question_about_one_model_asks_for_it(tale: Tale, options: list[str]) -> None:
    assert tale.refusal("history", *options) == "name the model: --at and --verify are about one"


def test_who_was_champion_at_a_time(tale: Tale) -> None:
    said = words(tale.run("history", "churn", "--at", "2026-03-02T10:30+01:00"))

    assert "at 2026-03-02 09:30:00 UTC champion version 1 since 2026-03-02 08:00:00 UTC" in said
    assert f"until 2026-03-02 11:00:00 UTC decision {tale.made[0].decision}" in said


def test_before_the_first_there_was_none(tale: Tale) -> None:
    said = words(tale.run("history", "churn", "--at", "2026-03-02"))
    machine = json.loads(tale.run("history", "churn", "--at", "2026-03-02", "--json").output)

    assert said.endswith("champion none")
    assert (machine["at"], machine["version"], machine["since"]) == ("2026-03-02T00:00:00+00:00", None, None)


@pytest.mark.parametrize("time", ["yesterday", "", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_what_is_no_time_is_refused(tale: Tale, time: str) -> None:
    assert f"--at {time!r} is not a time" in tale.refusal("history", "churn", "--at", time)


def test_nobody_is_champion_in_the_future(tale: Tale) -> None:
    assert "--at 9999-01-01 is still to come" in tale.refusal("history", "churn", "--at", "9999-01-01")


def test_a_time_and_a_check_are_not_asked_for_together(tale: Tale) -> None:
    assert "give one of them" in tale.refusal("history", "churn", "--at", "2026-03-02", "--verify")


def test_a_whole_chain_is_said_to_be(tale: Tale) -> None:
    result = tale.run("history", "churn", "--verify")
    machine = json.loads(tale.run("history", "churn", "--verify", "--json").output)

    assert (result.output, result.exit_code) == ("4 decisions, chain whole\n", 0)
    assert machine == {"model": "churn", "whole": True, "count": 4, "breaks": []}


def test_a_broken_chain_is_told_break_by_break(tale: Tale) -> None:
    tale.rewrite(1, tale.text(1).replace("0.1", "0.7"))

    result, machine = tale.run("history", "churn", "--verify"), tale.run("history", "churn", "--verify", "--json")

    assert words(result).startswith("4 decisions could be read, chain broken broken decision 2: it was changed")
    assert [each["seq"] for each in json.loads(machine.output)["breaks"]] == [2]
    assert (result.exit_code, machine.exit_code) == (1, 1)


def test_the_history_for_machines_has_every_step(tale: Tale) -> None:
    machine = json.loads(tale.run("history", "churn", "--json").output)

    assert (machine["whole"], machine["count"], machine["champion"]["version"]) == (True, 4, 2)
    assert [step["reasons"] for step in machine["decisions"]] == [list(outcome.reasons) for outcome in tale.made]


def test_an_unknown_model_is_answered_with_a_near_one(tale: Tale) -> None:
    assert tale.refusal("history", "chrun").endswith("did you mean churn?")
    assert tale.refusal("history", "zzz").endswith("there are churn")
    assert Tale().refusal("history", "zzz").endswith("the ledger holds no history yet")


def test_a_version_is_explained_by_its_decision(tale: Tale) -> None:
    result = tale.run("explain", "churn:1")

    said = words(result)
    assert result.exit_code == 0
    assert "outcome registered version 1, champion once; version 2 is now" in said
    assert f"work {tale.made[0].work} state finished, attempt 1 decision {tale.made[0].decision}" in said
    assert "metrics.accuracy.min passed 0.9 0.8 0.1" in said
    assert "job_output_uri: azureml://jobs/j1/outputs/model" in said
    assert "1 file, 2 bytes" in said


def test_the_beginning_of_a_key_is_enough(tale: Tale) -> None:
    key = str(tale.made[1].work)

    assert tale.run("explain", key[:8].upper()).output == tale.run("explain", key).output


def test_a_work_record_and_its_decision_come_for_machines(tale: Tale) -> None:
    machine = json.loads(tale.run("explain", "churn:2", "--json").output)

    assert machine["work"]["work"] == tale.made[3].work
    assert machine["decision"] == json.loads(tale.text(3))
    assert (machine["digest"], machine["is_draft"], machine["breaks"]) == (tale.made[3].decision, False, [])


def test_the_policy_that_decided_is_printed_byte_for_byte(tale: Tale) -> None:
    tale.world.policies.kept["churn.yaml"] = CHURN.replace("0.8", "0.5")
    sha256 = json.loads(tale.text(0))["policy"]["text_sha256"]

    result = tale.run("explain", "churn:1", "--policy")

    assert (result.stdout, result.exit_code) == (CHURN, 0)
    assert hashlib.sha256(result.stdout_bytes).hexdigest() == sha256


def test_work_that_no_policy_decided_has_none_to_print(tale: Tale) -> None:
    tale.world.job("j9", files={"model.onnx": b"j4"})
    twin = tale.world.process(job_event("j9"))

    assert tale.refusal("explain", str(twin.work), "--policy") == "no policy decided this: no rule was asked"


@pytest.mark.parametrize(("text", "said"), [(None, "restore the blob policies/"), ("name: churn", "was changed after")])
def test_a_policy_text_that_is_not_the_one_of_then_is_not_printed(tale: Tale, text: str | None, said: str) -> None:
    (name,) = {name for name in tale.world.decisions.kept if name.startswith("policies/")} - {policy_name(UNJUDGED)}
    del tale.world.decisions.kept[name]
    if text is not None:
        tale.world.decisions.create_text(name, text)

    result = tale.run("explain", "churn:1", "--policy")

    assert isinstance(result.exception, LedgerFormatError)
    assert said in str(result.exception)
    assert result.stdout == ""


def test_the_policy_of_a_decision_that_was_changed_is_not_vouched_for(tale: Tale) -> None:
    tale.rewrite(1, tale.text(1).replace("0.1", "0.7"))

    result = tale.run("explain", str(tale.made[1].work), "--policy")

    assert (result.exit_code, result.stdout) == (1, CHURN)
    assert "it was changed after it was written" in result.stderr


def test_yaml_and_json_are_not_printed_together(tale: Tale) -> None:
    assert "give one of them" in tale.refusal("explain", "churn:1", "--policy", "--json")


def test_a_refused_manifest_is_explained_without_a_decision() -> None:
    tale = Tale()
    tale.world.drop("vendor-a/[red]x", model="nope")
    refused = tale.world.process(drop_event("vendor-a/[red]x"))

    said = words(tale.run("explain", str(refused.work)))

    assert "model none that it may name outcome rejected version none was registered why model: 'nope'" in said
    assert "source drop dropsprod/incoming/vendor-a/[red]x" in said


def test_a_duplicate_of_the_champions_bytes_is_explained_without_a_decision(tale: Tale) -> None:
    tale.world.job("j9", files={"model.onnx": b"j4"})
    twin = tale.world.process(job_event("j9"))

    said = words(tale.run("explain", str(twin.work)))

    assert "outcome duplicate version none was registered; version 2 is the champion" in said
    assert "why the same bytes as the champion, version 2" in said


def test_unfinished_work_shows_its_intent_and_its_draft(tale: Tale) -> None:
    tale.world.job("j9")
    tale.world.dies(job_event("j9"), before="state heads/")
    (key,) = tale.world.ledger.unfinished()

    said = words(tale.run("explain", key[:10]))

    assert "outcome none yet version none yet" in said
    assert "intent version 3 from azureml://jobs/j9/outputs/model draft" in said
    assert "written to be decision 5 owed 0 notices draft" in said
    assert "not a decision yet" in said


def test_work_that_died_after_its_decision_is_explained_by_it(tale: Tale) -> None:
    tale.world.job("j9")
    tale.world.dies(job_event("j9"), before="registry project")
    (key,) = tale.world.ledger.unfinished()

    said = words(tale.run("explain", key))

    assert "outcome register version 3, the champion" in said
    assert "state claimed, attempt 1" in said
    assert "not a decision yet" not in said


def test_a_missing_decision_is_told_and_the_rest_explained(tale: Tale) -> None:
    del tale.world.decisions.kept[tale.name(1)]

    result = tale.run("explain", str(tale.made[1].work))

    assert result.exit_code == 1
    assert "outcome rejected" in words(result)
    assert "is not in the ledger" in words(result)


def test_a_version_whose_work_record_is_gone_is_still_explained(tale: Tale) -> None:
    del tale.world.state.kept[f"work/{tale.made[0].work}.json"]

    assert "whose record is gone" in words(tale.run("explain", "churn:1"))


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("churn:9", "no decision about churn registered version 9; it registered 1, 2"),
        ("chrun:1", "no decision about 'chrun' has been made; did you mean churn?"),
        ("0" * 64, f"the ledger has no work {'0' * 64}; `registrar history MODEL` names those of a model"),
        ("0" * 8, "the ledger has no work 00000000; `registrar history MODEL` names those of a model"),
        ("abc", "'abc': write the key of a work, at least 8 digits of it, or MODEL:VERSION"),
        ("churn:x", "'churn:x': write the key of a work, at least 8 digits of it, or MODEL:VERSION"),
    ],
)
def test_what_cannot_be_explained_is_refused(tale: Tale, said: str, answer: str) -> None:
    assert tale.refusal("explain", said) == answer


def test_outside_text_is_shown_and_never_obeyed(tale: Tale) -> None:
    reason = "[bold]\x1b]0;title\x07[/bold] \u202eevil [link=x]"
    changed = json.loads(tale.text(1)) | {"reasons": [reason], "outcome": "[red]no\x1b[2J"}
    tale.rewrite(1, json.dumps(changed))

    pages = [tale.run("history", "churn"), tale.run("explain", tale.made[1].work or "")]

    for page in pages:
        assert "[bold]" in page.output
        assert all(sign.isprintable() or sign == "\n" for sign in page.output)


def test_a_step_of_nothing_is_empty() -> None:
    step = Step.of("d", {})

    assert (step.seq, step.decided_at, step.source, step.reasons, step.promoted) == (None, None, "", (), False)


def test_history_also_tells_what_was_given_up() -> None:
    tale = Tale().decide(PROMOTED)
    tale.world.process("no event")

    said = tale.run("history", "churn").output

    assert "Messages in quarantine" in said
    assert "line 1 column 1: Expecting value" in said


def test_machines_are_told_what_was_given_up_too() -> None:
    tale = Tale().decide(PROMOTED)
    tale.world.process("no event")

    said = json.loads(tale.run("history", "churn", "--json").output)

    assert said["given_up"] == [{"reason": "line 1 column 1: Expecting value", "attempts": 1}]
