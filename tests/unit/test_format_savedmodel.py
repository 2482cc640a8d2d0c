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


def entry(key: bytes, value: bytes) -> bytes:
    """One pair of a mapping."""
    return field(1, key) + field(2, value)


def calling(name: bytes, function: bytes, *inputs: bytes) -> bytes:
    """A node that calls a function."""
    called = field(10, field(1, function))
    body = field(1, name) + field(2, b"PartitionedCall") + b"".join(field(3, each) for each in inputs)
    return body + field(5, entry(b"f", called))


def a_saving_model(*, output: bytes = b"sum:0", function: bytes = b"serve", meta: bytes = b"") -> bytes:
    """A model whose function `save` writes a file, which no signature and no object of it calls."""
    save = field(1, field(1, b"save")) + field(3, node("SaveV2"))
    serve = field(1, field(1, b"serve")) + field(3, node("AddV2"))
    through = field(1, field(1, b"through")) + field(3, calling(b"n", b"save"))
    nodes = field(1, calling(b"saved", b"save", b"saver_filename")) + field(1, calling(b"sum", b"serve", b"x:0"))
    nodes += field(1, field(1, b"late") + field(2, b"NoOp") + field(3, b"^saved"))
    graph = nodes + field(2, field(1, save) + field(1, serve) + field(1, through))
    signature = field(5, entry(b"serving_default", field(2, entry(b"y", field(1, output)))))
    objects = field(7, field(2, entry(function, b"")))
    return field(1, 1) + field(2, field(2, graph) + signature + objects + meta)


def test_what_only_saves_the_model_may_write() -> None:
    assert codes(report(a_saving_model(), "saved_model.pb")) == []


@pytest.mark.parametrize(
    "model",
    [
        a_saving_model(output=b"saved:0"),
        a_saving_model(output=b"late"),
        a_saving_model(function=b"save"),
        a_saving_model(function=b"through"),
        a_saving_model(meta=field(3, field(3, b"late"))),
        a_saving_model(meta=field(4, entry(b"saved_model_main_op", field(1, field(1, b"late"))))),
        a_saving_model(meta=field(7, field(1, field(8, field(1, b"save"))))),
    ],
    ids=["output", "before an output", "function", "function of one", "restore", "begin", "bare function"],
)
def test_what_writes_when_the_model_is_loaded_or_served_is_unsafe(model: bytes) -> None:
    found = report(model, "saved_model.pb")

    assert (codes(found), found.verdict) == (["savedmodel.reaches_out"], Verdict.UNSAFE)
    assert "SaveV2" in found.findings[0].message


def test_nodes_of_one_name_take_no_time() -> None:
    same = field(1, field(1, b"n") + field(2, b"NoOp") + field(3, b"n")) * 20_000

    assert codes(report(a_saving_model(meta=field(2, same)), "saved_model.pb")) == []


def an_asset(file: bytes, *, is_old: bool) -> bytes:
    asset = field(2, file)
    kept = entry(b"saved_model_assets", field(5, field(1, field(1, b"type.googleapis.com/x") + field(2, asset))))
    return field(4, kept) if is_old else field(6, asset)


@pytest.mark.parametrize("is_old", [False, True])
@pytest.mark.parametrize(("file", "code"), [(b"words.txt", []), (b"../../words.txt", ["savedmodel.asset_escapes"])])
def test_a_file_that_belongs_to_the_model_lies_in_its_folder(file: bytes, code: list[str], *, is_old: bool) -> None:
    assert codes(report(a_saving_model(meta=an_asset(file, is_old=is_old)), "saved_model.pb")) == code


def test_a_table_of_words_is_read_from_a_file_of_the_model() -> None:
    table = field(2, field(1, field(1, b"t") + field(2, b"InitializeTableFromTextFileV2")))

    assert codes(report(a_saving_model(meta=table), "saved_model.pb")) == ["savedmodel.reaches_out"]
    for is_old in (False, True):
        meta = table + an_asset(b"words.txt", is_old=is_old)
        assert codes(report(a_saving_model(meta=meta), "saved_model.pb")) == []


def test_a_lambda_that_old_versions_keep_in_the_graph_is_unsafe() -> None:
    config = json.dumps({"class_name": "Lambda", "config": {}}).encode()
    kept = field(7, field(1, field(4, field(1, b"_tf_keras_layer") + field(3, config))))

    assert codes(report(a_saving_model(meta=kept), "saved_model.pb")) == ["keras.runs_code"]


@pytest.mark.parametrize("op", ["DatasetFromGraph", "DatasetToTFRecord", "RpcClient", "SnapshotChunkDataset"])
def test_operators_that_run_other_graphs_or_reach_others_are_unsafe(op: str) -> None:
    assert codes(report(a_model(ops=(op,)), "saved_model.pb")) == ["savedmodel.reaches_out"]


def test_a_call_into_a_library_is_unlisted() -> None:
    assert codes(report(a_model(ops=("XlaCustomCallV2",)), "saved_model.pb")) == ["savedmodel.custom_operator"]
