"""skops: the types that a schema names are held against the profile."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registration.artifacts.profiles import named
from registration.artifacts.scan import Verdict
from tests.archives import zipped
from tests.scanning import codes, report


def a_node(module: str, name: str, loader: str = "ObjectNode", **more: Any) -> Any:
    return {"__class__": name, "__module__": module, "__loader__": loader, **more}


def a_model(*inside: Any) -> bytes:
    content = {"steps": list(inside), "dtype": a_node("numpy.dtypes", "Float64DType", "DTypeNode")}
    forest = a_node("sklearn.ensemble._forest", "RandomForestClassifier", content=content)
    return zipped({"schema.json": json.dumps(forest).encode()})


def test_a_model_of_scikit_learn_is_safe() -> None:
    functions = a_node("numpy", "log1p", "FunctionNode"), a_node("_codecs", "encode", "FunctionNode")
    types = a_node("collections", "defaultdict", "DefaultDictNode"), a_node("numpy", "dtype", "DTypeNode")

    found = report(a_model(*functions, *types), "model.skops", profile=named("sklearn"))

    assert (found.verdict, codes(found)) == (Verdict.SAFE, [])


@pytest.mark.parametrize(
    ("node", "verdict"),
    [
        (a_node("os", "system", "FunctionNode"), Verdict.UNSAFE),
        (a_node("sklearn.utils", "os.system", "FunctionNode"), Verdict.UNSAFE),
        (a_node("vendor.models", "Model"), Verdict.UNSCANNABLE),
        (a_node("sklearn.pipeline", "Pipeline", "MethodNode"), Verdict.UNSCANNABLE),
        ({"__module__": "vendor.models"}, Verdict.UNSCANNABLE),
        (a_node("_codecs", "encode", "ConstructorFromReduceNode"), Verdict.UNSCANNABLE),
        (a_node("collections", "defaultdict", "ConstructorFromReduceNode"), Verdict.UNSCANNABLE),
        (
            a_node("numpy", "log1p", "FunctionNode", content={"module_path": "os", "function": "system"}),
            Verdict.UNSAFE,
        ),
    ],
)
def test_any_other_type_is_not_safe(node: Any, verdict: Verdict) -> None:
    found = report(a_model(node, node), "model.skops", profile=named("sklearn"))

    assert (codes(found), found.verdict) == (["skops.unlisted_type"], verdict)


def test_a_schema_that_is_no_strict_json_is_unscannable() -> None:
    twice = b'{"__loader__": "ObjectNode", "__loader__": "JsonNode"}'

    assert codes(report(zipped({"schema.json": twice}), "model.skops")) == ["skops.broken"]


def test_a_schema_in_another_encoding_is_read_as_skops_reads_it() -> None:
    schema = json.dumps(a_node("os", "system")).encode("utf-16")

    assert codes(report(zipped({"schema.json": schema}), "model.skops")) == ["skops.unlisted_type"]


def test_another_schema_is_text() -> None:
    assert report(b'{"type": "object", "properties": {}}', "schema.json").format == "text"


def test_a_schema_that_is_too_large_is_not_taken_for_text() -> None:
    schema = b'{"a": "' + b"A" * 9_000_000 + b'", ' + json.dumps(a_node("os", "system")).encode()[1:]

    assert codes(report(zipped({"schema.json": schema}), "model.skops")) == ["scan.too_large"]
