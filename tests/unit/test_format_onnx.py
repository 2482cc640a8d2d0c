"""ONNX: files outside of the model's folder and operators nobody knows are found, numbers are stepped over."""

from __future__ import annotations

from typing import Any

import pytest
from onnx import TensorProto, helper

from registration.artifacts.scan import Verdict, scan
from tests.scanning import NOTHING, codes, pinned, report


def a_model(*, domain: str = "", location: str | None = None, numbers: int = 4, functions: Any = ()) -> bytes:
    node = helper.make_node("Add", ["x", "w"], ["y"], domain=domain)
    weight = helper.make_tensor("w", TensorProto.UINT8, [numbers], bytes(numbers), raw=True)
    if location is not None:
        weight.ClearField("raw_data")
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=location)
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [numbers])],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, [numbers])],
        [weight],
    )
    model: bytes = helper.make_model(graph, functions=functions).SerializeToString()
    return model


def nested(domain: str) -> bytes:
    inner = helper.make_graph([helper.make_node("Run", [], ["y"], domain=domain)], "inner", [], [])
    node = helper.make_node("If", ["c"], ["y"], then_branch=inner, else_branch=inner)
    model: bytes = helper.make_model(helper.make_graph([node], "g", [], [])).SerializeToString()
    return model


def test_a_plain_model_is_safe() -> None:
    found = report(a_model(), "model.onnx")

    assert (found.format, found.verdict, codes(found)) == ("onnx", Verdict.SAFE, [])


@pytest.mark.parametrize(
    "location", ["../../etc/passwd", "/etc/passwd", "C:\\x", "a/../../b", "", "*/_ORT_MEM_ADDR_/*"]
)
def test_numbers_from_outside_the_folder_are_unsafe(location: str) -> None:
    found = report(a_model(location=location), "model.onnx")

    assert (found.verdict, codes(found)) == (Verdict.UNSAFE, ["onnx.external_data_escapes"])


def test_numbers_from_a_file_beside_the_model_are_told() -> None:
    found = report(a_model(location="weights.bin"), "model.onnx")

    assert (found.verdict, codes(found)) == (Verdict.SAFE, ["onnx.external_data"])


@pytest.mark.parametrize("model", [a_model(domain="evil.ops"), nested("evil.ops")])
def test_operators_of_a_custom_domain_are_unlisted(model: bytes) -> None:
    found = report(model, "model.onnx")

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["onnx.custom_domain"])
    assert "'evil.ops'" in found.findings[0].message


def test_a_domain_that_the_model_defines_itself_is_no_custom_one() -> None:
    body = helper.make_node("Add", ["a", "b"], ["c"])
    function = helper.make_function("own", "Add", ["a", "b"], ["c"], [body], [helper.make_opsetid("", 18)])

    assert codes(report(a_model(domain="own", functions=[function]), "model.onnx")) == []


def test_large_initializers_are_not_read() -> None:
    reader, _, traffic = pinned(a_model(numbers=32 * 1024 * 1024))

    assert scan(reader, profile=NOTHING).verdict is Verdict.SAFE
    assert traffic.requests <= 4
    assert traffic.bytes < 1024 * 1024


def test_a_model_cut_off_anywhere_is_a_report() -> None:
    model = a_model(numbers=100)

    found = [code for length in range(1, len(model)) for code in codes(report(model[:length], "model.onnx"))]

    assert set(found) == {"onnx.broken", "format.unknown", "format.contradicts_name"} & set(found)
    assert "onnx.broken" in found


def test_defaults_of_a_models_own_function_are_looked_into() -> None:
    function = helper.make_function("own", "f", [], ["y"], [], [])
    function.attribute_proto.add(name="a").t.CopyFrom(helper.make_tensor("w", TensorProto.UINT8, [1], b"x", raw=True))
    function.attribute_proto[0].t.external_data.add(key="location", value="../../x")

    assert codes(report(a_model(functions=[function]), "model.onnx")) == ["onnx.external_data_escapes"]


def test_a_function_makes_no_other_operator_of_its_domain_known() -> None:
    function = helper.make_function("own", "f", [], ["y"], [], [])

    assert codes(report(a_model(domain="own", functions=[function]), "model.onnx")) == ["onnx.custom_domain"]
