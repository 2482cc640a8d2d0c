"""Many workers at once, in several processes of several threads each: one decision, one version, one champion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from registration import history
from sandbox import raised
from tests.functional import one_model

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential
    from azure.storage.blob import ContainerClient

    from registration.bootstrap import Parts
    from registration.history import History
    from sandbox.sandbox import Sandbox

WORKER = Path(__file__).with_name("many_workers.py")
PROCESSES = 3
ACCURACIES = {"a": 0.91, "b": 0.95, "c": 0.93, "d": 0.99, "e": 0.5}
PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class Ended:
    """What the workers said, and what is left."""

    model: str
    outcomes: Counter[str]
    past: History
    parts: Parts
    sandbox: Sandbox


@pytest.fixture(scope="module")
def ended(
    sandbox: Sandbox,
    credential: DefaultAzureCredential,
    outputs: ContainerClient,
    tmp_path_factory: pytest.TempPathFactory,
) -> Ended:
    """Every process got both events of five jobs that compete for one model."""
    model, policies = f"many-{uuid.uuid4().hex[:8]}", tmp_path_factory.mktemp("policies")
    rule = {**one_model.NO_WORSE["accuracy"], "min": 0.8}
    found = one_model.app(
        sandbox.environment(), credential, policies, one_model.policy(model, metrics={"accuracy": rule})
    )
    messages: list[str] = []
    for letter, accuracy in ACCURACIES.items():
        job = one_model.train(sandbox, outputs, model, f"{model}-{letter}", accuracy=accuracy)
        events = raised.run_completed(job, model), raised.run_status_changed(job, model, "Completed")
        messages += map(json.dumps, events)
    said = work_off(messages, str(policies))
    return Ended(model, said, history.read(found.ledger, model), found, sandbox)


def work_off(messages: list[str], policies: str) -> Counter[str]:
    """Every outcome of every process, each of which works on all messages in an order of its own."""
    root = str(WORKER.parents[2])
    processes = [
        subprocess.Popen(
            [sys.executable, str(WORKER), policies, str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": root},
        )
        for seed in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(json.dumps(messages))
        process.stdin.close()
        process.stdin = None
    told = [process.communicate(timeout=PATIENCE_SECONDS)[0] for process in processes]
    return Counter(outcome for each in told for outcome in json.loads(each))


def test_every_work_has_one_decision_and_the_chain_is_whole(ended: Ended) -> None:
    assert ended.past.is_whole
    assert len({step.work for step in ended.past.steps}) == len(ended.past.steps) == len(ACCURACIES)


def test_the_best_candidate_is_champion_in_whatever_order_they_were_settled(ended: Ended) -> None:
    champion = ended.past.with_version(ended.past.champion or 0)

    assert champion is not None
    assert champion.source == f"job {ended.model}-d, output model"


def test_each_registered_work_has_one_active_version_and_one_of_them_shows_as_champion(ended: Ended) -> None:
    active = [each for each in ended.sandbox.workspace.versions(ended.model) if not each.is_archived]

    registered = {step.version: step.work for step in ended.past.steps if step.version is not None}
    assert {int(each.version): each.properties["registrar.work"] for each in active} == registered
    assert [int(each.version) for each in active if each.stage == "Production"] == [ended.past.champion]


def test_every_work_is_finished_and_nothing_was_given_up(ended: Ended) -> None:
    works = [ended.parts.ledger.work(step.work) for step in ended.past.steps]

    assert [work and work.state for work in works] == ["finished"] * len(ACCURACIES)
    assert ended.outcomes["quarantined"] == 0


def test_each_work_was_settled_once_and_was_a_duplicate_every_other_time(ended: Ended) -> None:
    settled = ended.outcomes["registered"] + ended.outcomes["rejected"]

    assert settled >= len(ACCURACIES)
    assert settled + ended.outcomes["duplicate"] == PROCESSES * 2 * len(ACCURACIES)


def test_every_notice_was_sent_always_under_one_id(ended: Ended) -> None:
    told = [event for event in ended.sandbox.topic.events if event["data"].get("model") == ended.model]

    ids = {(event["data"]["work"], event["type"]): set[str]() for event in told}
    for event in told:
        ids[event["data"]["work"], event["type"]].add(event["id"])
    registered = sum(step.version is not None for step in ended.past.steps)
    assert {len(each) for each in ids.values()} == {1}
    assert Counter(kind for _, kind in ids) == Counter(
        {
            "Registrar.ModelRegistered": registered,
            "Registrar.ChampionChanged": registered,
            "Registrar.ModelRejected": len(ACCURACIES) - registered,
        }
    )
