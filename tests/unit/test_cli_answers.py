"""The commands that answer held works: what is shown before, what is sent, and what is refused before it is sent."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from registration import cli_answers, pending_page
from registration.errors import InputError
from registration.pending import Pending, Waiting
from tests.answering import BOB, RULE, TWO_PEOPLE, WorldDesk, adopted, held, say
from tests.faults import Faults
from tests.world import CHURN, World, job_event


@pytest.fixture
def desk() -> WorldDesk:
    world = World()
    adopted(world)
    world.job("j1")
    return WorldDesk(world)


def run(desk: WorldDesk, *words: str, says: bool | None = None) -> tuple[int, str, str]:
    """The exit status and what was printed on both outputs; `says` is what the person answers, if there is one."""
    app = typer.Typer()
    asks = cli_answers.ask if says is None else lambda _: says
    cli_answers.add_to(app, desk=lambda: desk, asks=asks)
    result = CliRunner(env={"COLUMNS": "80"}).invoke(app, [*words], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def test_an_approval_shows_what_holds_it_with_its_numbers_and_is_sent(desk: WorldDesk) -> None:
    work = held(desk.world)

    status, said, shown = run(desk, "approve", work[:8], "--reason", "it is needed", says=True)

    assert status == 0
    assert f"you approve: {RULE}" in shown.replace("\n", "")
    assert "0.9" in shown
    assert f"sent: approve {work[:12]} of churn, as ada@contoso.com" in said
    assert desk.world.process(desk.sent[0]).outcome == "registered"


def test_since_when_and_until_when_is_told_as_everywhere(desk: WorldDesk) -> None:
    work = held(desk.world)

    _, _, shown = run(desk, "approve", work[:8], "--reason", "it is needed", says=False)

    told = dict(line.rstrip().split("  ", 1) for line in shown.splitlines() if line.startswith(("held  ", "until  ")))
    held_at, until = (told[name].strip().removesuffix(" UTC") for name in ("held", "until"))
    assert (len(held_at), len(until)) == (len("2026-03-02 08:00:00"),) * 2
    assert datetime.fromisoformat(until) - datetime.fromisoformat(held_at) == timedelta(days=14)


def test_what_is_sent_is_bound_to_what_was_shown(desk: WorldDesk) -> None:
    work = held(desk.world)

    run(desk, "approve", work, "--reason", "why", "--expires", "36h", "--yes")

    sent = json.loads(desk.sent[0])["registrarRequest"]
    decision = desk.world.history("churn")[-1]
    assert sent["of"] == work
    assert sent["seen"]["artifact_sha256"] == decision["candidate"]["artifact_sha256"]
    assert sent["seen"]["policy_digest"] == decision["policy"]["digest"]
    assert (sent["seen"]["champion_seq"], sent["rules"]) == (1, [RULE])
    assert sent["expires"] > sent["at"]


def test_nothing_is_sent_if_the_person_says_no(desk: WorldDesk) -> None:
    status, _, shown = run(desk, "approve", held(desk.world), "--reason", "why", says=False)

    assert (status, desk.sent) == (1, [])
    assert "nothing was sent" in shown


@pytest.mark.parametrize("action", ["approve", "reject"])
def test_without_a_terminal_it_has_to_be_said_that_nobody_is_asked(desk: WorldDesk, action: str) -> None:
    with pytest.raises(InputError, match="there is no terminal to ask at: look first, then give --yes"):
        run(desk, action, held(desk.world), "--reason", "why")

    assert desk.sent == []


def test_a_rejection_is_sent(desk: WorldDesk) -> None:
    run(desk, "reject", held(desk.world), "--reason", "too slow", "--yes")

    assert desk.world.process(desk.sent[0]).outcome == "rejected"


def test_machines_get_one_object_on_standard_output(desk: WorldDesk) -> None:
    work = held(desk.world)

    _, said, _ = run(desk, "approve", work, "--reason", "why", "--yes", "--json")

    shown = json.loads(said)
    assert (shown["action"], shown["of"], shown["rules"]) == ("approve", work, [RULE])
    assert shown["actor"]["object"] == "o-1"


REFUSED: list[tuple[list[str], str]] = [
    (["--rules", "metrics.accuracy.min"], f"it is not held by metrics.accuracy.min, but by {RULE}"),
    (["--rules", RULE, "--rules", "nope"], f"it is not held by nope, but by {RULE}"),
    (["--expires", "soon"], "--expires soon: must be a number of days or hours"),
    (["--expires", "0d"], "--expires 0d: must be a number of days or hours"),
]


@pytest.mark.parametrize(("words", "why"), REFUSED)
def test_what_could_not_count_is_not_sent(desk: WorldDesk, words: list[str], why: str) -> None:
    with pytest.raises(InputError, match=why.replace(".", r"\.")):
        run(desk, "approve", held(desk.world), "--reason", "why", "--yes", *words)

    assert desk.sent == []


def test_every_rule_that_holds_it_has_to_be_named(desk: WorldDesk) -> None:
    rule = "direction: maximize, min: 0.8, vs_champion: {max_regression: 0}"
    two = CHURN.replace(f"accuracy: {{{rule}}}", f"accuracy: {{{rule}}}, auc: {{{rule}}}")
    desk.world.policies.kept["churn.yaml"] = two
    desk.world.workspace.logged["j1"] = {"accuracy": 0.9, "auc": 0.9}
    work = str(desk.world.process(job_event("j1")).work)

    with pytest.raises(InputError, match=f"it is held by {RULE.replace('accuracy', 'auc')} too"):
        run(desk, "approve", work, "--reason", "why", "--yes", "--rules", RULE)

    assert desk.sent == []


def test_a_pattern_may_name_the_rules(desk: WorldDesk) -> None:
    run(desk, "approve", held(desk.world), "--reason", "why", "--yes", "--rules", "metrics.accuracy.*")

    assert desk.world.process(desk.sent[0]).outcome == "registered"


def test_what_was_rejected_by_rules_is_not_held(desk: WorldDesk) -> None:
    desk.world.job("j1", accuracy=0.5)
    work = str(desk.world.process(job_event("j1")).work)

    with pytest.raises(InputError, match="is not held, but rejected"):
        run(desk, "approve", work, "--reason", "why", "--yes")


def test_what_was_answered_is_told_with_the_person_and_what_follows(desk: WorldDesk) -> None:
    work = held(desk.world)
    say(desk.world, "approve", work, actor=BOB)
    follows = desk.world.history("churn")[-1]["candidate"]["work"]

    with pytest.raises(InputError, match=f"was approved already, by bob@contoso.com; what follows is work {follows}"):
        run(desk, "approve", work, "--reason", "why", "--yes")


def test_a_model_that_waits_to_be_adopted_is_not_approved() -> None:
    desk = WorldDesk(World())
    desk.world.registry.register_by_hand("churn", 3)
    desk.world.job("j1")

    with pytest.raises(InputError, match="adoption cannot be overridden: churn has versions that Registrar did not"):
        run(desk, "approve", held(desk.world), "--reason", "why", "--yes")


def test_a_decision_that_was_edited_is_not_approved(desk: WorldDesk) -> None:
    work = held(desk.world)
    digest = desk.world.ledger.head("churn").log_digest
    text, etag, written = desk.world.decisions.kept[f"churn/{digest}.json"]
    desk.world.decisions.kept[f"churn/{digest}.json"] = (text.replace("0.9", "0.99"), etag, written)

    with pytest.raises(InputError, match=r"cannot be relied on: .* it was changed after it was written"):
        run(desk, "approve", work, "--reason", "why", "--yes")


def test_a_work_is_evaluated_again_by_its_key_or_its_version(desk: WorldDesk) -> None:
    say(desk.world, "approve", held(desk.world))

    cli_answers.reevaluate(desk, "churn:4", reason="a new policy", as_json=True)

    sent = json.loads(desk.sent[0])["registrarRequest"]
    assert (sent["action"], sent["of"]) == ("reevaluate", desk.world.history("churn")[-1]["candidate"]["work"])
    assert desk.world.process(desk.sent[0]).outcome == "duplicate"


def waiting(desk: WorldDesk) -> list[Waiting]:
    world = desk.world
    return list(Pending(world.ledger, world.questions, world.pauses, world.standstills, world.clock.now))


def test_a_held_candidate_is_pending_until_it_is_answered(desk: WorldDesk) -> None:
    work = held(desk.world)
    desk.world.clock.forward(timedelta(days=2))

    (found,) = waiting(desk)
    say(desk.world, "reject", work)

    assert (found.kind, found.model, found.work, found.source) == ("held", "churn", work, "job j1, output model")
    assert found.commands[0] == f"registrar approve {work[:12]} --reason TEXT"
    assert (found.since, found.expires) == ("2026-03-02T08:00:00+00:00", "2026-03-16T08:00:00+00:00")
    assert found.to_dict(now=desk.world.clock.now)["age_seconds"] == 2 * 86400
    assert waiting(desk) == []


def test_an_approval_that_waits_for_a_second_person_is_pending(desk: WorldDesk) -> None:
    desk.world.policies.kept["churn.yaml"] = TWO_PEOPLE
    work = held(desk.world)
    soon = (desk.world.clock.now + timedelta(days=1)).isoformat()
    say(desk.world, "approve", work, expires=soon)

    (found,) = waiting(desk)

    assert (found.kind, found.expires) == ("half_approved", soon)
    assert found.reasons[0] == "approved by ada@contoso.com: it is needed"


def test_a_model_that_nobody_adopted_is_pending_with_its_command() -> None:
    desk = WorldDesk(World())
    desk.world.registry.register_by_hand("churn", 3)
    desk.world.job("j1")
    held(desk.world)

    (found,) = waiting(desk)

    assert found.kind == "not_adopted"
    assert found.commands[0] == "registrar adopt churn:VERSION --reason TEXT"


@pytest.mark.parametrize("late", [True, False])
def test_what_can_only_be_decided_again_says_so(desk: WorldDesk, late: bool) -> None:
    work = held(desk.world)
    if late:
        desk.world.clock.forward(timedelta(days=20))
    else:
        desk.world.promote("churn", 9)

    (found,) = waiting(desk)

    assert found.kind == "outdated"
    assert found.commands[0] == f"registrar replay --new-epoch {work[:12]} --reason TEXT"


def test_pauses_are_pending(desk: WorldDesk) -> None:
    at = desk.world.clock.iso()
    for model in ("churn", None):
        desk.world.pauses.pause(model, actor="eve", reason="audit", at=at)
    desk.world.pauses.pause("digits", actor="eve", reason="audit", at=at)
    desk.world.pauses.resume("digits")

    found = waiting(desk)

    assert {(each.kind, each.model) for each in found} == {("paused", "churn"), ("paused", None)}
    assert {each.commands[0] for each in found} == {
        "registrar pause churn --resume --reason TEXT",
        "registrar pause --resume --reason TEXT",
    }


class Counting(Faults):
    """Faults that count what is read."""

    reads = 0

    def reading(self) -> None:
        self.reads += 1
        super().reading()


def test_what_was_answered_is_not_read() -> None:
    counting = Counting()
    desk = WorldDesk(World(faults=counting))
    adopted(desk.world)
    for number in range(20):
        desk.world.job(f"j{number}")
        work = held(desk.world, f"j{number}")
        if number:
            say(desk.world, "reject", work)
    before = counting.reads

    found = waiting(desk)

    # The question, the head and the decision of the one that is open; and whether everything stands still.
    assert (len(found), counting.reads - before) == (1, 4)


def test_everything_that_waits_fits_eighty_columns(desk: WorldDesk) -> None:
    work = held(desk.world)
    desk.world.pauses.pause("churn", actor="eve", reason="audit until Friday", at=desk.world.clock.iso())
    desk.world.clock.forward(timedelta(hours=5))
    page = io.StringIO()

    pending_page.show(waiting(desk), now=desk.world.clock.now, console=Console(file=page, width=80))

    text = page.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert f"   registrar approve {work[:12]} --reason TEXT\n" in text
    assert "   registrar pause churn --resume --reason TEXT\n" in text
    assert "1  the champion's accuracy is missing" in text


def test_nothing_pending_is_said(desk: WorldDesk) -> None:
    assert run(desk, "pending")[:2] == (0, "Nothing waits for a person.\n")


def test_what_is_pending_can_be_read_by_machines(desk: WorldDesk) -> None:
    work = held(desk.world)

    _, said, _ = run(desk, "pending", "--json")

    (found,) = json.loads(said)["pending"]
    assert (found["work"], found["model"]) == (work, "churn")
    assert found["commands"][1] == f"registrar reject {work[:12]} --reason TEXT"


def test_outside_text_moves_no_cursor(desk: WorldDesk) -> None:
    each = Waiting("held", "churn", "w", "\x1b[2J", ("\x1b[31m",), "2026-03-02T08:00:00+00:00", None, ())
    page = io.StringIO()

    pending_page.show([each], now=desk.world.clock.now, console=Console(file=page, width=80))

    assert "\x1b" not in page.getvalue()
