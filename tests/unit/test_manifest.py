"""Manifests: the contract is accepted as documented, and every way to break it is refused with its place."""

from __future__ import annotations

import ast
import json
import math
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration import manifest
from registration.errors import ManifestError

DOCS = Path(__file__).parents[2] / "docs"
FORMAT = DOCS / "formats" / "manifest.md"
DROPS = DOCS / "drops.md"
SHA = "0123456789abcdef" * 4


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def file(path: str, **changes: object) -> dict[str, object]:
    return {"path": path, "size": 1, "sha256": SHA} | changes


def contract(*paths: str, **changes: object) -> dict[str, Any]:
    files = [file(path) for path in paths or ("model.onnx",)]
    return {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": "churn", "files": files} | changes


def parse(document: object) -> manifest.Manifest:
    return manifest.parse(json.dumps(document).encode(), source="drop")


def problems(document: object) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        parse(document)
    return [str(problem) for problem in refused.value.problems]


def refusal(data: bytes) -> str:
    with pytest.raises(ManifestError) as refused:
        manifest.parse(data, source="drop")
    return str(refused.value)


def test_the_documented_example_is_accepted() -> None:
    parsed = manifest.parse(blocks(FORMAT, "json")[0].encode(), source="docs")

    assert parsed.model == "churn-classifier"
    assert [file.size for file in parsed.files] == [1184, 48211907]
    assert parsed.lineage.datasets == ("azureml:customers:14", "azureml:churn-labels:3")


def test_the_documented_example_shows_every_key() -> None:
    example = json.loads(blocks(FORMAT, "json")[0])

    schema = manifest.json_schema()

    assert example.keys() == schema["properties"].keys()
    assert example["lineage"].keys() == schema["$defs"]["ManifestLineage"]["properties"].keys()


def test_the_schema_in_the_documents_is_the_one_that_is_made() -> None:
    kept = json.loads((FORMAT.parent / "manifest.schema.json").read_text(encoding="utf-8"))

    assert kept == manifest.json_schema()


def test_the_schema_lets_no_key_pass_that_the_contract_does_not_have() -> None:
    definitions = manifest.json_schema()["$defs"]

    objects = [manifest.json_schema(), *(one for one in definitions.values() if "properties" in one)]
    assert all(one["additionalProperties"] is False for one in objects)
    assert '"null"' not in json.dumps(definitions)


def test_the_documented_script_writes_a_manifest_that_is_accepted(tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    (drop / "data").mkdir(parents=True)
    (drop / "data" / "model.onnx").write_bytes(b"onnx")
    (tmp_path / "make_manifest.py").write_text(blocks(DROPS, "python")[0])

    made = subprocess.run(
        [sys.executable, tmp_path / "make_manifest.py", drop, "churn"], check=True, capture_output=True, timeout=30
    )

    assert [entry.path for entry in manifest.parse(made.stdout, source="script").files] == ["data/model.onnx"]


@pytest.mark.parametrize("number", [0, 1])
def test_documented_python_is_python(number: int) -> None:
    assert ast.parse(blocks(DROPS, "python")[number])


def test_the_documented_receipt_is_json() -> None:
    assert json.loads(blocks(DROPS, "json")[0])["kind"] == "DropReceipt"


def test_everything_optional_may_be_left_out() -> None:
    parsed = parse(contract())

    assert (parsed.metrics, parsed.tags, parsed.description, parsed.producer) == ({}, {}, None, None)
    assert (parsed.lineage.job, parsed.lineage.datasets) == (None, ())


def test_a_digest_in_upper_case_is_the_same_digest() -> None:
    parsed = parse(contract(files=[file("a", sha256=SHA.upper())]))

    assert parsed.files[0].sha256 == SHA


def test_metrics_are_kept_as_written() -> None:
    text = json.dumps(contract(metrics="?")).replace('"?"', '{"a": NaN, "b": -Infinity, "c": "NaN", "d": 3, "e": 0.5}')

    metrics = manifest.parse(text.encode(), source="drop").metrics

    assert math.isnan(float(metrics.pop("a")))
    assert metrics == {"b": -math.inf, "c": "NaN", "d": 3, "e": 0.5}


@pytest.mark.parametrize("value", [True, None, [1], {"value": 1}])
def test_a_metric_is_a_number_or_text(value: object) -> None:
    assert problems(contract(metrics={"rmse": value})) == ["metrics.rmse: must be a number, or text such as 'NaN'"]


def test_a_byte_order_mark_is_tolerated() -> None:
    data = b"\xef\xbb\xbf" + json.dumps(contract()).encode()

    assert manifest.parse(data, source="drop").model == "churn"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is not JSON: line 1 column 1"),
        (b'{"model":\n!}', "is not JSON: line 2 column 1"),
        ('{"model": "ü"}'.encode("latin-1"), "is not UTF-8 (byte 11)"),
        ("{}".encode("utf-16"), "is not UTF-8 (byte 0)"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"metrics": {"a": ' + b"1" * 5_000 + b"}}", "holds a whole number of more digits than are read; write it"),
        (b'{"model": "a", "model": "b"}', "the key 'model' is given twice"),
        (b'{"files": [{"path": "a", "path": "b"}]}', "the key 'path' is given twice"),
        (b'{"size": ' + b"9" * 5000 + b"}", "drop: "),
        (b" " * (manifest.MAX_BYTES + 1), "is longer than 1048576 bytes"),
        (b"[]", "drop: "),
        (b"null", "drop: "),
    ],
)
def test_bytes_that_hold_no_object_are_refused(data: bytes, reason: str) -> None:
    assert reason in refusal(data)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../x", "a segment '.' or '..'"),
        ("a/../../x", "a segment '.' or '..'"),
        ("..", "a segment '.' or '..'"),
        ("./x", "a segment '.' or '..'"),
        ("/etc/passwd", "absolute"),
        ("//server/share", "absolute"),
        ("C:/x", "drive letter"),
        ("c:x", "drive letter"),
        ("a\\b", "backslash"),
        ("..\\x", "backslash"),
        ("a//b", "an empty segment"),
        ("a/", "ends with '/'"),
        ("", "is empty"),
        ("a\x00b", "control character"),
        ("a\nb", "control character"),
        ("a\x85b", "control character"),
        ("a\u2028b", "control character"),
        ("\ud800", "control character"),
        ("model\u202exnno.exe", "control character"),
        ("model\u2067xnno.exe", "control character"),
        ("a./b", "ends with '.'"),
        ("a...", "ends with '.'"),
        ("x" * 1025, "longer than 1024"),
        ("model.receipt.json", "Registrar writes itself"),
        ("sub/MODEL.RECEIPT.JSON", "Registrar writes itself"),
        ("model.onnx.sig", "Registrar writes itself"),
        ("registrar/copy.bin", "Registrar writes itself"),
        ("Registrar/copy.bin", "Registrar writes itself"),
        ("model.manifest.json", "the manifest itself"),
        ("sub/Model.Manifest.json", "the manifest itself"),
    ],
)
def test_a_path_that_could_lead_astray_is_refused(path: str, reason: str) -> None:
    found = problems(contract("ok", path))

    assert len(found) == 1
    assert found[0].startswith("files[1].path: ")
    assert reason in found[0]


