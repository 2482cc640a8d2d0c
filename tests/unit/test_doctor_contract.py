"""Clauses that a service breaks: each is said to be broken, with what was seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from registration import settings
from registration.azure import deployments, registry
from registration.azure import shared as registries
from registration.azure import workspace as reads
from registration.doctor import shared, workspace
from registration.doctor.check import Check, State
from registration.doctor.contract.bench import Bench
from registration.doctor.contract.run import CLAUSES
from registration.doctor.identity import Identity
from registration.doctor.patient import Patient
from registration.doctor.wire import Answer, Ask, Audience

if TYPE_CHECKING:
    from collections.abc import Callable

WORKSPACE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
SETTINGS = settings.from_environment(
    {
        "REGISTRAR_WORKSPACE": WORKSPACE,
        "REGISTRAR_STORAGE__blobServiceUri": "https://led.blob.core.windows.net",
        "REGISTRAR_STORAGE__queueServiceUri": "https://led.queue.core.windows.net",
    }
)
CODES = {clause.code: clause for clause in CLAUSES}
STORE = {"name": "d", "properties": {"accountName": "acc", "containerName": "box", "isDefault": True}}


class Service:
    """Answers what `break_` says, and else as the contract has it, as far as these tests need."""

    def __init__(self, break_: Callable[[Ask], Answer | None]) -> None:
        self.break_ = break_

    def ask(self, ask: Ask) -> Answer:
        broken = self.break_(ask)
        if broken is not None:
            return broken
        if "/datastores" in ask.url:
            return Answer(200, document={"value": [STORE]})
        return Answer(201 if ask.method == "PUT" else 200, document={}, headers={"etag": '"1"', "date": ""})

    def token(self, audience: Audience) -> str:
        return audience


def settled(code: str, break_: Callable[[Ask], Answer | None]) -> Check:
    identity = Identity("o", "t", "n", is_person=True)
    return CODES[code].check(Bench(Patient(SETTINGS, identity, Service(break_)), "12345678"))


def versions(**properties: Any) -> Callable[[Ask], Answer | None]:
    """A service whose versions say this."""

    def answer(ask: Ask) -> Answer | None:
        return (
            Answer(200, document={"properties": properties}) if ask.method == "GET" and "/models/" in ask.url else None
        )

    return answer


def when(header: str, answer: Answer) -> Callable[[Ask], Answer | None]:
    """A service that answers so to requests with this header."""
    return lambda ask: answer if header in ask.headers else None


def jobs(*found: dict[str, Any]) -> Callable[[Ask], Answer | None]:
    """A service with these jobs."""
    return lambda ask: Answer(200, document={"value": list(found)}) if "/jobs?" in ask.url else None


def job(name: str, at: str) -> dict[str, Any]:
    properties = {"status": "Completed", "outputs": {"model": {"jobOutputType": "custom_model"}}}
    return {"name": name, "properties": properties, "systemData": {"createdAt": at}}


@pytest.mark.parametrize(
    ("code", "break_", "seen"),
    [
        ("version-replaced", when("If-None-Match", Answer(412, "Unmet")), "the second write answered 412 Unmet"),
        ("path-fixed", lambda _: None, "another path was answered 201"),
        ("next-version", versions(nextVersion=7), "after 2 it is 7"),
        ("archived-count", versions(nextVersion=2), "after 2, archived, it is 2"),
        ("stage-default", versions(stage=None), "the stage is None"),
        ("stage-any", versions(stage="Development"), "the stage is Development"),
        ("archived-stage", versions(stage="Production"), "the stage is Production"),
        ("tags-kept", versions(tags={}, properties={}), "different are empty, empty, umlaut"),
        ("origin-kept", versions(jobName="j"), "it was answered 201"),
        ("long-property", versions(properties={"long": "cut"}), "it was answered 201"),
        ("unknown-member", lambda _: None, "it was answered 201"),
        ("jobs-newest-first", jobs(job("a", "2026-01-01T00:00:00Z"), job("b", "2026-01-02T00:00:00Z")), "2 jobs from"),
        ("job-end", jobs(job("a", "2026-01-01T00:00:00Z")), "EndTimeUtc is None"),
        ("discovery", lambda _: None, "no address"),
        ("created-once", lambda _: None, "the second was answered 201"),
        ("stale-write", lambda _: None, "it was answered 201"),
        ("new-etag", lambda _: None, "three writes made"),
        ("dates", lambda _: None, "there are date, etag"),
    ],
)
def test_a_clause_that_is_broken_says_what_was_seen(
    code: str, break_: Callable[[Ask], Answer | None], seen: str
) -> None:
    check = settled(code, break_)

    assert check.state is State.FAILED
    assert check.seen.startswith(f"{CODES[code].says}: no, {seen}")


@pytest.mark.parametrize("code", ["job-path", "jobs-newest-first", "job-end", "steps-unlisted", "metrics", "resolved"])
def test_without_a_job_nothing_is_said_of_jobs(code: str) -> None:
    assert settled(code, lambda _: None).state is State.SKIPPED


def test_scratch_versions_are_written_to_the_scratch_model_alone() -> None:
    written: list[str] = []

    def record(ask: Ask) -> None:
        if ask.method == "PUT" and "management.azure.com" in ask.url:
            written.append(ask.url)
            assert json.loads(ask.body or "")["properties"]

    for clause in CLAUSES:
        settled(clause.code, record)

    assert written
    assert all(f"{WORKSPACE}/models/registrar-contract-12345678" in url for url in written)


def test_the_doctor_asks_in_the_versions_that_the_app_asks_in() -> None:
    assert (workspace.MODELS_API, workspace.JOBS_API) == (registry.MODELS_API, reads.JOBS_API)
    assert workspace.WORKSPACES_API == reads.WORKSPACES_API
    assert workspace.ENDPOINTS_API == deployments.ENDPOINTS_API


def test_the_doctor_finds_registries_as_the_app_does() -> None:
    assert (shared.DISCOVERY, shared.TRUSTED) == (registries.DISCOVERY, registries.TRUSTED)
    assert {"api-version": shared.API} == registries.API
