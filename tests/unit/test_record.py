"""The decision record: everything that was looked at, in JSON, and enough to compare with years later."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration import kept, record
from registration.finding import Finding, Level
from registration.policy.evidence import Evidence
from registration.record import Beside, Past
from tests.world import World, drop_event, job_event

CHAMPION = Past(4, "d4", Evidence({"accuracy": 0.8}, artifact_sha256="abc", version=4))


def written(world: World, message: str, *, champion: Past | None = None, findings: tuple[Finding, ...] = ()) -> Any:
    """The record of a case, as JSON brings it back."""
    case = world.case(message).finding(*findings)
    beside = Beside(champion)
    decision = beside.decide(case.candidate.model, case.evidence)
    document = record.write(case, decision, beside=beside, version=5, decided_at="2026-03-02T08:00:00+00:00")
    return json.loads(json.dumps(document, allow_nan=False))


@pytest.fixture
def world() -> World:
    world = World()
    world.job("j1")
    world.drop("vendor-a/1")
    return world


def test_a_record_says_what_was_decided_when_and_by_which_policy(world: World) -> None:
    document = written(world, job_event("j1"))

    assert (document["format"], document["model"], document["version"]) == ("registrar/decision/v1", "churn", 5)
    assert (document["outcome"], document["decided_at"]) == ("register", "2026-03-02T08:00:00+00:00")
    assert document["policy"]["name"] == "churn.yaml"
    assert [verdict["result"] for verdict in document["verdicts"]] == ["passed", "skipped"]


def test_a_record_says_what_was_offered(world: World) -> None:
    candidate = written(world, job_event("j1"))["candidate"]

    assert candidate["source"][:1] + candidate["source"][2:] == ["job", "j1", "model", ""]
    assert (candidate["work"], candidate["metrics"]) == ("w1", {"accuracy": 0.9})
    assert candidate["lineage"]["lineage.job"] == "j1"
    assert candidate["fingerprint"] == world.case(job_event("j1")).artifact.fingerprint
    assert [file["path"] for file in candidate["files"]] == ["model.onnx"]


def test_the_fingerprint_of_a_drop_is_its_manifest_s_etag(world: World) -> None:
    candidate = written(world, drop_event("vendor-a/1"))["candidate"]

    assert candidate["fingerprint"] == world.offer(drop_event("vendor-a/1")).listing_etag


def test_findings_are_on_record(world: World) -> None:
    finding = Finding("artifact.changed", "model.onnx", "was written again")

    document = written(world, job_event("j1"), findings=(finding,))

    (kept,) = json.loads(json.dumps(document["candidate"]["findings"]))
    assert kept == {
        "code": "artifact.changed",
        "path": "model.onnx",
        "message": "was written again",
        "member": "",
        "offset": None,
        "level": "unsafe",
        "action": "",
    }
    assert document["outcome"] == "reject"


@pytest.mark.parametrize(("level", "is_same"), [(Level.NOTE, True), (Level.UNSAFE, False)])
def test_a_note_does_not_keep_the_same_bytes_from_being_the_same(world: World, level: Level, is_same: bool) -> None:
    case = world.case(job_event("j1"))
    past = Past(1, "d1", Evidence(artifact_sha256=case.validation.sha256))

    assert past.is_same_as(case.finding(Finding("some.code", "a", "b", level=level))) is is_same


def test_the_champion_that_was_compared_with_is_on_record(world: World) -> None:
    assert written(world, job_event("j1"))["champion"] is None
    assert written(world, job_event("j1"), champion=CHAMPION)["champion"] == {
        "version": 4,
        "decision": "d4",
        "artifact_sha256": "abc",
        "metrics": {"accuracy": 0.8},
        "slices": {},
        "history": {},
        "comparable": {},
        "from_tags": [],
    }


def test_a_champion_read_back_gives_the_evidence_it_was_judged_by(world: World) -> None:
    case = world.case(job_event("j1"))

    past = Past.read(5, "d5", written(world, job_event("j1")))

    assert past == Past(5, "d5", replace(case.evidence, version=5))
    assert past.sha256 == case.validation.sha256


@pytest.mark.parametrize(
    ("value", "plain"), [(math.nan, "NaN"), (math.inf, "Infinity"), (-math.inf, "-Infinity"), ([1], "[1]"), (0.1, 0.1)]
)
def test_a_value_that_json_has_not_becomes_its_name(value: object, plain: object) -> None:
    assert kept.plain(value) == plain


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | st.booleans() | st.none())
def test_a_value_that_json_has_stays_what_it_is(value: object) -> None:
    assert json.loads(json.dumps(kept.plain(value))) == value
