"""An evidence file is read as it is written, or refused with the place; what is not a number is for the rules."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registration.errors import EvidenceError
from registration.policy import evidence_file, number
from registration.policy.evidence import Evidence, Point

if TYPE_CHECKING:
    from pathlib import Path


def refusal(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(EvidenceError) as refused:
        evidence_file.read(path)
    assert str(refused.value).startswith(f"{path}: ")
    return str(refused.value).removeprefix(f"{path}: ")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "candidate.json"


def test_every_member_is_read(path: Path) -> None:
    said = {
        "metrics": {"accuracy": 0.93},
        "slices": {"country=DE": {"accuracy": 0.9}},
        "tags": {"owner": "growth"},
        "lineage": {"git_commit": "9fceb02"},
        "history": {"accuracy": [{"step": 1, "value": 0.9}]},
        "comparable": {"eval_data.digest": "ab12"},
        "from_tags": ["accuracy"],
        "artifact_sha256": "AB" * 32,
        "version": 7,
        "formats": {"model.onnx": "onnx"},
    }
    path.write_text(json.dumps(said), encoding="utf-8")

    read = evidence_file.read(path)

    assert read.model_dump(mode="json") == said | {"artifact_sha256": "ab" * 32}
    assert read.evidence == Evidence(
        metrics={"accuracy": 0.93},
        slices={"country=DE": {"accuracy": 0.9}},
        tags={"owner": "growth"},
        lineage={"git_commit": "9fceb02"},
        history={"accuracy": (Point(1, 0.9),)},
        comparable={"eval_data.digest": "ab12"},
        artifact_sha256="ab" * 32,
        from_tags=frozenset({"accuracy"}),
        version=7,
        formats={"model.onnx": "onnx"},
    )


def test_a_list_in_the_lineage_is_what_a_model_version_says(path: Path) -> None:
    path.write_text('{"lineage": {"datasets": ["azureml://a", "azureml://b"]}}', encoding="utf-8")

    assert evidence_file.read(path).evidence.lineage == {"datasets": '["azureml://a", "azureml://b"]'}


def test_parameters_and_flags_in_the_lineage_are_what_a_model_version_says(path: Path) -> None:
    path.write_text('{"lineage": {"parameters": {"C": "1.0"}, "git_dirty": false}}', encoding="utf-8")

    assert evidence_file.read(path).evidence.lineage == {"parameters": '{"C": "1.0"}', "git_dirty": "false"}


def test_nothing_is_required(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf{}")

    assert evidence_file.read(path).evidence.metrics == {}


SPELLED = ["NaN", "Infinity", "-Infinity", '"nan"', '"NaN"', '"-inf"', '"INFINITY"', "1e999", "1.7976931348623157e308"]


@pytest.mark.parametrize("written", SPELLED)
def test_what_is_not_finite_stays_so_in_every_spelling(path: Path, written: str) -> None:
    path.write_text(f'{{"metrics": {{"accuracy": {written}}}}}', encoding="utf-8")

    found = evidence_file.read(path).evidence.metrics["accuracy"]

    assert isinstance(flaw := number.read(found), number.Flaw)
    assert flaw.code == "nonfinite"


REFUSED = [
    ("{", "is not JSON: line 1 column 2: Expecting property name enclosed in double quotes"),
    ("", "is not JSON: line 1 column 1: Expecting value"),
    ("[]", "must be a mapping of keys to values"),
    ('{"metric": {}}', "metric: unknown key; did you mean 'metrics'?"),
    ('{"metrics": [0.9]}', "metrics: must be a mapping of keys to values"),
    ('{"metrics": {"a": 1, "a": 2}}', "the key 'a' is given twice in one object"),
    ('{"tags": {"owner": 3}}', 'tags.owner: must be text; put it in quotes: "3"'),
    ('{"lineage": {"datasets": [1]}}', "lineage.datasets: must be text"),
    ('{"comparable": {"eval_data": 3}}', 'comparable.eval_data: must be text; put it in quotes: "3"'),
    ('{"slices": {"country=DE": 0.9}}', 'slices["country=DE"]: must be a mapping of keys to values'),
    ('{"history": {"a": [{"step": 1.5, "value": 1}]}}', "history.a[0].step: must be a whole number"),
    ('{"history": {"a": [{"step": 1}]}}', "history.a[0].value: is required"),
    ('{"artifact_sha256": "ab"}', "artifact_sha256: must be 64 hexadecimal digits"),
    ('{"version": true}', "version: must be a whole number"),
    (b"\xff", "is not UTF-8 (byte 0)"),
    ("[" * 100_000, "is nested too deeply"),
    ('{"version": ' + "9" * 5000 + "}", "holds a whole number of more digits than are read"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_cannot_be_used_is_refused_with_its_place(path: Path, text: str | bytes, message: str) -> None:
    assert refusal(path, text).startswith(message)


def test_a_file_that_is_too_long_is_not_parsed(path: Path) -> None:
    assert refusal(path, b" " * (evidence_file.LIMIT_BYTES + 1)) == "is longer than 10485760 bytes"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"nowhere\.json: no such file or directory"):
        evidence_file.read(tmp_path / "nowhere.json")


def test_earlier_champions_are_a_list_with_the_oldest_first(path: Path) -> None:
    path.write_text('[{"version": 1}, {"version": 2}]', encoding="utf-8")

    assert [one.version for one in evidence_file.read_past(path)] == [1, 2]


@pytest.mark.parametrize(
    ("text", "message"), [("{}", "must be a list of evidence, the oldest"), ('[{}, {"x": 1}]', "[1].x: unknown key")]
)
def test_a_wrong_list_of_champions_is_refused_with_its_place(path: Path, text: str, message: str) -> None:
    path.write_text(text, encoding="utf-8")

    with pytest.raises(EvidenceError) as refused:
        evidence_file.read_past(path)

    assert str(refused.value).startswith(f"{path}: {message}")


NUMBERS = st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats() | st.text()
JSON = st.recursive(NUMBERS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@settings(deadline=None)
@given(JSON | st.fixed_dictionaries({}, optional=dict.fromkeys(evidence_file.EvidenceDocument.model_fields, JSON)))
def test_any_json_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, said: object) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(said), encoding="utf-8")

    with contextlib.suppress(EvidenceError):
        read = evidence_file.read(path)

        assert isinstance(said, dict)
        assert read.evidence.metrics.keys() == said.get("metrics", {}).keys()
