"""Portable evidence validates against the schemas that its formats publish, whatever a decision record holds."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.resource_descriptor_pb2 import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from registration.portable.formats import FORMATS, text_of
from tests.decided import LINEAGE, decided
from tests.world import World, job_event

if TYPE_CHECKING:
    from collections.abc import Iterator

    from registration.portable.decided import Decided

OPENLINEAGE = Path(__file__).parent.parent / "schemas" / "openlineage"
BILLS = [JsonStrictValidator(version) for version in (SchemaVersion.V1_6, SchemaVersion.V1_7)]

texts = st.text(max_size=20)
metrics = st.dictionaries(texts, st.floats(allow_nan=False) | st.integers() | texts | st.sampled_from(["NaN", None]))
lineages = st.fixed_dictionaries({}, optional={name: texts | st.just(said) for name, said in LINEAGE.items()})
lists = st.lists(texts, max_size=3).map(json.dumps)
files = st.lists(
    st.fixed_dictionaries(
        {"path": st.text(min_size=1, max_size=20), "size": st.integers(0), "sha256": st.just("a" * 64)}
    ),
    max_size=3,
    unique_by=lambda file: file["path"],
)


@cache
def openlineage() -> Registry[Any]:
    schemas = (json.loads(file.read_text()) for file in sorted(OPENLINEAGE.glob("*.json")))
    return Registry().with_resources((schema["$id"], Resource.from_contents(schema)) for schema in schemas)


def hold(document: object, *, to: str) -> None:
    """Raise unless `document` is what the schema at `to`, a URL of OpenLineage's, says."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": to}
    Draft202012Validator(schema, registry=openlineage(), format_checker=FormatChecker()).validate(document)


def facets_in(document: object) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        if "_schemaURL" in document:
            yield document
        for inner in document.values():
            yield from facets_in(inner)
    elif isinstance(document, list):
        for inner in document:
            yield from facets_in(inner)


def check_openlineage(document: dict[str, Any]) -> None:
    hold(document, to=document["schemaURL"])
    for facet in facets_in(document):
        hold(facet, to=facet["_schemaURL"])


def check_cyclonedx(text: str) -> None:
    for schema in BILLS:
        assert schema.validate_str(text) is None


def check_statement(text: str) -> dict[str, Any]:
    """The predicate, after the statement passed in-toto's own message type and checks."""
    message = json_format.Parse(text, statement_pb2.Statement())
    Statement.copy_from_pb(message).validate()
    predicate: dict[str, Any] = json.loads(text)["predicate"]
    return predicate


def check_svr(predicate: dict[str, Any]) -> None:
    """What spec/predicates/svr.md asks of version 0.2: nobody has published a schema of it yet."""
    assert predicate.keys() == {"verifier", "timeCreated", "properties"}
    assert predicate["verifier"].keys() == {"id", "policies"}
    assert all(json_format.ParseDict(policy, ResourceDescriptor()) for policy in predicate["verifier"]["policies"])
    Timestamp().FromJsonString(predicate["timeCreated"])
    assert all(isinstance(each, str) for each in predicate["properties"])


def check_all(made: Decided) -> None:
    check_openlineage(json.loads(text_of(made, format="openlineage")))
    check_cyclonedx(text_of(made, format="cyclonedx"))
    predicate = check_statement(text_of(made, format="intoto"))
    json_format.ParseDict(predicate, test_result_pb2.TestResult())
    check_svr(check_statement(text_of(made, format="svr")))


def test_the_decision_in_the_documents_makes_valid_documents() -> None:
    check_all(decided())


def test_what_the_app_decides_makes_valid_documents() -> None:
    world = World()
    world.job("j1")
    outcome = world.process(job_event("j1"))
    record = world.ledger.decision("churn", str(outcome.decision))

    made = decided(**record)

    assert [file.path for file in made.files if file.sha256] == ["model.onnx"]
    check_all(made)


@given(metrics=metrics, slices=st.dictionaries(texts, metrics, max_size=2), files=files, lineage=lineages)
def test_whatever_was_measured_and_said_the_documents_are_valid(
    metrics: dict[str, Any], slices: dict[str, Any], files: list[Any], lineage: dict[str, str]
) -> None:
    check_all(decided(candidate={"metrics": metrics, "slices": slices, "files": files}, lineage=lineage))


@given(datasets=lists, base_models=lists, environment=texts, git_repository=texts)
def test_whatever_a_lineage_names_the_documents_are_valid(**said: str) -> None:
    check_all(decided(lineage={**LINEAGE, **said}))


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_decision_makes_the_same_text(name: str) -> None:
    assert text_of(decided(), format=name) == text_of(decided(), format=name)


@pytest.mark.parametrize("name", FORMATS)
def test_another_decision_makes_another_text(name: str) -> None:
    other = decided(decided_at="2026-11-20T06:40:52+00:00", candidate={"files": [], "artifact_sha256": "b" * 64})

    assert text_of(other, format=name) != text_of(decided(), format=name)
