"""`registrar rollback` and `registrar revoke`: what is shown before, what is sent, and what is refused at once."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
import typer
from typer.testing import CliRunner

from registration import cli_answers, cli_lifecycle
from registration.errors import InputError
from registration.pending import Pending
from tests.answering import WorldDesk, adopted
from tests.sweeping import Azure
from tests.turning import digest_of, message, of_three, revoke, rollback
from tests.world import CHURN, World, job_event


@dataclass
class Person:
    """Somebody at a terminal, before a world in which `churn` had three champions."""

    desk: WorldDesk = field(default_factory=lambda: WorldDesk(of_three()))

    @property
    def world(self) -> World:
        return self.desk.world

    def runs(self, *words: str, says: bool | None = None) -> tuple[int, str, str]:
        """The exit status and what was printed on both outputs; `says` is what the person answers, if asked."""
        app = typer.Typer()
        asks = cli_answers.ask if says is None else lambda _: says
        cli_lifecycle.add_to(app, desk=lambda: self.desk, asks=asks)
        result = CliRunner().invoke(app, [*words, "--reason", "it misbehaves"], catch_exceptions=False)
        return result.exit_code, result.stdout, result.stderr

    @property
    def sent(self) -> dict[str, object]:
        (message,) = self.desk.sent
        request: dict[str, object] = json.loads(message)["registrarRequest"]
        return request


@pytest.fixture
def person() -> Person:
    return Person()


def test_a_rollback_shows_what_would_move_and_is_sent(person: Person) -> None:
    status, said, shown = person.runs("rollback", "churn", says=True)

    assert (status, shown) == (0, "churn: version 3 is the champion; version 2 will be\n")
    assert said.startswith("sent: rollback churn:2, as ada@contoso.com\n")
    assert person.world.process(person.desk.sent[0]).version == 2


def test_a_rollback_goes_where_it_is_told(person: Person) -> None:
    person.runs("rollback", "churn", "--to", "1", "--yes")

    assert person.sent["moves"] == [{"model": "churn", "from": 3, "to": 1}]


def test_a_rollback_to_an_archived_version_says_how_to_restore_it() -> None:
    world = of_three(CHURN.replace("    tags:", "    retention: {keep: 1}\n    tags:"))
    Azure(world).sweep.run()
    person = Person(WorldDesk(world))

    _, _, shown = person.runs("rollback", "churn", "--to", "1", "--dry-run")

    assert "version 1 will be; it was archived" in shown
    assert "az ml model restore --name churn --version 1\n" in shown
    assert person.desk.sent == []


@pytest.mark.parametrize("command", [("rollback", "churn"), ("revoke", "churn:2")])
def test_nothing_is_sent_if_the_person_says_no(person: Person, command: tuple[str, str]) -> None:
    status, _, shown = person.runs(*command, says=False)

    assert (status, person.desk.sent) == (1, [])
    assert "nothing was sent" in shown


@pytest.mark.parametrize("command", [("rollback", "churn"), ("revoke", "churn:2")])
def test_a_dry_run_shows_everything_and_sends_nothing(person: Person, command: tuple[str, str]) -> None:
    before = person.world.everything()

    status, said, shown = person.runs(*command, "--dry-run")

    assert (status, said, person.desk.sent) == (0, "a dry run: nothing was sent\n", [])
    assert shown == person.runs(*command, says=False)[2].replace("nothing was sent\n", "")
    assert person.world.everything() == before


def test_machines_get_one_object(person: Person) -> None:
    _, said, _ = person.runs("rollback", "churn", "--dry-run", "--json")
    moves = [{"model": "churn", "from": 3, "to": 2}]
    assert json.loads(said) == {
        "dry_run": True,
        "action": "rollback",
        "model": "churn",
        "version": 2,
        "moves": moves,
    }

    _, said, _ = person.runs("rollback", "churn", "--yes", "--json")

    sent = json.loads(said)
    assert (sent["action"], sent["moves"], sent["reason"]) == ("rollback", moves, "it misbehaves")
    assert {"request", "work", "actor", "at"} <= sent.keys()


REFUSED = {
    ("rollback", "churn", "--to", "9"): "version 9 was never champion of churn; these were: 1, 2, 3",
    ("rollback", "chrun"): "did you mean churn?",
    ("revoke",): "give MODEL:VERSION or --digest, one of them",
    ("revoke", "churn:2", "--digest", "0" * 64): "give MODEL:VERSION or --digest, one of them",
    ("revoke", "churn"): "'churn': write MODEL:VERSION, such as churn-classifier:7",
    ("revoke", "churn:9"): "no decision about churn registered version 9",
    ("revoke", "churn:3"): "churn:3 is the champion: say what follows, with --to VERSION or --no-champion",
    (
        "revoke",
        "churn:3",
        "--to",
        "2",
        "--no-champion",
    ): "say what follows, with --to VERSION or --no-champion, not both",
    ("revoke", "churn:2", "--to", "1"): "churn:2 is not the champion, so none has to follow",
    ("revoke", "churn:2", "--no-champion"): "churn:2 is not the champion, so none has to follow",
    ("revoke", "churn:3", "--to", "3"): "version 3 is the champion of churn",
    ("revoke", "--digest", "abc"): "--digest abc: must be the 64 hexadecimal digits",
    ("revoke", "--digest", "0" * 64, "--to", "1"): "--to needs MODEL:VERSION",
}


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_cannot_be_meant_is_refused_before_it_is_sent(person: Person, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as refused:
        person.runs(*words, "--yes")

    assert REFUSED[words] in str(refused.value)
    assert person.desk.sent == []


def test_a_revocation_names_the_files_of_the_version(person: Person) -> None:
    _, said, shown = person.runs("revoke", "churn:2", "--yes")

    digest = digest_of(person.world, "churn", 2)
    assert (person.sent["artifact_sha256"], person.sent["version"]) == (digest, 2)
    assert f"churn:2 has the files {digest}: they will be denied for ever" in shown
    assert "sent: revoke churn:2" in said
    assert person.world.process(person.desk.sent[0]).outcome == "revoked"


@pytest.mark.parametrize(("words", "champion"), [(("--to", "2"), 2), (("--no-champion",), None)])
def test_the_champion_is_revoked_with_what_follows(
    person: Person, words: tuple[str, ...], champion: int | None
) -> None:
    person.runs("revoke", "churn:3", *words, "--yes")

    person.world.process(person.desk.sent[0])

    assert person.world.champion("churn") == champion


def test_files_are_revoked_by_their_digest_alone(person: Person) -> None:
    _, said, _ = person.runs("revoke", "--digest", "AB" * 32, "--yes")

    assert said.startswith("sent: revoke files abababababab, as ada@contoso.com\n")
    assert person.world.process(person.desk.sent[0]).outcome == "revoked"


def test_a_digest_that_is_a_champions_needs_a_word_about_what_follows(person: Person) -> None:
    digest = digest_of(person.world, "churn", 3)
    with pytest.raises(InputError, match="it is the champion churn:3: revoke that and say what follows"):
        person.runs("revoke", "--digest", digest, "--yes")

    _, _, shown = person.runs("revoke", "--digest", digest, "--no-champion", "--yes")

    assert "churn:3 is the champion, and its model will have none" in shown
    person.world.process(person.desk.sent[0])
    assert person.world.champion("churn") is None


def test_files_that_nobody_read_cannot_be_revoked_by_their_version() -> None:
    person = Person(WorldDesk(World()))
    adopted(person.world)

    with pytest.raises(InputError, match="churn:3 was adopted, and nobody has read its files"):
        person.runs("revoke", "churn:3", "--yes")


def test_files_that_were_read_before_their_version_was_adopted_can_be_revoked_by_it() -> None:
    world = World()
    world.policies.kept["churn.yaml"] = CHURN.replace("    metrics:", "    then: {pass: register_only}\n    metrics:")
    world.job("j1")
    world.process(job_event("j1"))
    person = Person(WorldDesk(world))
    assert world.process(message(world, "adopt", "churn", 1)).outcome == "adopted"
    world.process(revoke(world, None, None, sha256=digest_of(world, "churn", 1)))
    (waiting,) = Pending(world.ledger, world.questions, world.pauses, world.standstills, world.clock.now)
    assert (waiting.kind, waiting.source) == ("revoked", "champion churn:1")

    person.runs("revoke", "churn:1", "--no-champion", "--yes")

    assert world.process(person.desk.sent[0]).outcome == "revoked"
    assert (world.champion("churn"), world.registry.visible("churn")) == (None, [])


def test_a_version_can_be_revoked_while_the_champion_is_one_that_was_adopted() -> None:
    """As after a rollback to it from a bad version."""
    person = Person(WorldDesk(World()))
    world = person.world
    adopted(world)
    world.policies.kept["churn.yaml"] = CHURN.replace(", vs_champion: {max_regression: 0}", "")
    world.job("j1")
    assert world.process(job_event("j1")).version == 4
    world.process(rollback(world))
    assert world.champion("churn") == 3

    person.runs("revoke", "churn:4", "--yes")

    assert world.process(person.desk.sent[0]).outcome == "revoked"
    assert world.registry.visible("churn") == [3]


def test_a_revoked_version_is_not_offered_as_the_one_before(person: Person) -> None:
    person.world.process(revoke(person.world, version=2))

    person.runs("rollback", "churn", "--yes")

    assert person.sent["moves"] == [{"model": "churn", "from": 3, "to": 1}]
