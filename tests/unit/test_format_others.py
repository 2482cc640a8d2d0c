"""Triton configurations, and the libraries of trees in their own formats."""

from __future__ import annotations

import time

import pytest

from registration.artifacts.scan import Verdict
from tests.scanning import codes, report

UBJSON = b"{L" + (7).to_bytes(8, "big") + b"learner{}" + b"L" + (7).to_bytes(8, "big") + b"version[]}"


@pytest.mark.parametrize(
    ("data", "path", "format_"),
    [
        (UBJSON, "model.ubj", "xgboost"),
        (b'{"learner":{"attributes":{}},"version":[3,0,0]}', "model.json", "xgboost json"),
        (b"tree\nversion=v4\nnum_class=1\n", "model.txt", "lightgbm"),
        (b"CBM1" + (4).to_bytes(4, "little") + bytes(9), "model.cbm", "catboost"),
    ],
)
def test_trees_are_safe(data: bytes, path: str, format_: str) -> None:
    found = report(data, path)

    assert (found.format, found.verdict, codes(found)) == (format_, Verdict.SAFE, [])


@pytest.mark.parametrize(
    ("data", "code"), [(UBJSON + b"x", "xgboost.broken"), (b"CBM1\xff\xff\0\0", "catboost.broken")]
)
def test_trees_that_do_not_end_where_they_say_are_unscannable(data: bytes, code: str) -> None:
    assert codes(report(data, "model")) == [code]


@pytest.mark.parametrize(
    "text",
    [
        'backend: "onnxruntime"\nruntime: "libtriton_onnxruntime.so"\n',
        'platform: "onnxruntime_onnx"\nmax_batch_size: 8\n',
        'backend: "onnxruntime"\n',
        "name: 'x'\n",
    ],
)
def test_a_backend_that_reads_a_model_format_is_safe(text: str) -> None:
    found = report(text.encode(), "digits/config.pbtxt")

    assert (found.format, found.verdict, codes(found)) == ("triton configuration", Verdict.SAFE, [])


@pytest.mark.parametrize(
    "text",
    [
        'backend: "python"\n',
        "backend:'python'",
        'backend: "pyth" "on"\n',
        'default_model_filename: "run.py"\n',
        'backend: "onnxruntime"\nruntime: "model.py"\n',
        'runtime: "libmine.so"\n',
        'model_repository_agents { agents [ { name: "mine" } ] }\n',
        'parameters { key: "EXECUTION_ENV_PATH" value: { string_value: "x.tar.gz" } }\n',
    ],
)
def test_a_backend_that_can_run_a_program_is_never_safe(text: str) -> None:
    found = report(text.encode(), "digits/config.pbtxt")

    assert (found.verdict, codes(found)) == (Verdict.UNSCANNABLE, ["triton.backend"])


@pytest.mark.parametrize(
    "text",
    [
        b'backend: # a comment\n  "python"',
        b'name: "#"\nbackend "python"',
        b'platform: "onnxruntime_onnx"\nmodel_operations { op_library_filename: [ "x.so" ] }',
    ],
)
def test_a_backend_is_found_however_it_is_written(text: bytes) -> None:
    assert codes(report(text, "model/config.pbtxt")) == ["triton.backend"]


@pytest.mark.parametrize(
    "text",
    [
        b'default_model_filename: "../../x.onnx"',
        b'cc_model_filenames { key: "7.5" value: "/x.onnx" }',
        b"default_model_filename: 'a\\x2f\\x2e./x'",
    ],
)
def test_a_file_outside_of_the_model_s_folder_is_unlisted(text: bytes) -> None:
    found = report(text, "model/config.pbtxt")

    assert (codes(found), found.verdict) == (["triton.path_escapes"], Verdict.UNSCANNABLE)


@pytest.mark.parametrize("text", [b"backend" + b" " * 1_000_000, b'"\\' * 500_000])
def test_a_configuration_that_never_ends_takes_no_time(text: bytes) -> None:
    begun = time.process_time()

    report(text, "model/config.pbtxt")

    assert time.process_time() - begun < 5
