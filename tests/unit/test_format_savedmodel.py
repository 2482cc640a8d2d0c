"""SavedModel: operators that reach out of the graph are found, in functions too, and Keras metadata is judged."""

from __future__ import annotations

import json

import pytest

from registration.artifacts.scan import Verdict
from tests.scanning import codes, report


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def node(op: str) -> bytes:
    return field(1, b"name") + field(2, op.encode()) + field(3, b"input")


def a_model(*, ops: tuple[str, ...] = ("MatMul",), in_function: tuple[str, ...] = ()) -> bytes:
    function = field(1, field(1, b"f")) + b"".join(field(3, node(op)) for op in in_function)
    graph = b"".join(field(1, node(op)) for op in ops) + field(2, field(1, function))
    return field(1, 1) + field(2, field(1, b"") + field(2, graph))


def metadata(config: object) -> bytes:
    entry = field(2, 1) + field(3, b"root") + field(4, b"_tf_keras_layer") + field(5, json.dumps(config).encode())
    return field(1, entry)


def test_a_plain_graph_is_safe() -> None:
    found = report(a_model(), "saved_model.pb")

    assert (found.format, found.verdict, codes(found)) == ("savedmodel", Verdict.SAFE, [])


@pytest.mark.parametrize(
    "op", ["ReadFile", "WriteFile", "PyFunc", "EagerPyFunc", "MatchingFiles", "DebugIdentityV3", "RemoteCall"]
)
def test_operators_that_reach_out_are_unsafe(op: str) -> None:
    at_top, in_function = report(a_model(ops=(op,)), "saved_model.pb"), report(a_model(in_function=(op,)), "x.pb")

    assert codes(at_top) == codes(in_function) == ["savedmodel.reaches_out"]
    assert at_top.verdict is Verdict.UNSAFE
    assert op in at_top.findings[0].message


def test_a_lambda_in_the_keras_metadata_is_unsafe() -> None:
    found = report(metadata({"class_name": "Lambda", "config": {}}), "keras_metadata.pb")

    assert (found.format, codes(found)) == ("keras metadata", ["keras.runs_code"])


def test_plain_keras_metadata_is_safe() -> None:
    assert report(metadata({"class_name": "Dense", "config": {}}), "keras_metadata.pb").verdict is Verdict.SAFE


def test_variables_are_numbers() -> None:
    index = bytes(100) + bytes.fromhex("57fb808b247547db")

    assert report(index, "variables/variables.index").verdict is Verdict.SAFE
    assert report(b"\x01\x02\x00\xff" * 90, "variables/variables.data-00000-of-00001").verdict is Verdict.SAFE


FINGERPRINT = b"".join(field(number, 2**60 + number) for number in range(1, 6)) + field(6, field(1, 4))


@pytest.mark.parametrize("data", [FINGERPRINT, FINGERPRINT + field(7, b"9008592372745065472713")])
def test_a_fingerprint_is_numbers(data: bytes) -> None:
    found = report(data, "fingerprint.pb")

    assert (found.format, found.verdict) == ("savedmodel fingerprint", Verdict.SAFE)


@pytest.mark.parametrize(
    "data",
    [
        FINGERPRINT[:-1],
        FINGERPRINT + field(8, 1),
        FINGERPRINT + FINGERPRINT,
        field(1, 1) + field(2, 2),
        FINGERPRINT + field(7, bytes(300)),
    ],
)
def test_what_is_not_quite_a_fingerprint_is_none(data: bytes) -> None:
    assert report(data, "fingerprint.pb").format != "savedmodel fingerprint"


def test_a_pickle_in_the_place_of_variables_is_not_numbers() -> None:
    assert report(b"\x80\x04\x95", "variables/other.data").verdict is not Verdict.SAFE


@pytest.mark.parametrize("op", ["CreateSummaryFileWriter", "WriteRawProtoSummary", "TFRecordDatasetV2", "CacheDataset"])
def test_operators_that_read_and_write_files_by_the_way_are_unsafe(op: str) -> None:
    assert codes(report(a_model(ops=(op,)), "saved_model.pb")) == ["savedmodel.reaches_out"]


def test_an_operator_that_a_library_brings_is_unlisted() -> None:
    found = report(a_model(ops=("IO>ReadParquet", "MatMul")), "saved_model.pb")

    assert (codes(found), found.verdict) == (["savedmodel.custom_operator"], Verdict.UNSCANNABLE)


def test_more_kinds_of_operators_than_there_are_take_no_memory() -> None:
    data = a_model(ops=tuple(f"Op{number}" for number in range(10_001)))

    assert codes(report(data, "saved_model.pb")) == ["scan.too_large"]


def test_the_graph_that_tensorflow_saves_variables_with_is_safe() -> None:
    saver = ("StringJoin", "ShardedFilename", "SaveV2", "MergeV2Checkpoints", "Identity", "RestoreV2")

    found = report(a_model(in_function=saver), "saved_model.pb")

    assert (codes(found), found.verdict) == ([], Verdict.SAFE)