@pytest.mark.parametrize(
    "path", ["a b/ü.onnx", "a/.hidden", "..a/b..c", "registrar", "code/registrar/x.py", "%2e%2e/x", "日本/1"]
)
def test_an_unusual_but_harmless_path_is_accepted(path: str) -> None:
    assert parse(contract(path)).files[0].path == path


@given(st.text(min_size=1))
def test_no_accepted_path_leaves_its_folder(path: str) -> None:
    try:
        accepted = parse(contract(path)).files[0].path
    except ManifestError:
        return

    assert accepted == path
    assert Path("/drop", accepted).resolve().is_relative_to("/drop")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.txt", "a.txt"),
        ("a.txt", "A.TXT"),
        ("\u00e9", "e\u0301"),
        ("stra\u00dfe", "STRASSE"),
        ("d/\u00c9", "D/e\u0301"),
        ("\u03b1\u0345\u0301", "\u03b1\u0301\u0345"),
    ],
)
def test_two_paths_that_can_be_one_file_are_refused(first: str, second: str) -> None:
    found = problems(contract(first, "other", second))

    assert found == [f"files[2].path: {second!r} can be the same file as files[0].path; rename or remove one"]


@pytest.mark.parametrize("paths", [("a", "a/b"), ("a/b/c/d", "a/b"), ("A", "a/b")])
def test_a_file_cannot_be_a_folder(paths: tuple[str, str]) -> None:
    assert "which is a file" in problems(contract(*paths))[0]


