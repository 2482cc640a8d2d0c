"""Recorded decisions made again by another policy: what it would have flipped, and what it cannot be asked about."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from registration import backtest, cli_policy_replay, history
from registration.backtest import Again, Fate
from registration.errors import InputError
from registration.policy import document
from registration.step import Step
from tests.answering import adopted, held, say
from tests.world import CHURN, DIGITS, INCOMING, World, drop_event, job_event

if TYPE_CHECKING:
    from typer.testing import Result

    from registration.policy.document import ModelPolicy

PAGE = Path(__file__).parents[2] / "docs" / "policies.md"
BEST = "compare_to: best\n    metrics:"
HOUR = timedelta(hours=1)
STRICTER = CHURN.replace("min: 0.8", "min: 0.92")
LAXER = CHURN.replace("max_regression: 0", "max_regression: 0.1")


@dataclass
class Past:
    """A world in which jobs with these accuracies were judged, an hour apart."""

    world: World = field(default_factory=World)

    def judge(self, *accuracies: object) -> Past:
        for accuracy in accuracies:
            name = f"j{len(self.world.history('churn')) + 1}"
            self.world.job(name, accuracy=accuracy)
            self.world.process(job_event(name))
            self.world.clock.forward(HOUR)
        return self

    def again(self, policy: str, **more: Any) -> list[Again]:
        (model,) = document.parse(policy, source="p").models
        return list(backtest.of(model, history.read(self.world.ledger, "churn").steps, **more))


@pytest.fixture
def past() -> Past:
    return Past().judge(0.9, 0.85, 0.95)


def fates(found: list[Again]) -> list[tuple[str, str, str | None]]:
    return [(again.fate.value, again.was, again.now) for again in found]


def test_the_policy_of_then_flips_nothing(past: Past) -> None:
    assert [again.fate for again in past.again(CHURN)] == [Fate.SAME] * 3


def test_a_stricter_policy_flips_what_it_refuses(past: Past) -> None:
    found = past.again(STRICTER)

    assert fates(found) == [
        ("flipped", "register", "reject"),
        ("same", "reject", "reject"),
        ("same", "register", "register"),
    ]
    assert found[0].reasons == ("accuracy 0.9 is below the minimum 0.92",)


def test_a_laxer_policy_flips_what_it_lets_pass_against_the_champion_of_then(past: Past) -> None:
    found = past.again(LAXER)

    assert fates(found)[1] == ("flipped", "reject", "register")
    assert "0.05 worse than the champion's 0.9" in found[1].reasons[1]


def test_only_decisions_since_a_time_are_made_again(past: Past) -> None:
    since = past.world.clock.now - 2 * HOUR

    assert [again.step.seq for again in past.again(CHURN, since=since)] == [2, 3]


@pytest.mark.parametrize("accuracy", ["NaN", None, float("inf"), "0.9"])
def test_a_metric_that_is_no_number_is_judged_as_it_was(accuracy: object) -> None:
    assert fates(Past().judge(accuracy).again(CHURN)) == [("same", "reject", "reject")]


def test_what_validation_found_is_found_again() -> None:
    world = World()
    world.drop("vendor-a/1")
    world.store.put(INCOMING / "vendor-a/1/model.onnx", b"other data")
    world.process(drop_event("vendor-a/1"))
    (model,) = document.parse(DIGITS, source="p").models

    [again] = backtest.of(model, history.read(world.ledger, "digits").steps)

    assert (again.fate, again.now) == (Fate.SAME, "reject")
    assert again.reasons == again.step.reasons


def test_a_model_that_waited_to_be_adopted_waits_again() -> None:
    past = Past()
    past.world.registry.register_by_hand("churn", 1)

    assert fates(past.judge(0.9).again(LAXER)) == [("same", "hold", "hold")]


def test_an_adoption_is_left_out(past: Past) -> None:
    step = history.read(past.world.ledger, "churn").steps[0]
    (model,) = document.parse(CHURN, source="p").models

    [again] = backtest.of(model, [replace(step, record={**step.record, "adopted": True})])

    assert (again.fate, again.reasons) == (Fate.LEFT_OUT, ("a person adopted it; no rule ran",))


def test_what_a_person_rejected_is_left_out() -> None:
    world = World()
    adopted(world)
    world.job("j1")
    say(world, "reject", held(world))
    (model,) = document.parse(CHURN, source="p").models

    *_, hold, rejection = backtest.of(model, history.read(world.ledger, "churn").steps)

    assert (hold.fate, hold.was) == (Fate.SAME, "hold")
    assert (rejection.fate, rejection.reasons) == (Fate.LEFT_OUT, ("a person rejected it; no rule ran",))


def test_an_overridden_decision_is_left_out(past: Past) -> None:
    step = history.read(past.world.ledger, "churn").steps[1]
    verdict = {**step.verdicts[-1], "result": "overridden"}
    (model,) = document.parse(CHURN, source="p").models

    [again] = backtest.of(model, [replace(step, record={**step.record, "verdicts": [verdict]})])

    assert (again.fate, again.now) == (Fate.LEFT_OUT, None)
    assert again.reasons == ("a person overrode metrics.accuracy.vs_champion.max_regression",)


@pytest.mark.parametrize(("member", "said"), [("candidate", "the candidate"), ("champion", "the champion")])
def test_a_record_without_metrics_is_incomplete_and_not_guessed(past: Past, member: str, said: str) -> None:
    step = history.read(past.world.ledger, "churn").steps[1]
    record = {**step.record, member: {"version": 1}}
    (model,) = document.parse(CHURN, source="p").models

    [again] = backtest.of(model, [replace(step, record=record)])

    assert (again.fate, again.reasons) == (Fate.INCOMPLETE, (f"its record has no metrics of {said}",))


def test_the_best_champion_is_that_of_the_history() -> None:
    past = Past().judge(0.9, 0.95)
    past.world.policies.kept["churn.yaml"] = LAXER
    past.judge(0.9, 0.92)

    found = past.again(LAXER.replace("max_regression: 0.1", "max_regression: 0.01").replace("metrics:", BEST))

    assert fates(found)[2:] == [("flipped", "register", "reject"), ("flipped", "register", "reject")]
    assert "0.03 worse than the best champion's 0.95" in found[3].reasons[0]


def test_a_version_that_is_only_registered_is_another_outcome(past: Past) -> None:
    found = past.again(CHURN.replace("metrics:", "then: {pass: register_only}\n    metrics:"))

    assert fates(found) == [
        ("flipped", "register", "register only"),
        ("same", "reject", "reject"),
        ("flipped", "register", "register only"),
    ]


def test_an_app_that_observes_makes_no_version_to_promote() -> None:
    past = Past(World(observes=True)).judge(0.9)

    assert fates(past.again(CHURN)) == [("same", "register", "register")]


LACKING = [
    ('slices: {"*": {min: 0.5}}', "", "its record has no slices of the candidate"),
    ("min: 0.8, value: best", "", "its record does not have the history of accuracy of the candidate"),
    ("min: 0.8", "require: {tags: {owner: present}}", "its record has no tags of the candidate"),
    ("min: 0.8", "require: {comparable_on: [eval]}", "its record does not have eval of the candidate"),
    ("min: 0.8", "group: pair", "its record does not say what became of the others of the group pair"),
]


@pytest.mark.parametrize(("metric", "model", "said"), LACKING, ids=[said for _, _, said in LACKING])
def test_a_record_of_the_first_engine_lacks_what_it_never_kept(metric: str, model: str, said: str) -> None:
    [again] = backtest.of(_model(metric, model), [_of_the_first_engine()])

    assert (again.fate, again.reasons, again.now) == (Fate.INCOMPLETE, (said,), None)


def test_a_record_of_the_first_engine_has_enough_for_rules_about_metrics() -> None:
    [again] = backtest.of(_model("min: 0.92", ""), [_of_the_first_engine()])

    assert fates([again]) == [("flipped", "register", "reject")]


def test_a_metric_that_would_come_from_a_tag_is_missing_only_if_the_tag_is_not_there_either(past: Past) -> None:
    step = history.read(past.world.ledger, "churn").steps[0]
    model = _model("min: 0.8", "", more="recall: {min: 0.5, coerce: true}")

    [without] = backtest.of(model, [step])
    tagged = {**step.record, "candidate": {**step.candidate, "tags": {"recall": "0.7"}}}
    [with_tag] = backtest.of(model, [replace(step, record=tagged)])

    assert without.fate is Fate.FLIPPED
    assert with_tag.reasons == ("its record does not have recall, which the policy takes from a tag",)


def test_a_record_that_is_nonsense_is_incomplete(past: Past) -> None:
    step = history.read(past.world.ledger, "churn").steps[0]
    nonsense = {**step.record, "candidate": {**step.candidate, "findings": [{"what": 1}]}}

    [again] = backtest.of(_model("min: 0.8", ""), [replace(step, record=nonsense)])

    assert again.fate is Fate.INCOMPLETE
    assert again.reasons[0].startswith("its record cannot be read: TypeError")


def _model(metric: str, model: str, more: str = "") -> ModelPolicy:
    asked = f"accuracy: {{direction: maximize, {metric}}}"
    text = CHURN.partition("    metrics:")[0] + (f"    {model}\n" if model else "") + "    metrics:\n"
    (made,) = document.parse(text + f"      {asked}\n" + (f"      {more}\n" if more else ""), source="p").models
    return made


def _of_the_first_engine() -> Step:
    """A decision as the first engine recorded one."""
    step = history.read(Past().judge(0.9).world.ledger, "churn").steps[0]
    candidate = {"work", "source", "event", "fingerprint", "artifact_sha256", "files", "findings", "metrics", "lineage"}
    gone = {"promoted", "past", "unadopted", "group", "shadow"}
    record = {name: value for name, value in step.record.items() if name not in gone}
    kept = {name: value for name, value in step.candidate.items() if name in candidate}
    return Step.of(step.digest, {**record, "engine": "1", "candidate": kept})


def run(past: Past, path: Path, policy: str, *arguments: str) -> Result:
    """The command; it changes nothing in the ledger."""
    path.write_text(policy, encoding="utf-8")
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    cli_policy_replay.add_to(app, ledger=lambda: past.world.ledger)
    before = past.world.everything()
    result = CliRunner().invoke(app, ["replay", "--policy", str(path), *arguments])
    assert past.world.everything() == before
    return result


def test_the_command_says_what_would_have_flipped(past: Past, tmp_path: Path) -> None:
    result = run(past, tmp_path / "p.yaml", STRICTER, "--since", "2026-03-01")

    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
    said = " ".join(result.output.split())
    assert "this policy would have flipped 1 of 3 decisions since 2026-03-01 00:00 UTC" in said
    assert "1 2026-03-02 08:00 register reject churn: accuracy 0.9 is below the minimum 0.92" in said


def test_the_command_tells_machines(past: Past, tmp_path: Path) -> None:
    result = run(past, tmp_path / "p.yaml", STRICTER, "--since", "2026-03-01", "--json")

    told = json.loads(result.output)
    assert {name: told[name] for name in ("judged", "flipped", "same", "left_out", "incomplete")} == {
        "judged": 3,
        "flipped": 1,
        "same": 2,
        "left_out": 0,
        "incomplete": 0,
    }
    assert [(one["seq"], one["was"], one["now"]) for one in told["decisions"]] == [(1, "register", "reject")]
    assert told["policy_digest"] == document.parse(STRICTER, source="p").digest


def test_a_model_without_decisions_has_none_to_flip(tmp_path: Path) -> None:
    result = run(Past(), tmp_path / "p.yaml", CHURN, "--since", "2026-03-01", "churn")

    assert "flipped 0 of 0 decisions" in result.output


def test_a_broken_history_is_said_and_makes_the_status_1(past: Past, tmp_path: Path) -> None:
    name = next(name for name in past.world.decisions.kept if name.startswith("churn/"))
    past.world.decisions.kept[name] = ("{}", '"x"', past.world.clock.now)

    result = run(past, tmp_path / "p.yaml", CHURN, "--since", "2026-03-01")

    assert result.exit_code == 1
    assert "broken  decision 1" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "yesterday"), "--since 'yesterday' is not a time"),
        (("--since", "2026-03-01", "other"), "churn has no model 'other'; it has churn"),
    ],
)
def test_what_cannot_be_asked_is_refused(past: Past, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    result = run(past, tmp_path / "p.yaml", CHURN, *arguments)

    assert isinstance(result.exception, InputError)
    assert str(result.exception).startswith(message)


def test_the_replay_in_the_documents_is_a_real_one(past: Past, tmp_path: Path) -> None:
    result = run(past, tmp_path / "p.yaml", STRICTER, "--since", "2026-03-01")

    lines = "\n".join(line.rstrip() for line in result.output.splitlines())
    assert lines.strip() in PAGE.read_text(encoding="utf-8")
