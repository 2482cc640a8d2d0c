"""Validation: what a file is, is told by its bytes alone, and every broken promise is a finding."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registration.artifacts.inventory import Artifact
from registration.artifacts.reader import Traffic
from registration.artifacts.scan import Verdict
from registration.artifacts.store import Location, StoredFile
from registration.artifacts.validation import Promise, Validation, content_digest, validate
from registration.errors import ArtifactChangedError
from tests.archives import zipped
from tests.fakes import MemoryStore
from tests.scanning import NOTHING, some_bytes

HERE = Location("acc", "incoming", "vendor-a/1")
DATA = b"the bytes of a model"
SHA = hashlib.sha256(DATA).hexdigest()
PATHS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=8)
CONTENT = st.dictionaries(PATHS, st.binary(max_size=6).map(lambda data: hashlib.sha256(data).hexdigest()), max_size=4)


def stored(**files: bytes) -> MemoryStore:
    store = MemoryStore()
    for path, data in files.items():
        store.put(HERE / path, data)
    return store


def judged(store: MemoryStore, *promises: Promise, model_type: str = "custom_model") -> Validation:
    return validate(store, Artifact.of(store.files(HERE)), model_type=model_type, promises=promises)


def test_an_artifact_has_the_digest_of_what_sha256sum_prints() -> None:
    store = stored(b=b"", a=DATA)

    printed = f"{SHA}  a\n{hashlib.sha256(b'').hexdigest()}  b\n"

    assert judged(store).sha256 == hashlib.sha256(printed.encode()).hexdigest()


@given(CONTENT, CONTENT)
def test_digests_are_equal_exactly_for_equal_paths_and_bytes(first: dict[str, str], second: dict[str, str]) -> None:
    assert (content_digest(first) == content_digest(second)) == (first == second)


def test_a_line_end_in_a_path_cannot_imitate_another_file() -> None:
    assert content_digest({f"a\n{SHA}  b": SHA}) != content_digest({"a": SHA, "b": SHA})


def test_promises_that_are_kept_leave_nothing_to_say() -> None:
    assert judged(stored(model=DATA), Promise("model", len(DATA), SHA)).findings == ()


@pytest.mark.parametrize(
    ("promise", "code", "says"),
    [
        (Promise("gone", 1, SHA), "drop.file_missing", "not in the drop"),
        (Promise("model", 1, SHA), "drop.size_mismatch", "says 1 bytes, the file has 20"),
        (Promise("model", len(DATA), "0" * 64), "drop.digest_mismatch", "says sha256 000000000000…"),
    ],
)
def test_a_broken_promise_is_a_finding_with_its_file(promise: Promise, code: str, says: str) -> None:
    (finding,) = judged(stored(model=DATA), promise).findings

    assert (finding.code, finding.path) == (code, promise.path)
    assert says in finding.message


def test_what_the_listing_contradicts_is_not_read() -> None:
    store = stored(good=DATA, model=DATA)

    found = judged(store, Promise("good", len(DATA), SHA), Promise("model", 1, SHA))

    assert (found.sha256, found.digests, store.opened) == (None, {}, [])


def test_a_folder_of_another_shape_is_not_read() -> None:
    store = stored(model=DATA)

    assert judged(store, model_type="mlflow_model").sha256 is None
    assert store.opened == []


def test_a_digest_that_does_not_match_is_found_by_reading_every_file_once() -> None:
    store = stored(good=DATA, model=DATA)

    found = judged(store, Promise("model", len(DATA), "0" * 64))

    assert [finding.code for finding in found.findings] == ["drop.digest_mismatch"]
    assert (store.opened, found.sha256 is None) == (["good", "model"], False)


def test_every_broken_promise_is_named() -> None:
    findings = judged(stored(model=DATA), Promise("gone", 1, SHA), Promise("model", 1, SHA)).findings

    assert [finding.path for finding in findings] == ["gone", "model"]


@pytest.mark.parametrize(
    ("model_type", "path", "code"),
    [
        ("mlflow_model", "model/MLmodel", "mlflow.no_mlmodel"),
        ("triton_model", "model.onnx", "triton.no_version"),
        ("triton_model", "classifier/one/model.onnx", "triton.no_version"),
    ],
)
def test_a_folder_of_another_shape_than_its_type_is_a_finding(model_type: str, path: str, code: str) -> None:
    findings = judged(stored(**{path: DATA}), model_type=model_type).findings

    assert [finding.code for finding in findings] == [code]


@pytest.mark.parametrize(
    ("model_type", "path"), [("mlflow_model", "MLmodel"), ("triton_model", "classifier/1/model.onnx")]
)
def test_a_folder_of_the_right_shape_is_none(model_type: str, path: str) -> None:
    assert judged(stored(**{path: DATA}), model_type=model_type).findings == ()


def test_a_file_written_while_it_is_read_is_no_finding_but_new_work() -> None:
    store = stored(model=DATA)
    artifact = Artifact.of(store.files(HERE))
    store.put(HERE / "model", DATA)

    with pytest.raises(ArtifactChangedError):
        validate(store, artifact, model_type="custom_model", promises=())


def scanned(store: MemoryStore) -> tuple[Validation, Traffic]:
    traffic = Traffic()
    artifact = Artifact.of(store.files(HERE))
    found = validate(store, artifact, model_type="custom_model", promises=(), profile=NOTHING, traffic=traffic)
    return found, traffic


def test_what_the_bytes_are_is_said_of_every_file() -> None:
    found, _ = scanned(stored(**{"a.txt": b"text", "b": b"\x7fELF" + bytes(60), "empty": b""}))

    assert found.formats == {"a.txt": "text", "b": "program", "empty": "empty"}
    assert [(finding.code, finding.path) for finding in found.findings] == [("code.program", "b")]
    assert found.verdict == Verdict.UNSCANNABLE


def test_a_small_file_is_read_once_to_be_hashed_and_scanned() -> None:
    found, traffic = scanned(stored(**{"in.zip": zipped({"a.txt": b"text"})}))

    assert (found.verdict, traffic.requests) == (Verdict.SAFE, 1)


def test_of_a_large_file_scanning_adds_little_to_hashing() -> None:
    data = zipped({"a.txt": b"text", "b.png": b"\x89PNG\r\n\x1a\n" + some_bytes(9 * 1024 * 1024)})

    found, traffic = scanned(stored(**{"in.zip": data}))

    assert found.verdict == Verdict.SAFE
    assert traffic.bytes < len(data) + 400_000


def test_each_large_file_is_scanned_beside_its_hashing_under_its_own_name() -> None:
    large = some_bytes(9 * 1024 * 1024)
    found, _ = scanned(
        stored(**{"a.zip": zipped({"p": b"\x7fELF" + large}), "b.zip": zipped({"q": b"\x7fELF" + large})})
    )

    assert [(finding.path, finding.member) for finding in found.findings] == [("a.zip", "p"), ("b.zip", "q")]
    assert set(found.digests) == {"a.zip", "b.zip"}


class Rewritten(MemoryStore):
    """Somebody writes a file again once two ranges of it were read."""

    def range(self, file: StoredFile, *, offset: int, length: int) -> bytes:
        if len(self.ranges) >= 2:
            self.put(file.location, DATA)
        return super().range(file, offset=offset, length=length)


def test_a_large_file_written_while_it_is_scanned_is_no_finding_but_new_work() -> None:
    store = Rewritten()
    store.put(HERE / "in.zip", zipped({"a": some_bytes(48 * 1024 * 1024)}))
    artifact = Artifact.of(store.files(HERE))

    with pytest.raises(ArtifactChangedError):
        validate(store, artifact, model_type="custom_model", promises=(), profile=NOTHING)


def test_progress_tells_every_byte_as_it_is_hashed() -> None:
    store = stored(a=DATA, b=DATA)
    told: list[int] = []

    validate(store, Artifact.of(store.files(HERE)), model_type="custom_model", promises=(), progress=told.append)

    assert sum(told) == 2 * len(DATA)