def test_paths_that_share_the_beginning_of_a_name_are_no_conflict() -> None:
    assert len(parse(contract("model", "model.bin", "model-2/x", "folder/model")).files) == 4


@pytest.mark.parametrize("size", [-1, True, 1.5, "1", None, 2**60])
def test_a_size_that_is_no_number_of_bytes_is_refused(size: object) -> None:
    assert problems(contract(files=[file("a", size=size)]))[0].startswith("files[0].size: ")


@pytest.mark.parametrize("sha256", ["", SHA[:-1], SHA + "0", "g" * 64, SHA + "\n", 7, None])
def test_a_digest_that_is_no_sha256_is_refused(sha256: object) -> None:
    assert problems(contract(files=[file("a", sha256=sha256)]))[0].startswith("files[0].sha256: ")


@pytest.mark.parametrize("model", ["", "../m", "a/b", "-m", "m" * 256, "m n", "m\n", 5])
def test_a_model_name_the_registry_would_refuse_is_refused(model: object) -> None:
    assert problems(contract(model=model))[0].startswith("model: ")


def test_a_drop_without_files_is_refused() -> None:
    assert problems(contract(files=[])) == ["files: must list 1 to 1000 files, not 0; list every file of the model"]


def test_the_number_of_files_is_limited() -> None:
    entries = ",".join(f'{{"path":"{number}","size":1,"sha256":"{SHA}"}}' for number in range(manifest.MOST_FILES + 1))
    data = f'{{"apiVersion":"registrar/v1","kind":"DropManifest","model":"m","files":[{entries}]}}'.encode()

    assert "files: must list 1 to 1000 files, not 1001" in refusal(data)


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({f"t{number}": "v" for number in range(manifest.MOST_TAGS + 1)}, "must be 100 tags at most, not 101"),
        ({"n" * (manifest.LONGEST_TAG_NAME + 1): "v"}, "has more than 256 characters; shorten it"),
        ({"owner": "v" * 2049}, "2048"),
    ],
    ids=["too many", "a long name", "a long value"],
)
def test_more_tags_than_a_version_is_given_are_refused(tags: dict[str, str], said: str) -> None:
    (problem,) = problems(contract(tags=tags))

    assert problem.startswith("tags")
    assert said in problem


@pytest.mark.parametrize("changes", [{"apiVersion": "registrar/v2"}, {"kind": "Manifest"}, {"apiVersion": None}])
def test_another_kind_or_version_of_document_is_refused(changes: dict[str, object]) -> None:
    assert problems(contract(**changes))[0].startswith(f"{next(iter(changes))}: ")


@pytest.mark.parametrize("key", ["apiVersion", "kind", "model", "files"])
def test_a_missing_key_is_named(key: str) -> None:
    document = contract()
    del document[key]

    assert problems(document) == [f"{key}: is required"]


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    assert "did you mean 'metrics'?" in problems(contract(metric={}))[0]


KEYS = 80_000
MANY = [f'"{number}":1' for number in range(KEYS)]


