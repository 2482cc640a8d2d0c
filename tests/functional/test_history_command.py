"""`registrar history` and `registrar explain` on real storage, after decisions made as production makes them."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest
import typer
from azure.storage.blob import ContainerClient
from typer.testing import CliRunner

from registration import cli_history, cli_policy
from registration.errors import InputError
from sandbox import names, raised
from tests.functional import one_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from azure.identity import DefaultAzureCredential
    from typer.testing import Result

    from registration.outcome import Outcome
    from sandbox.sandbox import Sandbox

type Train = Callable[[float], Outcome]


@pytest.fixture
def model() -> str:
    return f"history-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def train(
    sandbox: Sandbox, credential: DefaultAzureCredential, outputs: ContainerClient, tmp_path: Path, model: str
) -> Train:
    """Let a job of the experiment `model` complete with an accuracy, and be judged."""
    policy = one_model.policy(model, metrics=one_model.NO_WORSE)
    registrar = one_model.app(sandbox.environment(), credential, tmp_path, policy).registrar

    def run(accuracy: float) -> Outcome:
        job = one_model.train(sandbox, outputs, model, f"{model}-{uuid.uuid4().hex[:6]}", accuracy=accuracy)
        (outcome,) = registrar.process(json.dumps(raised.run_completed(job, model)))
        return outcome

    return run


@pytest.fixture
def decisions(credential: DefaultAzureCredential) -> ContainerClient:
    url = f"https://{names.blob_host(names.STATE_ACCOUNT)}"
    return ContainerClient(url, "registrar-decisions", credential=credential)


def registrar(*arguments: str) -> Result:
    app = typer.Typer(pretty_exceptions_enable=False)
    cli_history.add_to(app)
    cli_policy.add_to(app)
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def made(train: Train) -> list[Outcome]:
    """A first champion, a rejection and a second champion."""
    return [train(0.7), train(0.6), train(0.8)]


def test_the_history_of_a_model_is_shown_and_whole(made: list[Outcome], model: str) -> None:
    table, check = registrar("history", model), registrar("history", model, "--verify")

    assert [outcome.outcome for outcome in made] == ["registered", "rejected", "registered"]
    assert "3 decisions, newest last; version 2 is the champion" in " ".join(table.output.split())
    assert (check.output, check.exit_code) == ("3 decisions, chain whole\n", 0)


def test_who_was_champion_is_answered_from_the_decisions(made: list[Outcome], model: str) -> None:
    decisions = json.loads(registrar("history", model, "--json").output)["decisions"]
    between = decisions[1]["decided_at"]

    then = json.loads(registrar("history", model, "--at", between, "--json").output)

    assert (then["version"], then["decision"], then["until"]) == (1, made[0].decision, decisions[2]["decided_at"])


def test_a_version_and_its_work_are_explained_alike(made: list[Outcome], model: str) -> None:
    by_version, by_work = registrar("explain", f"{model}:2"), registrar("explain", str(made[2].work))

    assert by_version.exit_code == 0
    assert by_version.output == by_work.output
    assert f"decision  {made[2].decision}" in by_version.output


@pytest.mark.usefixtures("made")
def test_another_policy_is_tried_on_the_decisions_in_storage(model: str, tmp_path: Path) -> None:
    stricter = tmp_path / "stricter.yaml"
    stricter.write_text((tmp_path / "p.yaml").read_text().replace('"min": 0.5', '"min": 0.75'), encoding="utf-8")

    result = registrar("policy", "replay", "--policy", str(stricter), "--since", "2020-01-01", model, "--json")

    told = json.loads(result.output)
    assert (result.exit_code, told["judged"], told["flipped"], told["incomplete"]) == (0, 3, 1, 0)
    assert [(one["seq"], one["was"], one["now"]) for one in told["decisions"]] == [(1, "register", "reject")]


def test_a_decision_edited_in_storage_is_found(made: list[Outcome], model: str, decisions: ContainerClient) -> None:
    blob = decisions.get_blob_client(f"{model}/{made[1].decision}.json")
    blob.upload_blob(blob.download_blob().readall().replace(b"0.6", b"0.9"), overwrite=True)

    check = registrar("history", model, "--verify")

    assert check.exit_code == 1
    assert "decision 2: it was changed after it was written" in " ".join(check.output.split())


def test_a_decision_that_is_not_text_any_more_is_a_break(
    made: list[Outcome], model: str, decisions: ContainerClient
) -> None:
    decisions.upload_blob(f"{model}/{made[0].decision}.json", b"\xff\xfe", overwrite=True)

    check = registrar("history", model, "--verify")

    assert check.exit_code == 1
    assert "2 decisions could be read, chain broken" in check.output


@pytest.mark.usefixtures("sandbox")
def test_a_model_that_was_never_decided_about_is_refused(model: str) -> None:
    result = registrar("history", model)

    assert isinstance(result.exception, InputError)
    assert model in str(result.exception)
