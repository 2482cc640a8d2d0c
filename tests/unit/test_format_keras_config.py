"""Keras configurations: plain layers pass; what imports or runs something of the author's does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registration.artifacts.scan import Verdict
from registration.finding import Level
from tests.scanning import codes, report


def an_object(name: Any, *, module: str | None = "keras.layers", registered: str | None = None, **config: Any) -> Any:
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def a_model(*layers: Any) -> bytes:
    model = an_object("Functional", module="keras.src.models.functional", registered="Functional", layers=list(layers))
    return json.dumps(model).encode()


PLAIN = an_object(
    "Dense",
    kernel=an_object("GlorotUniform", module="keras.initializers"),
    dtype=an_object("DTypePolicy", module="keras"),
)


def test_plain_layers_are_safe() -> None:
    found = report(a_model(PLAIN), "config.json")

    assert (found.format, found.verdict, codes(found)) == ("keras configuration", Verdict.SAFE, [])


@pytest.mark.parametrize("module", ["keras.src.ops.nn", "keras.src.ops.numpy", "keras.ops.math"])
def test_operations_of_keras_are_safe(module: str) -> None:
    found = report(a_model(an_object("Relu", module=module, registered="Relu")), "config.json")

    assert (found.verdict, codes(found)) == (Verdict.SAFE, [])


@pytest.mark.parametrize(
    ("layer", "code"),
    [
        (an_object("Lambda"), "keras.runs_code"),
        (an_object("TimeDistributed", layer=an_object("Lambda")), "keras.runs_code"),
        ({"class_name": "__lambda__", "config": {"value": "4wEA"}}, "keras.runs_code"),
        (an_object("Mine>Lambda"), "keras.runs_code"),
        ({"class_name": "DropoutWrapper", "config": {"dropout_fn_type": "lambda"}}, "keras.runs_code"),
        ({"class_name": "ResidualWrapper", "config": {"residual_fn_type": "lambda"}}, "keras.runs_code"),
        (an_object("TFSMLayer", filepath="/x"), "keras.runs_code"),
        (an_object("system", module="os"), "keras.foreign_module"),
        (an_object("System", module="os"), "keras.foreign_module"),
        (an_object("function", module="builtins"), "keras.foreign_module"),
        (an_object("get_file", module="keras.utils"), "keras.foreign_module"),
        (an_object("Anything", module="keras.config"), "keras.foreign_module"),
        (an_object("Dense", module="keras_evil.layers"), "keras.foreign_module"),
        (an_object("Layer", module="tf_keras.src.engine.functional"), "keras.foreign_module"),
        (an_object("Node", module="keras.src.ops.node"), "keras.foreign_module"),
        (an_object("while_loop", module="keras.src.ops.core"), "keras.foreign_module"),
        (an_object("Relu", module="keras.src.ops"), "keras.foreign_module"),
        (an_object(["Dense"]), "keras.foreign_module"),
    ],
)
def test_what_runs_or_imports_something_of_the_authors_is_unsafe(layer: Any, code: str) -> None:
    found = report(a_model(PLAIN, layer), "config.json")

    assert (found.verdict, codes(found)) == (Verdict.UNSAFE, [code])


@pytest.mark.parametrize(
    "layer",
    [
        an_object("Mine", registered="acme>Mine"),
        an_object("Mine", module=None, registered="Mine"),
        an_object("Mine", module=None, registered="keras>Mine"),
    ],
)
def test_a_class_that_the_reader_has_to_bring_is_unlisted(layer: Any) -> None:
    found = report(a_model(layer), "config.json")

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["keras.custom_object"])


@pytest.mark.parametrize(
    "data", [b'{"class_name": "A"', b'{"class_name": 1, "class_name": 2}', b'{"class_name":' + b"[" * 90_000]
)
def test_a_broken_configuration_is_never_safe(data: bytes) -> None:
    assert report(data, "config.json").verdict is Verdict.UNSCANNABLE


@pytest.mark.parametrize(
    ("path", "level"), [("/etc/passwd", Level.UNSAFE), ("https://x.org/v", Level.UNSAFE), ("words.txt", Level.UNLISTED)]
)
@pytest.mark.parametrize("layer", ["StringLookup", "TextVectorization", "IntegerLookup"])
def test_a_vocabulary_in_a_file_is_found(path: str, level: Level, layer: str) -> None:
    found = report(a_model(an_object(layer, vocabulary=path), an_object(layer, vocabulary=["a"])), "config.json")

    assert [(finding.code, finding.level) for finding in found.findings] == [("keras.reads_file", level)]


@pytest.mark.parametrize("function", ["io.write_file", "raw_ops.WriteFile", "py_function", None])
@pytest.mark.parametrize("layer", ["TFOpLambda", "SlicingOpLambda", "ClassMethod"])
def test_a_layer_that_calls_any_function_of_tensorflow_is_unlisted(layer: str, function: str | None) -> None:
    found = report(a_model(an_object(layer, module=None, function=function)), "config.json")

    assert (codes(found), found.verdict) == (["keras.custom_object"], Verdict.UNSCANNABLE)


def test_a_method_is_none_of_tensorflow_s_functions() -> None:
    layer = an_object("ClassMethod", module=None, function="math.add", cls_symbol="io.TFRecordWriter")

    assert codes(report(a_model(layer), "config.json")) == ["keras.custom_object"]


def test_a_layer_that_is_any_operator_of_tensorflow_is_unlisted() -> None:
    layer = {"class_name": "TensorFlowOpLayer", "config": {"node_def": {"op": "WriteFile"}}}

    found = report(a_model(PLAIN, layer), "config.json")

    assert (codes(found), found.verdict) == (["keras.custom_object"], Verdict.UNSCANNABLE)


@pytest.mark.parametrize(
    ("column", "config"),
    [
        ("VocabularyFileCategoricalColumn", {"vocabulary_file": "/etc/passwd"}),
        ("EmbeddingColumn", {"ckpt_to_load_from": "../other/model.ckpt"}),
    ],
)
def test_a_column_of_features_that_is_read_from_a_file_is_found(column: str, config: dict[str, str]) -> None:
    features = {"class_name": "DenseFeatures", "config": {"columns": [{"class_name": column, "config": config}]}}

    found = report(a_model(features), "config.json")

    assert (codes(found), found.verdict) == (["keras.reads_file"], Verdict.UNSAFE)


@pytest.mark.parametrize(
    ("module", "name"), [("tf_keras.src.engine.functional", "Functional"), ("keras.src.engine.training", "Model")]
)
def test_a_model_that_keras_2_names_by_its_place_is_safe(module: str, name: str) -> None:
    assert codes(report(a_model(an_object(name, module=module, registered=name)), "config.json")) == []


@pytest.mark.parametrize("function", ["math.add", "__operators__.getitem", "reshape", "compat.v1.nn.dropout"])
def test_a_layer_that_calls_an_operation_is_safe(function: str) -> None:
    assert codes(report(a_model(an_object("TFOpLambda", module=None, function=function)), "config.json")) == []


@pytest.mark.parametrize(("name", "code"), [("mean_squared_error", []), ("eval", ["keras.foreign_module"])])
def test_functions_are_found_by_their_name(name: str, code: list[str]) -> None:
    loss = {"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}

    assert codes(report(a_model(PLAIN, loss), "config.json")) == code


def test_an_optimizer_of_a_backend_is_safe() -> None:
    adam = an_object("Adam", module="keras.src.backend.torch.optimizers.torch_adam", registered="Adam")

    assert codes(report(a_model(PLAIN, adam), "config.json")) == []


@pytest.mark.parametrize("layer", ["TFOpLambda", "InstanceMethod"])
def test_a_layer_that_calls_a_function_may_not_come_from_anywhere(layer: str) -> None:
    found = report(a_model(an_object(layer, module="vendor.layers", function="py_function")), "config.json")

    assert set(codes(found)) == {"keras.custom_object", "keras.foreign_module"}
