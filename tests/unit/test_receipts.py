"""Receipts of refused drops: every fault of a manifest has a reason that names the place and says what to do about it.

What stands here is what a stranger reads. Nothing is registered, and nothing that was dropped is touched.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from registration import manifest
from tests import signing
from tests.world import DIGITS, INCOMING, World, drop_event, promise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = "vendor-a/1"
MODEL = b"xyz"
HEAD = {"apiVersion": "registrar/v1", "kind": "DropManifest", "model": "digits"}
SIGNED = "https://a.blob.core.windows.net/d?sv=1&sig=c2VjcmV0"
ADVICE = "pack files into an archive, leave out what the model does not need, or ask the platform team"


def listed(path: str = "model.onnx", **changes: object) -> dict[str, object]:
    return promise(path, MODEL, **changes)


def document(**changes: object) -> bytes:
    said = {**HEAD, "files": [listed()], "metrics": {"accuracy": 0.9}, **changes}
    return json.dumps(said).encode()


def without(key: str) -> bytes:
    return json.dumps({name: value for name, value in json.loads(document()).items() if name != key}).encode()


NO_DOCUMENT = [
    (b"", "is not JSON: line 1 column 1: Expecting value; write it with a JSON library, not by hand"),
    (b'{"model": }', "is not JSON: line 1 column 11: Expecting value; write it with a JSON library, not by hand"),
    ("{}".encode("utf-16"), "is not UTF-8 (byte 0); save it as UTF-8; PowerShell 5 needs -Encoding utf8"),
    (b"[]", "must be a mapping of keys to values; write one JSON object, as docs/formats/manifest.md shows"),
    (b"[" * 200_000, "is nested too deeply; write it as docs/formats/manifest.md shows"),
    (b'{"model": "a", "model": "b"}', "the key 'model' is given twice in one object; remove one of the two"),
    (
        b" " * (manifest.MAX_BYTES + 1),
        "is longer than 1048576 bytes; list fewer files, or leave out what the model does not need",
    ),
]
WRONG_PATHS = [
    ("../x", "'../x' has a segment '.' or '..'; write the path from the drop's folder down"),
    ("/x", "'/x' is absolute; paths are relative to the drop's folder"),
    ("C:/x", "'C:/x' begins with a drive letter; paths are relative to the drop's folder"),
    ("a\\b", "'a\\\\b' holds a backslash; folders are separated by '/'"),
    ("a//b", "'a//b' has an empty segment ('//'); write one '/'"),
    ("a/", "'a/' ends with '/'; list files, not folders"),
    ("", "'' is empty; name a file"),
    ("a./b", "'a./b' has a segment that ends with '.', which storage may drop; rename it"),
    ("a\nb", "'a\\nb' holds a control character; rename the file"),
    ("x" * 1025, f"'{'x' * 200}' is longer than 1024 characters; shorten it"),
    ("x.sig", "'x.sig' is a name that Registrar writes itself; rename the file or leave it out"),
    ("x.receipt.json", "'x.receipt.json' is a name that Registrar writes itself; rename the file or leave it out"),
    ("registrar/x", "'registrar/x' is a name that Registrar writes itself; rename the file or leave it out"),
    ("model.manifest.json", "'model.manifest.json' is the manifest itself; leave it out"),
]
WRONG_PLACES = [
    (document(apiVersion="registrar/v2"), "apiVersion: must be 'registrar/v1'"),
    (document(kind="Manifest"), "kind: must be 'DropManifest'"),
    (without("files"), "files: is required"),
    (without("model"), "model: is required"),
    (document(metric={}), "metric: unknown key; did you mean 'metrics'?"),
    (document(lineage={"commit": "x"}), "lineage.commit: unknown key; did you mean 'git_commit'?"),
    (
        document(model="no name"),
        "model: must be 1 to 255 letters, digits, '.', '_' or '-', beginning with a letter or digit",
    ),
    (
        document(model="churn"),
        (
            "model: 'churn' is not granted to this location; granted: digits; name one of these, or ask the platform "
            "team for a policy"
        ),
    ),
    (document(files=[]), "files: must list 1 to 1000 files, not 0; list every file of the model"),
    (
        b'{"files": [' + b",".join([json.dumps(listed()).encode()] * 1001) + b"]," + json.dumps(HEAD).encode()[1:],
        "files: must list 1 to 1000 files, not 1001; pack files into an archive",
    ),
    (document(files="model.onnx"), "files: must be a list"),
    (document(files=["model.onnx"]), "files[0]: must be a mapping of keys to values"),
    (document(files=[{"path": "a", "size": 1}]), "files[0].sha256: is required"),
    (document(files=[listed(size=-1)]), "files[0].size: must be greater than or equal to 0"),
    (document(files=[listed(size="3")]), "files[0].size: must be a whole number, without quotes"),
    (
        document(files=[listed(sha256="abc")]),
        "files[0].sha256: must be 64 hexadecimal digits, as sha256sum prints them",
    ),
    (
        document(files=[listed(), listed()]),
        "files[1].path: 'model.onnx' can be the same file as files[0].path; rename or remove one",
    ),
    (
        document(files=[listed(), listed("Model.ONNX")]),
        "files[1].path: 'Model.ONNX' can be the same file as files[0].path; rename or remove one",
    ),
    (
        document(files=[listed(), listed("model.onnx/x")]),
        "files[1].path: 'model.onnx/x' lies in files[0].path, which is a file; rename one of them",
    ),
    (document(metrics={"accuracy": None}), "metrics.accuracy: must be a number, or text such as 'NaN'"),
    (
        document(tags={"registrar.x": "1"}),
        "tags: 'registrar.x' is reserved: tags beginning with 'registrar.' are written by Registrar only; rename it",
    ),
    (document(tags={"a": 1}), 'tags.a: must be text; put it in quotes: "1"'),
    (document(description="x" * 5001), "description: is longer than 5000 characters; shorten it"),
    (document(producer="\x1b[31m"), "producer: holds a control character; remove it"),
    (document(lineage={"job": ""}), "lineage.job: must not be empty; give it a value or leave it out"),
    (
        document(description=SIGNED),
        "description: carries a credential; name the place without its SAS, key or password",
    ),
    (
        document(tags={SIGNED: "x"}),
        "tags: has a name that carries a credential; use names without a SAS, key or password",
    ),
]
UNTRUE = [
    (
        document(files=[listed("gone.onnx")]),
        "gone.onnx: the manifest lists this file, but it is not in the drop; upload it, then the manifest again, last",
    ),
    (
        document(files=[listed(size=9)]),
        (
            "model.onnx: the manifest says 9 bytes, the file has 3; upload the right file, make the manifest anew and "
            "upload it last"
        ),
    ),
    (
        document(files=[listed(sha256="0" * 64)]),
        (
            "model.onnx: the manifest says sha256 000000000000…, the file has 3608bca1e44e…; upload the right file, "
            "make the manifest anew and upload it last"
        ),
    ),
]


BY_ANOTHER = signing.bundle({"model.onnx": MODEL}, signing.OTHER)
SIGN = "sign the files as they are, as docs/signatures.md shows"
SIGN_MANIFEST = "sign model.manifest.json as it is, as docs/signatures.md shows"
UNSIGNED: list[tuple[Callable[[bytes], Mapping[str, bytes]], str]] = [
    (
        lambda _said: {},
        "the policy asks for a signature, and there is no model.sig and no model.manifest.json.sig; " + SIGN,
    ),
    (
        lambda _said: {"model.sig": b"MEUCIQ"},
        "model.sig: is no signature of a model: is not JSON: line 1 column 1: Expecting value; " + SIGN,
    ),
    (
        lambda _said: {"model.sig": BY_ANOTHER},
        (
            "model.sig: it was made with a key that the policy does not name; sign with the key that the platform team "
            "knows, or ask them to add yours to the policy"
        ),
    ),
    (
        lambda _said: {"model.sig": signing.bundle({"model.onnx": b"another"})},
        ("model.onnx: is not the file that was signed: sha256 ae448ac86c4e… was, it has 3608bca1e44e…; " + SIGN),
    ),
    (
        lambda _said: {"model.sig": signing.bundle({"model.onnx": MODEL, "gone.txt": b""})},
        "gone.txt: was signed, and is not among the files; " + SIGN,
    ),
    (
        lambda _said: {"model.sig": signing.bundle({"gone.txt": b""})},
        "model.onnx: is not among the files that were signed; " + SIGN,
    ),
    (
        lambda said: {"model.manifest.json.sig": signing.signature(said + b" ")},
        "model.manifest.json.sig: no key of the policy made it over the manifest as it is; " + SIGN_MANIFEST,
    ),
    (
        lambda _said: {"model.manifest.json.sig": b"x" * 300},
        "model.manifest.json.sig: is longer than 256 bytes; " + SIGN_MANIFEST,
    ),
]


def answered(said: bytes, *, drop: str = "") -> dict[str, Any]:
    """The receipt of a drop of `model.onnx` with this manifest; of the rest of the world nothing has changed."""
    world = World()
    world.policies.kept["digits.yaml"] = DIGITS.replace("prefix: vendor-a/", f"prefix: vendor-a/{drop}")
    world.store.put(INCOMING / f"{FOLDER}/model.onnx", MODEL)
    world.store.put(INCOMING / f"{FOLDER}/notes.txt", b"n")
    world.store.put(INCOMING / f"{FOLDER}/model.manifest.json", said)
    dropped = dict(world.store.blobs)

    outcome = world.process(drop_event(FOLDER))

    receipt = world.receipt(FOLDER)
    assert outcome.outcome == receipt["outcome"] == "rejected"
    assert (receipt["next"].partition(";")[0], world.registry.versions) == (
        "mend what the reasons name, then upload model.manifest.json again, last",
        {},
    )
    assert dropped.items() <= world.store.blobs.items()
    assert "c2VjcmV0" not in json.dumps(receipt)
    return receipt


@pytest.mark.parametrize(("said", "reason"), NO_DOCUMENT)
def test_what_is_no_manifest_at_all_is_answered_under_its_name(said: bytes, reason: str) -> None:
    assert answered(said)["reasons"] == [f"model.manifest.json: {reason}"]


@pytest.mark.parametrize(("path", "reason"), WRONG_PATHS)
def test_a_wrong_path_is_answered_with_its_entry(path: str, reason: str) -> None:
    assert answered(document(files=[listed(path)]))["reasons"] == [f"files[0].path: {reason}"]


@pytest.mark.parametrize(("said", "reason"), WRONG_PLACES)
def test_a_manifest_that_breaks_the_contract_is_answered_with_the_place(said: bytes, reason: str) -> None:
    receipt = answered(said)

    assert reason in receipt["reasons"]
    assert receipt["decision"] is None


@pytest.mark.parametrize(("said", "reason"), UNTRUE)
def test_a_manifest_that_is_not_true_is_answered_with_the_file(said: bytes, reason: str) -> None:
    receipt = answered(said)

    assert receipt["reasons"] == [reason]
    assert receipt["decision"] is not None


@pytest.mark.parametrize(
    ("drop", "reason"),
    [
        (
            ", limits: {files: 1}",
            f"files: there are more than 1 files, which is the most that a drop may have here; {ADVICE}",
        ),
        (
            ", limits: {bytes: 3}",
            f"files: the files have 4 bytes together; a drop may have 3 here; {ADVICE}",
        ),
    ],
)
def test_a_drop_beyond_the_policys_limits_is_answered_before_anything_is_read(drop: str, reason: str) -> None:
    said = document(files=[listed(), promise("notes.txt", b"n")])

    assert answered(said, drop=drop)["reasons"] == [reason]


def test_a_file_that_the_manifest_does_not_list_is_named_where_the_policy_rejects_it() -> None:
    assert answered(document(), drop=", extra: reject")["reasons"] == [
        (
            "files: the drop holds files that the manifest does not list: 'notes.txt'; list them or remove them, then "
            "upload the manifest again"
        )
    ]


def signed(made: Callable[[bytes], Mapping[str, bytes]]) -> dict[str, Any]:
    """The receipt of a drop that has to be signed; `made` are the signatures beside this manifest."""
    world, said = World(), document()
    policy = yaml.safe_load(DIGITS)
    policy["models"][0]["artifact"] = {"signature": {"key": signing.public()}}
    world.policies.kept["digits.yaml"] = yaml.safe_dump(policy)
    for path, data in {"model.onnx": MODEL, "model.manifest.json": said, **made(said)}.items():
        world.store.put(INCOMING / f"{FOLDER}/{path}", data)

    assert world.process(drop_event(FOLDER)).outcome == "rejected"
    assert world.registry.versions == {}
    return world.receipt(FOLDER)


@pytest.mark.parametrize(("made", "reason"), UNSIGNED)
def test_a_signature_that_does_not_hold_is_answered_with_its_file(
    made: Callable[[bytes], Mapping[str, bytes]], reason: str
) -> None:
    assert reason in signed(made)["reasons"]


def test_every_fault_of_a_manifest_is_in_one_receipt() -> None:
    receipt = answered(document(files=[listed("../x"), listed(size=-1)], extra=1))

    assert [reason.partition(":")[0] for reason in receipt["reasons"]] == ["files[0].path", "files[1].size", "extra"]