@pytest.mark.parametrize(
    "entries",
    [[*MANY, '"0":1'], [*MANY, f'"{KEYS - 1}":1'], [entry for entry in MANY[: KEYS // 2] for _ in range(2)]],
    ids=["first again", "last again", "each twice"],
)
def test_a_megabyte_of_keys_with_some_given_twice_is_refused_at_once(entries: list[str]) -> None:
    data = f"{{{','.join(entries)}}}".encode()
    started = time.thread_time()

    reason = refusal(data)

    assert time.thread_time() - started < 2
    assert "is given twice" in reason
    assert manifest.MAX_BYTES // 2 < len(data) <= manifest.MAX_BYTES


@pytest.mark.parametrize("twice", [True, False])
def test_a_long_key_is_not_repeated_whole(twice: bool) -> None:
    key = "é" * 100_000
    data = f'{{"{key}": 1, "{key}": 2}}' if twice else f'{{"{key}": 1}}'

    assert len(refusal(data.encode())) < 2_000


def test_every_problem_is_reported_at_once() -> None:
    found = problems(contract("../x", model="", lineage={"job": "\x00"}))

    assert [line.split(":")[0] for line in found] == ["model", "files[0].path", "lineage.job"]


@pytest.mark.parametrize("uri", ["azureml://jobs/J/outputs/model", "runs:/R/model", "https://mlflow.example/#/runs/1"])
def test_a_run_may_be_named_by_uri(uri: str) -> None:
    assert parse(contract(lineage={"run_uri": uri})).lineage.run_uri == uri


def test_an_azure_run_uri_must_be_of_a_known_form() -> None:
    assert "known forms" in problems(contract(lineage={"run_uri": "azureml://jobs/J"}))[0]


@pytest.mark.parametrize(
    "reference",
    [
        "https://a.blob.core.windows.net/d?sv=1&sig=c2VjcmV0",
        "https://user:c2VjcmV0@host/d",
        "azureml://jobs/J?sig=c2VjcmV0",
        "AccountKey=c2VjcmV0",
        "DefaultEndpoints;AccountKey=c2VjcmV0",
    ],
)
@pytest.mark.parametrize("place", ["run_uri", "environment", "datasets"])
def test_a_credential_in_lineage_is_refused_and_not_repeated(place: str, reference: str) -> None:
    value = [reference] if place == "datasets" else reference

    found = problems(contract(lineage={place: value}))

    assert "carries a credential" in found[0]
    assert "c2VjcmV0" not in str(found)


SIGNED = "https://a.blob.core.windows.net/d?sv=1&sig=c2VjcmV0"


@pytest.mark.parametrize(
    "changes",
    [
        {"lineage": {"job": SIGNED}},
        {"lineage": {"git_commit": SIGNED}},
        {"producer": SIGNED},
        {"description": f"from\n{SIGNED}"},
        {"tags": {"from": SIGNED}},
        {"metrics": {"accuracy": SIGNED}},
    ],
)
def test_a_credential_anywhere_is_refused_and_not_repeated(changes: dict[str, object]) -> None:
    (found,) = problems(contract(**changes))

    assert "carries a credential" in found
    assert "c2VjcmV0" not in found


@pytest.mark.parametrize(
    "changes",
    [
        {"model": SIGNED},
        {"apiVersion": SIGNED},
        {"files": [file("a", sha256=SIGNED)]},
        {"files": [file("a", size=SIGNED)]},
        {"metrics": {SIGNED: 1}},
        {"tags": {SIGNED: "x"}},
        {"tags": {f"registrar.{SIGNED}": "x"}},
        {SIGNED: 1},
        {"lineage": {SIGNED: "x"}},
        {"files": [file(f"/{SIGNED}")]},
        {"files": [file("model?sig=c2VjcmV0", size=-1)]},
    ],
)
def test_a_credential_where_none_can_be_is_refused_and_not_repeated(changes: dict[str, object]) -> None:
    assert "c2VjcmV0" not in str(problems(contract(**changes)))


def test_a_credential_in_a_key_given_twice_is_not_repeated() -> None:
    assert "c2VjcmV0" not in refusal(f'{{"{SIGNED}": 1, "{SIGNED}": 2}}'.encode())


@pytest.mark.parametrize("tags", [{"registrar.champion": "true"}, {"Registrar.status": "x"}, {"": "x"}, {"a": 1}])
def test_a_tag_that_could_pass_for_ours_or_is_no_text_is_refused(tags: dict[str, object]) -> None:
    assert problems(contract(tags=tags))[0].startswith("tags")


def test_a_description_may_have_several_lines() -> None:
    assert parse(contract(description="one\n\ttwo")).description == "one\n\ttwo"


@pytest.mark.parametrize("text", ["\x1b[31mred", "x" * 5001, 7])
def test_a_description_with_terminal_codes_or_without_end_is_refused(text: object) -> None:
    assert problems(contract(description=text))[0].startswith("description: ")


@pytest.mark.parametrize(
    "path",
    [
        "model.receipt.json",
        "v/d/model.receipt.json",
        "v/x.onnx.Receipt.json",
        "a/x.SIG",
        "registrar/a/b",
        "Registrar/a",
    ],
)
def test_our_own_writes_are_known(path: str) -> None:
    assert manifest.is_own_write(path)


@pytest.mark.parametrize(
    "path", ["model.manifest.json", "a/registrar/b", "registrar", "model.sigma", "receipt.json", "a.receipt.jsonl"]
)
def test_other_files_are_not_taken_for_our_own(path: str) -> None:
    assert not manifest.is_own_write(path)
